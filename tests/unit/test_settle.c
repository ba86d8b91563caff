/* sentinelpost/settle: which records of an object are settled. */
#include <stdlib.h>

#include "sentinelpost/settle.h"
#include "tap.h"

static struct wire_counts
counts(uint64_t skipped, uint64_t rows, uint64_t rejects, uint64_t filtered)
{
	struct wire_counts c = {.records = skipped + rows + rejects + filtered,
	    .skipped = skipped,
	    .rows = rows,
	    .rejects = rejects,
	    .filtered = filtered};

	return c;
}

/* Rows n, n + 1 .. of one segment. */
static uint32_t
read_rows(struct settle *s, uint64_t n, unsigned count)
{
	uint32_t segment = 0;

	for (unsigned i = 0; i < count; i++)
		segment = settle_row(s, n + i);
	return segment;
}

static void
accept(struct settle *s, uint32_t segment, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		settle_row_done(s, segment, SETTLE_ACCEPTED);
}

static void
order(void)
{
	struct settle s;
	struct wire_counts c;
	uint32_t a, b;

	settle_init(&s);
	a = read_rows(&s, 0, 3);
	c = counts(0, 3, 0, 0);
	OK(settle_mark(&s, &c, false), "a mark that agrees");
	b = read_rows(&s, 3, 2);
	c = counts(0, 5, 0, 1);
	OK(settle_mark(&s, &c, false), "a second one");
	accept(&s, b, 2);
	OK(s.through == 0 && !s.moved,
	    "the second segment alone moves nothing");
	accept(&s, a, 2);
	OK(s.through == 0, "nor do two rows of three");
	accept(&s, a, 1);
	OK(s.through == 6 && s.moved, "the last row moves it over both");
	OK(s.accepted == 5 && s.filtered == 1 && s.dead == 0, "and counts");
	OK(s.pending == 0 && s.count == 0, "nothing is left");
}

static void
unmarked(void)
{
	struct settle s;
	uint32_t a;

	settle_init(&s);
	a = read_rows(&s, 0, 4);
	accept(&s, a, 4);
	OK(s.through == 0 && s.accepted == 0,
	    "rows without a mark move nothing");
}

static void
dead_rows(void)
{
	struct settle s;
	struct wire_counts c;
	uint32_t a;

	settle_init(&s);
	a = read_rows(&s, 0, 2);
	settle_reject(&s, 2, false, SETTLE_DEAD);
	c = counts(0, 2, 1, 0);
	OK(settle_mark(&s, &c, false), "rows and a reject");
	settle_row_done(&s, a, SETTLE_DEAD);
	settle_row_done(&s, a, SETTLE_ACCEPTED);
	OK(s.through == 3 && s.dead == 2 && s.accepted == 1,
	    "dead letters are settled");

	settle_init(&s);
	a = read_rows(&s, 0, 2);
	c = counts(0, 2, 0, 0);
	OK(settle_mark(&s, &c, false), "a mark");
	settle_row_done(&s, a, SETTLE_LOST);
	settle_row_done(&s, a, SETTLE_ACCEPTED);
	OK(s.through == 0 && s.fault == SETTLE_SET_ASIDE,
	    "a lost record is never settled");
	a = read_rows(&s, 2, 1);
	accept(&s, a, 1);
	c = counts(0, 3, 0, 0);
	OK(settle_mark(&s, &c, false) && s.through == 0,
	    "nor is what comes after it");
	OK(s.fault == SETTLE_SET_ASIDE, "for this reason");
	c = counts(0, 9, 0, 0);
	OK(!settle_mark(&s, &c, false) && s.fault == SETTLE_MISSING,
	    "counts that disagree outrank it");
}

static void
parts(void)
{
	struct settle s;
	struct wire_counts c = counts(0, 0, 1, 0);

	settle_init(&s);
	settle_reject(&s, 0, true, SETTLE_DEAD);
	settle_reject(&s, 0, true, SETTLE_DEAD);
	settle_reject(&s, 0, false, SETTLE_DEAD);
	OK(settle_mark(&s, &c, false) && s.through == 1 && s.dead == 1,
	    "a reject in three lines is one");

	settle_init(&s);
	settle_reject(&s, 0, true, SETTLE_DEAD);
	OK(!settle_mark(&s, &c, false) && s.fault == SETTLE_MISSING,
	    "its last line must come before the mark");

	settle_init(&s);
	settle_reject(&s, 0, true, SETTLE_DEAD);
	settle_reject(&s, 1, false, SETTLE_DEAD);
	OK(s.fault == SETTLE_DISORDERED, "its lines have one n");

	settle_init(&s);
	settle_reject(&s, 0, true, SETTLE_DEAD);
	(void)settle_row(&s, 1);
	OK(s.fault == SETTLE_DISORDERED, "nothing comes between them");

	settle_init(&s);
	settle_reject(&s, 0, true, SETTLE_LOST);
	settle_reject(&s, 0, false, SETTLE_DEAD);
	OK(settle_mark(&s, &c, false) && s.through == 0,
	    "one lost part is enough");
}

