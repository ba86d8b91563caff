#ifndef TRIES_H
#define TRIES_H

#include <stdbool.h>
#include <stdint.h>

#include "retry.h"
#include "s3.h"

/*
 * What to do when a request for an object has failed (design.md, Retry and
 * Outcomes).  The store being unavailable is told apart from one object that
 * cannot be had: a failure of an object counts only when the store has answered
 * something else since the one before, and an outage is waited out.
 */
enum {
	TRIES_MAX = 5, /* attempts an object while the store answers others */
	TRIES_DENIED = 10,          /* AccessDenied in a row stop the line */
	TRIES_PATIENCE_MS = 900000, /* before the bucket's being there counts as
				       an answer; our choice */
	TRIES_LESSONS = 16, /* S3_AGAIN in a row at one object; our choice */
	TRIES_PROGRESS = 1024 * 1024 /* so many bytes of a body make a cut
					one a new first attempt; our choice */
};

/* What is known of the store. */
struct store {
	struct breaker breaker;
	int64_t give_up_ms;
	int64_t down_since;  /* first failure since the last answer, or -1 */
	int64_t answered_ms; /* the last answer that settled something, or -1 */
	unsigned denied;     /* AccessDenied in a row */
};

/* The attempts at one object. */
struct tries {
	unsigned failures; /* in a row: for the backoff */
	unsigned counted;  /* those of them that count against it */
	unsigned lessons;  /* refusals in a row that taught something */
	int64_t since;     /* the first failure, or -1 */
	int64_t last;      /* the last one */
	int64_t due;       /* when to try again */
};

enum decision {
	TRY_AGAIN,    /* at due */
	TRY_AT_ONCE,  /* something was learned from the answer */
	OBJECT_FAILS, /* an error line, retry:true */
	OBJECT_IS_GONE,
	STORE_IS_DOWN, /* give up: exit 69 */
	LINE_STOPS     /* with the verdict's exit code */
};

void store_init(struct store *s, int64_t give_up_ms);
void tries_init(struct tries *t);

/** A 2xx reply began. */
void store_reached(struct store *s);

/** New bytes of an object came. */
void store_heard(struct store *s);

/** An object came to its end, whichever it was. */
void store_answered(struct store *s, int64_t now);

/** Is an object to wait until the store has answered something else?  It
 * failed TRIES_MAX times or more, and nobody was answered since.  Another
 * object to ask for is sound proof; with the bucket alone, which may be there
 * when no object comes, more patience is in place. */
bool tries_need_proof(
    const struct tries *t, const struct store *s, bool sound, int64_t now);

/** The store answered that question, so it is there. */
void store_proved(struct store *s, int64_t now);

/** It did not. */
void store_silent(struct store *s, const struct s3_verdict *v, int64_t now);

/** When an object may ask for it again. */
void tries_put_off(struct tries *t, const struct s3_verdict *v, int64_t now);

/** Decide after a reply that was no success, or a body that was cut. */
enum decision store_decide(
    struct store *s, struct tries *t, const struct s3_verdict *v, int64_t now);

/** Has the store been silent past --give-up? */
bool store_gave_up(const struct store *s, int64_t now);

#endif
