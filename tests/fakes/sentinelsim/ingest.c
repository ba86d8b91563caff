/* The Logs Ingestion API; README.md lists each rule with its source. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../../lib/sum/rowsum.h"
#include "gunzip.h"
#include "ingest.h"
#include "keep.h"
#include "request.h"
#include "rows.h"
#include "sim.h"

enum {
	/* Inflated beyond this, the gateway says 204 and the rows never come
	 * (open-telemetry/otel-arrow#2535: over 50 MiB). */
	SILENT_RAW_MAX = 50 * 1024 * 1024,
	ROWS_TEXT_MAX = 4 * SILENT_RAW_MAX /* --apply can make rows longer */
};

static bool
check_version(struct request *q)
{
	const char *v = target_field(&q->target, "api-version");

	if (v == NULL || *v == '\0')
		reply_error(&q->reply, 400, "MissingApiVersionParameter",
		    "The api-version query parameter (?api-version=) is "
		    "required for all requests.");
	else if (strcmp(v, "2023-01-01") != 0 &&
		 strcmp(v, "2021-11-01-preview") != 0)
		reply_error(&q->reply, 400, "InvalidApiVersionParameter",
		    "The api-version '%s' is invalid.", v);
	else
		return true;
	return false;
}

static bool
check_token(struct request *q)
{
	struct sim *sim = q->sim;
	const char *auth = q->header[HEADER_AUTHORIZATION];
	int64_t now = sim_now_ms(sim) / 1000;
	enum bearer_verdict v;

	if (auth == NULL || strncasecmp(auth, "Bearer ", 7) != 0) {
		reply_header(&q->reply, "WWW-Authenticate",
		    "Bearer authorization_uri=\"https://login.microsoftonline."
		    "com/%s\"",
		    sim->opt.tenant);
		reply_error(&q->reply, 401, "AuthenticationFailed",
		    "The Authorization header is missing or is no bearer "
		    "token.");
		return false;
	}
	pthread_mutex_lock(&sim->lock);
	v = bearer_check(
	    &sim->bearer, auth + 7, strlen(auth + 7), sim->opt.audience, now);
	pthread_mutex_unlock(&sim->lock);
	if (v == BEARER_OK)
		return true;
	reply_header(&q->reply, "WWW-Authenticate",
	    "Bearer authorization_uri=\"https://login.microsoftonline.com/"
	    "%s\", error=\"invalid_token\", error_description=\"%s\"",
	    sim->opt.tenant, bearer_text(v));
	reply_error(&q->reply, 401, "InvalidAuthenticationToken",
	    "The access token is not accepted: %s.", bearer_text(v));
	return false;
}

/* The rule and its stream, or NULL with a reply made. */
static struct stream *
find_stream(struct request *q, struct rule **rule)
{
	const char *id = q->target.segment[1], *name = q->target.segment[3];
	struct rule *r = schema_find_rule(&q->sim->schema, id);
	struct stream *st;
	bool granted;

	if (r == NULL) {
		reply_error(&q->reply, 404, "NotFound",
		    "Data collection rule with immutable Id '%s' not found.",
		    id);
		return NULL;
	}
	pthread_mutex_lock(&q->sim->lock);
	granted = r->granted;
	pthread_mutex_unlock(&q->sim->lock);
	if (!granted) {
		/* the real text, observed (Azure/azure-sdk-for-net#37173) */
		reply_error(&q->reply, 403, "OperationFailed",
		    "The authentication token provided does not have access "
		    "to ingest data for the data collection rule with "
		    "immutable Id '%s' PipelineAccessResult: AccessGranted: "
		    "False, IsRbacPresent: False, IsDcrDceBindingValid: , "
		    "DcrArmId: %s, Message: Required authorization action was "
		    "not found for tenantId %s objectId %s on resourceId %s "
		    "ConfigurationId: %s..",
		    id, id, q->sim->opt.tenant, q->sim->opt.client_id, id, id);
		return NULL;
	}
	st = schema_find_stream(r, name);
	if (st == NULL)
		reply_error(&q->reply, 404, "InvalidStream",
		    "The stream '%s' was not configured in the data "
		    "collection rule '%s'.",
		    name, id);
	*rule = r;
	return st;
}

