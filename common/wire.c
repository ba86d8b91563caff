/* Taking wire lines apart and writing them; see wire.h and docs/wire.md. */
#include <string.h>

#include "crypto.h"
#include "exitcode.h"
#include "log.h"
#include "rnd.h"
#include "utf8.h"
#include "wire.h"

enum { OBJECT_TEXT_MAX = 64 * 1024 /* names of one object, unescaped */ };

/* Where a member of a given name goes. */
struct slot {
	const char *name;
	size_t len;
	size_t offset;
};
#define SLOT(type, field, name)                                      \
	{                                                            \
		name, sizeof(name) - 1, offsetof(struct type, field) \
	}

static const struct slot line_slots[] = {SLOT(wire_line, id, "id"),
    SLOT(wire_line, n, "n"), SLOT(wire_line, at, "at"),
    SLOT(wire_line, text, "text"), SLOT(wire_line, b64, "b64"),
    SLOT(wire_line, table, "table"), SLOT(wire_line, row, "row"),
    SLOT(wire_line, v, "v"), SLOT(wire_line, reject, "reject"),
    SLOT(wire_line, raw, "raw"), SLOT(wire_line, raw64, "raw64"),
    SLOT(wire_line, mark, "mark"), SLOT(wire_line, end, "end"),
    SLOT(wire_line, error, "error"), SLOT(wire_line, receipt, "receipt"),
    SLOT(wire_line, done, "done"), SLOT(wire_line, dead, "dead"),
    SLOT(wire_line, object, "object"), SLOT(wire_line, bucket, "bucket")};

static const struct slot object_slots[] = {SLOT(wire_object, store, "store"),
    SLOT(wire_object, bucket, "bucket"), SLOT(wire_object, key, "key"),
    SLOT(wire_object, key64, "key64"), SLOT(wire_object, size, "size"),
    SLOT(wire_object, etag, "etag"), SLOT(wire_object, modified, "modified"),
    SLOT(wire_object, version, "version"), SLOT(wire_object, region, "region"),
    SLOT(wire_object, endpoint, "endpoint"), SLOT(wire_object, skip, "skip"),
    SLOT(wire_object, format, "format"), SLOT(wire_object, ack, "ack"),
    SLOT(wire_object, receives, "receives")};

/* Put the members of the object at j into a struct by name. */
static bool
fill(struct json *j, const struct slot *slots, size_t nslots, void *to)
{
	struct json_val key, val;
	bool first;

	if (!json_enter(j, '{', &first))
		return false;
	while (json_member(j, &first, &key)) {
		if (!json_value(j, &val))
			return false;
		for (size_t i = 0; i < nslots; i++) {
			if ((key.flags & JSON_ESCAPES) != 0
				? !json_is(&key, slots[i].name)
				: key.n != slots[i].len + 2 ||
				      memcmp(key.p + 1, slots[i].name,
					  slots[i].len) != 0)
				continue;
			memcpy((char *)to + slots[i].offset, &val, sizeof(val));
			break;
		}
	}
	return j->err == JSON_FINE;
}

static enum wire_kind
kind_of(const struct wire_line *w)
{
	/* In the order of docs/wire.md: the first that is present. */
	if (w->receipt.p != NULL)
		return WIRE_RECEIPT;
	if (w->row.p != NULL)
		return WIRE_ROW;
	if (w->reject.p != NULL)
		return WIRE_REJECT;
	if (w->error.p != NULL)
		return WIRE_ERROR;
	if (w->mark.p != NULL)
		return WIRE_MARK;
	if (w->end.p != NULL)
		return WIRE_END;
	if (w->done.p != NULL)
		return WIRE_DONE;
	if (w->text.p != NULL || w->b64.p != NULL)
		return WIRE_CHUNK;
	if (w->object.p != NULL)
		return WIRE_OPEN;
	if (w->bucket.p != NULL)
		return WIRE_OBJECT;
	return WIRE_OTHER;
}

bool
wire_parse(struct wire_line *w, const char *line, size_t n, const char **why)
{
	struct json j;

	memset(w, 0, sizeof(*w));
	w->line = line;
	w->len = n;
	json_init(&j, line, n);
	if (!fill(
		&j, line_slots, sizeof(line_slots) / sizeof(*line_slots), w) ||
	    !json_done(&j)) {
		*why = j.why;
		return false;
	}
	w->kind = kind_of(w);
	return true;
}

bool
wire_blank(const char *line, size_t n)
{
	while (n > 0 && (*line == ' ' || *line == '\t' || *line == '\r'))
		line++, n--;
	return n == 0;
}

bool
wire_version(const struct wire_line *w)
{
	uint64_t v;

	return w->v.p == NULL || (json_uint(&w->v, &v) && v == 1);
}

