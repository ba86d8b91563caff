/* The dead-letter file; see deadletter.h. */
#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "deadfile.h"
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
	/* All that a line has besides the payload, the names of the object and
	 * of a table that is none: id, n, table, "dead", braces. */
	MEMBERS_MAX = 4096
};

struct deadletter {
	struct deadfile *file;
	struct buf head; /* what is collected */
	uint64_t lines;
};

void
dead_serve(struct helper *files, const char *path)
{
	deadfile_serve(files, path);
}

struct deadletter *
dead_open(const char *path, struct helper *files, struct fault *f)
{
	struct deadletter *d = calloc(1, sizeof(*d));

	if (d == NULL)
		log_oom();
	d->head.max = HEAD_MAX + COLLECT;
	d->file = deadfile_open(path, files, f);
	if (d->file == NULL) {
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
	deadfile_close(d->file);
	buf_clear(&d->head);
	free(d);
}

uint64_t
dead_lines(const struct deadletter *d)
{
	return d->lines;
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
	ok = deadfile_write(d->file, iov, n + 1, f);
	buf_reset(&d->head);
	return ok;
}

bool
dead_sync(struct deadletter *d, struct fault *f)
{
	return (d->head.len == 0 || flush(d, NULL, 0, f)) &&
	       deadfile_sync(d->file, f);
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
	if (!deadfile_ready(d->file, d->head.len > 0, f))
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

/* One reject line of a record's bytes; more: others of it follow. */
static bool
dead_part(struct deadletter *d, const struct dead_bytes *b,
    const struct dead_why *why, struct fault *f)
{
	struct buf value = BUF_INIT(6 * (size_t)DEAD_PART_MAX + 2);
	bool text = utf8_valid(b->p, b->len) == b->len, ok;
	struct jsonw w;

	if (!begin(d, &w, b->id, b->n, f))
		return false;
	jsonw_object(&w, "reject");
	jsonw_text(&w, "reason", why->reason);
	if (b->more)
		jsonw_bool(&w, "more", true);
	jsonw_end(&w);
	put_why(&w, why);
	dead_name(&w, b->object, b->object_len);
	buf_addc(&value, '"');
	if (text)
		(void)jsonw_escape(&value, b->p, b->len);
	else
		jsonw_add_base64(&value, b->p, b->len);
	buf_addc(&value, '"');
	if (value.err != 0)
		log_oom();
	ok = finish(d, &w, text ? "raw" : "raw64", value.p, value.len, f);
	buf_clear(&value);
	return ok;
}

bool
dead_bytes(struct deadletter *d, const struct dead_bytes *b,
    const struct dead_why *why, struct fault *f)
{
	struct dead_bytes part = *b;
	size_t left = b->len;

	part.more = true;
	while (left > DEAD_PART_MAX) {
		part.len = DEAD_PART_MAX - utf8_tail(part.p, DEAD_PART_MAX);
		if (!dead_part(d, &part, why, f))
			return false;
		part.p += part.len;
		left -= part.len;
	}
	part.len = left;
	part.more = b->more;
	return dead_part(d, &part, why, f);
}

/* May a line with n bytes of payload and names be longer than the wire lets a
 * line be?  Then it could not be piped back in. */
static bool
too_long(size_t n)
{
	return n + MEMBERS_MAX > WIRE_LINE_MAX;
}

bool
dead_row(struct deadletter *d, const struct dead_row *r,
    const struct dead_why *why, struct fault *f)
{
	struct dead_bytes b = {.id = r->id,
	    .n = r->n,
	    .object = r->object,
	    .object_len = r->object_len,
	    .p = r->row,
	    .len = r->row_len};
	struct jsonw w;

	if (too_long(r->row_len + r->object_len + r->bad_table.n))
		return dead_bytes(d, &b, why, f);
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

/* A reject whose line is too long with what is added: its record's bytes; of
 * one without a record, the line itself. */
static bool
dead_long_reject(struct deadletter *d, const struct wire_line *l,
    const char *object, size_t object_len, const struct dead_why *why,
    struct fault *f)
{
	struct buf record = BUF_INIT(WIRE_LINE_MAX);
	char id[WIRE_ID_LEN + 1] = "";
	struct dead_bytes b = {.id = id,
	    .n = SETTLE_NO_N,
	    .object = object,
	    .object_len = object_len,
	    .p = l->line,
	    .len = l->len};
	struct json_val more;
	bool ok = false;

	(void)wire_id(l, id);
	if (l->n.p != NULL && !json_uint(&l->n, &b.n))
		b.n = SETTLE_NO_N;
	b.more =
	    wire_member(&l->reject, "more", &more) && more.type == JSON_TRUE;
	if (l->raw.p != NULL && l->raw.type == JSON_STRING)
		ok = json_text(&record, &l->raw) == 0;
	else if (l->raw64.p != NULL && l->raw64.type == JSON_STRING)
		ok = json_base64(&record, l->raw64.p + 1, l->raw64.n - 2);
	if (ok && record.err == 0 && record.p != NULL) {
		b.p = record.p;
		b.len = record.len;
	}
	ok = dead_bytes(d, &b, why, f);
	buf_clear(&record);
	return ok;
}

bool
dead_reject(struct deadletter *d, const struct wire_line *l, const char *object,
    size_t object_len, const struct dead_why *why, struct fault *f)
{
	const struct json_val *raw = l->raw.p != NULL ? &l->raw : &l->raw64;
	struct jsonw w;

	if (too_long(l->len + object_len))
		return dead_long_reject(d, l, object, object_len, why, f);
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
	/* The line of an object with one of these is of another kind. */
	static const char *const kinds[] = {"receipt", "row", "reject", "error",
	    "mark", "end", "done", "text", "b64", "object", NULL};
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
			if (is_name(&key, queue) || is_name(&key, kinds) ||
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
