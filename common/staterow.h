#ifndef STATEROW_H
#define STATEROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "state.h"

/*
 * What a receipt does to what is known of an object: the rules of state.h,
 * without the database.  A word (format, destination) is a number here.
 */
enum row_status { /* as stored: never renumber */
	ROW_DELIVERED = 0,
	ROW_GONE = 1,
	ROW_PARTIAL = 2,
	ROW_FAILED = 3,
	ROW_QUARANTINED = 4
};

/* How long a failed object rests: the first time, four times as long each
 * further time, up to the longest wait of design.md's Retry; of this a random
 * half to whole. */
enum { ROW_REST_FIRST_MS = 10000, ROW_REST_MAX_MS = 300000 };

/** An object. */
struct row {
	enum row_status status;
	unsigned tries;
	int64_t next_try_ms;
	int fetch; /* the one that failed last, or -1 */
	uint64_t through;
	int64_t format; /* what through counts in */
	uint64_t dead;
	bool dead_object;
};

/** What one destination has of it; kept while it is not settled. */
struct row_part {
	int64_t to;
	int settled; /* 0, or 1 + ROW_DELIVERED or ROW_GONE */
	uint64_t through;
	int64_t format;
	uint64_t dead;       /* all fetches together */
	uint64_t fetch_dead; /* of that, in this fetch: */
	int fetch;
};

/** Parts looked at for one object: more destinations than anybody has. */
enum { ROW_PARTS_MAX = STATE_NEED_MAX };

/** One destination's receipt: change its part.  format is its number. */
void row_part_apply(
    struct row_part *p, const struct state_receipt *r, int64_t format);

/**
 * Change the object's row after parts[which] was changed by r.  The row is as
 * it was before (zero, fetch -1 and status ROW_PARTIAL when it is new).
 */
void row_apply(struct row *row, const struct row_part *parts, size_t n,
    size_t which, const struct state_receipt *r, unsigned need, int64_t now_ms,
    struct state_effect *effect);

/** Is there nothing left to do? */
bool row_settled(enum row_status status);

/** What that means for s3list. */
enum state_what row_what(
    enum row_status status, int64_t next_try_ms, int64_t now_ms);

#endif
