/* The bookkeeping of one object's records: what is settled, in which order. */
#include <stddef.h>
#include <string.h>

#include "log.h"
#include "settle.h"

void
settle_init(struct settle *s)
{
	memset(s, 0, sizeof(*s));
}

static struct settle_segment *
at(struct settle *s, uint32_t segment)
{
	return &s->seg[segment % SETTLE_SEGMENTS];
}

bool
settle_counts_hold(const struct settle *s)
{
	return s->fault == SETTLE_FINE || s->fault == SETTLE_SET_ASIDE;
}

/* Counts that disagree are our side's fault and outrank a dead record. */
static void
fail(struct settle *s, enum settle_fault f)
{
	if (settle_counts_hold(s) && f != SETTLE_FINE)
		s->fault = f;
}

/* The segment that records read now belong to: never a closed one, but when
 * the ring is full the newest goes on. */
static uint32_t
current(struct settle *s)
{
	uint32_t last = s->first + s->count - 1;

	if (s->count > 0 && !at(s, last)->closed)
		return last;
	if (s->count == SETTLE_SEGMENTS) {
		at(s, last)->closed = false;
		return last;
	}
	s->count++;
	last = s->first + s->count - 1;
	memset(at(s, last), 0, sizeof(s->seg[0]));
	return last;
}

/* Move through over the leading segments that are settled. */
static void
advance(struct settle *s)
{
	struct settle_segment *g;

	while (s->count > 0) {
		g = at(s, s->first);
		if (!g->closed || g->pending > 0 || g->blocked)
			return;
		if (g->accepted + g->dead + g->filtered > 0)
			s->moved = true;
		s->through = g->through;
		s->accepted += g->accepted;
		s->dead += g->dead;
		s->filtered += g->filtered;
		s->first++;
		s->count--;
	}
}

/* Check a record's number: each once, in order, none from before a mark. */
static void
check_n(struct settle *s, uint64_t n)
{
	if (n == SETTLE_NO_N)
		return;
	if (n < s->next_n)
		fail(s, SETTLE_DISORDERED);
	else
		s->next_n = n + 1;
}

uint32_t
settle_row(struct settle *s, uint64_t n)
{
	uint32_t segment = current(s);

	if (s->more)
		fail(s, SETTLE_DISORDERED);
	s->more = false;
	check_n(s, n);
	s->rows++;
	s->pending++;
	at(s, segment)->pending++;
	return segment;
}

static void
count(struct settle *s, struct settle_segment *g, enum settle_outcome outcome)
{
	switch (outcome) {
	case SETTLE_ACCEPTED:
		g->accepted++;
		break;
	case SETTLE_DEAD:
		g->dead++;
		break;
	case SETTLE_LOST:
		g->blocked = true;
		fail(s, SETTLE_SET_ASIDE);
		break;
	}
}

void
settle_row_done(struct settle *s, uint32_t segment, enum settle_outcome outcome)
{
	struct settle_segment *g = at(s, segment);

	INVARIANT(segment - s->first < s->count && g->pending > 0);
	g->pending--;
	s->pending--;
	count(s, g, outcome);
	advance(s);
}

void
settle_reject(
    struct settle *s, uint64_t n, bool more, enum settle_outcome outcome)
{
	struct settle_segment *g = at(s, current(s));

	/* The lines of one record share its n; the last one counts. */
	if (!s->more)
		check_n(s, n);
	else if (n != SETTLE_NO_N && n + 1 != s->next_n)
		fail(s, SETTLE_DISORDERED);
	s->more = more;
	if (more && outcome == SETTLE_DEAD)
		return;
	if (!more)
		s->rejects++;
	count(s, g, outcome);
}

/* Does a mark agree with itself and the one before it? */
static bool
balanced(const struct settle *s, const struct wire_counts *c)
{
	uint64_t sum;

	if (__builtin_add_overflow(c->skipped, c->rows, &sum) ||
	    __builtin_add_overflow(sum, c->rejects, &sum) ||
	    __builtin_add_overflow(sum, c->filtered, &sum) || sum != c->records)
		return false;
	if (c->rows < s->mark.rows || c->rejects < s->mark.rejects ||
	    c->filtered < s->mark.filtered || c->records < s->mark.records)
		return false;
	/* skipped is known from the first mark on. */
	return s->mark.records == 0 || c->skipped == s->mark.skipped;
}

static enum settle_fault
check_mark(
    const struct settle *s, const struct wire_counts *c, bool allow_missing)
{
	uint64_t missing;

	if (!balanced(s, c))
		return SETTLE_UNBALANCED;
	/* A record that is told in part only is none yet: a mark comes in the
	 * middle of it where the object ends in an error, or the input. */
	if ((s->more && s->next_n <= c->records) || c->rejects > s->rejects)
		return SETTLE_MISSING;
	if (c->rejects < s->rejects || c->rows < s->rows)
		return SETTLE_EXTRA;
	missing = c->rows - s->rows;
	if (missing < s->missing)
		return SETTLE_EXTRA; /* rows came after their mark */
	if (missing > s->missing && !allow_missing)
		return SETTLE_MISSING;
	return s->next_n > c->records + s->more ? SETTLE_DISORDERED
						: SETTLE_FINE;
}

bool
settle_mark(struct settle *s, const struct wire_counts *c, bool allow_missing)
{
	enum settle_fault wrong = check_mark(s, c, allow_missing);
	struct settle_segment *g;

	fail(s, wrong);
	if (wrong != SETTLE_FINE || !settle_counts_hold(s))
		return false;
	g = at(s, current(s));
	g->through = c->records;
	g->filtered += c->filtered - s->mark.filtered;
	g->filtered += c->rows - s->rows - s->missing;
	g->closed = true;
	s->missing = c->rows - s->rows;
	/* Those were settled by whoever had the object before. */
	s->skipped = c->skipped;
	if (s->through < s->skipped)
		s->through = s->skipped;
	s->mark = *c;
	if (!s->more)
		s->next_n = c->records;
	advance(s);
	return true;
}

void
settle_end(struct settle *s)
{
	if (s->more)
		fail(s, SETTLE_MISSING);
}

void
settle_spoil(struct settle *s)
{
	fail(s, SETTLE_DISORDERED);
}

const char *
settle_reason(enum settle_fault f)
{
	switch (f) {
	case SETTLE_FINE:
		return "";
	case SETTLE_MISSING:
		return "missing-rows";
	case SETTLE_EXTRA:
		return "extra-rows";
	case SETTLE_UNBALANCED:
		return "unbalanced-mark";
	case SETTLE_DISORDERED:
		return "disordered-rows";
	case SETTLE_SET_ASIDE:
		return "dead-records";
	}
	return ""; /* COV_EXCL: all are above */
}
