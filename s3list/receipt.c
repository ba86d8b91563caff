/* From a receipt line to what the state takes; every text is checked for its
 * length and for NULs here, so that the state never has to refuse one. */
#include <string.h>

#include "log.h"
#include "receipt.h"
#include "timefmt.h"
#include "utf8.h"

enum { ID_DIGITS = 16 };

void
receipt_init(struct receipt *rc)
{
	*rc = (struct receipt){0};
	rc->store.max = rc->bucket.max = rc->etag.max = rc->version.max =
	    rc->status.max = rc->format.max = STATE_TEXT_MAX;
	rc->key.max = STATE_KEY_MAX;
	rc->to.max = STATE_TO_MAX;
	rc->reason.max = WIRE_LINE_MAX; /* cut below */
}

void
receipt_free(struct receipt *rc)
{
	buf_clear(&rc->store);
	buf_clear(&rc->bucket);
	buf_clear(&rc->key);
	buf_clear(&rc->etag);
	buf_clear(&rc->version);
	buf_clear(&rc->status);
	buf_clear(&rc->to);
	buf_clear(&rc->format);
	buf_clear(&rc->reason);
}

/* Unescape a string value, "" when it is not there.  NULL when it is none, is
 * too long or holds what no name has. */
static const char *
text(struct buf *b, const struct json_val *v)
{
	buf_reset(b);
	if (v->p == NULL)
		return "";
	if (v->type != JSON_STRING)
		return NULL;
	(void)json_text(b, v);
	if (b->err != 0 || (b->len > 0 && memchr(b->p, '\0', b->len) != NULL))
		return NULL;
	return b->p != NULL ? b->p : "";
}

static const char *
member_text(struct buf *b, const struct json_val *object, const char *name)
{
	struct json_val v = {0};

	(void)wire_member(object, name, &v);
	return text(b, &v);
}

/* A count: 0 when it is not there, false when it is no count. */
static bool
count(const struct json_val *object, const char *name, uint64_t *out)
{
	struct json_val v;

	*out = 0;
	return !wire_member(object, name, &v) || json_uint(&v, out);
}

static bool
read_status(const char *s, enum state_status *out)
{
	static const struct {
		const char *name;
		enum state_status status;
	} names[] = {{"delivered", STATE_DELIVERED}, {"gone", STATE_GONE},
	    {"partial", STATE_IS_PARTIAL}, {"failed", STATE_IS_FAILED}};

	for (size_t i = 0; s != NULL && i < sizeof(names) / sizeof(*names);
	     i++) {
		if (strcmp(s, names[i].name) == 0) {
			*out = names[i].status;
			return true;
		}
	}
	return false;
}

bool
receipt_counts(const char *reason, uint64_t http)
{
	/* Codes of error lines that may have no status beside them: S3's of
	 * common/s3error.c, then the filters' own.  A connection cut inside
	 * an object does count: the store was there. */
	static const char *const excused[] = {"AccessDenied",
	    "AllAccessDisabled", "ExpiredToken", "InvalidToken",
	    "InvalidAccessKeyId", "RequestTimeTooSkewed",
	    "SignatureDoesNotMatch", "InternalError", "RequestTimeout",
	    "ServiceUnavailable", "SlowDown", "BandwidthLimitExceeded",
	    "Throttling", "ThrottlingException", "TooManyRequests",
	    "RequestLimitExceeded", "OperationAborted", "Unavailable",
	    "Timeout", "ConnectionFailed", "TLSFailed"};

	if (http == 401 || http == 403 || http == 408 || http == 429 ||
	    http >= 500)
		return false;
	for (size_t i = 0; i < sizeof(excused) / sizeof(*excused); i++)
		if (strcmp(reason, excused[i]) == 0)
			return false;
	return true;
}

/* The object's names and what else its line says. */
static const char *
read_object(struct receipt *rc, const struct wire_object *o)
{
	struct state_receipt *r = &rc->r;
	struct buf modified = BUF_INIT(TIMEFMT_MAX);
	const char *when;

	buf_reset(&rc->key);
	if (!wire_object_key(o, &rc->key))
		return "its key cannot be read";
	r->object.key = rc->key.len > 0 ? rc->key.p : "";
	r->object.key_len = rc->key.len;
	r->object.store = text(&rc->store, &o->store);
	r->object.bucket = text(&rc->bucket, &o->bucket);
	r->object.etag = text(&rc->etag, &o->etag);
	r->object.version = text(&rc->version, &o->version);
	if (r->object.store == NULL || r->object.bucket == NULL ||
	    r->object.etag == NULL || r->object.version == NULL)
		return "a name of its object is none";
	r->size = 0;
	if (o->size.p != NULL)
		(void)json_uint(&o->size, &r->size);
	r->modified_ms = 0;
	when = text(&modified, &o->modified);
	if (when != NULL)
		(void)timefmt_parse(when, strlen(when), &r->modified_ms);
	buf_clear(&modified);
	return NULL;
}

