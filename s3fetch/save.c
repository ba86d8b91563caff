/* Objects as files, by a helper; see save.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "s3url.h"
#include "save.h"
#include "saveplace.h"

enum {
	PLACES_STEP = 16,
	ABANDON_MS = 1000 /* to hand over what nobody waits for */
};

/* ------------------------------------------------------- in the helper */

struct saver {
	const char *path;
	int root; /* opened at first use */
	struct saveplace *places;
	size_t n;
};

/* A free place. */
static struct saveplace *
place_for(struct saver *s)
{
	struct saveplace *v;

	for (size_t i = 0; i < s->n; i++)
		if (s->places[i].dir == -1)
			return &s->places[i];
	v = realloc(s->places, (s->n + PLACES_STEP) * sizeof(*v));
	if (v == NULL)
		log_oom();
	s->places = v;
	for (size_t i = 0; i < PLACES_STEP; i++)
		v[s->n + i] = (struct saveplace)SAVEPLACE_INIT;
	s->n += PLACES_STEP;
	return &v[s->n - PLACES_STEP];
}

/* data: the bucket, a NUL, the key. */
static void
begin(
    void *ctx, uint32_t arg, const char *data, size_t n, struct helper_reply *r)
{
	struct saver *s = ctx;
	struct saveplace *p;
	size_t bucket = strnlen(data, n);

	(void)arg;
	r->err = EINVAL;
	if (bucket >= n || strchr(data, '/') != NULL || data[0] == '.')
		return;
	if (s->root == -1)
		s->root = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->err = errno;
	if (s->root == -1)
		return;
	p = place_for(s);
	r->fd =
	    saveplace_make(p, s->root, data, data + bucket + 1, n - bucket - 1);
	r->err = r->fd == -1 ? errno : 0;
	r->arg = (uint32_t)(p - s->places);
}

static void
finish(
    void *ctx, uint32_t arg, const char *data, size_t n, struct helper_reply *r)
{
	struct saver *s = ctx;

	(void)data;
	(void)n;
	r->err = EBADF;
	if (arg < s->n && s->places[arg].dir != -1)
		r->err = saveplace_name(&s->places[arg]);
}

static void
abandon(
    void *ctx, uint32_t arg, const char *data, size_t n, struct helper_reply *r)
{
	struct saver *s = ctx;

	(void)data;
	(void)n;
	r->silent = true;
	if (arg < s->n)
		saveplace_drop(&s->places[arg]);
}

bool
save_serve(struct helper *h, const char *dir, struct fault *f)
{
	static struct saver saver = {.root = -1};
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1) {
		fault_set(f, EXIT_BADCONFIG, "cannot open the folder '%s': %s",
		    dir, strerror(errno));
		return fault_hint(f, "--save takes a folder that is there");
	}
	(void)close(fd);
	saver.path = dir;
	helper_serve(h, HELPER_SAVE_BEGIN, begin, &saver);
	helper_serve(h, HELPER_SAVE_FINISH, finish, &saver);
	helper_serve(h, HELPER_SAVE_ABANDON, abandon, &saver);
	helper_path(h, dir,
	    LANDLOCK_LIST | LANDLOCK_WRITE | LANDLOCK_MAKE | LANDLOCK_MAKE_DIR);
	return true;
}

/* ------------------------------------------------------ in the filter */

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

bool
save_begin(struct save *s, struct helper *h, const char *bucket,
    const char *key, size_t n, struct fault *f)
{
	char data[S3_BUCKET_MAX + 1 + S3_KEY_MAX];
	const size_t at = strlen(bucket) + 1;
	const struct helper_order o = {
	    .kind = HELPER_SAVE_BEGIN, .data = data, .n = at + n};
	struct helper_reply r;

	*s = (struct save)SAVE_INIT;
	if (n > 0 && memchr(key, '\0', n) != NULL)
		return fault_set(f, EXIT_SETASIDE,
		    "cannot save it: its key holds a NUL, which no file name "
		    "can");
	INVARIANT(at + n <= sizeof(data));
	memcpy(data, bucket, at);
	if (n > 0)
		memcpy(data + at, key, n);
	if (!helper_ask(h, &o, &r, f))
		return false;
	if (r.err != 0 || r.fd == -1) {
		errno = r.err;
		return fail("create", f);
	}
	s->helper = h;
	s->place = r.arg;
	s->fd = r.fd;
	return true;
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
	const struct helper_order o = {
	    .kind = HELPER_SAVE_FINISH, .arg = s->place};
	struct helper_reply r;
	bool ok = fsync(s->fd) == 0;
	int fd = s->fd;

	s->fd = -1;
	if (!ok)
		(void)fail("sync", f);
	if (close(fd) != 0 && ok)
		ok = fail("close", f);
	ok = ok && helper_ask(s->helper, &o, &r, f);
	if (ok && r.err != 0) {
		errno = r.err;
		ok = fail("name", f);
	}
	if (!ok)
		save_abandon(s);
	*s = (struct save)SAVE_INIT;
	return ok;
}

void
save_abandon(struct save *s)
{
	const struct helper_order o = {
	    .kind = HELPER_SAVE_ABANDON, .arg = s->place};

	if (s->fd != -1)
		(void)close(s->fd);
	if (s->helper != NULL)
		(void)helper_push(s->helper, &o, ABANDON_MS);
	*s = (struct save)SAVE_INIT;
}
