#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "landlock.h"

/*
 * What a process may still do once it reads what others wrote (design.md,
 * promise 6; docs/threat-model.md).  Every filter closes its sandbox after
 * start-up and before its first byte of input: what it needs by then is open,
 * and what it will need is a helper's to do (helper.h).
 *
 * seccomp holds on every kernel: no filter opens a file, starts a program or a
 * thread, listens, or touches another process; those without business on the
 * network have no sockets.  Landlock, where the kernel has it, says the same
 * once more, and confines the helpers to the paths that the options name.
 *
 * What is not allowed fails with EPERM (what libraries try first and do
 * without: ENOSYS); what no filter has any reason to try ends the process
 * (SIGSYS): starting programs, tracing, other processes' memory, mounts,
 * kernel modules, keys, system calls of another architecture.
 */
enum sandbox_kind {
	SANDBOX_PARSE,  /* descriptors and memory that are there, no more */
	SANDBOX_CLIENT, /* and TCP connections to the ports that are named */
	SANDBOX_FILES,  /* a helper: files, at the paths that are named */
	SANDBOX_NAMES,  /* a helper: the resolver, whatever it consists of */
	SANDBOX_KEEPER  /* as PARSE, and processes of its own, with timers */
};

enum { SANDBOX_PORTS_MAX = 16 };

struct sandbox {
	enum sandbox_kind kind;
	bool stat; /* may look at files by name, as SQLite does */
	const struct landlock_path *paths;
	size_t npaths;
	unsigned ports[SANDBOX_PORTS_MAX];
	size_t nports;
};

/** Allow connections to this port; 0 and one that is allowed do nothing, and
 * when SANDBOX_PORTS_MAX are, all ports are. */
void sandbox_port(struct sandbox *s, unsigned port);

/** --no-sandbox: sandbox_close() will do no more than say so. */
void sandbox_off(void);

/**
 * Close it, for good; nothing is started in threads before.  Takes away core
 * dumps, new privileges, capabilities and further processes as well.  False
 * with a fault (78, with a hint): the process must not go on.  A kernel
 * without Landlock is no fault, and told with -v.
 */
bool sandbox_close(const struct sandbox *s, struct fault *f);

/** In a process that a SANDBOX_KEEPER forked: it forks none itself. */
void sandbox_no_forks(void);

#endif
