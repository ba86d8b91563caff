/* What S3's answers mean: its errors, and those of the way to it. */
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "s3.h"
#include "timefmt.h"
#include "xml.h"

enum { ERROR_TEXT_MAX = 16 * 1024 /* an element of an error; our choice */ };

/* The XML body (S3 API Reference, "Error responses"): what we read of it. */
struct body {
	char code[S3_CODE_MAX];
	char message[S3_MESSAGE_MAX];
	char request_id[128];
	char region[S3_REGION_MAX];
	char endpoint[S3_HOST_MAX];
	char time[TIMEFMT_MAX];
};

static void
copy(char *out, size_t size, const char *s, size_t n)
{
	if (n >= size)
		n = size - 1;
	memcpy(out, s, n);
	out[n] = '\0';
}

static bool
on_close(
    void *ctx, unsigned depth, const char *name, const char *text, size_t n)
{
	struct body *b = ctx;
	const struct {
		const char *name;
		char *to;
		size_t size;
	} fields[] = {
	    {"Code", b->code, sizeof(b->code)},
	    {"Message", b->message, sizeof(b->message)},
	    {"RequestId", b->request_id, sizeof(b->request_id)},
	    {"Region", b->region, sizeof(b->region)},
	    {"Endpoint", b->endpoint, sizeof(b->endpoint)},
	    {"ServerTime", b->time, sizeof(b->time)},
	};

	/* <Error><Code>, or <ErrorResponse><Error><Code> of older APIs. */
	if (depth != 2 && depth != 3)
		return true;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (strcmp(name, fields[i].name) == 0)
			copy(fields[i].to, fields[i].size, text, n);
	return true;
}

/* Read as much of the body as is XML; a proxy's HTML leaves b empty. */
static void
read_body(struct body *b, const struct http_reply *r)
{
	static const struct xml_calls calls = {NULL, on_close};
	struct xml *x;

	memset(b, 0, sizeof(*b));
	if (r->body == NULL || r->body_len == 0)
		return;
	x = xml_new(&calls, b, ERROR_TEXT_MAX);
	if (x != NULL)
		(void)xml_feed(x, r->body, r->body_len, true);
	xml_free(x);
}

struct rule {
	const char *code;
	enum s3_fate fate;
	enum exitcode exit;
	const char *hint;
};

static const char hint_key[] =
    "check AWS_ACCESS_KEY_ID, and that it is of this account or store";
static const char hint_secret[] =
    "check AWS_SECRET_ACCESS_KEY and --region; a proxy that rewrites requests "
    "breaks signatures too";
static const char hint_token[] =
    "get new temporary credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
    "AWS_SESSION_TOKEN) and start again";
static const char hint_clock[] = "set this machine's clock (is NTP running?)";
static const char hint_bucket[] = "check the bucket's name and --endpoint";
static const char hint_region[] =
    "give the bucket's region with --region or AWS_REGION";
static const char hint_denied[] =
    "the identity needs s3:ListBucket on the bucket, s3:GetObject on its "
    "objects, and kms:Decrypt on the key of encrypted ones";
static const char hint_payer[] =
    "the account or bucket does not allow this, see the message";
static const char hint_endpoint[] =
    "is --endpoint (or AWS_ENDPOINT_URL_S3) the address of an S3 service?";
/* For a listing: of an object, that it is gone says it all. */
static const char hint_no_key[] =
    "is a bucket's name in --endpoint (or AWS_ENDPOINT_URL_S3)? it belongs "
    "into s3://BUCKET/.. alone";

