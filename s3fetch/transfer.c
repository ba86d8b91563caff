/* One object from the store to standard output; see transfer.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "log.h"
#include "out.h"
#include "transfer.h"

enum { RANGE_MAX = 32, QUOTED_MAX = OBJECT_ETAG_MAX + 3 };

void
transfer_begin(struct transfer *t, struct transfer_setup *setup,
    const struct transfer_calls *calls)
{
	t->setup = setup;
	t->calls = calls;
	t->http = NULL;
	t->stored = t->skip = t->total = 0;
	t->has_total = t->opened = false;
	t->etag_asked = t->object.etag[0] != '\0';
	t->save = (struct save)SAVE_INIT;
	unpack_init(&t->unpack, &setup->unpack);
	/* The size in a line is only that of the bytes its etag names. */
	if (t->etag_asked && t->object.has_size) {
		t->total = t->object.size;
		t->has_total = true;
	}
}

void
transfer_reset(struct transfer *t)
{
	transfer_cancel(t);
	unpack_free(&t->unpack);
	save_abandon(&t->save);
	object_reset(&t->object);
}

void
transfer_cancel(struct transfer *t)
{
	http_cancel(t->http);
	t->http = NULL;
}

/* ------------------------------------------------------------ the lines */

static void
write_open(struct transfer *t)
{
	const struct json_val line = {
	    t->object.text.p, t->object.text.len, JSON_OBJECT, 0};
	char id[WIRE_ID_LEN + 1];
	struct wire_object w;
	const char *why;

	INVARIANT(!t->opened && t->object.text.err == 0);
	INVARIANT(wire_object(&w, &line, &why));
	do /* Four digits may be those of another fetch of this object. */
		INVARIANT(wire_new_id(&w, id));
	while (t->calls->id_open(t->calls->ctx, id));
	t->opened = true;
	chunks_init(&t->chunks, id);
	if (t->setup->saver != NULL)
		return;
	wire_open(out_buf(), id, line.p, line.n, t->setup->raw);
	out_line();
}

void
transfer_error(struct transfer *t, const struct wire_error *e)
{
	t->setup->totals.errors++;
	if (t->setup->saver != NULL)
		return;
	if (!t->opened)
		write_open(t);
	wire_error(out_buf(), t->chunks.id, e);
	out_line();
}

/* The decoder's sink. */
static bool
write_chunks(void *ctx, const char *p, size_t n)
{
	struct transfer *t = ctx;
	uint64_t before = t->chunks.at;

	chunks_add(&t->chunks, p, n);
	t->setup->totals.bytes += t->chunks.at - before;
	return true;
}

/* ------------------------------------------------ ends within a reply */

/* Stop the attempt for a reason of ours; always returns false. */
__attribute__((format(printf, 4, 5))) static bool
stop(struct transfer *t, enum transfer_end how, const char *code,
    const char *fmt, ...)
{
	va_list ap;

	t->stopped = true;
	t->how = how;
	t->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(t->message, sizeof(t->message), fmt, ap);
	va_end(ap);
	return false;
}

/* The decoder found an error, or waits. */
static bool
stop_decoder(struct transfer *t)
{
	const struct unpack *u = &t->unpack;

	return stop(t, u->err == UNPACK_WAIT ? TRANSFER_MEMORY : TRANSFER_BAD,
	    unpack_code(u->err), "%s", u->message);
}

/* ----------------------------------------------------------- the reply */

/* Read "bytes FIRST-LAST/TOTAL" (RFC 9110 section 14.4); an unknown total
 * leaves *total alone. */
static bool
content_range(const char *s, uint64_t *first, uint64_t *total, bool *has_total)
{
	unsigned long long a, b, c;
	int n = 0;

	if (s == NULL || strlen(s) > 80 ||
	    sscanf(s, "bytes %20llu-%20llu/%n", &a, &b, &n) != 2 || n == 0)
		return false;
	*first = a;
	if (strcmp(s + n, "*") != 0) {
		if (sscanf(s + n, "%20llu", &c) != 1)
			return false;
		*total = c;
		*has_total = true;
	}
	return true;
}

static bool
content_length(const char *s, uint64_t *total)
{
	const struct json_val v = {
	    s, s != NULL ? strlen(s) : 0, JSON_NUMBER, 0};

	return s != NULL && json_uint(&v, total);
}

/* A reply that says not how long the object is may say where itself ends:
 * else an end looks like a cut. */
static bool
says_its_end(const struct http_reply *r)
{
	const char *coding = http_header(r, "transfer-encoding");

	/* After any other coding the end is that of the connection (RFC 9112
	 * section 6.3). */
	return (coding != NULL && strcasecmp(coding, "chunked") == 0) ||
	       (r->status == 206 && http_header(r, "content-length") != NULL);
}