/* "application/json", perhaps with charset=utf-8. */
static bool
is_json_type(const char *s)
{
	static const char type[] = "application/json";
	size_t n = sizeof(type) - 1;

	if (s == NULL || strncasecmp(s, type, n) != 0)
		return false;
	s += n;
	s += strspn(s, " \t");
	if (*s == '\0')
		return true;
	if (*s++ != ';')
		return false;
	s += strspn(s, " \t");
	return strcasecmp(s, "charset=utf-8") == 0 ||
	       strcasecmp(s, "charset=\"utf-8\"") == 0;
}

/* Sets *gzip. */
static bool
check_headers(struct request *q, bool *gzip)
{
	const char *encoding = q->header[HEADER_CONTENT_ENCODING];
	uint64_t max = q->sim->opt.max_length;

	if (!is_json_type(q->header[HEADER_CONTENT_TYPE])) {
		reply_error(&q->reply, 415, "UnsupportedMediaType",
		    "The content type must be application/json.");
		return false;
	}
	*gzip = encoding != NULL && strcasecmp(encoding, "gzip") == 0;
	if (*gzip && q->sim->opt.no_gzip) {
		reply_error(&q->reply, 501, "NotImplemented",
		    "The content encoding gzip is not supported here.");
		return false;
	}
	if (encoding != NULL && !*gzip &&
	    strcasecmp(encoding, "identity") != 0) {
		reply_error(&q->reply, 415, "UnsupportedContentEncoding",
		    "The content encoding must be gzip or absent.");
		return false;
	}
	if (q->too_long) {
		/* the real text, observed */
		reply_error(&q->reply, 413, "ContentLengthLimitExceeded",
		    "Maximum allowed content length: %llu bytes (%llu MB). "
		    "Provided content length: %llu bytes.",
		    (unsigned long long)max,
		    (unsigned long long)(max + 1048575) / 1048576,
		    (unsigned long long)q->length);
		return false;
	}
	return true;
}

static bool
check_rate(struct request *q, struct rule *r)
{
	struct sim *sim = q->sim;
	int64_t now = sim_now_ms(sim), wait;

	pthread_mutex_lock(&sim->lock);
	wait = window_take(&r->window, &sim->opt.limits, now, q->body.len);
	if (wait > 0)
		sim->stats.throttled++;
	pthread_mutex_unlock(&sim->lock);
	if (wait == 0)
		return true;
	reply_header(&q->reply, "Retry-After", "%lld", (long long)wait);
	reply_error(&q->reply, 429, reply_usual_code(429),
	    "The limit of the data collection rule '%s' is exceeded.", r->id);
	return false;
}

static void
count_lost(struct sim *sim, const char *why)
{
	pthread_mutex_lock(&sim->lock);
	stats_count(sim->stats.lost, why, 1);
	pthread_mutex_unlock(&sim->lock);
}

/* The body's text in raw, or a reply.  *lost: accepted, but never seen again.
 */
static bool
inflate_body(struct request *q, bool gzip, struct buf *raw, bool *lost)
{
	uint64_t max = q->sim->opt.max_raw;
	enum gunzip_verdict v = GUNZIP_OK;

	if (!gzip)
		buf_add(raw, q->body.p, q->body.len);
	else
		v = gunzip_all(q->body.p, q->body.len, raw);
	q->raw = raw->len;
	if (v == GUNZIP_BAD) {
		reply_error(&q->reply, 400, "InvalidContentEncoding",
		    "The request body is not valid gzip.");
		return false;
	}
	if (max > 0 && (v == GUNZIP_TOO_LARGE || raw->len > max)) {
		reply_error(&q->reply, 413, "ContentLengthLimitExceeded",
		    "Maximum allowed uncompressed content length: %llu bytes.",
		    (unsigned long long)max);
		return false;
	}
	*lost = v == GUNZIP_TOO_LARGE;
	if (*lost)
		count_lost(q->sim, "inflated-over-50MiB");
	if (raw->err == ENOMEM)
		sim_oom();
	return true;
}

