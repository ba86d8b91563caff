#ifndef DEADFILE_H
#define DEADFILE_H

#include <stdbool.h>
#include <sys/uio.h>

#include "fault.h"
#include "helper.h"

/*
 * The file of the dead letters, below their form (deadletter.h): mode 0600,
 * locked while it is open, appended to in whole lines, made to last.  Once
 * anything failed every later call fails too, for the same reason: what was
 * promised is not there, so nothing may be acknowledged any more.
 */
struct deadfile;

/** Let a helper that is not started yet open the file and its folder. */
void deadfile_serve(struct helper *files, const char *path);

/** Open or make it, with that helper (NULL: by itself), cut off a torn last
 * line.  NULL with a fault: 74 (cannot), 75 (another process has it), 78 (it is
 * no regular file). */
struct deadfile *deadfile_open(
    const char *path, struct helper *files, struct fault *f);
void deadfile_close(struct deadfile *d);

/**
 * May a line be begun?  When the file was moved away and nothing waits, be it
 * for a sync or `collected` by the caller, a new one is made first.
 */
bool deadfile_ready(struct deadfile *d, bool collected, struct fault *f);

/** Append all of iov, which is changed: whole lines.  When that fails no
 * piece of it stays. */
bool deadfile_write(
    struct deadfile *d, struct iovec *iov, int n, struct fault *f);

/** Make all that was written last, and the name of a new file too. */
bool deadfile_sync(struct deadfile *d, struct fault *f);

#endif