/* Is this reply of the bytes that were asked for, from where they were? */
static bool
check_reply(struct transfer *t, const struct http_reply *r, uint64_t *total,
    bool *has_total)
{
	char etag[OBJECT_ETAG_MAX + 1] = "";
	const char *s = http_header(r, "etag");
	uint64_t first = 0;

	if (s != NULL && t->object.etag[0] != '\0' &&
	    object_etag(etag, s, strlen(s)) &&
	    strcmp(etag, t->object.etag) != 0)
		return stop(t, TRANSFER_CHANGED, "PreconditionFailed",
		    "the store sends another version, with etag %.100s", etag);
	if (r->status == 206) {
		if (!content_range(http_header(r, "content-range"), &first,
			total, has_total) ||
		    first > t->stored)
			return stop(t, TRANSFER_CHANGED, "BadRange",
			    "the store sends another range than byte %llu on",
			    (unsigned long long)t->stored);
	} else if (r->status == 200) {
		*has_total =
		    content_length(http_header(r, "content-length"), total);
	} else {
		return stop(t, TRANSFER_CHANGED, "UnexpectedReply",
		    "the store answers with status %d", r->status);
	}
	if (!*has_total && !t->has_total && !says_its_end(r))
		return stop(t, TRANSFER_CHANGED, "UnexpectedReply",
		    "the store does not say how long the object is");
	t->skip = t->stored - first;
	return true;
}

static bool
begin_object(struct transfer *t, const struct http_reply *r,
    const struct object_facts *facts)
{
	if (!object_learn(&t->object, facts))
		return stop(t, TRANSFER_CHANGED, "UnexpectedReply",
		    "the store sends an etag that cannot be one");
	write_open(t);
	if (t->setup->saver != NULL &&
	    !save_begin(&t->save, t->setup->saver, t->object.bucket,
		t->object.key, t->object.key_len, &t->fault))
		return stop(t, TRANSFER_LOCAL, "", "%s", "");
	(void)r;
	return true;
}

static bool
on_head(void *ctx, const struct http_reply *r)
{
	struct transfer *t = ctx;
	struct object_facts facts = {0};
	uint64_t total = 0;
	bool has_total = false;

	if (r->status / 100 != 2)
		return true;
	if (!check_reply(t, r, &total, &has_total))
		return false;
	s3_answered(t->setup->s3);
	t->calls->reached(t->calls->ctx, t);
	if (has_total && !t->has_total) {
		t->total = total;
		t->has_total = true;
	}
	if (t->opened)
		return true;
	facts.etag = http_header(r, "etag");
	facts.modified = http_header(r, "last-modified");
	facts.has_size = t->has_total;
	facts.size = t->total;
	return begin_object(t, r, &facts);
}

static bool
on_data(void *ctx, const char *p, size_t n)
{
	struct transfer *t = ctx;
	uint64_t before = t->stored;
	size_t skip = t->skip < n ? (size_t)t->skip : n;
	bool ok = true;

	if (t->calls->late(t->calls->ctx))
		return stop(t, TRANSFER_LEFT, "", "%s", "");
	t->skip -= skip;
	p += skip;
	n -= skip;
	if (t->has_total && n > t->total - t->stored)
		return stop(t, TRANSFER_CHANGED, "SizeMismatch",
		    "the store sends more than the object's %llu bytes",
		    (unsigned long long)t->total);
	if (t->setup->saver != NULL) {
		ok = save_write(&t->save, p, n, &t->fault) ||
		     stop(t, TRANSFER_LOCAL, "", "%s", "");
		t->stored += n;
		t->setup->totals.bytes += n;
	} else if (t->setup->raw) {
		(void)write_chunks(t, p, n);
		t->stored += n;
	} else {
		ok = unpack_feed(&t->unpack, p, n, write_chunks, t) ||
		     stop_decoder(t);
		t->stored = t->unpack.in;
	}
	t->setup->totals.stored_bytes += t->stored - before;
	t->calls->progress(t->calls->ctx, t, t->stored - before);
	return ok;
}

/* -------------------------------------------------------------- its end */

/* All bytes came: is what they say complete? */
static enum transfer_end
complete(struct transfer *t)
{
	uint64_t before;

	if (t->setup->saver != NULL) {
		if (!save_finish(&t->save, &t->fault))
			return TRANSFER_LOCAL;
		t->setup->totals.objects++;
		return TRANSFER_DONE;
	}
	if (!t->setup->raw && !unpack_finish(&t->unpack, write_chunks, t)) {
		(void)stop_decoder(t);
		return t->how;
	}
	before = t->chunks.at;
	chunks_end(&t->chunks);
	t->setup->totals.bytes += t->chunks.at - before;
	t->setup->totals.objects++;
	wire_end_fetch(out_buf(), t->chunks.id, t->chunks.at, t->stored);
	out_line();
	return TRANSFER_DONE;
}

