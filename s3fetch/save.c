/* Objects as files, below one folder whatever their keys say; see save.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "rnd.h"
#include "s3url.h"
#include "save.h"

enum {
	SEGMENT_MAX = 255, /* NAME_MAX of Linux */
	SPLIT = SEGMENT_MAX - 1,
	FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
};

int
save_open_dir(const char *path, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1) {
		fault_set(f, EXIT_BADCONFIG, "cannot open the folder '%s': %s",
		    path, strerror(errno));
		fault_hint(f, "--save takes a folder that is there");
	}
	return fd;
}

/* Is this "", "." or "..", or would it look like one of them encoded? */
static bool
is_special(const char *p, size_t n)
{
	if (n == 0 || (n == 1 && p[0] == '.') ||
	    (n == 2 && p[0] == '.' && p[1] == '.'))
		return true;
	if (*p != '%')
		return false;
	for (p++, n--; n >= 2 && memcmp(p, "25", 2) == 0; n -= 2)
		p += 2;
	return n == 0 || (n == 2 && memcmp(p, "2E", 2) == 0) ||
	       (n == 5 && memcmp(p, "2E%2E", 5) == 0);
}

/* Append one name. */
static void
add_name(struct buf *path, const char *p, size_t n)
{
	if (!is_special(p, n)) {
		buf_add(path, p, n);
	} else if (n > 0 && *p == '%') {
		buf_adds(path, "%25");
		buf_add(path, p + 1, n - 1);
	} else if (n == 0) {
		buf_addc(path, '%');
	} else {
		buf_adds(path, n == 1 ? "%2E" : "%2E%2E");
	}
	buf_addc(path, '\0');
}

/* Append a segment, in several names when it is too long for one. */
static void
add_segment(struct buf *path, const char *p, size_t n)
{
	/* Encoding would make the longest special ones too long. */
	while (n > SEGMENT_MAX || (n == SEGMENT_MAX && p[n - 1] == '%') ||
	       (n >= SPLIT && is_special(p, n))) {
		buf_add(path, p, SPLIT);
		buf_addc(path, '%');
		buf_addc(path, '\0');
		p += SPLIT;
		n -= SPLIT;
	}
	add_name(path, p, n);
}

bool
save_path(struct buf *path, const char *key, size_t n)
{
	const char *slash;
	size_t len;

	if (n > 0 && memchr(key, '\0', n) != NULL)
		return false;
	for (;;) {
		slash = n > 0 ? memchr(key, '/', n) : NULL;
		len = slash != NULL ? (size_t)(slash - key) : n;
		add_segment(path, key, len);
		if (slash == NULL)
			return path->err == 0;
		key += len + 1;
		n -= len + 1;
	}
}

/* A name that is taken or impossible concerns one object; all else the disk,
 * and with it every object. */
static bool
fail(const char *verb, struct fault *f)
{
	bool name = errno == ENOTDIR || errno == EISDIR || errno == ELOOP ||
		    errno == ENAMETOOLONG || errno == ENOTEMPTY ||
		    errno == EEXIST || errno == EINVAL || errno == EILSEQ;

	(void)fault_set(f, name ? EXIT_SETASIDE : EXIT_IO,
	    "cannot %s its file: %s", verb, strerror(errno));
	if (errno == ENOTDIR || errno == EISDIR)
		fault_hint(f, "another object's name takes its place: one key "
			      "ends where the other goes on with '/'");
	return false;
}

/* Go one folder down, making it first when it is not there; closes at. */
static int
descend(int at, const char *name)
{
	int fd, saved;

	if (mkdirat(at, name, 0777) != 0 && errno != EEXIST)
		fd = -1;
	else
		fd = openat(at, name, FOLDER_FLAGS);
	saved = errno;
	(void)close(at);
	errno = saved;
	return fd;
}

/* Make a file under a name that nobody has. */
static bool
make_temp(struct save *s)
{
	uint8_t nonce[8];
	char hex[2 * sizeof(nonce) + 1];

	rnd_bytes(nonce, sizeof(nonce));
	crypto_hex(hex, nonce, sizeof(nonce));
	(void)snprintf(s->temp, sizeof(s->temp), ".s3fetch-%s", hex);
	s->fd = openat(s->dir, s->temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	return s->fd != -1;
}

bool
save_begin(struct save *s, int root, const char *bucket, const char *key,
    size_t n, struct fault *f)
{
	struct buf path = BUF_INIT(8 * S3_KEY_MAX);
	const char *name, *next;
	bool ok = false;

	*s = (struct save)SAVE_INIT;
	if (!save_path(&path, key, n)) {
		(void)fault_set(f, EXIT_SETASIDE,
		    "cannot save it: its key holds a NUL, which no file name "
		    "can");
		goto out;
	}
	s->dir = openat(root, ".", FOLDER_FLAGS);
	if (s->dir != -1)
		s->dir = descend(s->dir, bucket);
	name = path.p;
	for (;;) {
		next = name + strlen(name) + 1;
		if (s->dir == -1 || next == path.p + path.len)
			break;
		s->dir = descend(s->dir, name);
		name = next;
	}
	if (s->dir == -1 || !make_temp(s)) {
		(void)fail("create", f);
		goto out;
	}
	memcpy(s->name, name, strlen(name) + 1);
	ok = true;
out:
	buf_clear(&path);
	if (!ok)
		save_abandon(s);
	return ok;
}

bool
save_write(struct save *s, const char *p, size_t n, struct fault *f)
{
	ssize_t w;

	while (n > 0) {
		w = write(s->fd, p, n);
		if (w == -1 && errno != EINTR)
			return fail("write", f);
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
	}
	return true;
}

bool
save_finish(struct save *s, struct fault *f)
{
	bool ok = fsync(s->fd) == 0;
	int fd = s->fd;

	s->fd = -1;
	if (!ok)
		(void)fail("sync", f);
	if (close(fd) != 0 && ok)
		ok = fail("close", f);
	if (ok && renameat(s->dir, s->temp, s->dir, s->name) != 0)
		ok = fail("name", f);
	if (!ok) {
		save_abandon(s);
		return false;
	}
	/* The name is durable too; where folders cannot be synced, so be it. */
	(void)fsync(s->dir);
	(void)close(s->dir);
	s->dir = -1;
	return true;
}

void
save_abandon(struct save *s)
{
	if (s->fd != -1)
		(void)close(s->fd);
	if (s->dir != -1) {
		if (s->temp[0] != '\0')
			(void)unlinkat(s->dir, s->temp, 0);
		(void)close(s->dir);
	}
	*s = (struct save)SAVE_INIT;
}