/* Does a row hold something the tests declared unacceptable? */
static bool
poisoned(struct request *q, const struct buf *rows)
{
	json_t *list, *s;
	bool found = false;
	size_t i;

	pthread_mutex_lock(&q->sim->lock);
	list = json_incref(q->sim->poison);
	pthread_mutex_unlock(&q->sim->lock);
	json_array_foreach (list, i, s)
		found =
		    found || memmem(rows->p, rows->len, json_string_value(s),
				 json_string_length(s)) != NULL;
	json_decref(list);
	if (found)
		reply_error(&q->reply, 400, "InvalidRecord",
		    "A record of the request is not acceptable.");
	return found;
}

static bool
refuse_body(struct request *q, const struct rows_result *r)
{
	switch (r->verdict) {
	case ROWS_OK:
		return false;
	case ROWS_BARE:
		/* 204, and nothing of it ever arrives (observed:
		 * MicrosoftDocs/azure-docs#112669) */
		count_lost(q->sim, "bare-object");
		q->reply.status = 204;
		return true;
	case ROWS_NO_ARRAY:
	case ROWS_NO_OBJECT:
		reply_error(&q->reply, 400, "InvalidRequestBody",
		    "The request body must be a JSON array of objects.");
		return true;
	case ROWS_SPAN:
		reply_error(&q->reply, 400,
		    "RecordsTimeRangeIsMoreThan30Minutes",
		    "The time range of the records is more than 30 minutes.");
		return true;
	case ROWS_NESTED:
		reply_error(&q->reply, 400, "InvalidRequestBody",
		    "The request body is malformed JSON: a nested value in a "
		    "column that is not dynamic.");
		return true;
	case ROWS_TOO_LARGE:
		reply_error(&q->reply, 500, reply_usual_code(500),
		    "The rows cannot be kept.");
		return true;
	case ROWS_MALFORMED:
		reply_error(&q->reply, 400, "InvalidJson",
		    "The request body is malformed JSON: %s at byte %zu.",
		    r->error != NULL ? r->error : "unexpected end", r->at);
		return true;
	}
	return true;
}

static void
accept_rows(struct request *q, struct table *t, const struct buf *rows,
    struct tally *tally)
{
	struct rowsum sum = {0};

	if (!keep_append(t, rows->p, rows->len)) {
		reply_error(&q->reply, 500, reply_usual_code(500),
		    "The rows cannot be kept.");
		return;
	}
	q->rows = tally->rows;
	tally->requests = 1;
	tally->wire = q->body.len;
	tally->raw = q->raw;
	tally->kept = t->fd != -1 ? rows->len : 0;
	rowsum_lines(&sum, rows->p, rows->len);
	tally->sum = sum.sum;
	pthread_mutex_lock(&q->sim->lock);
	tally_add(&t->tally, tally);
	pthread_mutex_unlock(&q->sim->lock);
	q->reply.status = 204;
}

static void
take_body(struct request *q, const struct stream *st, bool gzip)
{
	struct buf raw = BUF_INIT(SILENT_RAW_MAX);
	struct buf rows = BUF_INIT(ROWS_TEXT_MAX);
	struct rows_result r;
	struct tally tally;
	bool lost = false;

	tally_init(&tally);
	if (q->sim->opt.discard) {
		accept_rows(q, st->table, &rows, &tally);
		goto out;
	}
	if (!inflate_body(q, gzip, &raw, &lost) || lost)
		goto out;
	r = rows_read(st, q->sim->opt.apply, sim_now_ms(q->sim),
	    raw.p != NULL ? raw.p : "", raw.len, &rows, &tally);
	if (!refuse_body(q, &r) && !poisoned(q, &rows))
		accept_rows(q, st->table, &rows, &tally);
out:
	tally_free(&tally);
	buf_clear(&raw);
	buf_clear(&rows);
}

void
ingest_serve(struct request *q)
{
	struct rule *rule = NULL;
	struct stream *st;
	bool gzip;

	if (strcmp(q->method, "POST") != 0) {
		reply_header(&q->reply, "Allow", "POST");
		reply_error(&q->reply, 405, "MethodNotAllowed",
		    "The method must be POST.");
		return;
	}
	if (!check_version(q) || !check_token(q))
		return;
	st = find_stream(q, &rule);
	if (st == NULL || !check_headers(q, &gzip) || !check_rate(q, rule))
		return;
	take_body(q, st, gzip);
}
