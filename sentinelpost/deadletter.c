/* The dead-letter file; see deadletter.h. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "deadletter.h"
#include "log.h"
#include "settle.h"
#include "timefmt.h"
#include "utf8.h"

enum {
	COLLECT = 64 * 1024, /* bytes collected before a write */
	/* Members before the payload; the largest are an object's names and a
	 * reject's "header", each part of one line that was read. */
	HEAD_MAX = 2 * WIRE_LINE_MAX,
	TAIL_BLOCK = 64 * 1024 /* read at once in search of a torn line */
};

struct deadletter {
	char *path;
	int fd;
	struct buf head; /* what is collected */
	off_t good;      /* size at the end of the last whole line */
	bool dirty;      /* something is not synced */
	bool sync_dir;   /* the file is new */
	/* A line that was promised could not be written or synced: whatever
	 * comes after, nothing may be acknowledged any more. */
	bool broken;
	struct fault fault;
	uint64_t lines;
};

/* Nothing works any more; for always the same reason. */
static bool
is_broken(const struct deadletter *d, struct fault *f)
{
	if (d->broken)
		*f = d->fault;
	return d->broken;
}

static bool
io_fault(struct deadletter *d, const char *verb, struct fault *f)
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
lock(struct deadletter *d, struct fault *f)
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
cut_torn(struct deadletter *d, off_t size, struct fault *f)
{
	d->good = find_end(d->fd, size);
	if (d->good == -1)
		return io_fault(d, "read", f);
	if (d->good == size)
		return true;
	log_warn("cut %lld bytes of an unfinished line off the dead-letter "
		 "file '%s'",
	    (long long)(size - d->good), d->path);
	d->dirty = true;
	return ftruncate(d->fd, d->good) == 0 || io_fault(d, "truncate", f);
}

