/* The judgement of a request's signature: SigV4 by header or by query. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "keys.h"
#include "log.h"
#include "timefmt.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum {
	LIST_MAX =
	    4096, /* bytes of SignedHeaders: more than 8 KiB of headers hold */
	PRESIGNED_MAX_S = 604800 /* S3: a presigned URL lives a week at most */
};

/* What a request claims. */
struct claim {
	bool presigned;
	char id[KEYS_TEXT_MAX];
	char region[64];
	char service[32];
	char terminal[32];
	char signature[80];
	char signed_headers[LIST_MAX];
	const char *payload;
	struct buf token; /* session token, "" when none */
	int64_t time_ms, expires_s;
	struct s3sig_scope scope;
};

static bool
refuse(struct request *r, const char *code, const char *message)
{
	reply_error(r, code, message);
	return false;
}

static bool
malformed(struct request *r, const struct claim *c, const char *what)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "The authorization %s is malformed; %s",
	    c->presigned ? "query" : "header", what);
	return refuse(r,
	    c->presigned ? "AuthorizationQueryParametersError"
			 : "AuthorizationHeaderMalformed",
	    text);
}

/* Copy n bytes into a field of a claim; false when they do not fit. */
static bool
take(char *out, size_t size, const char *p, size_t n)
{
	if (n == 0 || n >= size)
		return false;
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

/* ID/yyyymmdd/region/service/aws4_request, where ID may hold slashes. */
static bool
take_credential(struct claim *c, const char *p, size_t n)
{
	struct {
		char *out;
		size_t size;
	} parts[] = {
	    {c->terminal, sizeof(c->terminal)},
	    {c->service, sizeof(c->service)},
	    {c->region, sizeof(c->region)},
	    {c->scope.date, sizeof(c->scope.date)},
	};
	const char *slash;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		slash = memrchr(p, '/', n);
		if (slash == NULL ||
		    !take(parts[i].out, parts[i].size, slash + 1,
			n - (size_t)(slash + 1 - p)))
			return false;
		n = (size_t)(slash - p);
	}
	return take(c->id, sizeof(c->id), p, n);
}

