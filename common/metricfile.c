/* The file of --metrics, replaced here or by a helper; see metricfile.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "metricfile.h"

enum {
	PATH_LIMIT = 4096,
	PIECE_MS = 1000, /* until a piece is taken */
	LAST_MS = 5000   /* what the end of a filter may wait for a helper */
};

static bool
write_whole(int fd, const char *p, size_t n)
{
	ssize_t r;

	while (n > 0) {
		r = write(fd, p, n);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return false;
		p += r;
		n -= (size_t)r;
	}
	return true;
}

/* No fsync: what a crash of the machine takes is out of date anyway. */
int
metricfile_replace(const char *file, const struct buf *text)
{
	char tmp[PATH_LIMIT];
	struct stat st;
	bool ok;
	int fd, n, err;

	/* Root's rename would leave a file where /dev/null or /dev/stderr was.
	 */
	if (lstat(file, &st) == 0 && !S_ISREG(st.st_mode))
		return EEXIST;
	n = snprintf(tmp, sizeof(tmp), "%s.%ld.tmp", file, (long)getpid());
	if (n < 0 || (size_t)n >= sizeof(tmp))
		return ENAMETOOLONG;
	fd = open(
	    tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1)
		return errno;
	ok = write_whole(fd, text->p, text->len);
	err = errno;
	if (close(fd) != 0 && ok) {
		ok = false;
		err = errno;
	}
	if (ok && rename(tmp, file) != 0) {
		ok = false;
		err = errno;
	}
	if (!ok)
		(void)unlink(tmp);
	return ok ? 0 : err;
}

/* ------------------------------------------------------- in the helper */

static void
take_piece(
    void *ctx, uint32_t at, const char *data, size_t n, struct helper_reply *r)
{
	struct metricfile *m = ctx;

	r->silent = true;
	if (at == 0)
		buf_reset(&m->text);
	if (at == m->text.len)
		buf_add(&m->text, data, n);
}

static void
take_end(
    void *ctx, uint32_t len, const char *data, size_t n, struct helper_reply *r)
{
	struct metricfile *m = ctx;

	(void)data;
	(void)n;
	if (m->text.err != 0 || m->text.len != len)
		r->err = m->text.err != 0 ? m->text.err : EPROTO;
	else
		r->err = metricfile_replace(m->path, &m->text);
}

void
metricfile_serve(struct metricfile *m, struct helper *h, const char *path)
{
	m->path = path;
	m->text.max = METRICS_TEXT_MAX;
	helper_serve(h, HELPER_METRICS, take_piece, m);
	helper_serve(h, HELPER_METRICS_DONE, take_end, m);
	helper_folder(h, path, LANDLOCK_WRITE | LANDLOCK_MAKE);
}

/* ------------------------------------------------------ to the helper */

static bool
send_pieces(struct helper *h, const struct buf *text)
{
	struct helper_order o = {.kind = HELPER_METRICS};

	for (size_t at = 0; at < text->len; at += o.n) {
		o.arg = (uint32_t)at;
		o.data = text->p + at;
		o.n = text->len - at;
		if (o.n > HELPER_DATA_MAX)
			o.n = HELPER_DATA_MAX;
		if (helper_push(h, &o, PIECE_MS) == 0)
			return false;
	}
	return true;
}

int
metricfile_tell(struct metricfile *m, struct helper *h, const struct buf *text)
{
	struct helper_reply r;
	int err;

	/* What came of the last time? */
	if (m->told && m->err == -1)
		switch (helper_next(h, &r, 0)) {
		case HELPER_GONE:
			return EPIPE;
		case HELPER_ANSWER:
			if (r.fd != -1)
				(void)close(r.fd);
			break;
		case HELPER_NOTHING:
			break;
		}
	if (m->told && m->err == -1)
		return EAGAIN;
	err = m->told ? m->err : 0;
	m->told = false;
	if (!send_pieces(h, text))
		return errno;
	m->seq =
	    helper_send(h, HELPER_METRICS_DONE, (uint32_t)text->len, NULL, 0);
	if (m->seq == 0)
		return errno;
	m->told = true;
	helper_note(h, m->seq, &m->err);
	return err;
}

bool
metricfile_ask(
    struct helper *h, const struct buf *text, int *err, struct fault *f)
{
	const struct helper_order end = {.kind = HELPER_METRICS_DONE,
	    .arg = (uint32_t)text->len,
	    .ms = LAST_MS};
	struct helper_reply r;

	(void)send_pieces(h, text); /* the next says if it was in vain */
	if (!helper_ask(h, &end, &r, f))
		return false;
	*err = r.err;
	return true;
}
