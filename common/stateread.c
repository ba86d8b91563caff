/* Questions to the state: what to do with an object, what is not settled. */
#include <errno.h>
#include <string.h>

#include "clock.h"
#include "crypto.h"
#include "log.h"
#include "stateint.h"
#include "staterow.h"

static const char q_bucket[] =
    "SELECT id FROM bucket WHERE pipeline = ?1 AND store = ?2 AND bucket = ?3";
static const char q_lookup[] =
    "SELECT status, next_try, tries, through,"
    " (SELECT word FROM word WHERE id = format) FROM object" STATE_THIS_OBJECT;
static const char q_each[] =
    "SELECT o.bucket, b.store, b.bucket, o.key, o.etag, o.version, o.status,"
    " o.through, w.word, o.tries, o.next_try, o.modified, o.updated, o.size,"
    " o.reason, p.need, (SELECT count(*) FROM part a WHERE a.bucket = o.bucket"
    "  AND a.key = o.key AND a.etag = o.etag AND a.version = o.version"
    "  AND a.settled > 0) FROM object o INDEXED BY unsettled"
    " CROSS JOIN bucket b ON b.id = o.bucket JOIN pipeline p"
    " ON p.id = b.pipeline LEFT JOIN word w ON w.id = o.format"
    " WHERE o.status > 1 AND b.pipeline = ?5 AND"
    " (o.bucket, o.key, o.etag, o.version) > (?1, ?2, ?3, ?4)"
    " ORDER BY o.bucket, o.key, o.etag, o.version LIMIT 1";
