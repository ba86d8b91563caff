/* Where a key's file goes, below one folder whatever it says; see saveplace.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto.h"
#include "rnd.h"
#include "s3url.h"
#include "saveplace.h"

enum {
	SEGMENT_MAX = 255, /* NAME_MAX of Linux */
	SPLIT = SEGMENT_MAX - 1,
	FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
};

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
static int
make_temp(struct saveplace *p)
{
	uint8_t nonce[8];
	char hex[2 * sizeof(nonce) + 1];

	rnd_bytes(nonce, sizeof(nonce));
	crypto_hex(hex, nonce, sizeof(nonce));
	(void)snprintf(p->temp, sizeof(p->temp), ".s3fetch-%s", hex);
	return openat(p->dir, p->temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

/* To the folder of the file; its name is left in p->name. */
static void
go_down(
    struct saveplace *p, int root, const char *bucket, const struct buf *path)
{
	const char *name = path->p, *next;

	p->dir = openat(root, ".", FOLDER_FLAGS);
	if (p->dir != -1)
		p->dir = descend(p->dir, bucket);
	for (;;) {
		next = name + strlen(name) + 1;
		if (p->dir == -1 || next == path->p + path->len)
			break;
		p->dir = descend(p->dir, name);
		name = next;
	}
	memcpy(p->name, name, strlen(name) + 1);
}

int
saveplace_make(struct saveplace *p, int root, const char *bucket,
    const char *key, size_t n)
{
	struct buf path = BUF_INIT(8 * S3_KEY_MAX);
	int fd = -1, err = EINVAL;

	*p = (struct saveplace)SAVEPLACE_INIT;
	if (save_path(&path, key, n)) {
		go_down(p, root, bucket, &path);
		if (p->dir != -1)
			fd = make_temp(p);
		err = errno;
	}
	buf_clear(&path);
	if (fd == -1) {
		p->temp[0] = '\0';
		saveplace_drop(p);
		errno = err;
	}
	return fd;
}

/* Landlock refuses to put a file in a folder's place before the file system
 * can say that it is one. */
static int
name_error(const struct saveplace *p, int err)
{
	struct stat st;

	if (err == EACCES &&
	    fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		return EISDIR;
	return err;
}

int
saveplace_name(struct saveplace *p)
{
	if (renameat(p->dir, p->temp, p->dir, p->name) != 0)
		return name_error(p, errno);
	p->temp[0] = '\0';
	/* The name is durable too; where folders cannot be synced, so be it. */
	(void)fsync(p->dir);
	saveplace_drop(p);
	return 0;
}

void
saveplace_drop(struct saveplace *p)
{
	if (p->dir != -1) {
		if (p->temp[0] != '\0')
			(void)unlinkat(p->dir, p->temp, 0);
		(void)close(p->dir);
	}
	*p = (struct saveplace)SAVEPLACE_INIT;
}