/* S3 API Reference, "List of error codes". */
static const struct rule rules[] = {
    {"NoSuchKey", S3_GONE, EXIT_BADCONFIG, hint_no_key},
    {"NoSuchVersion", S3_GONE, EXIT_BADCONFIG, ""},
    {"PreconditionFailed", S3_GONE, EXIT_BADCONFIG, ""},
    {"AccessDenied", S3_DENIED, EXIT_DENIED, hint_denied},
    {"NoSuchBucket", S3_STOP, EXIT_BADCONFIG, hint_bucket},
    {"InvalidBucketName", S3_STOP, EXIT_BADCONFIG, hint_bucket},
    {"InvalidAccessKeyId", S3_STOP, EXIT_DENIED, hint_key},
    {"SignatureDoesNotMatch", S3_STOP, EXIT_DENIED, hint_secret},
    {"InvalidSecurity", S3_STOP, EXIT_DENIED, hint_key},
    {"ExpiredToken", S3_STOP, EXIT_DENIED, hint_token},
    {"InvalidToken", S3_STOP, EXIT_DENIED, hint_token},
    {"TokenRefreshRequired", S3_STOP, EXIT_DENIED, hint_token},
    {"RequestTimeTooSkewed", S3_STOP, EXIT_DENIED, hint_clock},
    {"RequestExpired", S3_STOP, EXIT_DENIED, hint_clock},
    {"AccountProblem", S3_STOP, EXIT_DENIED, hint_payer},
    {"AllAccessDisabled", S3_STOP, EXIT_DENIED, hint_payer},
    {"NotSignedUp", S3_STOP, EXIT_DENIED, hint_payer},
    {"InvalidPayer", S3_STOP, EXIT_DENIED, hint_payer},
    {"UserSuspended", S3_STOP, EXIT_DENIED, hint_payer}, /* Ceph */
    {"AuthorizationHeaderMalformed", S3_STOP, EXIT_BADCONFIG, hint_region},
    {"AuthorizationQueryParametersError", S3_STOP, EXIT_BADCONFIG, hint_region},
    {"IllegalLocationConstraintException", S3_STOP, EXIT_BADCONFIG,
	hint_region},
    {"PermanentRedirect", S3_STOP, EXIT_BADCONFIG, hint_region},
    {"TemporaryRedirect", S3_STOP, EXIT_BADCONFIG, hint_region},
    {"Redirect", S3_STOP, EXIT_BADCONFIG, hint_region},
    {"NotImplemented", S3_STOP, EXIT_BADCONFIG, hint_endpoint},
    {"SlowDown", S3_THROTTLED, EXIT_DOWN, ""},
    {"Throttling", S3_THROTTLED, EXIT_DOWN, ""},
    {"ThrottlingException", S3_THROTTLED, EXIT_DOWN, ""},
    {"RequestLimitExceeded", S3_THROTTLED, EXIT_DOWN, ""},
    {"BandwidthLimitExceeded", S3_THROTTLED, EXIT_DOWN, ""},
    {"TooManyRequests", S3_THROTTLED, EXIT_DOWN, ""},
    {"InternalError", S3_RETRY, EXIT_DOWN, ""},
    {"ServiceUnavailable", S3_RETRY, EXIT_DOWN, ""},
    {"RequestTimeout", S3_RETRY, EXIT_DOWN, ""},
    {"OperationAborted", S3_RETRY, EXIT_DOWN, ""},
};

/* A status, where S3 said no code, or one that is not in the table. */
static struct rule
rule_of_status(int status, bool s3_said)
{
	static const struct rule down = {"", S3_RETRY, EXIT_DOWN, ""},
				 slow = {"", S3_THROTTLED, EXIT_DOWN, ""},
				 denied = {"", S3_DENIED, EXIT_DENIED,
				     hint_denied},
				 stop77 = {"", S3_STOP, EXIT_DENIED, hint_key},
				 stop78 = {"", S3_STOP, EXIT_BADCONFIG,
				     hint_endpoint},
				 refused = {"", S3_REFUSED, EXIT_BADCONFIG, ""};

	if (status == 429)
		return slow;
	if (status == 408 || (status >= 500 && status != 501))
		return down;
	if (status == 401)
		return stop77;
	if (status == 403 && !s3_said)
		return denied;
	/* No 4xx with a code of S3's is worse than for this object; but a 404
	 * or 407 of somebody else must never pass for an object's. */
	if (status / 100 == 4 && (s3_said || (status != 404 && status != 407)))
		return refused;
	return stop78;
}

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Is this an answer to a request signed for, or sent to, another region? */
static bool
wrong_region(const struct s3_verdict *v)
{
	return is(v->code, "PermanentRedirect") ||
	       is(v->code, "TemporaryRedirect") || is(v->code, "Redirect") ||
	       is(v->code, "AuthorizationHeaderMalformed") ||
	       is(v->code, "AuthorizationQueryParametersError") ||
	       is(v->code, "IllegalLocationConstraintException") ||
	       v->http == 301 || v->http == 307 || v->http == 308;
}