static bool
is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') ||
			(s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

/* Are these WIRE_ID_LEN characters an id? */
static bool
is_id(const char *s)
{
	return is_hex(s, 16) && s[16] == '-' && is_hex(s + 17, 4);
}

/* Pass text that must stand at *p. */
static bool
pass(const char **p, const char *end, const char *text, size_t n)
{
	if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
		return false;
	*p += n;
	return true;
}
#define PASS(p, end, text) pass(p, end, text, sizeof(text) - 1)

bool
wire_chunk_text(struct wire_chunk_text *c, const char *line, size_t n)
{
	const char *p = line, *end = line + n, *digits;

	if (!PASS(&p, end, "{\"id\":\"") || (size_t)(end - p) < WIRE_ID_LEN ||
	    !is_id(p))
		return false;
	memcpy(c->id, p, WIRE_ID_LEN);
	c->id[WIRE_ID_LEN] = '\0';
	p += WIRE_ID_LEN;
	if (!PASS(&p, end, "\",\"at\":"))
		return false;
	/* 19 digits never overflow; a number has no leading zero. */
	c->at = 0;
	for (digits = p; p < end && *p >= '0' && *p <= '9'; p++)
		c->at = c->at * 10 + (uint64_t)(*p - '0');
	if (p == digits || p - digits > 19 ||
	    (*digits == '0' && p > digits + 1))
		return false;
	if (!PASS(&p, end, ",\"text\":\"") || end - p < 2 ||
	    memcmp(end - 2, "\"}", 2) != 0)
		return false;
	c->text = p;
	c->len = (size_t)(end - 2 - p);
	return true;
}

/* An id that was written with escapes, which it needs nowhere. */
static bool
escaped_id(const struct json_val *v, char id[WIRE_ID_LEN + 1])
{
	struct buf b = BUF_INIT(1024);
	bool ok;

	if (v->n > 6 * WIRE_ID_LEN + 2) /* \u0030 for 0 */
		return false;
	(void)json_text(&b, v);
	ok = b.len == WIRE_ID_LEN && is_id(b.p);
	if (ok)
		memcpy(id, b.p, WIRE_ID_LEN + 1);
	buf_clear(&b);
	return ok;
}

bool
wire_id(const struct wire_line *w, char id[WIRE_ID_LEN + 1])
{
	const char *s;

	if (w->id.p == NULL || w->id.type != JSON_STRING)
		return false;
	if ((w->id.flags & JSON_ESCAPES) != 0)
		return escaped_id(&w->id, id);
	s = w->id.p + 1;
	if (w->id.n != WIRE_ID_LEN + 2 || !is_id(s))
		return false;
	memcpy(id, s, WIRE_ID_LEN);
	id[WIRE_ID_LEN] = '\0';
	return true;
}

bool
wire_object(struct wire_object *o, const struct json_val *v, const char **why)
{
	struct json j;

	memset(o, 0, sizeof(*o));
	o->whole = *v;
	json_init(&j, v->p, v->n);
	if (!fill(&j, object_slots,
		sizeof(object_slots) / sizeof(*object_slots), o)) {
		*why = j.why;
		return false;
	}
	*why = o->store.p == NULL || o->store.type != JSON_STRING
		   ? "it has no store"
	       : o->bucket.p == NULL || o->bucket.type != JSON_STRING
		   ? "it has no bucket"
	       : (o->key.p == NULL || o->key.type != JSON_STRING) &&
		       (o->key64.p == NULL || o->key64.type != JSON_STRING)
		   ? "it has no key"
		   : NULL;
	return *why == NULL;
}

bool
wire_object_key(const struct wire_object *o, struct buf *key)
{
	if (o->key64.p != NULL && o->key64.type == JSON_STRING)
		return json_base64_text(key, &o->key64);
	return json_text(key, &o->key) == 0 && key->err == 0;
}

/* Append an etag without its quotes, of which a proxy may have left W/. */
static void
add_etag(struct buf *b, const struct json_val *etag)
{
	size_t start = b->len, n;

	(void)json_text(b, etag);
	n = b->len - start;
	if (n >= 2 && b->p[start] == '"' && b->p[b->len - 1] == '"') {
		memmove(b->p + start, b->p + start + 1, n - 2);
		buf_cut(b, b->len - 2);
	}
}

bool
wire_object_id(const struct wire_object *o, char out[17])
{
	struct buf b = BUF_INIT(OBJECT_TEXT_MAX);
	uint8_t hash[CRYPTO_SHA256_LEN];
	bool ok;

	(void)json_text(&b, &o->store);
	buf_addc(&b, '\0');
	(void)json_text(&b, &o->bucket);
	buf_addc(&b, '\0');
	ok = wire_object_key(o, &b);
	buf_addc(&b, '\0');
	if (o->etag.p != NULL && o->etag.type == JSON_STRING && o->etag.n > 2)
		add_etag(&b, &o->etag);
	else if (o->version.p != NULL && o->version.type == JSON_STRING)
		(void)json_text(&b, &o->version);
	ok = ok && b.err == 0;
	if (ok) {
		crypto_sha256(b.p, b.len, hash);
		crypto_hex(out, hash, 8);
	}
	buf_clear(&b);
	return ok;
}

bool
wire_new_id(const struct wire_object *o, char id[WIRE_ID_LEN + 1])
{
	uint8_t nonce[2];

	if (!wire_object_id(o, id))
		return false;
	rnd_bytes(nonce, sizeof(nonce));
	id[16] = '-';
	crypto_hex(id + 17, nonce, sizeof(nonce));
	return true;
}

bool
wire_member(
    const struct json_val *object, const char *name, struct json_val *out)
{
	struct json_val key, val;
	struct json j;
	bool first, found = false;

	if (object->p == NULL || object->type != JSON_OBJECT)
		return false;
	json_init(&j, object->p, object->n);
	if (!json_enter(&j, '{', &first))
		return false;
	while (json_member(&j, &first, &key) && json_value(&j, &val)) {
		if (json_is(&key, name)) {
			*out = val;
			found = true;
		}
	}
	return found;
}

uint64_t
wire_number(const struct json_val *object, const char *name, uint64_t fallback)
{
	struct json_val v;
	uint64_t n;

	if (!wire_member(object, name, &v) || !json_uint(&v, &n))
		return fallback;
	return n;
}

void
wire_counts(const struct json_val *mark, struct wire_counts *c)
{
	c->records = wire_number(mark, "records", 0);
	c->skipped = wire_number(mark, "skipped", 0);
	c->rows = wire_number(mark, "rows", 0);
	c->rejects = wire_number(mark, "rejects", 0);
	c->filtered = wire_number(mark, "filtered", 0);
}

void
wire_open(struct buf *b, const char *id, const char *object, size_t n, bool raw)
{
	struct jsonw w;

	jsonw_open(&w, b);
	jsonw_int(&w, "v", 1);
	jsonw_text(&w, "id", id);
	jsonw_raw(&w, "object", object, n);
	if (raw)
		jsonw_bool(&w, "raw", true);
	jsonw_end(&w);
}

/* Append text of p until the line that began at start is full.  Returns how
 * many bytes it took: less than n when the rest does not fit or is no text. */
static size_t
chunk_text(struct buf *b, size_t start, const char *p, size_t n)
{
	size_t used = 0, room, step, good;

	while (used < n && b->err == 0) {
		/* A control character takes six bytes; "}\n come after. */
		room = WIRE_CHUNK_LINE_MAX - (b->len - start) - 3;
		step = room / 6;
		if (step < 16)
			break;
		if (step > n - used)
			step = n - used;
		good = utf8_valid(p + used, step);
		(void)jsonw_escape(b, p + used, good);
		used += good;
		if (good < step &&
		    utf8_tail(p + used - good, step) != step - good)
			break;
		if (good == 0)
			break;
	}
	return used;
}

size_t
wire_chunk(struct buf *b, const char *id, uint64_t at, const char *p, size_t n,
    bool final)
{
	const size_t start = b->len, b64_max = WIRE_CHUNK_LINE_MAX / 2;
	struct jsonw w;
	size_t used, head;

	jsonw_open(&w, b);
	jsonw_text(&w, "id", id);
	jsonw_uint(&w, "at", at);
	head = b->len;
	buf_adds(b, ",\"text\":\"");
	used = chunk_text(b, start, p, n);
	if (used > 0) {
		buf_addc(b, '"');
		jsonw_end(&w);
		return used;
	}
	buf_cut(b, head);
	if (!final && utf8_tail(p, n) == n) {
		buf_cut(b, start);
		return 0;
	}
	used = n < b64_max ? n : b64_max;
	jsonw_base64(&w, "b64", p, used);
	jsonw_end(&w);
	return used;
}

void
wire_error(struct buf *b, const char *id, const struct wire_error *e)
{
	struct jsonw w;

	jsonw_open(&w, b);
	jsonw_text(&w, "id", id);
	jsonw_object(&w, "error");
	jsonw_text(&w, "stage", e->stage);
	jsonw_text(&w, "code", e->code);
	if (e->http != 0)
		jsonw_int(&w, "http", e->http);
	jsonw_bool(&w, "retry", e->retry);
	jsonw_text(&w, "message", e->message);
	if (e->request_id != NULL && e->request_id[0] != '\0')
		jsonw_text(&w, "request_id", e->request_id);
	jsonw_end(&w);
	jsonw_end(&w);
}

void
wire_end_fetch(struct buf *b, const char *id, uint64_t bytes, uint64_t stored)
{
	struct jsonw w;

	jsonw_open(&w, b);
	jsonw_text(&w, "id", id);
	jsonw_object(&w, "end");
	jsonw_uint(&w, "bytes", bytes);
	jsonw_uint(&w, "stored_bytes", stored);
	jsonw_end(&w);
	jsonw_end(&w);
}

void
wire_done(struct buf *b, const char *stage, int code, const char *totals)
{
	struct jsonw w;

	jsonw_open(&w, b);
	jsonw_object(&w, "done");
	jsonw_text(&w, "stage", stage);
	jsonw_int(&w, "exit", code);
	if (totals != NULL && totals[0] != '\0') {
		buf_addc(b, ',');
		buf_adds(b, totals);
	}
	jsonw_end(&w);
	jsonw_end(&w);
}

int
wire_done_code(const struct wire_line *w)
{
	uint64_t code = wire_number(&w->done, "exit", EXIT_BUG);

	return code > 255 ? EXIT_BUG : (int)code;
}
