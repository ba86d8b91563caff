#ifndef LOCKFILE_H
#define LOCKFILE_H

#include <stdbool.h>

#include "fault.h"

/*
 * Locks between processes of one machine, on files of their own (never on
 * the file they protect: closing a descriptor of it must not matter).  The
 * kernel drops a lock when its holder ends, however that comes about; the
 * file itself stays, it is empty but for its holder's process id.  A child
 * forked while the lock is held keeps it alive until it ends too; one that
 * was exec'ed does not.
 */
struct lockfile {
	int fd; /* -1: not held */
};

#define LOCKFILE_INIT \
	{             \
		-1    \
	}

enum lockfile_mode {
	LOCKFILE_ALONE,   /* one holder */
	LOCKFILE_TOGETHER /* any number of these, but none alone */
};

/**
 * Take the lock on the file at path, which is created with mode 0600.  Does
 * not wait: when another holds it, false with a fault of exit 75 that names
 * its process; 74 when the file cannot be made or locked.
 */
bool lockfile_take(struct lockfile *l, const char *path,
    enum lockfile_mode mode, struct fault *f);

/** Give it up; nothing happens when it is not held. */
void lockfile_drop(struct lockfile *l);

/** Does somebody (this process included) hold the lock in either mode?  False
 * also when there is no such file. */
bool lockfile_held(const char *path);

#endif
