/* Closing the sandbox; the lists of system calls are in syscalls.c. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"
#include "log.h"
#include "sandbox.h"
#include "syscalls.h"

#ifdef LB_INJECT
#include "tests/lib/escape/escape.h"
#endif

enum { NOBODY = 65534 /* the kernel's overflow uid, Debian's nobody */ };

static bool off;

void
sandbox_off(void)
{
	off = true;
}

void
sandbox_port(struct sandbox *s, unsigned port)
{
	for (size_t i = 0; i < s->nports; i++)
		if (s->ports[i] == port)
			return;
	if (port != 0 && s->nports < SANDBOX_PORTS_MAX)
		s->ports[s->nports++] = port;
}

#ifndef LB_NO_SANDBOX
static bool
fail(struct fault *f, const char *what)
{
	if (errno == ENOMEM)
		return fault_set(f, EXIT_SYSTEM,
		    "cannot close the sandbox: %s: out of memory", what);
	if (errno == EBADMSG)
		return fault_set(f, EXIT_SYSTEM,
		    "cannot close the sandbox: libseccomp's filter is not "
		    "whole, as when it is out of memory");
	fault_set(f, EXIT_BADCONFIG, "cannot close the sandbox: %s: %s", what,
	    strerror(errno));
	return fault_hint(f,
	    "this kernel or container does without; --no-sandbox runs "
	    "unconfined");
}

/* Nothing of memory on a disk; and no other process of this user, were it one
 * we had been tricked into starting, looks at it. */
static bool
no_dumps(struct fault *f)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return fail(f, "no core dumps");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return fail(f, "not dumpable");
	return true;
}

/* Who talks to name servers need not be root, and files that are root's alone
 * hold nothing that names are looked up in.  Where nobody is nobody, as in
 * some containers, it stays who it is. */
static void
be_nobody(void)
{
	/* COV_EXCL_BEGIN: nobody could not write what gcov counts */
	if (geteuid() == 0 && setgroups(0, NULL) == 0 &&
	    setresgid(NOBODY, NOBODY, NOBODY) == 0)
		(void)!setresuid(NOBODY, NOBODY, NOBODY);
	/* COV_EXCL_END */
}

/* What root could do beyond its files.  The helper for files keeps it: whoever
 * starts a filter as root may name any file. */
static bool
no_privileges(const struct sandbox *s, struct fault *f)
{
	struct __user_cap_header_struct head = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	const struct rlimit nothing = {0, 0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(f, "no new privileges");
	(void)setrlimit(RLIMIT_MSGQUEUE, &nothing);
	if (s->kind != SANDBOX_NAMES && s->kind != SANDBOX_KEEPER)
		(void)setrlimit(RLIMIT_NPROC, &nothing);
	memset(none, 0, sizeof(none));
	if (s->kind != SANDBOX_FILES && syscall(SYS_capset, &head, none) != 0)
		return fail(f, "no capabilities");
	return true;
}

static int
restrict_paths(const struct sandbox *s)
{
	const struct landlock_rules r = {.paths = s->paths,
	    .npaths = s->npaths,
	    .ports = s->ports,
	    .nports = s->nports,
	    .any_port =
		s->kind == SANDBOX_NAMES || s->nports == SANDBOX_PORTS_MAX};
	int abi = landlock_abi();

	if (abi > 0 && !landlock_restrict(abi, &r)) {
		log_warn(
		    "Landlock is there but does not work: %s", strerror(errno));
		abi = 0;
	}
	return abi;
}

static void
tell(enum sandbox_kind kind, int abi)
{
	bool helper = kind != SANDBOX_PARSE && kind != SANDBOX_CLIENT;
	char landlock[64] = "this kernel has no Landlock";

	if (abi > 0)
		(void)snprintf(
		    landlock, sizeof(landlock), "Landlock (ABI %d)", abi);
	(helper ? log_debug : log_info)("%sconfined by seccomp%s%s",
	    helper ? "the helper is " : "", abi > 0 ? " and " : "; ", landlock);
}

bool
sandbox_close(const struct sandbox *s, struct fault *f)
{
	int abi;

#ifdef LB_INJECT
	escape_prepare(s->kind);
#endif
	if (off)
		goto out;
	/* What libraries read at their first use: libcrypto its configuration,
	 * the C library the time zone, for gmtime(3) too. */
	crypto_ready();
	tzset();
	if (s->kind == SANDBOX_NAMES)
		be_nobody();
	if (!no_dumps(f) || !no_privileges(s, f))
		return false;
	abi = restrict_paths(s);
	errno = -syscalls_restrict(s);
	if (errno != 0)
		return fail(f, "seccomp");
	tell(s->kind, abi);
out:
#ifdef LB_INJECT
	escape_try(s->kind);
#endif
	return true;
}

void
sandbox_no_forks(void)
{
	/* Beside the filter that holds already, which refuses all other calls
	 * that make processes, and other architectures. */
	struct sock_filter v[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				      offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	const struct sock_fprog prog = {sizeof(v) / sizeof(v[0]), v};

	if (!off &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) != 0)
		log_bug(__FILE__, __LINE__, "a filter of system calls");
#ifdef LB_INJECT
	escape_try_worker();
#endif
}
#else
/* The sanitizers and gcov read and write files of their own at exit. */
bool
sandbox_close(const struct sandbox *s, struct fault *f)
{
	(void)s;
	(void)f;
	log_debug("this build is not confined: it is for tests");
	return true;
}

void
sandbox_no_forks(void)
{
}
#endif