/* Why it failed: "reason", or, when that only says that there was an error
 * line, its code; and whether it counts, which "try" may say outright. */
static bool
read_reason(struct receipt *rc, const struct json_val *receipt)
{
	struct state_receipt *r = &rc->r;
	struct json_val v = {0};
	uint64_t http;

	r->reason = member_text(&rc->reason, receipt, "reason");
	if (r->reason != NULL &&
	    (r->reason[0] == '\0' || strcmp(r->reason, "error") == 0) &&
	    wire_member(receipt, "code", &v))
		r->reason = text(&rc->reason, &v);
	if (r->reason == NULL || !count(receipt, "http", &http))
		return false;
	if (rc->reason.len > STATE_TEXT_MAX)
		buf_cut(&rc->reason,
		    STATE_TEXT_MAX - utf8_tail(rc->reason.p, STATE_TEXT_MAX));
	v = (struct json_val){0};
	(void)wire_member(receipt, "try", &v);
	if (v.p != NULL && (v.type == JSON_TRUE || v.type == JSON_FALSE))
		r->counts = v.type == JSON_TRUE;
	else
		r->counts = receipt_counts(r->reason, http);
	return true;
}

static const char *
read_receipt(struct receipt *rc, const struct json_val *v)
{
	struct state_receipt *r = &rc->r;
	struct json_val dead_object = {0};

	if (v->type != JSON_OBJECT)
		return "it is no object";
	if (!read_status(member_text(&rc->status, v, "status"), &r->status))
		return "its status is none of delivered, gone, partial, failed";
	r->to = member_text(&rc->to, v, "to");
	r->format = member_text(&rc->format, v, "format");
	if (r->to == NULL || r->format == NULL)
		return "its destination or format is none";
	if (!count(v, "through", &r->through) || !count(v, "dead", &r->dead) ||
	    !count(v, "records", &rc->records) ||
	    !count(v, "rows", &rc->rows) ||
	    !count(v, "filtered", &rc->filtered) ||
	    !count(v, "skipped", &rc->skipped))
		return "a count is none";
	if (!read_reason(rc, v))
		return "its reason is none";
	(void)wire_member(v, "dead_object", &dead_object);
	r->dead_object = dead_object.p != NULL && dead_object.type == JSON_TRUE;
	return NULL;
}

static bool
has(const struct json_val *object, const char *name)
{
	struct json_val v;

	return wire_member(object, name, &v);
}

/* Is each record that a receipt settles delivered, filtered, dead, or was it
 * settled before (skipped, or the object line's skip when that is not told)?
 * And is all settled of what it calls delivered?  What is not stated cannot
 * be wrong. */
static bool
balanced(const struct receipt *rc, const struct json_val *v,
    const struct wire_object *o)
{
	const struct state_receipt *r = &rc->r;
	uint64_t sum, most = 0;

	if (!has(v, "records"))
		return true;
	if (has(v, "through") &&
	    (r->through > rc->records ||
		(r->status == STATE_DELIVERED && !r->dead_object &&
		    r->through < rc->records)))
		return false;
	if (r->status != STATE_DELIVERED || !has(v, "rows"))
		return true;
	if (__builtin_add_overflow(rc->rows, rc->filtered, &sum) ||
	    __builtin_add_overflow(sum, r->dead, &sum) ||
	    __builtin_add_overflow(sum, rc->skipped, &sum))
		return false;
	if (!has(v, "skipped") && o->skip.p != NULL)
		(void)json_uint(&o->skip, &most);
	return sum <= rc->records && rc->records - sum <= most;
}

static uint64_t
hex_value(const char *s, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 4 |
		    (uint64_t)(s[i] <= '9' ? s[i] - '0' : s[i] - 'a' + 10);
	return v;
}

enum receipt_result
receipt_read(struct receipt *rc, const struct wire_line *w, const char **why)
{
	char id[WIRE_ID_LEN + 1], own[ID_DIGITS + 1];
	struct wire_object o;

	*why = "its id has not the form of one";
	if (!wire_id(w, id))
		return RECEIPT_MALFORMED;
	*why = "it names no object";
	if (w->object.p == NULL || w->object.type != JSON_OBJECT ||
	    !wire_object(&o, &w->object, why))
		return RECEIPT_MALFORMED;
	*why = read_object(rc, &o);
	if (*why == NULL)
		*why = read_receipt(rc, &w->receipt);
	if (*why != NULL)
		return RECEIPT_MALFORMED;
	*why = "its id is that of another object";
	if (!wire_object_id(&o, own) || memcmp(own, id, ID_DIGITS) != 0)
		return RECEIPT_FORGED;
	*why = "its counts do not add up";
	if (!balanced(rc, &w->receipt, &o))
		return RECEIPT_UNBALANCED;
	rc->id = hex_value(id, ID_DIGITS);
	rc->r.fetch = (unsigned)hex_value(id + ID_DIGITS + 1, 4);
	*why = NULL;
	return RECEIPT_FINE;
}
