#ifndef LANDLOCK_H
#define LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Landlock: what a process may open, connect to and signal, decided by itself
 * for good (Linux 5.13 and later; kernel documentation, "Landlock: unprivileged
 * access control").  By raw system calls with names of our own: the C library
 * has no wrappers, and the kernel's header of Debian 12 knows half of it.
 */
enum landlock_right {          /* what is allowed below a path */
	LANDLOCK_READ = 1,     /* open files for reading */
	LANDLOCK_LIST = 2,     /* open folders */
	LANDLOCK_WRITE = 4,    /* open files for writing, and cut them */
	LANDLOCK_MAKE = 8,     /* make, rename and remove files */
	LANDLOCK_MAKE_DIR = 16 /* make folders */
};

struct landlock_path {
	const char *path; /* a file or folder; links are followed */
	unsigned rights;  /* enum landlock_right, or'ed */
};

struct landlock_rules {
	const struct landlock_path *paths;
	size_t npaths;
	const unsigned *ports; /* TCP ports that may be connected to */
	size_t nports;
	bool any_port; /* all of them */
};

/** The kernel's ABI of Landlock, or 0 when it has none or denies it. */
int landlock_abi(void);

/**
 * Restrict the calling thread, and all it will start, to these rules; needs
 * no_new_privs.  Paths that cannot be opened are left out: they stay
 * forbidden.  Ports count from ABI 4 on, signals and abstract sockets stay
 * inside from ABI 6 on.  False with errno when it cannot be done.
 */
bool landlock_restrict(int abi, const struct landlock_rules *r);

#endif