static void
resumed(void)
{
	struct settle s;
	struct wire_counts c;
	uint32_t a;

	settle_init(&s);
	a = read_rows(&s, 17, 3);
	c = counts(17, 3, 0, 0);
	OK(settle_mark(&s, &c, false), "a resumed object");
	accept(&s, a, 3);
	OK(s.through == 20 && s.skipped == 17 && s.accepted == 3,
	    "skipped records lie below through");
	c = counts(16, 4, 0, 0);
	OK(!settle_mark(&s, &c, false) && s.fault == SETTLE_UNBALANCED,
	    "skipped does not change");

	settle_init(&s);
	a = read_rows(&s, 17, 2);
	c = counts(17, 2, 0, 0);
	OK(settle_mark(&s, &c, false) && s.through == 17 && !s.moved,
	    "what was skipped is settled before the rows after it");
	settle_row_done(&s, a, SETTLE_LOST);
	OK(s.through == 17 && s.skipped == 17, "and when one of them is lost");
	settle_init(&s);
	settle_reject(&s, 17, false, SETTLE_LOST);
	c = counts(17, 0, 1, 0);
	OK(settle_mark(&s, &c, false) && s.through == 17 && s.skipped == 17,
	    "and when one was lost before the mark");

	settle_init(&s);
	c = counts(17, 0, 0, 0);
	OK(settle_mark(&s, &c, false) && s.through == 17 && !s.moved,
	    "what was skipped is no progress");
	c = counts(17, 0, 0, 2);
	OK(settle_mark(&s, &c, false) && s.through == 19 && s.moved,
	    "what was filtered is");
}

/* Rows and rejects read, then a mark: what is wrong with it? */
static void
marks(void)
{
	static const struct {
		const char *what;
		unsigned rows, rejects;
		struct wire_counts c;
		enum settle_fault strict, lenient;
	} cases[] = {
	    {"all there", 3, 1, {5, 0, 3, 1, 1}, SETTLE_FINE, SETTLE_FINE},
	    {"a row missing", 3, 0, {4, 0, 4, 0, 0}, SETTLE_MISSING,
		SETTLE_FINE},
	    {"all rows missing", 0, 0, {4, 0, 4, 0, 0}, SETTLE_MISSING,
		SETTLE_FINE},
	    {"a row too many", 3, 0, {2, 0, 2, 0, 0}, SETTLE_EXTRA,
		SETTLE_EXTRA},
	    {"a reject missing", 3, 0, {4, 0, 3, 1, 0}, SETTLE_MISSING,
		SETTLE_MISSING},
	    {"a reject too many", 3, 1, {3, 0, 3, 0, 0}, SETTLE_EXTRA,
		SETTLE_EXTRA},
	    {"a sum too small", 3, 0, {2, 0, 3, 0, 0}, SETTLE_UNBALANCED,
		SETTLE_UNBALANCED},
	    {"a sum too large", 3, 0, {4, 0, 3, 0, 0}, SETTLE_UNBALANCED,
		SETTLE_UNBALANCED},
	    {"a sum that wraps", 3, 0, {2, 0, 3, 0, UINT64_MAX},
		SETTLE_UNBALANCED, SETTLE_UNBALANCED},
	};
	struct settle s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int lenient = 0; lenient < 2; lenient++) {
			settle_init(&s);
			(void)read_rows(&s, 0, cases[i].rows);
			for (unsigned k = 0; k < cases[i].rejects; k++)
				settle_reject(
				    &s, cases[i].rows + k, false, SETTLE_DEAD);
			(void)settle_mark(&s, &cases[i].c, lenient != 0);
			OK(s.fault == (lenient != 0 ? cases[i].lenient
						    : cases[i].strict),
			    cases[i].what);
		}
	}
}

