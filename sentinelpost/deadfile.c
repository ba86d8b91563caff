/* The file that dead letters are appended to; see deadfile.h. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deadfile.h"
#include "log.h"

enum { TAIL_BLOCK = 64 * 1024 /* read at once in search of a torn line */ };

struct deadfile {
	char *path;
	struct helper *files; /* who opens it; NULL: we do */
	int fd;
	bool dirty;    /* something is not synced */
	bool sync_dir; /* the file is new */
	/* A line that was promised could not be written or synced: whatever
	 * comes after, nothing may be acknowledged any more. */
	bool broken;
	struct fault fault;
};

/* Nothing works any more; for always the same reason. */
static bool
is_broken(const struct deadfile *d, struct fault *f)
{
	if (d->broken)
		*f = d->fault;
	return d->broken;
}

static bool
io_fault(struct deadfile *d, const char *verb, struct fault *f)
{
	int err = errno;

	fault_set(f, EXIT_IO, "cannot %s the dead-letter file '%s': %s", verb,
	    d->path, strerror(err));
	if (err == ENOENT || err == ENOTDIR || err == EISDIR)
		f->code = EXIT_BADCONFIG;
	if (err == ENOSPC || err == EDQUOT)
		fault_hint(f, "make room: nothing that belongs into it was "
			      "marked as done");
	else if (err == EISDIR)
		fault_hint(f, "--dead-letter takes a file");
	else
		fault_hint(f, "its folder must be there, and both be writable "
			      "for this user");
	d->broken = true;
	d->fault = *f;
	return false;
}

/* An open file description lock: it goes when the process does. */
static bool
lock(struct deadfile *d, struct fault *f)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(d->fd, F_OFD_SETLK, &l) == 0)
		return true;
	if (errno != EAGAIN && errno != EACCES)
		return io_fault(d, "lock", f);
	fault_set(f, EXIT_AGAIN,
	    "the dead-letter file '%s' is in use by another process", d->path);
	fault_hint(f, "give each sentinelpost a file of its own");
	d->broken = true;
	d->fault = *f;
	return false;
}

/* Where the last whole line of a file of that size ends; -1: errno. */
static off_t
find_end(int fd, off_t size)
{
	char block[TAIL_BLOCK];
	const char *nl;
	size_t want;
	ssize_t n;

	while (size > 0) {
		want = size < TAIL_BLOCK ? (size_t)size : TAIL_BLOCK;
		n = pread(fd, block, want, size - (off_t)want);
		if (n != (ssize_t)want) {
			errno = n < 0 ? errno : EIO;
			return -1;
		}
		nl = memrchr(block, '\n', want);
		if (nl != NULL)
			return size - (off_t)want + (nl - block) + 1;
		size -= (off_t)want;
	}
	return 0;
}

/* Cut off what a crash left of an unfinished line. */
static bool
cut_torn(struct deadfile *d, off_t size, struct fault *f)
{
	off_t good = find_end(d->fd, size);

	if (good == -1)
		return io_fault(d, "read", f);
	if (good == size)
		return true;
	log_warn("cut %lld bytes of an unfinished line off the dead-letter "
		 "file '%s'",
	    (long long)(size - good), d->path);
	d->dirty = true;
	return ftruncate(d->fd, good) == 0 || io_fault(d, "truncate", f);
}

/* --------------------------------- opening, by a helper or ourselves */

/* A descriptor of the file, mode 0600, or -1 with errno; *made: it is new. */
static int
make_or_open(const char *path, bool *made)
{
	struct stat st;
	int fd =
	    open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

	*made = fd != -1;
	if (fd == -1 && errno == EEXIST)
		fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK);
	if (fd != -1 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 077) != 0)
		(void)fchmod(fd, 0600); /* whether it took is looked at */
	return fd;
}

static int
open_folder(const char *path)
{
	char *copy = strdup(path);
	int fd;

	if (copy == NULL)
		log_oom();
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	return fd;
}

static void
serve_open(
    void *ctx, uint32_t arg, const char *data, size_t n, struct helper_reply *r)
{
	bool made;

	(void)arg;
	(void)data;
	(void)n;
	r->fd = make_or_open(ctx, &made);
	r->err = r->fd == -1 ? errno : 0;
	r->arg = made;
}

static void
serve_folder(
    void *ctx, uint32_t arg, const char *data, size_t n, struct helper_reply *r)
{
	(void)arg;
	(void)data;
	(void)n;
	r->fd = open_folder(ctx);
	r->err = r->fd == -1 ? errno : 0;
}

void
deadfile_serve(struct helper *files, const char *path)
{
	void *ctx = (void *)(uintptr_t)path; /* it is only read */

	helper_serve(files, HELPER_DEAD_OPEN, serve_open, ctx);
	helper_serve(files, HELPER_DEAD_FOLDER, serve_folder, ctx);
	helper_folder(files, path,
	    LANDLOCK_READ | LANDLOCK_WRITE | LANDLOCK_MAKE | LANDLOCK_LIST);
}

