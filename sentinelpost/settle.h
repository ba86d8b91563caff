#ifndef SETTLE_H
#define SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/*
 * Which leading records of one object are settled (design.md, Records and
 * Outcomes).  Pure bookkeeping: no I/O, no allocation.
 *
 * A mark closes a segment: the records since the mark before it.  Rows name
 * the segment they were read in; a segment is settled when its mark agreed
 * with what was read and none of its rows is still on its way.  `through`
 * moves over settled segments in order, whatever order rows are settled in.
 *
 * Invariant: no record below `through` is unsettled, and
 * through = skipped + rows + filtered + dead, where filtered includes missing
 * rows when those are declared.
 */
enum {
	/* Segments that may wait at once.  One more mark is folded into the
	 * newest: `through` then moves in a longer stride, nothing else. */
	SETTLE_SEGMENTS = 8
};

/** The n of a line that states none: its order is then not checked. */
#define SETTLE_NO_N UINT64_MAX

enum settle_outcome {
	SETTLE_ACCEPTED, /* the destination took it */
	SETTLE_DEAD,     /* it is in the dead-letter file */
	SETTLE_LOST      /* it was refused and there is no such file */
};

/* Why an object cannot be settled; the first reason stays. */
enum settle_fault {
	SETTLE_FINE,
	SETTLE_MISSING,    /* a mark counts more than was read */
	SETTLE_EXTRA,      /* a mark counts less than was read */
	SETTLE_UNBALANCED, /* a mark's own numbers do not add up */
	SETTLE_DISORDERED, /* n went back, or passed its mark */
	SETTLE_SET_ASIDE   /* a dead record without a dead-letter file */
};

struct settle_segment {
	uint64_t through; /* records before its end, by its mark */
	uint64_t accepted, dead, filtered;
	uint32_t pending; /* rows on their way */
	bool closed;      /* by an agreeing mark */
	bool blocked;     /* holds a lost record: never settled */
};

struct settle {
	struct settle_segment seg[SETTLE_SEGMENTS]; /* a ring */
	uint32_t first; /* sequence number of the oldest */
	uint32_t count;
	uint64_t rows, rejects;  /* read so far */
	uint64_t next_n;         /* the least that the next record may have */
	uint64_t missing;        /* rows declared filtered so far */
	struct wire_counts mark; /* the last agreeing one */
	uint32_t pending;        /* rows on their way, all segments */
	bool moved;              /* through moved; the caller clears it */
	bool more;               /* inside a record of several reject lines */
	enum settle_fault fault;
	/* What is settled; for receipts. */
	uint64_t through, skipped, accepted, dead, filtered;
};

void settle_init(struct settle *s);

/** A row was read and will be settled later: returns its segment. */
uint32_t settle_row(struct settle *s, uint64_t n);

/** A row of that segment is settled. */
void settle_row_done(
    struct settle *s, uint32_t segment, enum settle_outcome outcome);

/** A reject line was read and set aside (SETTLE_DEAD or SETTLE_LOST). */
void settle_reject(
    struct settle *s, uint64_t n, bool more, enum settle_outcome outcome);

/**
 * A mark or an end was read.  allow_missing: rows that it counts and that
 * were not read have been dropped on purpose.  False when it does not agree,
 * or one before it did not; `through` then stays before it for ever and
 * s->fault says why.
 */
bool settle_mark(
    struct settle *s, const struct wire_counts *c, bool allow_missing);

/** The object is whole: what is left of a record of several reject lines will
 * not come. */
void settle_end(struct settle *s);

/** The input contradicts itself about this object: it cannot be settled. */
void settle_spoil(struct settle *s);

/** Has the input not contradicted itself about this object so far?  A record
 * that is set aside nowhere is no contradiction. */
bool settle_counts_hold(const struct settle *s);

/** A word for a receipt's "reason": "missing-rows" .. */
const char *settle_reason(enum settle_fault f);

#endif