/* Credential=.., SignedHeaders=.., Signature=.. of the Authorization header. */
static bool
read_header(struct request *r, struct claim *c, const char *auth)
{
	bool credential = false, names = false, signature = false;
	const char *p = auth + strlen(ALGORITHM), *eq;
	size_t n, len;

	for (; *p != '\0'; p += n + (p[n] == ',')) {
		p += strspn(p, " \t");
		n = strcspn(p, ",");
		eq = memchr(p, '=', n);
		if (eq == NULL)
			return n == 0 ? malformed(r, c, "a component is empty.")
				      : malformed(r, c,
					    "a component has no equal-sign.");
		len = n - (size_t)(eq + 1 - p);
		while (len > 0 && eq[len] == ' ')
			len--;
		if (strncmp(p, "Credential=", 11) == 0)
			credential = take_credential(c, eq + 1, len);
		else if (strncmp(p, "SignedHeaders=", 14) == 0)
			names = take(c->signed_headers,
			    sizeof(c->signed_headers), eq + 1, len);
		else if (strncmp(p, "Signature=", 10) == 0)
			signature = take(
			    c->signature, sizeof(c->signature), eq + 1, len);
	}
	if (!credential)
		return malformed(r, c,
		    "the Credential is mal-formed; expecting "
		    "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
	if (!names)
		return malformed(r, c, "missing or bad SignedHeaders.");
	if (!signature)
		return malformed(r, c, "missing or bad Signature.");
	return true;
}

/* The same from X-Amz-* parameters of a presigned URL. */
static bool
read_query(struct request *r, struct claim *c)
{
	struct buf v = BUF_INIT(LIST_MAX);
	bool ok = true;

	c->presigned = true;
	if (ok && !(request_param(r, "X-Amz-Credential", &v) &&
		      take_credential(c, v.p, v.len)))
		ok = refuse(r, "AuthorizationQueryParametersError", NULL);
	if (ok &&
	    !(request_param(r, "X-Amz-SignedHeaders", &v) &&
		take(c->signed_headers, sizeof(c->signed_headers), v.p, v.len)))
		ok = malformed(r, c, "missing X-Amz-SignedHeaders.");
	if (ok && !(request_param(r, "X-Amz-Signature", &v) &&
		      take(c->signature, sizeof(c->signature), v.p, v.len)))
		ok = malformed(r, c, "missing X-Amz-Signature.");
	if (ok && request_param(r, "X-Amz-Expires", &v))
		c->expires_s = strtoll(v.p, NULL, 10);
	if (ok && (c->expires_s < 1 || c->expires_s > PRESIGNED_MAX_S))
		ok = malformed(
		    r, c, "X-Amz-Expires must be from 1 to 604800 seconds.");
	buf_clear(&v);
	return ok;
}

/* yyyymmddThhmmssZ, or an HTTP date of the header Date, into the claim. */
static bool
read_time(struct request *r, struct claim *c)
{
	struct buf v = BUF_INIT(64);
	const char *text = request_header(r, "x-amz-date"), *date;
	char iso[24] = "", rfc[TIMEFMT_MAX];
	bool ok = false;

	if (c->presigned)
		text = request_param(r, "X-Amz-Date", &v) ? v.p : NULL;
	date = request_header(r, "Date");
	if (text != NULL && strlen(text) == 16 && text[8] == 'T' &&
	    text[15] == 'Z') {
		(void)snprintf(iso, sizeof(iso),
		    "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", text, text + 4, text + 6,
		    text + 9, text + 11, text + 13);
		ok = timefmt_parse(iso, strlen(iso), &c->time_ms);
		memcpy(c->scope.time, text, 17);
	} else if (text == NULL && date != NULL && !c->presigned) {
		ok = timefmt_http(date, strlen(date), &c->time_ms);
		if (ok) {
			timefmt_rfc3339(rfc, c->time_ms, false);
			(void)snprintf(c->scope.time, sizeof(c->scope.time),
			    "%.4s%.2s%.2sT%.2s%.2s%.2sZ", rfc, rfc + 5, rfc + 8,
			    rfc + 11, rfc + 14, rfc + 17);
		}
	}
	buf_clear(&v);
	if (!ok)
		return refuse(r, "AccessDenied",
		    "AWS authentication requires a valid Date or x-amz-date "
		    "header");
	if (strncmp(c->scope.time, c->scope.date, 8) != 0)
		return malformed(r, c,
		    "Invalid credential date. This date is not the same as "
		    "X-Amz-Date.");
	return true;
}

static bool
check_time(struct request *r, const struct claim *c)
{
	int64_t now = sim_now_ms(), skew = now - c->time_ms;
	char server[TIMEFMT_MAX];

	timefmt_rfc3339(server, now, false);
	if (c->presigned && skew > c->expires_s * 1000) {
		reply_error(r, "AccessDenied", "Request has expired");
		reply_field(
		    r, "X-Amz-Expires", "%lld", (long long)c->expires_s);
		reply_field(r, "ServerTime", "%s", server);
		return false;
	}
	if ((c->presigned || skew <= sim.max_skew_ms) &&
	    -skew <= sim.max_skew_ms)
		return true;
	reply_error(r, "RequestTimeTooSkewed", NULL);
	reply_field(r, "RequestTime", "%s", c->scope.time);
	reply_field(r, "ServerTime", "%s", server);
	reply_field(r, "MaxAllowedSkewMilliseconds", "%lld",
	    (long long)sim.max_skew_ms);
	return false;
}

/* A header of that name in the list of the signed ones? */
static bool
listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; *p != '\0'; p += *p == ';') {
		size_t len = strcspn(p, ";");

		if (len == n && strncasecmp(p, name, n) == 0)
			return true;
		p += len;
	}
	return false;
}