/* Let the helper open what it knows.  A descriptor, or -1: errno, or a fault
 * of the helper's. */
static int
ask(struct deadfile *d, enum helper_kind what, uint32_t *arg, struct fault *f)
{
	const struct helper_order o = {.kind = what};
	struct helper_reply r;

	if (!helper_ask(d->files, &o, &r, f)) {
		d->broken = true;
		d->fault = *f;
		return -1;
	}
	*arg = r.arg;
	errno = r.err;
	return r.fd;
}

static bool
open_file(struct deadfile *d, struct fault *f)
{
	struct stat st;
	uint32_t made = 0;

	if (d->files != NULL)
		d->fd = ask(d, HELPER_DEAD_OPEN, &made, f);
	else
		d->fd = make_or_open(d->path, &d->sync_dir);
	if (d->files != NULL)
		d->sync_dir = made != 0;
	if (d->broken)
		return false;
	if (d->fd == -1 || fstat(d->fd, &st) != 0)
		return io_fault(d, "open", f);
	if (!S_ISREG(st.st_mode)) {
		fault_set(f, EXIT_BADCONFIG,
		    "the dead-letter file '%s' is not a regular file", d->path);
		return fault_hint(
		    f, "dead letters must stay: give a file on a disk");
	}
	if ((st.st_mode & 077) != 0) {
		errno = EPERM;
		return io_fault(d, "chmod", f);
	}
	return lock(d, f) && cut_torn(d, st.st_size, f);
}

struct deadfile *
deadfile_open(const char *path, struct helper *files, struct fault *f)
{
	struct deadfile *d = calloc(1, sizeof(*d));

	if (d == NULL)
		log_oom();
	d->fd = -1;
	d->files = files;
	d->path = strdup(path);
	if (d->path == NULL)
		log_oom();
	if (!open_file(d, f)) {
		deadfile_close(d);
		return NULL;
	}
	return d;
}

void
deadfile_close(struct deadfile *d)
{
	if (d == NULL)
		return;
	if (d->fd != -1)
		(void)close(d->fd);
	free(d->path);
	free(d);
}

/* A write failed after some bytes: a piece of a line must not stay behind.
 * The size is asked for: the file may have been emptied while it was open. */
static bool
undo(struct deadfile *d, off_t written, struct fault *f)
{
	struct stat st;
	int err = errno;

	if (written > 0 && fstat(d->fd, &st) == 0 && st.st_size >= written)
		(void)!ftruncate(d->fd, st.st_size - written);
	errno = err;
	return io_fault(d, "write", f);
}

bool
deadfile_write(struct deadfile *d, struct iovec *iov, int n, struct fault *f)
{
	off_t written = 0;
	ssize_t w;

	if (is_broken(d, f))
		return false;
	while (n > 0) {
		w = writev(d->fd, iov, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return undo(d, written, f);
		written += w;
		while (n > 0 && (size_t)w >= iov->iov_len) {
			w -= (ssize_t)iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + w;
			iov->iov_len -= (size_t)w;
		}
	}
	d->dirty = true;
	return true;
}

/* Sync the directory, so that the new file's name lasts too. */
static bool
sync_dir(struct deadfile *d, struct fault *f)
{
	uint32_t ignored;
	bool ok;
	int fd = d->files != NULL ? ask(d, HELPER_DEAD_FOLDER, &ignored, f)
				  : open_folder(d->path);

	if (d->broken)
		return false;
	ok = fd != -1 && fsync(fd) == 0;
	if (!ok)
		io_fault(d, "sync the directory of", f);
	if (fd != -1)
		(void)close(fd);
	d->sync_dir = !ok;
	return ok;
}

bool
deadfile_sync(struct deadfile *d, struct fault *f)
{
	if (is_broken(d, f))
		return false;
	if (d->dirty && fsync(d->fd) != 0)
		return io_fault(d, "sync", f);
	d->dirty = false;
	return !d->sync_dir || sync_dir(d, f);
}

bool
deadfile_ready(struct deadfile *d, bool collected, struct fault *f)
{
	struct stat mine, named;

	if (is_broken(d, f))
		return false;
	if (d->dirty || collected)
		return true;
	if (fstat(d->fd, &mine) != 0)
		return io_fault(d, "stat", f);
	if (stat(d->path, &named) == 0 && named.st_dev == mine.st_dev &&
	    named.st_ino == mine.st_ino)
		return true;
	log_info(
	    "the dead-letter file '%s' was moved: starting a new one", d->path);
	(void)close(d->fd);
	if (open_file(d, f))
		return true;
	d->broken = true;
	d->fault = *f;
	return false;
}