static void
missing_filtered(void)
{
	struct settle s;
	struct wire_counts c = counts(0, 10, 0, 1);
	uint32_t a;

	settle_init(&s);
	a = read_rows(&s, 0, 4);
	OK(settle_mark(&s, &c, true), "six rows dropped on purpose");
	accept(&s, a, 4);
	OK(s.through == 11 && s.accepted == 4 && s.filtered == 7,
	    "they count as filtered");
	a = read_rows(&s, 11, 1);
	c = counts(0, 12, 0, 1);
	OK(settle_mark(&s, &c, true), "and one more");
	accept(&s, a, 1);
	OK(s.through == 13 && s.accepted == 5 && s.filtered == 8, "likewise");
	(void)read_rows(&s, 13, 2);
	c = counts(0, 13, 0, 1);
	OK(!settle_mark(&s, &c, true) && s.fault == SETTLE_EXTRA,
	    "but not rows that come after all");
}

/* A record of several reject lines, of which the last one never comes. */
static void
half_told(void)
{
	struct settle s;
	struct wire_counts c = counts(0, 2, 0, 0), later = counts(0, 2, 1, 0);
	uint32_t a;

	settle_init(&s);
	a = read_rows(&s, 0, 2);
	settle_reject(&s, 2, true, SETTLE_DEAD);
	OK(settle_mark(&s, &c, false), "a mark behind a part of a record");
	accept(&s, a, 2);
	OK(s.through == 2 && s.dead == 0, "speaks of those before it");
	settle_reject(&s, 2, false, SETTLE_DEAD);
	OK(settle_mark(&s, &later, false) && s.through == 3 && s.dead == 1,
	    "which may yet become whole");
	settle_reject(&s, 3, true, SETTLE_DEAD);
	settle_end(&s);
	OK(s.fault == SETTLE_MISSING, "but not when the object ends");
	settle_init(&s);
	settle_reject(&s, 0, true, SETTLE_DEAD);
	c = counts(0, 0, 1, 0);
	OK(!settle_mark(&s, &c, false) && s.fault == SETTLE_MISSING,
	    "nor when the mark counts it");
	settle_init(&s);
	settle_reject(&s, 5, true, SETTLE_DEAD);
	c = counts(0, 0, 0, 0);
	OK(!settle_mark(&s, &c, false) && s.fault == SETTLE_DISORDERED,
	    "nor when it is not the next one");
}

static void
disorder(void)
{
	struct settle s;
	struct wire_counts c = counts(0, 2, 0, 0);

	settle_init(&s);
	(void)settle_row(&s, 1);
	(void)settle_row(&s, 1);
	OK(s.fault == SETTLE_DISORDERED, "a record that comes twice");

	settle_init(&s);
	(void)settle_row(&s, 1);
	(void)settle_row(&s, 0);
	OK(s.fault == SETTLE_DISORDERED, "an order turned round");

	settle_init(&s);
	(void)settle_row(&s, 0);
	(void)settle_row(&s, 2);
	OK(!settle_mark(&s, &c, false) && s.fault == SETTLE_DISORDERED,
	    "a record from behind its mark");

	settle_init(&s);
	(void)read_rows(&s, 0, 2);
	OK(settle_mark(&s, &c, false), "a mark");
	(void)settle_row(&s, 1);
	OK(s.fault == SETTLE_DISORDERED, "a record from before it");

	settle_init(&s);
	(void)settle_row(&s, SETTLE_NO_N);
	(void)settle_row(&s, SETTLE_NO_N);
	OK(settle_mark(&s, &c, false), "without n only the counts matter");

	settle_init(&s);
	settle_spoil(&s);
	OK(s.fault == SETTLE_DISORDERED && settle_row(&s, 0) == 0,
	    "a spoilt object still takes rows");
}

/* More marks than segments are kept: through moves in a longer stride. */
static void
many_marks(void)
{
	enum { MARKS = 5 * SETTLE_SEGMENTS };
	struct settle s;
	struct wire_counts c;
	uint32_t segment[MARKS];
	bool ok = true;

	settle_init(&s);
	for (unsigned i = 0; i < MARKS; i++) {
		segment[i] = settle_row(&s, i);
		c = counts(0, i + 1, 0, 0);
		ok = ok && settle_mark(&s, &c, false);
	}
	OK(ok && s.count == SETTLE_SEGMENTS, "a bounded number of segments");
	settle_row_done(&s, segment[0], SETTLE_ACCEPTED);
	OK(s.through == 1, "the first ones are kept apart");
	for (unsigned i = MARKS - 1; i > 0; i--)
		settle_row_done(&s, segment[i], SETTLE_ACCEPTED);
	OK(s.through == MARKS && s.accepted == MARKS, "the end is reached");
}