/* Host and every x-amz-* must be signed, else anybody could change them. */
static bool
check_signed_headers(struct request *r, const struct claim *c)
{
	struct buf missing = BUF_INIT(LIST_MAX);

	for (const char *p = c->signed_headers; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			return malformed(
			    r, c, "SignedHeaders is not lower case.");
	if (!listed(c->signed_headers, "host"))
		return malformed(r, c, "SignedHeaders has no host.");
	for (size_t i = 0; i < r->header_count; i++) {
		const char *name = r->headers[i].name;

		if (strncasecmp(name, "x-amz-", 6) != 0 ||
		    listed(c->signed_headers, name))
			continue;
		if (missing.len > 0)
			buf_adds(&missing, ", ");
		for (; *name != '\0'; name++)
			buf_addc(&missing,
			    (char)(*name >= 'A' && *name <= 'Z' ? *name | 0x20
								: *name));
	}
	if (missing.len == 0)
		return true;
	reply_error(r, "AccessDenied",
	    "There were headers present in the request which were not signed");
	reply_field_bytes(r, "HeadersNotSigned", missing.p, missing.len);
	buf_clear(&missing);
	return false;
}

static bool
is_sha256(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

/* x-amz-content-sha256, which S3 alone demands of all services. */
static bool
check_payload(struct request *r, struct claim *c)
{
	c->payload = request_header(r, "x-amz-content-sha256");
	if (c->presigned && c->payload == NULL)
		c->payload = "UNSIGNED-PAYLOAD";
	if (c->payload == NULL)
		return refuse(r, "InvalidRequest",
		    "Missing required header for this request: "
		    "x-amz-content-sha256");
	if (strncmp(c->payload, "STREAMING-", 10) == 0)
		return refuse(
		    r, "NotImplemented", "s3sim takes no aws-chunked uploads");
	if (is_sha256(c->payload) ||
	    strcmp(c->payload, "UNSIGNED-PAYLOAD") == 0)
		return true;
	reply_error(r, "InvalidArgument",
	    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
	    "STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
	    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.");
	reply_field(r, "ArgumentName", "x-amz-content-sha256");
	reply_field(r, "ArgumentValue", "%.200s", c->payload);
	return false;
}

static bool
check_token(struct request *r, struct claim *c, const struct key *key)
{
	const char *header = request_header(r, "x-amz-security-token");

	if (c->presigned)
		(void)request_param(r, "X-Amz-Security-Token", &c->token);
	else
		buf_adds(&c->token, header != NULL ? header : "");
	if (key->token[0] != '\0' && c->token.len == 0)
		return refuse(r, "InvalidAccessKeyId", NULL);
	if (c->token.len == 0)
		return true;
	if (strcmp(key->token, c->token.p) != 0) {
		reply_error(r, "InvalidToken", NULL);
		reply_field_bytes(r, "Token-0", c->token.p, c->token.len);
		return false;
	}
	if (key->expires_ms != 0 && sim_now_ms() >= key->expires_ms) {
		reply_error(r, "ExpiredToken", NULL);
		reply_field_bytes(r, "Token-0", c->token.p, c->token.len);
		return false;
	}
	return true;
}

static bool
check_scope(struct request *r, struct claim *c, const char *region)
{
	char text[256];

	if (strcmp(c->terminal, "aws4_request") != 0)
		return malformed(
		    r, c, "the Credential does not end in aws4_request.");
	if (strcmp(c->service, "s3") != 0) {
		(void)snprintf(text, sizeof(text),
		    "incorrect service \"%s\". This endpoint belongs to "
		    "\"s3\".",
		    c->service);
		return malformed(r, c, text);
	}
	c->scope.region = c->region;
	c->scope.service = c->service;
	if (region == NULL || strcmp(c->region, region) == 0)
		return true;
	/* A bucket elsewhere, asked for with the region of this endpoint. */
	if (strcmp(c->region, sim.region) == 0) {
		reply_error(r, "PermanentRedirect", NULL);
		reply_field(
		    r, "Endpoint", "%s.s3.%s.amazonaws.com", r->bucket, region);
		reply_field(r, "Bucket", "%s", r->bucket);
	} else {
		(void)snprintf(text, sizeof(text),
		    "the region '%s' is wrong; expecting '%s'", c->region,
		    region);
		(void)malformed(r, c, text);
		reply_field(r, "Region", "%s", region);
	}
	reply_header(r, "x-amz-bucket-region", "%s", region);
	return false;
}

static void
field_hex(struct request *r, const char *name, const struct buf *b)
{
	buf_addf(&r->reply.body, "<%s>", name);
	for (size_t i = 0; i < b->len; i++)
		buf_addf(&r->reply.body, "%s%02x", i > 0 ? " " : "",
		    (unsigned char)b->p[i]);
	buf_addf(&r->reply.body, "</%s>", name);
}

static bool
check_signature(struct request *r, const struct claim *c, const struct key *key)
{
	struct s3sig_request req = {.method = r->method,
	    .path = r->path,
	    .path_len = r->path_len,
	    .query = r->query,
	    .query_len = r->query_len,
	    .headers = r->headers,
	    .header_count = r->header_count};
	struct buf canonical = BUF_INIT(S3SIG_MAX),
		   string = BUF_INIT(S3SIG_MAX);
	char signature[S3HASH_SHA256_HEX];
	bool ok;

	s3sig_canonical(&canonical, &req, c->signed_headers, c->payload);
	s3sig_string(&string, &c->scope, &canonical);
	if (canonical.err != 0 || string.err != 0)
		log_oom();
	s3sig_sign(signature, &c->scope, key->secret, &string);
	ok = strcmp(signature, c->signature) == 0;
	if (!ok) {
		reply_error(r, "SignatureDoesNotMatch", NULL);
		reply_field(r, "AWSAccessKeyId", "%s", c->id);
		reply_field_bytes(r, "StringToSign", string.p, string.len);
		reply_field(r, "SignatureProvided", "%s", c->signature);
		field_hex(r, "StringToSignBytes", &string);
		reply_field_bytes(
		    r, "CanonicalRequest", canonical.p, canonical.len);
		field_hex(r, "CanonicalRequestBytes", &canonical);
	}
	buf_clear(&canonical);
	buf_clear(&string);
	return ok;
}

/* Read the claim in whichever form it comes. */
static bool
read_claim(struct request *r, struct claim *c)
{
	const char *auth = request_header(r, "Authorization");

	if (auth == NULL)
		return request_has(r, "X-Amz-Algorithm")
			   ? read_query(r, c)
			   : refuse(r, "AccessDenied", NULL);
	if (strncmp(auth, ALGORITHM " ", sizeof(ALGORITHM)) != 0)
		return refuse(r, "InvalidRequest",
		    "The authorization mechanism you have provided is not "
		    "supported. Please use AWS4-HMAC-SHA256.");
	return read_header(r, c, auth);
}

bool
auth_check(struct request *r, const char *region)
{
	struct claim c = {.token = BUF_INIT(KEYS_TOKEN_MAX)};
	struct key key;
	bool ok;

	ok = read_claim(r, &c) && check_payload(r, &c) && read_time(r, &c) &&
	     check_scope(r, &c, region) && check_signed_headers(r, &c);
	if (ok && !keys_find(c.id, &key)) {
		reply_error(r, "InvalidAccessKeyId", NULL);
		reply_field(r, "AWSAccessKeyId", "%s", c.id);
		ok = false;
	}
	ok = ok && check_time(r, &c) && check_token(r, &c, &key) &&
	     check_signature(r, &c, &key);
	buf_clear(&c.token);
	return ok;
}

bool
auth_check_body(struct request *r, const unsigned char sha256[S3HASH_SHA256])
{
	const char *said = request_header(r, "x-amz-content-sha256");
	char hex[S3HASH_SHA256_HEX];

	s3hash_hex(hex, sha256, S3HASH_SHA256);
	if (said == NULL || !is_sha256(said) || strcmp(said, hex) == 0)
		return true;
	reply_error(r, "XAmzContentSHA256Mismatch", NULL);
	reply_field(r, "ClientComputedContentSHA256", "%s", said);
	reply_field(r, "S3ComputedContentSHA256", "%s", hex);
	return false;
}
