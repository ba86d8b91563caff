#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "http.h"

/*
 * What a reply of the Logs Ingestion API means for the rows that were posted
 * (Azure Monitor, Logs ingestion API overview and troubleshooting; design.md,
 * Promise 3 and Retry).  Pure.
 */
enum verdict {
	VERDICT_ACCEPTED,
	VERDICT_RETRY,    /* unavailable: the same rows again, later */
	VERDICT_THROTTLE, /* the rule's limit: the same rows again, later */
	VERDICT_TOO_BIG,  /* halve; a row alone is dead */
	VERDICT_BAD_ROWS, /* bisect; a row alone is dead */
	VERDICT_RENEW,    /* the token is not accepted: another, once */
	VERDICT_PLAIN,    /* gzip is not accepted: send plain bodies */
	VERDICT_STOP      /* a setting is wrong: the line stops */
};

enum { REPLY_CODE_MAX = 64, REPLY_TEXT_MAX = 400, REPLY_ID_MAX = 128 };

/* A reply, kept beyond its callback. */
struct reply {
	enum http_failure failure;
	int status;
	char code[REPLY_CODE_MAX];     /* error.code or x-ms-error-code */
	char message[REPLY_TEXT_MAX];  /* error.message, or what failed */
	char request_id[REPLY_ID_MAX]; /* x-ms-request-id, or "" */
	long long retry_after_ms;      /* or -1 */
};

/** Read what matters of a reply. */
void reply_read(struct reply *r, const struct http_reply *h);

/** Take code and message out of a JSON error body {"error":{..}}, or the
 * body's first line; exported for tests. */
void reply_body(struct reply *r, const char *p, size_t n);

/** gzip: the rows were sent compressed. */
enum verdict reply_verdict(const struct reply *r, bool gzip);

struct reply_place {
	const char *host, *rule, *stream;
};

/** Say why the line stops, and what mends it. */
void reply_fault(
    const struct reply *r, const struct reply_place *at, struct fault *f);

/** One line for a log: "503 ServerBusy: text (x-ms-request-id ..)". */
void reply_text(const struct reply *r, char *out, size_t n);

#endif
