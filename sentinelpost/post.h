#ifndef POST_H
#define POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "http.h"
#include "pack.h"
#include "reply.h"
#include "retry.h"
#include "target.h"
#include "token.h"

/*
 * Batches to the Logs Ingestion API: up to `jobs` requests at once, each tried
 * until the service takes it, refuses it for good, or has been unavailable
 * for --give-up.  A batch that is refused for what is in it is cut in two,
 * again and again, until the rows that are to blame stand alone; these parts
 * share the batch's memory.
 */
enum {
	POST_JOBS_MAX = 16,
	POST_JOBS = 8, /* 33 MB/s, a rule's limit, at 150 ms a request: 5 */
	POST_REPLY_MAX = 64 * 1024,
	POST_DEADLINE_MS = 300000 /* for one request of 1 MB */
};

/* What becomes of rows; called from within post_tick() and http_poll(). */
struct post_sink {
	void (*accepted)(void *ctx, struct batch *b, uint32_t first,
	    uint32_t count, const char *request_id);
	/** Row i will never be taken; http 400 or 413. */
	void (*refused)(
	    void *ctx, struct batch *b, uint32_t i, const struct reply *r);
	void *ctx;
};

struct post_options {
	const struct target *target;
	struct http *http;
	struct token *token;
	struct pack *pack;
	unsigned jobs;
	int64_t give_up_ms;
	struct post_sink sink;
};

/* For metrics and the done line. */
struct post_stats {
	uint64_t requests, retries, throttled, splits;
	uint64_t raw_bytes, body_bytes; /* of accepted requests */
	uint64_t opened;                /* the breaker, times */
};

struct post;

/** Out of memory ends the program. */
struct post *post_new(const struct post_options *o);
void post_free(struct post *p);

/** Send a batch: it is the sink's once all its rows were named to it. */
void post_add(struct post *p, struct batch *b);

/** Start what may be started. */
void post_tick(struct post *p, int64_t now);

/** How long until post_tick() has something to do of itself, or -1. */
int64_t post_wait_ms(const struct post *p, int64_t now);

/** Requests on the line; parts of batches not settled, these included. */
size_t post_flying(const struct post *p);
size_t post_pending(const struct post *p);

/** Has the line stopped?  Then why. */
const struct fault *post_stopped(const struct post *p);

/** Start nothing more (the filter is to end). */
void post_halt(struct post *p);

/** The breaker before all requests. */
const struct breaker *post_breaker(const struct post *p);

const struct post_stats *post_stats(const struct post *p);

#endif