/*
 * A random object: records of random fate, marks at random places, rows
 * settled in random order.  Beside it a plain list of records, on which the
 * invariant is checked after each step.
 */
enum { RECORDS = 400 };
enum fate { PENDING, ACCEPTED, DEAD, LOST, FILTERED, SKIPPED };

struct model {
	enum fate fate[RECORDS];
	uint32_t segment[RECORDS];
	unsigned waiting[RECORDS], nwaiting; /* rows not settled */
	unsigned n;
	struct wire_counts read;
};

static uint32_t seed;

static unsigned
draw(unsigned below)
{
	seed = seed * 1664525U + 1013904223U;
	return (unsigned)(((uint64_t)seed * below) >> 32);
}

static bool
holds(const struct settle *s, const struct model *m)
{
	uint64_t count[6] = {0};

	if (s->through > m->n)
		return false;
	for (unsigned i = 0; i < s->through; i++)
		count[m->fate[i]]++;
	return count[PENDING] == 0 && count[LOST] == 0 &&
	       count[ACCEPTED] == s->accepted && count[DEAD] == s->dead &&
	       count[FILTERED] == s->filtered && count[SKIPPED] == s->skipped &&
	       s->through == s->skipped + s->accepted + s->dead + s->filtered &&
	       m->nwaiting == s->pending;
}

static void
settle_one(struct settle *s, struct model *m, bool lossy)
{
	unsigned at = draw(m->nwaiting), i = m->waiting[at];
	unsigned how = draw(20);

	m->waiting[at] = m->waiting[--m->nwaiting];
	m->fate[i] = lossy && how == 0 ? LOST : how < 3 ? DEAD : ACCEPTED;
	settle_row_done(s, m->segment[i],
	    m->fate[i] == LOST   ? SETTLE_LOST
	    : m->fate[i] == DEAD ? SETTLE_DEAD
				 : SETTLE_ACCEPTED);
}

static void
read_one(struct settle *s, struct model *m, bool missing)
{
	unsigned what = draw(10), i = m->n++;

	if (what == 0) {
		m->fate[i] = DEAD;
		m->read.rejects++;
		settle_reject(s, i, false, SETTLE_DEAD);
	} else if (what == 1) {
		m->fate[i] = FILTERED;
		m->read.filtered++;
	} else if (what == 2 && missing) {
		m->fate[i] = FILTERED; /* by a stage between */
		m->read.rows++;
	} else {
		m->fate[i] = PENDING;
		m->segment[i] = settle_row(s, i);
		m->waiting[m->nwaiting++] = i;
		m->read.rows++;
	}
}

static bool
random_object(bool lossy, bool missing)
{
	struct model m = {0};
	struct settle s;
	bool ok = true, mark;
	unsigned often = 1 + draw(40), behind = 1 + draw(60);

	settle_init(&s);
	for (m.n = 0; m.n < draw(30); m.n++)
		m.fate[m.n] = SKIPPED;
	m.read.skipped = m.n;
	while (ok && (m.n < RECORDS || m.nwaiting > 0)) {
		if (m.nwaiting > 0 &&
		    (m.n == RECORDS || m.nwaiting > behind || draw(3) == 0))
			settle_one(&s, &m, lossy);
		else if (m.n < RECORDS)
			read_one(&s, &m, missing);
		mark = draw(often) == 0 || m.n == RECORDS;
		m.read.records = m.n;
		if (mark)
			(void)settle_mark(&s, &m.read, missing);
		ok = holds(&s, &m);
	}
	if (!lossy)
		ok = ok && s.through == RECORDS && s.fault == SETTLE_FINE &&
		     s.count == 0 &&
		     s.skipped + s.accepted + s.dead + s.filtered == RECORDS;
	return ok;
}

static void
random_objects(bool lossy, bool missing, const char *what)
{
	bool ok = true;

	for (unsigned i = 0; i < 2000 && ok; i++) {
		seed = i;
		ok = random_object(lossy, missing);
		if (!ok)
			printf("# seed %u\n", i);
	}
	OK(ok, what);
}

int
main(void)
{
	order();
	unmarked();
	dead_rows();
	parts();
	resumed();
	marks();
	missing_filtered();
	half_told();
	disorder();
	many_marks();
	random_objects(false, false, "random objects: all is settled");
	random_objects(false, true, "with rows dropped on purpose");
	random_objects(true, false, "with lost records: never past one");
	IS(settle_reason(SETTLE_MISSING), "missing-rows", "a reason");
	IS(settle_reason(SETTLE_FINE), "", "or none");
	return tap_done();
}