/* A body that ended as a whole one but is none: as if it were cut. */
static enum transfer_end
short_body(struct transfer *t, const struct http_reply *r)
{
	struct s3_verdict *v = &t->verdict;

	*v = (struct s3_verdict){.fate = S3_RETRY,
	    .http = r->status,
	    .code = "ShortBody",
	    .retry_after_ms = -1,
	    .exit = EXIT_DOWN};
	(void)snprintf(
	    v->request_id, sizeof(v->request_id), "%s", r->request_id);
	(void)snprintf(v->message, sizeof(v->message),
	    "the body ends at byte %llu of %llu", (unsigned long long)t->stored,
	    (unsigned long long)t->total);
	return TRANSFER_FAILED;
}

static enum transfer_end
conclude(struct transfer *t, const struct http_reply *r)
{
	struct s3_verdict *v = &t->verdict;

	(void)snprintf(
	    v->request_id, sizeof(v->request_id), "%s", r->request_id);
	/* The store may hang up late or badly: what counts is the bytes.  All
	 * are there even where the last of them would have to wait: they are
	 * the beginning of a frame that is cut. */
	if (t->opened && t->has_total && t->stored == t->total &&
	    r->status / 100 == 2 && (!t->stopped || t->how == TRANSFER_MEMORY))
		return complete(t);
	if (t->stopped) {
		/* Of bad bytes the status says nothing. */
		v->http = t->how == TRANSFER_CHANGED ? r->status : 0;
		return t->how;
	}
	if (r->status == 416 && r->failure == HTTP_NONE && t->stored > 0) {
		(void)stop(t, TRANSFER_CHANGED, "SizeMismatch",
		    "the store has no more than the first %llu bytes of %llu",
		    (unsigned long long)t->stored,
		    (unsigned long long)t->total);
		v->http = r->status;
		return t->how;
	}
	s3_judge(t->setup->s3, &t->call, t->object.bucket, r, v);
	if (v->fate != S3_FINE) {
		if (r->status / 100 == 2)
			(void)snprintf(v->message, sizeof(v->message),
			    "%s at byte %llu", r->error,
			    (unsigned long long)t->stored);
		return TRANSFER_FAILED;
	}
	return t->has_total ? short_body(t, r) : complete(t);
}

static void
on_done(void *ctx, const struct http_reply *r)
{
	struct transfer *t = ctx;

	t->http = NULL;
	t->calls->ended(t->calls->ctx, t, conclude(t, r));
}

/* ---------------------------------------------------------- the request */

static struct sigv4_field
field(const char *name, const char *value)
{
	return (struct sigv4_field){name, strlen(name), value, strlen(value)};
}

static const char *
or_null(const char *s)
{
	return s[0] != '\0' ? s : NULL;
}

bool
transfer_start(struct transfer *t, struct fault *f)
{
	const struct object *o = &t->object;
	char range[RANGE_MAX], etag[QUOTED_MAX];
	struct sigv4_field headers[2], version;
	struct s3_ask ask = {.method = "GET",
	    .bucket = o->bucket,
	    .key = o->key,
	    .key_len = o->key_len,
	    .query = &version,
	    .headers = headers,
	    .endpoint = or_null(o->endpoint),
	    .region = or_null(o->region)};
	struct http_request r = {.on_head = on_head,
	    .on_data = on_data,
	    .on_done = on_done,
	    .ctx = t};

	if (o->version[0] != '\0') {
		version = field("versionId", o->version);
		ask.nquery = 1;
	}
	if (o->etag[0] != '\0') {
		(void)snprintf(etag, sizeof(etag), "\"%s\"", o->etag);
		headers[ask.nheaders++] = field("if-match", etag);
	}
	if (t->stored > 0) {
		(void)snprintf(range, sizeof(range), "bytes=%llu-",
		    (unsigned long long)t->stored);
		headers[ask.nheaders++] = field("range", range);
	}
	t->stopped = false;
	t->skip = 0;
	memset(&t->verdict, 0, sizeof(t->verdict));
	if (!s3_build(t->setup->s3, &t->call, &ask, f))
		return false;
	s3_call_fill(&t->call, &r);
	t->http = http_start(t->setup->http, &r, f);
	s3_call_sent(&t->call);
	return t->http != NULL;
}