static bool
open_file(struct deadletter *d, struct fault *f)
{
	struct stat st;

	d->fd = open(
	    d->path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	d->sync_dir = d->fd != -1;
	if (d->fd == -1 && errno == EEXIST)
		d->fd =
		    open(d->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK);
	if (d->fd == -1 || fstat(d->fd, &st) != 0)
		return io_fault(d, "open", f);
	if (!S_ISREG(st.st_mode)) {
		fault_set(f, EXIT_BADCONFIG,
		    "the dead-letter file '%s' is not a regular file", d->path);
		return fault_hint(
		    f, "dead letters must stay: give a file on a disk");
	}
	if ((st.st_mode & 077) != 0 && fchmod(d->fd, 0600) != 0)
		return io_fault(d, "chmod", f);
	return lock(d, f) && cut_torn(d, st.st_size, f);
}

struct deadletter *
dead_open(const char *path, struct fault *f)
{
	struct deadletter *d = calloc(1, sizeof(*d));

	if (d == NULL)
		log_oom();
	d->head.max = HEAD_MAX + COLLECT;
	d->fd = -1;
	d->path = strdup(path);
	if (d->path == NULL)
		log_oom();
	if (!open_file(d, f)) {
		dead_close(d);
		return NULL;
	}
	return d;
}

void
dead_close(struct deadletter *d)
{
	if (d == NULL)
		return;
	if (d->fd != -1)
		(void)close(d->fd);
	buf_clear(&d->head);
	free(d->path);
	free(d);
}

uint64_t
dead_lines(const struct deadletter *d)
{
	return d->lines;
}

/* Write all of iov.  A piece of a line must not stay behind. */
static bool
write_all(struct deadletter *d, struct iovec *iov, int n, struct fault *f)
{
	off_t size = d->good;
	ssize_t w;
	int err;

	while (n > 0) {
		w = writev(d->fd, iov, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			err = errno;
			(void)!ftruncate(d->fd, d->good);
			errno = err;
			return io_fault(d, "write", f);
		}
		size += w;
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
	d->good = size;
	d->dirty = true;
	return true;
}

/* Write what is collected and n more pieces. */
static bool
flush(struct deadletter *d, const struct iovec *more, int n, struct fault *f)
{
	struct iovec iov[4] = {{d->head.p, d->head.len}};
	bool ok;

	INVARIANT(n <= 3);
	for (int i = 0; i < n; i++)
		iov[i + 1] = more[i];
	ok = write_all(d, iov, n + 1, f);
	buf_reset(&d->head);
	return ok;
}

/* Sync the directory, so that the new file's name lasts too. */
static bool
sync_dir(struct deadletter *d, struct fault *f)
{
	char *copy = strdup(d->path);
	bool ok;
	int fd;

	if (copy == NULL)
		log_oom();
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	ok = fd != -1 && fsync(fd) == 0;
	if (!ok)
		io_fault(d, "sync the directory of", f);
	if (fd != -1)
		(void)close(fd);
	d->sync_dir = !ok;
	return ok;
}

bool
dead_sync(struct deadletter *d, struct fault *f)
{
	if (is_broken(d, f) || (d->head.len > 0 && !flush(d, NULL, 0, f)))
		return false;
	if (d->dirty && fsync(d->fd) != 0)
		return io_fault(d, "sync", f);
	d->dirty = false;
	return !d->sync_dir || sync_dir(d, f);
}

/* When the file was moved away since the last sync: make a new one. */
static bool
follow_rotation(struct deadletter *d, struct fault *f)
{
	struct stat mine, named;

	if (d->dirty || d->head.len > 0)
		return true;
	if (fstat(d->fd, &mine) != 0)
		return io_fault(d, "stat", f);
	if (stat(d->path, &named) == 0 && named.st_dev == mine.st_dev &&
	    named.st_ino == mine.st_ino)
		return true;
	log_info(
	    "the dead-letter file '%s' was moved: starting a new one", d->path);
	(void)close(d->fd);
	return open_file(d, f);
}

static void
put_why(struct jsonw *w, const struct dead_why *why)
{
	char now[TIMEFMT_MAX];

	timefmt_rfc3339(now, clock_wall_ms(), false);
	jsonw_object(w, "dead");
	jsonw_text(w, "reason", why->reason);
	if (why->http != 0)
		jsonw_int(w, "http", why->http);
	jsonw_text(w, "time", now);
	if (why->code != NULL && why->code[0] != '\0')
		jsonw_text(w, "code", why->code);
	if (why->request_id != NULL && why->request_id[0] != '\0')
		jsonw_text(w, "request_id", why->request_id);
	jsonw_end(w);
}

void
dead_name(struct jsonw *w, const char *object, size_t len)
{
	struct json_val v = {object, len, JSON_OBJECT, 0};
	struct wire_object o;
	const char *why;

	if (object == NULL || !wire_object(&o, &v, &why))
		return;
	jsonw_object(w, "object");
	jsonw_raw(w, "store", o.store.p, o.store.n);
	jsonw_raw(w, "bucket", o.bucket.p, o.bucket.n);
	if (o.key.p != NULL)
		jsonw_raw(w, "key", o.key.p, o.key.n);
	if (o.key64.p != NULL)
		jsonw_raw(w, "key64", o.key64.p, o.key64.n);
	jsonw_end(w);
}

/* Begin a line: {"id":..,"n":.. */
static bool
begin(struct deadletter *d, struct jsonw *w, const char *id, uint64_t n,
    struct fault *f)
{
	if (is_broken(d, f) || !follow_rotation(d, f))
		return false;
	jsonw_open(w, &d->head);
	if (id != NULL && id[0] != '\0')
		jsonw_text(w, "id", id);
	if (n != SETTLE_NO_N)
		jsonw_uint(w, "n", n);
	return true;
}

/* End the line with a last member whose value is a finished JSON text. */
static bool
finish(struct deadletter *d, struct jsonw *w, const char *name,
    const char *value, size_t len, struct fault *f)
{
	static char end[] = "}\n";
	struct iovec more[2];

	buf_addf(&d->head, "%s\"%s\":", w->comma ? "," : "", name);
	if (d->head.err != 0)
		log_oom(); /* never EFBIG: see HEAD_MAX */
	d->lines++;
	if (d->head.len + len < COLLECT) {
		buf_add(&d->head, value, len);
		buf_adds(&d->head, end);
		if (d->head.err != 0)
			log_oom();
		return true;
	}
	/* iovec lacks const; writev does not write. */
	more[0].iov_base = (void *)(uintptr_t)value;
	more[0].iov_len = len;
	more[1].iov_base = end;
	more[1].iov_len = sizeof(end) - 1;
	return flush(d, more, 2, f);
}

bool
dead_row(struct deadletter *d, const struct dead_row *r,
    const struct dead_why *why, struct fault *f)
{
	struct jsonw w;

	if (!begin(d, &w, r->id, r->n, f))
		return false;
	if (r->table != NULL)
		jsonw_text(&w, "table", r->table);
	else if (r->bad_table.p != NULL)
		jsonw_raw(&w, "table", r->bad_table.p, r->bad_table.n);
	put_why(&w, why);
	dead_name(&w, r->object, r->object_len);
	return finish(d, &w, "row", r->row, r->row_len, f);
}

bool
dead_reject(struct deadletter *d, const struct wire_line *l, const char *object,
    size_t object_len, const struct dead_why *why, struct fault *f)
{
	const struct json_val *raw = l->raw.p != NULL ? &l->raw : &l->raw64;
	struct jsonw w;

	if (!begin(d, &w, NULL, SETTLE_NO_N, f))
		return false;
	if (l->id.p != NULL)
		jsonw_raw(&w, "id", l->id.p, l->id.n);
	if (l->n.p != NULL)
		jsonw_raw(&w, "n", l->n.p, l->n.n);
	put_why(&w, why);
	dead_name(&w, object, object_len);
	if (raw->p == NULL)
		return finish(d, &w, "reject", l->reject.p, l->reject.n, f);
	jsonw_raw(&w, "reject", l->reject.p, l->reject.n);
	return finish(
	    d, &w, raw == &l->raw ? "raw" : "raw64", raw->p, raw->n, f);
}

/* One reject line of a record's bytes; more: others of it follow. */
static bool
dead_part(struct deadletter *d, const char *id, uint64_t n, const char *object,
    size_t object_len, const char *p, size_t len, bool more,
    const struct dead_why *why, struct fault *f)
{
	struct buf value = BUF_INIT(6 * (size_t)DEAD_PART_MAX + 2);
	bool text = utf8_valid(p, len) == len, ok;
	struct jsonw w;

	if (!begin(d, &w, id, n, f))
		return false;
	jsonw_object(&w, "reject");
	jsonw_text(&w, "reason", why->reason);
	if (more)
		jsonw_bool(&w, "more", true);
	jsonw_end(&w);
	put_why(&w, why);
	dead_name(&w, object, object_len);
	buf_addc(&value, '"');
	if (text)
		(void)jsonw_escape(&value, p, len);
	else
		jsonw_add_base64(&value, p, len);
	buf_addc(&value, '"');
	if (value.err != 0)
		log_oom();
	ok = finish(d, &w, text ? "raw" : "raw64", value.p, value.len, f);
	buf_clear(&value);
	return ok;
}

bool
dead_bytes(struct deadletter *d, const char *id, uint64_t n, const char *object,
    size_t object_len, const char *p, size_t len, const struct dead_why *why,
    struct fault *f)
{
	size_t part;

	while (len > DEAD_PART_MAX) {
		part = DEAD_PART_MAX - utf8_tail(p, DEAD_PART_MAX);
		if (!dead_part(
			d, id, n, object, object_len, p, part, true, why, f))
			return false;
		p += part;
		len -= part;
	}
	return dead_part(d, id, n, object, object_len, p, len, false, why, f);
}

static bool
is_name(const struct json_val *key, const char *const *names)
{
	for (; *names != NULL; names++)
		if (json_is(key, *names))
			return true;
	return false;
}

bool
dead_object(struct deadletter *d, const char *object, size_t len, uint64_t skip,
    const char *format, const struct dead_why *why, struct fault *f)
{
	static const char *const queue[] = {"dead", "ack", "receives", NULL};
	static const char *const resume[] = {"skip", "format", NULL};
	struct json_val key, val;
	struct json j;
	struct jsonw w;
	bool first;

	if (!begin(d, &w, NULL, SETTLE_NO_N, f))
		return false;
	put_why(&w, why);
	json_init(&j, object, len);
	if (json_enter(&j, '{', &first)) {
		while (json_member(&j, &first, &key) && json_value(&j, &val)) {
			if (is_name(&key, queue) ||
			    (skip > 0 && is_name(&key, resume)))
				continue;
			buf_addf(&d->head, ",%.*s:%.*s", (int)key.n, key.p,
			    (int)val.n, val.p);
		}
	}
	if (skip > 0) {
		/* As it stood in the mark: with the escapes it may have. */
		buf_addf(&d->head, ",\"format\":\"%s\"", format);
		jsonw_uint(&w, "skip", skip);
	}
	jsonw_end(&w);
	buf_addc(&d->head, '\n');
	if (d->head.err != 0)
		log_oom();
	d->lines++;
	return d->head.len < COLLECT || flush(d, NULL, 0, f);
}
