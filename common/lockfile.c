/* Locks between processes: fcntl's open file description locks (Linux 3.15),
 * which, unlike POSIX record locks, do not vanish when some other descriptor
 * of the file is closed, and, unlike flock(2), can be asked about without
 * being taken. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lockfile.h"

enum { PID_TEXT = 32 };

static bool
set_lock(int fd, short type)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET};
	int r;

	do
		r = fcntl(fd, F_OFD_SETLK, &l);
	while (r == -1 && errno == EINTR);
	return r == 0;
}

/* Another process has it: say which, as far as it wrote that down. */
static bool
fault_held(int fd, const char *path, struct fault *f)
{
	char pid[PID_TEXT];
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	if (pid[0] == '\0')
		(void)fault_set(f, EXIT_AGAIN,
		    "cannot lock '%s': another process holds it", path);
	else
		(void)fault_set(f, EXIT_AGAIN,
		    "cannot lock '%s': process %s holds it", path, pid);
	return fault_hint(
	    f, "wait for it to end, or give this pipeline another --name");
}

/* For people only; that it cannot be written matters to nobody. */
static void
note_pid(int fd)
{
	char pid[PID_TEXT];
	int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	if (n > 0 && ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, pid, (size_t)n, 0);
}

bool
lockfile_take(struct lockfile *l, const char *path, enum lockfile_mode mode,
    struct fault *f)
{
	int fd, err;

	l->fd = -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1) {
		(void)fault_set(f,
		    errno == ENOENT || errno == ENOTDIR ? EXIT_BADCONFIG
							: EXIT_IO,
		    "cannot open lock file '%s': %s", path, strerror(errno));
		return fault_hint(
		    f, "the folder of the state must be there and be writable");
	}
	if (set_lock(fd, mode == LOCKFILE_ALONE ? F_WRLCK : F_RDLCK)) {
		note_pid(fd);
		l->fd = fd;
		return true;
	}
	err = errno;
	if (err == EAGAIN || err == EACCES)
		(void)fault_held(fd, path, f);
	else
		(void)fault_set(
		    f, EXIT_IO, "cannot lock '%s': %s", path, strerror(err));
	(void)close(fd);
	return false;
}

void
lockfile_drop(struct lockfile *l)
{
	if (l->fd != -1)
		(void)close(l->fd); /* gives up the lock */
	l->fd = -1;
}

bool
lockfile_held(const char *path)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	bool held;

	if (fd == -1)
		return false;
	held = fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
	(void)close(fd);
	return held;
}