static void
learn_region(struct s3 *s, const char *bucket, const struct http_reply *r,
    struct body *b, struct s3_verdict *v)
{
	const char *header = http_header(r, "x-amz-bucket-region");
	struct s3_endpoint e;
	struct fault ignored;
	char url[sizeof(b->endpoint) + 8];
	const char *host;

	if (header != NULL)
		copy(b->region, sizeof(b->region), header, strlen(header));
	if (b->region[0] == '\0' && b->endpoint[0] != '\0') {
		/* BUCKET.s3.REGION.amazonaws.com, or without the bucket */
		host = b->endpoint;
		if (strncmp(host, bucket, strlen(bucket)) == 0 &&
		    host[strlen(bucket)] == '.')
			host += strlen(bucket) + 1;
		(void)snprintf(url, sizeof(url), "https://%s", host);
		if (s3_endpoint_parse(&e, url, &ignored))
			(void)s3_endpoint_region(&e, b->region);
	}
	if (b->region[0] == '\0' || !s3_region_ok(b->region))
		return;
	if (s3_learn_region(s, bucket, b->region))
		v->fate = S3_AGAIN;
	(void)snprintf(v->hint, sizeof(v->hint),
	    "the service says the bucket is in region '%s'", b->region);
}

static void
learn_clock(struct s3 *s, const struct http_reply *r, const struct body *b,
    struct s3_verdict *v)
{
	const char *date = http_header(r, "date");
	int64_t ms;

	if (!timefmt_parse(b->time, strlen(b->time), &ms) &&
	    (date == NULL || !timefmt_http(date, strlen(date), &ms)))
		return;
	if (s3_learn_clock(s, ms))
		v->fate = S3_AGAIN;
}

/* A failure below HTTP's status. */
static void
judge_failure(struct s3_verdict *v, const struct http_reply *r)
{
	static const struct {
		const char *code;
		enum s3_fate fate;
		enum exitcode exit;
		const char *hint;
	} failures[] = {
	    [HTTP_NONE] = {"", S3_FINE, EXIT_DONE, ""},
	    [HTTP_CONNECT] = {"ConnectionFailed", S3_RETRY, EXIT_DOWN,
		"is --endpoint right, is the network up, is a proxy needed "
		"(HTTPS_PROXY)?"},
	    [HTTP_TLS] = {"TLSFailed", S3_STOP, EXIT_BADCONFIG,
		"is the endpoint https at all (else http://), is its name "
		"right? for a store with a certificate authority of its own, "
		"set AWS_CA_BUNDLE to its PEM file"},
	    [HTTP_TIMEOUT] = {"Timeout", S3_RETRY, EXIT_DOWN, ""},
	    [HTTP_CUT] = {"ConnectionCut", S3_RETRY, EXIT_DOWN, ""},
	    [HTTP_TOO_LARGE] = {"ReplyTooLarge", S3_REFUSED, EXIT_BADCONFIG,
		hint_endpoint},
	    [HTTP_ABORTED] = {"Aborted", S3_REFUSED, EXIT_BUG, ""},
	    [HTTP_FORBIDDEN] = {"PlainHTTPRefused", S3_STOP, EXIT_BADCONFIG,
		"use https://, or --allow-http in a network you trust"},
	    [HTTP_PROXY] = {"ProxyDenied", S3_STOP, EXIT_DENIED,
		"the proxy of HTTPS_PROXY wants credentials: "
		"http://USER:PASSWORD@HOST:PORT"},
	};

	v->http = 0; /* the status, if there was one, does not count */
	v->fate = failures[r->failure].fate;
	v->exit = failures[r->failure].exit;
	copy(v->code, sizeof(v->code), failures[r->failure].code,
	    strlen(failures[r->failure].code));
	copy(v->message, sizeof(v->message), r->error, strlen(r->error));
	copy(v->hint, sizeof(v->hint), failures[r->failure].hint,
	    strlen(failures[r->failure].hint));
}