static const char q_sums[] =
    "SELECT o.status, count(*), sum(o.dead), sum(o.dead_object),"
    " min(iif(o.status > 1 AND o.modified > 0, o.modified, NULL))"
    " FROM object o JOIN bucket b ON b.id = o.bucket WHERE b.pipeline = ?"
    " GROUP BY o.status";

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes of n->etag when it is an MD5 in lower case hex. */
static bool
read_md5(struct state_names *n)
{
	int hi, lo;

	if (n->etag_len != STATE_ETAG_HEX)
		return false;
	for (size_t i = 0; i < sizeof(n->md5); i++) {
		hi = hex_digit(n->etag[2 * i]);
		lo = hex_digit(n->etag[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		n->md5[i] = (unsigned char)(hi << 4 | lo);
	}
	return true;
}

static bool
find_bucket(struct state *s, struct state_names *n, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_bucket, f);
	bool failed;

	if (q == NULL)
		return false;
	db_bind_int(q, 1, s->pipeline);
	db_bind_text(q, 2, n->object->store);
	db_bind_text(q, 3, n->object->bucket);
	n->bucket = db_next(q, &failed, f) ? db_int(q, 0) : 0;
	db_reset(q);
	return !failed;
}

/* stored: the etag has lost its quotes already, and may have more. */
static bool
names_of(const struct state_object *o, bool stored, struct state_names *n,
    struct fault *f)
{
	size_t len = strlen(o->etag);

	n->object = o;
	n->etag = o->etag;
	if (!stored && len >= 2 && n->etag[0] == '"' &&
	    n->etag[len - 1] == '"') {
		n->etag++;
		len -= 2;
	}
	n->etag_len = len;
	n->version = len > 0 ? "" : o->version;
	if (len > STATE_TEXT_MAX || strlen(n->version) > STATE_TEXT_MAX ||
	    strlen(o->bucket) > STATE_TEXT_MAX ||
	    strlen(o->store) > STATE_TEXT_MAX || o->key_len > STATE_KEY_MAX)
		return fault_set(f, EXIT_SETASIDE,
		    "cannot keep state of an object of '%.100s': its names "
		    "are longer than any store allows",
		    o->bucket);
	memcpy(n->text, n->etag, len);
	n->text[len] = '\0';
	n->is_md5 = read_md5(n);
	return true;
}

bool
state_names(struct state *s, const struct state_object *o,
    struct state_names *n, struct fault *f)
{
	return names_of(o, false, n, f) && find_bucket(s, n, f);
}

bool
state_names_kept(const struct state_object *o, int64_t bucket,
    struct state_names *n, struct fault *f)
{
	n->bucket = bucket;
	return names_of(o, true, n, f);
}

void
state_bind(struct db_query *q, const struct state_names *n)
{
	db_bind_int(q, 1, n->bucket);
	db_bind_blob(q, 2, n->object->key, n->object->key_len);
	if (n->is_md5)
		db_bind_blob(q, 3, n->md5, sizeof(n->md5));
	else
		db_bind_text(q, 3, n->text);
	db_bind_text(q, 4, n->version);
}

bool
state_lookup(struct state *s, const struct state_object *o,
    struct state_verdict *v, struct fault *f)
{
	struct state_names names;
	struct db_query *q;
	const char *format;
	bool failed;

	*v = (struct state_verdict){.what = STATE_NEW};
	if (!state_names(s, o, &names, f))
		return false;
	if (names.bucket == 0)
		return true;
	q = db_query(s->db, q_lookup, f);
	if (q == NULL)
		return false;
	state_bind(q, &names);
	if (db_next(q, &failed, f)) {
		v->next_try_ms = db_int(q, 1);
		v->what = row_what((enum row_status)db_int(q, 0),
		    v->next_try_ms, clock_wall_ms());
		v->tries = (unsigned)db_int(q, 2);
		v->skip = (uint64_t)db_int(q, 3);
		format = db_text(q, 4);
		if (strlen(format) < sizeof(v->format))
			memcpy(v->format, format, strlen(format) + 1);
	}
	db_reset(q);
	return !failed;
}

void
state_cursor_init(struct state_cursor *c)
{
	*c = (struct state_cursor){0};
	c->store.max = c->bucket.max = c->key.max = c->etag.max =
	    c->version.max = c->format.max = c->reason.max = STATE_NAMES_MAX;
}

void
state_cursor_free(struct state_cursor *c)
{
	buf_clear(&c->store);
	buf_clear(&c->bucket);
	buf_clear(&c->key);
	buf_clear(&c->etag);
	buf_clear(&c->version);
	buf_clear(&c->format);
	buf_clear(&c->reason);
}

static const char *
copy_text(struct buf *b, struct db_query *q, int column)
{
	buf_reset(b);
	buf_adds(b, db_text(q, column));
	return b->p != NULL ? b->p : "";
}

static const char *
copy_etag(struct buf *b, struct db_query *q, int column)
{
	char hex[STATE_ETAG_HEX + 1];
	const void *p;
	size_t n;

	if (!db_is_blob(q, column))
		return copy_text(b, q, column);
	p = db_blob(q, column, &n);
	buf_reset(b);
	if (n == STATE_ETAG_HEX / 2) {
		crypto_hex(hex, p, n);
		buf_adds(b, hex);
	}
	return b->p != NULL ? b->p : "";
}

/* Copy the row out, so that nothing stays locked while it is looked at. */
static void
copy_entry(struct state_cursor *c, struct db_query *q, struct state_entry *e)
{
	const void *key;
	size_t n;

	c->bucket_id = db_int(q, 0);
	key = db_blob(q, 3, &n);
	buf_reset(&c->key);
	buf_add(&c->key, key, n);
	*e = (struct state_entry){
	    .object = {.store = copy_text(&c->store, q, 1),
		.bucket = copy_text(&c->bucket, q, 2),
		.key = n > 0 && c->key.err == 0 ? c->key.p : "",
		.key_len = c->key.len,
		.etag = copy_etag(&c->etag, q, 4),
		.version = copy_text(&c->version, q, 5)},
	    .next_try_ms = db_int(q, 10),
	    .skip = (uint64_t)db_int(q, 7),
	    .format = copy_text(&c->format, q, 8),
	    .tries = (unsigned)db_int(q, 9),
	    .modified_ms = db_int(q, 11),
	    .updated_ms = db_int(q, 12),
	    .size = (uint64_t)db_int(q, 13),
	    .reason = copy_text(&c->reason, q, 14),
	    .need = (unsigned)db_int(q, 15),
	    .delivered_by = (unsigned)db_int(q, 16),
	};
	e->what = row_what(
	    (enum row_status)db_int(q, 6), e->next_try_ms, clock_wall_ms());
}

bool
state_next(struct state *s, struct state_cursor *c, struct state_entry *e,
    bool *failed, struct fault *f)
{
	const struct state_object at = {.store = "",
	    .bucket = "",
	    .key = c->key.p,
	    .key_len = c->key.len,
	    .etag = c->etag.p != NULL ? c->etag.p : "",
	    .version = c->version.p != NULL ? c->version.p : ""};
	struct state_names names;
	struct db_query *q = db_query(s->db, q_each, f);
	bool found;

	*failed = true;
	if (q == NULL || !state_names_kept(&at, c->bucket_id, &names, f))
		return false;
	state_bind(q, &names);
	db_bind_int(q, 5, s->pipeline);
	found = db_next(q, failed, f);
	if (found)
		copy_entry(c, q, e);
	db_reset(q);
	return found;
}

bool
state_each(struct state *s, bool (*fn)(void *ctx, const struct state_entry *e),
    void *ctx, struct fault *f)
{
	struct state_cursor c;
	struct state_entry e;
	bool failed;

	state_cursor_init(&c);
	while (state_next(s, &c, &e, &failed, f))
		if (!fn(ctx, &e))
			break;
	state_cursor_free(&c);
	return !failed;
}

bool
state_sum(struct state *s, struct state_sums *sums, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_sums, f);
	uint64_t *const count[] = {[ROW_DELIVERED] = &sums->delivered,
	    [ROW_GONE] = &sums->gone,
	    [ROW_PARTIAL] = &sums->partial,
	    [ROW_FAILED] = &sums->failed,
	    [ROW_QUARANTINED] = &sums->quarantined};
	int64_t status, oldest;
	bool failed;

	*sums = (struct state_sums){0};
	if (q == NULL)
		return false;
	db_bind_int(q, 1, s->pipeline);
	while (db_next(q, &failed, f)) {
		status = db_int(q, 0);
		if (status < ROW_DELIVERED || status > ROW_QUARANTINED)
			continue;
		*count[status] = (uint64_t)db_int(q, 1);
		sums->dead += (uint64_t)db_int(q, 2);
		sums->dead_objects += (uint64_t)db_int(q, 3);
		oldest = db_int(q, 4);
		if (oldest > 0 && (sums->oldest_unsettled_ms == 0 ||
				      oldest < sums->oldest_unsettled_ms))
			sums->oldest_unsettled_ms = oldest;
	}
	return !failed;
}
