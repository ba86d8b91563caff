#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When to try again (design.md, Retry): full jitter from 1 s doubling to
 * 300 s; five failures in a row open the breaker for 60 s, then one trial
 * call.  All times are of the caller's reading of clock_mono_ms().
 */
enum {
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_MAX_MS = 300000,
	BREAKER_FAILURES = 5,
	BREAKER_OPEN_MS = 60000
};

/** How long to wait after the attempt-th failure (from 1).  retry_after_ms
 * of the service wins when it is positive: "at once" would be a loop without
 * a pause when the service keeps saying so. */
int64_t backoff_ms(unsigned attempt, int64_t retry_after_ms);

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
enum { BREAKER_STATES = 3 };

struct breaker {
	enum breaker_state state;
	unsigned failures;  /* in a row */
	int64_t until;      /* while open */
	bool trial;         /* the trial call is under way */
	int64_t down_since; /* first failure of this row, or -1 */
	uint64_t opened;    /* times, for metrics */
};

void breaker_init(struct breaker *b);

/** May a call be made now?  In half-open state only the first asker may. */
bool breaker_allows(struct breaker *b, int64_t now);

/** How long until a call may be made: 0 now, -1 when a trial is under way. */
int64_t breaker_wait_ms(const struct breaker *b, int64_t now);

/** Its state at that time: an open one whose time is over is half open. */
enum breaker_state breaker_state(const struct breaker *b, int64_t now);

void breaker_success(struct breaker *b);
void breaker_failure(struct breaker *b, int64_t now);

/** A call ended that says nothing of the service (429, cancelled). */
void breaker_neutral(struct breaker *b);

/** How long the service has been unavailable without a success between; 0
 * when it is not. */
int64_t breaker_down_ms(const struct breaker *b, int64_t now);

#endif
