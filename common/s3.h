#ifndef S3_H
#define S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "awsenv.h"
#include "buf.h"
#include "fault.h"
#include "http.h"
#include "opt.h"
#include "s3url.h"
#include "sigv4.h"

/*
 * Requests to S3 and what its answers mean.  This module builds and judges;
 * sending is http.h's, when to try again is retry.h's.
 *
 *	s3_build(s3, &call, &ask, f);
 *	request = (struct http_request){.on_done = .., ..};
 *	s3_call_fill(&call, &request);
 *	http_start(http, &request, f);
 *	.. in on_done: s3_judge(s3, &call, ask.bucket, reply, &verdict);
 */

/** The store options, as s3list and s3fetch take them. */
struct s3_options {
	const char *endpoint;   /* --endpoint, or NULL */
	const char *region;     /* --region, or NULL */
	const char *addressing; /* --addressing, or NULL */
	bool allow_http;        /* --allow-http */
};

/** Their rows of an option table. */
#define S3_OPTIONS(o)                                                 \
	{"endpoint", "URL", OPT_TEXT, &(o)->endpoint, 0, 0,           \
	    "the S3 service (AWS's, or AWS_ENDPOINT_URL_S3)"},        \
	    {"region", "R", OPT_TEXT, &(o)->region, 0, 0,             \
		"the bucket's region (AWS_REGION, or asked for)"},    \
	    {"addressing", "HOW", OPT_TEXT, &(o)->addressing, 0, 0,   \
		"bucket in the URL: path, virtual or auto"},          \
	{                                                             \
		"allow-http", NULL, OPT_FLAG, &(o)->allow_http, 0, 0, \
		    "let --endpoint be plain http beyond this host"   \
	}

struct s3;

/**
 * Set up from options and environment (which loses its secrets, see awsenv.h).
 * The options' strings must stay.  Returns NULL with a fault: 64 for an
 * option, 78 for a variable that cannot be used.  That there are no credentials
 * is told by s3_build() (77): who has nothing to ask for needs none.
 */
struct s3 *s3_new(const struct s3_options *o, struct fault *f);
void s3_free(struct s3 *s); /* NULL is fine */

/** The endpoint that was given by option or environment, or NULL: what an
 * object line needs in "endpoint" to be found again. */
const char *s3_endpoint_given(const struct s3 *s);

/** The region that an object line of this bucket needs in "region": the one
 * that was given by option or learned from the service, or NULL. */
const char *s3_region_given(const struct s3 *s, const char *bucket);

/** One request to make. */
struct s3_ask {
	const char *method; /* "GET" */
	const char *bucket;
	const char *key; /* any bytes; NULL: the bucket itself */
	size_t key_len;
	const struct sigv4_field *query; /* not encoded */
	size_t nquery;
	const struct sigv4_field *headers; /* Range, If-Match ..; signed */
	size_t nheaders;
	/* From an object line, or NULL.  Options of our own win over them. */
	const char *endpoint, *region;
};

enum { S3_HEADERS_MAX = 16 /* those of s3_ask and ours */ };

/** A request that was built; zero-initialise before first use. */
struct s3_call {
	struct buf url, text;
	const char *headers[S3_HEADERS_MAX + 1];
	const char *method;
	bool allow_plain;
	unsigned lessons; /* what s3_judge() had learned by then */
};

/**
 * Build and sign a request, with the time of now; it must be built anew for
 * each attempt.  False with a fault: 77 without credentials, 78 when the ask's
 * endpoint, region or bucket cannot be used, 71.
 */
bool s3_build(
    struct s3 *s, struct s3_call *c, const struct s3_ask *a, struct fault *f);

/** Point the request's method, URL, headers and allow_plain into c. */
void s3_call_fill(const struct s3_call *c, struct http_request *r);

/** The request has set out, with copies: forget the headers, a token among
 * them. */
void s3_call_sent(struct s3_call *c);
void s3_call_free(struct s3_call *c);

/** What a reply means for the caller. */
enum s3_fate {
	S3_FINE,      /* 2xx */
	S3_AGAIN,     /* region or clock were learned: build and send anew,
		       * at once; never without end */
	S3_RETRY,     /* network, 5xx: wait; counts for the breaker */
	S3_THROTTLED, /* 429, SlowDown: wait; does not count */
	S3_GONE,      /* NoSuchKey, NoSuchVersion, PreconditionFailed */
	S3_DENIED,    /* AccessDenied: this object, or everything */
	S3_REFUSED,   /* another 4xx: this request cannot succeed now */
	S3_STOP       /* credentials or configuration: the line stops */
};

enum { S3_CODE_MAX = 64, S3_MESSAGE_MAX = 512 };

struct s3_verdict {
	enum s3_fate fate;
	int http;                     /* status, 0 when there was none */
	char code[S3_CODE_MAX];       /* NoSuchKey; of our own: see below */
	char message[S3_MESSAGE_MAX]; /* the service's, cut when longer */
	char request_id[128];
	int64_t retry_after_ms; /* -1: not said */
	enum exitcode exit;     /* when this ends the program */
	char hint[256];         /* what the user can do, or "" */
};

/*
 * Codes of our own, where S3 said none: ConnectionFailed, TLSFailed, Timeout,
 * ConnectionCut, ReplyTooLarge, Aborted, PlainHTTPRefused; and HTTP503 .. for
 * a status without S3's XML.
 */

/*
 * What s3_judge() notes, and others may.  Each returns whether it changed
 * anything, so that the same request may be tried anew; never without end.
 */
bool s3_learn_region(struct s3 *s, const char *bucket, const char *region);
bool s3_learn_clock(struct s3 *s, int64_t service_ms);

/** The service accepted a signature: its clock is known well enough. */
void s3_answered(struct s3 *s);

/** Credentials were refused: are there newer ones? */
bool s3_renew(struct s3 *s);

/** Was anything learned since this request was built? */
bool s3_outdated(const struct s3 *s, const struct s3_call *c);

/** The store's clock less ours, as far as it mattered; for metrics. */
int64_t s3_skew_ms(const struct s3 *s);

/**
 * Judge a reply for request c to this bucket.  Learns regions and the
 * service's clock.  Of several requests under way the first teaches; the
 * others, which were built before that, are to be built anew as well.
 */
void s3_judge(struct s3 *s, const struct s3_call *c, const char *bucket,
    const struct http_reply *r, struct s3_verdict *v);

/**
 * Fill a fault from a verdict: "cannot DOING: 403 AccessDenied: .. (request
 * id ..)", with its exit code and hint.  doing is "list 's3://b/p'".
 */
bool s3_fault(const struct s3_verdict *v, const char *doing, struct fault *f);

#endif