static void
apply_rule(struct s3_verdict *v)
{
	static const char failed[] = "PreconditionFailed";
	struct rule rule;

	/* What If-Match is answered with, needs no more words. */
	if (v->http == 412 && v->code[0] == '\0')
		copy(v->code, sizeof(v->code), failed, sizeof(failed) - 1);
	rule = rule_of_status(v->http, v->code[0] != '\0');
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (is(v->code, rules[i].code))
			rule = rules[i];
	v->fate = rule.fate;
	v->exit = rule.exit;
	copy(v->hint, sizeof(v->hint), rule.hint, strlen(rule.hint));
	if (v->code[0] == '\0')
		(void)snprintf(v->code, sizeof(v->code), "HTTP%d", v->http);
}

/* Learn from a refusal what may mend it: then it is worth asking anew.  So it
 * is when another request has learned it since this one was built. */
static void
learn(struct s3 *s, const struct s3_call *c, const char *bucket,
    const struct http_reply *r, struct body *b, struct s3_verdict *v)
{
	const bool outdated = s3_outdated(s, c);

	if (wrong_region(v))
		learn_region(s, bucket, r, b, v);
	else if (is(v->code, "RequestTimeTooSkewed") ||
		 is(v->code, "RequestExpired"))
		learn_clock(s, r, b, v);
	else if (v->fate != S3_STOP || v->exit != EXIT_DENIED)
		return;
	else if (!outdated && s3_renew(s))
		v->fate = S3_AGAIN;
	if (outdated)
		v->fate = S3_AGAIN;
}

/* What the service says goes into logs, lines and the state. */
static void
redact(struct s3_verdict *v)
{
	log_redact(v->code);
	log_redact(v->message);
	log_redact(v->request_id);
}

void
s3_judge(struct s3 *s, const struct s3_call *c, const char *bucket,
    const struct http_reply *r, struct s3_verdict *v)
{
	struct body b;

	memset(v, 0, sizeof(*v));
	v->http = r->status;
	v->retry_after_ms = -1;
	copy(v->request_id, sizeof(v->request_id), r->request_id,
	    strlen(r->request_id));
	if (r->failure != HTTP_NONE) {
		judge_failure(v, r);
		redact(v);
		return;
	}
	if (r->status / 100 == 2) {
		s3_answered(s);
		return;
	}
	v->retry_after_ms = http_retry_after_ms(r);
	read_body(&b, r);
	copy(v->code, sizeof(v->code), b.code, strlen(b.code));
	copy(v->message, sizeof(v->message), b.message, strlen(b.message));
	if (v->request_id[0] == '\0')
		copy(v->request_id, sizeof(v->request_id), b.request_id,
		    strlen(b.request_id));
	redact(v);
	apply_rule(v);
	learn(s, c, bucket, r, &b, v);
}

bool
s3_fault(const struct s3_verdict *v, const char *doing, struct fault *f)
{
	char status[16] = "";

	if (v->http != 0 && strncmp(v->code, "HTTP", 4) != 0)
		(void)snprintf(status, sizeof(status), "%d ", v->http);
	(void)fault_set(f, v->exit, "cannot %s: %s%s%s%s%s%s%s", doing, status,
	    v->code, v->message[0] != '\0' ? ": " : "", v->message,
	    v->request_id[0] != '\0' ? " (request id " : "", v->request_id,
	    v->request_id[0] != '\0' ? ")" : "");
	return fault_hint(f, "%s", v->hint);
}
