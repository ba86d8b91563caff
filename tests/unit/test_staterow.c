/* common/staterow: every transition of an object, without a database */
#include "clock.h"
#include "staterow.h"
#include "tap.h"

enum { NOW = 1000000000 };

/* A receipt of destination `part` and what must come of it. */
struct step {
	const char *what;
	size_t part;
	enum state_status status;
	unsigned fetch;
	int64_t format;
	uint64_t through, dead;
	bool counts;
	int64_t later_ms; /* the clock moves on before it */
	enum row_status want;
	unsigned want_tries;
	uint64_t want_through, want_dead;
};

static const struct step one[] = {
    {"partial", 0, STATE_IS_PARTIAL, 1, 7, 100, 2, false, 0, ROW_PARTIAL, 0,
	100, 2},
    {"through does not go back", 0, STATE_IS_PARTIAL, 1, 7, 50, 2, false, 0,
	ROW_PARTIAL, 0, 100, 2},
    {"it goes on; dead adds up", 0, STATE_IS_PARTIAL, 1, 7, 150, 5, false, 0,
	ROW_PARTIAL, 0, 150, 5},
    {"another fetch counts its dead anew", 0, STATE_IS_PARTIAL, 2, 7, 160, 1,
	false, 0, ROW_PARTIAL, 0, 160, 6},
    {"another format counts records otherwise", 0, STATE_IS_PARTIAL, 3, 8, 20,
	0, false, 0, ROW_PARTIAL, 0, 20, 6},
    {"a failure without progress leaves it", 0, STATE_IS_FAILED, 3, 0, 0, 0,
	true, 0, ROW_FAILED, 1, 20, 6},
    {"the same fetch fails once", 0, STATE_IS_FAILED, 3, 8, 0, 0, true, 0,
	ROW_FAILED, 1, 20, 6},
    {"progress while it rests changes no status", 0, STATE_IS_PARTIAL, 4, 8, 30,
	0, false, 0, ROW_FAILED, 1, 30, 6},
    {"progress after its rest does", 0, STATE_IS_PARTIAL, 4, 8, 40, 0, false,
	ROW_REST_MAX_MS, ROW_PARTIAL, 1, 40, 6},
    {"a failure that does not count", 0, STATE_IS_FAILED, 5, 8, 40, 0, false, 0,
	ROW_FAILED, 1, 40, 6},
    {"second", 0, STATE_IS_FAILED, 6, 8, 40, 0, true, 0, ROW_FAILED, 2, 40, 6},
    {"third", 0, STATE_IS_FAILED, 7, 8, 45, 1, true, 0, ROW_FAILED, 3, 45, 7},
    {"fourth", 0, STATE_IS_FAILED, 8, 8, 45, 0, true, 0, ROW_FAILED, 4, 45, 7},
    {"the fifth quarantines", 0, STATE_IS_FAILED, 9, 8, 45, 0, true, 0,
	ROW_QUARANTINED, 5, 45, 7},
    {"progress does not free it", 0, STATE_IS_PARTIAL, 10, 8, 50, 0, false,
	ROW_REST_MAX_MS, ROW_QUARANTINED, 5, 50, 7},
    {"nor does a failure that does not count", 0, STATE_IS_FAILED, 11, 8, 50, 0,
	false, 0, ROW_QUARANTINED, 5, 50, 7},
    {"delivery does", 0, STATE_DELIVERED, 12, 8, 99, 3, false, 0, ROW_DELIVERED,
	0, 0, 10},
};

/* --need 2, destinations 0 to 2. */
static const struct step two[] = {
    {"one of two moved", 0, STATE_IS_PARTIAL, 1, 7, 100, 0, false, 0,
	ROW_PARTIAL, 0, 0, 0},
    {"both: as far as both", 1, STATE_IS_PARTIAL, 1, 7, 60, 1, false, 0,
	ROW_PARTIAL, 0, 60, 1},
    {"a third that is further", 2, STATE_IS_PARTIAL, 1, 7, 80, 0, false, 0,
	ROW_PARTIAL, 0, 80, 1},
    {"one delivered: as far as the next", 0, STATE_DELIVERED, 1, 7, 200, 0,
	false, 0, ROW_PARTIAL, 0, 80, 1},
    {"two fail for one fetch", 1, STATE_IS_FAILED, 1, 7, 90, 1, true, 0,
	ROW_FAILED, 1, 90, 1},
    {"that is one try", 2, STATE_IS_FAILED, 1, 7, 85, 0, true, 0, ROW_FAILED, 1,
	90, 1},
    {"a failure of what has delivered is none", 0, STATE_IS_FAILED, 2, 7, 0, 0,
	true, 0, ROW_FAILED, 1, 90, 1},
    {"the second delivers", 2, STATE_GONE, 2, 0, 0, 0, false, 0, ROW_DELIVERED,
	0, 0, 1},
};

/* --need 1, and another destination from some time on. */
static const struct step other[] = {
    {"the first moved", 0, STATE_IS_PARTIAL, 1, 7, 100, 0, false, 0,
	ROW_PARTIAL, 0, 100, 0},
    {"the other fails before it framed a record", 1, STATE_IS_FAILED, 2, 0, 0,
	0, true, 0, ROW_FAILED, 1, 100, 0},
    {"the other moved", 1, STATE_IS_PARTIAL, 3, 7, 120, 0, false,
	ROW_REST_MAX_MS, ROW_PARTIAL, 1, 120, 0},
};

static void
walk(const char *name, const struct step *s, size_t n, unsigned need,
    size_t parts_n)
{
	struct row row = {.status = ROW_PARTIAL, .fetch = -1};
	struct row_part parts[3] = {{.to = 1, .fetch = -1},
	    {.to = 2, .fetch = -1}, {.to = 3, .fetch = -1}};
	struct state_effect e;
	char label[128];
	int64_t now = NOW;
	enum row_status before;

	for (; n > 0; s++, n--) {
		const struct state_receipt r = {.status = s->status,
		    .through = s->through,
		    .dead = s->dead,
		    .counts = s->counts,
		    .fetch = s->fetch};

		now += s->later_ms;
		before = row.status;
		row_part_apply(&parts[s->part], &r, s->format);
		row_apply(&row, parts, parts_n, s->part, &r, need, now, &e);
		(void)snprintf(label, sizeof(label), "%s: %s", name, s->what);
		OK(row.status == s->want && row.tries == s->want_tries &&
			row.through == s->want_through &&
			row.dead == s->want_dead &&
			e.settled == row_settled(row.status) &&
			e.quarantined == (before != ROW_QUARANTINED &&
					     row.status == ROW_QUARANTINED),
		    label);
	}
}

static void
rests(void)
{
	static const int64_t longest[STATE_TRIES] = {
	    10000, 40000, 160000, 300000, 300000};
	struct row row = {.status = ROW_PARTIAL, .fetch = -1};
	struct row_part part = {.to = 1, .fetch = -1};
	struct state_receipt r = {.status = STATE_IS_FAILED, .counts = true};
	struct state_effect e;
	int64_t rest;
	char label[64];

	for (unsigned i = 0; i < STATE_TRIES; i++) {
		r.fetch = i;
		row_apply(&row, &part, 1, 0, &r, 1, NOW, &e);
		rest = row.next_try_ms - NOW;
		(void)snprintf(label, sizeof(label), "rest %u", i + 1);
		OK(rest >= longest[i] / 2 && rest <= longest[i], label);
		if (row.status == ROW_FAILED)
			OK(e.next_try_ms == row.next_try_ms && e.tries == i + 1,
			    "which the effect tells");
	}
}

static void
whats(void)
{
	OK(row_what(ROW_DELIVERED, 0, NOW) == STATE_SETTLED &&
		row_what(ROW_GONE, 0, NOW) == STATE_SETTLED,
	    "delivered and gone are settled");
	OK(row_what(ROW_PARTIAL, NOW + 1, NOW) == STATE_PARTIAL, "partial");
	OK(row_what(ROW_FAILED, NOW + 1, NOW) == STATE_FAILED_WAIT &&
		row_what(ROW_FAILED, NOW, NOW) == STATE_FAILED_DUE,
	    "failed rests until its time");
	OK(row_what(ROW_FAILED, NOW + ROW_REST_MAX_MS, NOW) ==
		    STATE_FAILED_WAIT &&
		row_what(ROW_FAILED, NOW + ROW_REST_MAX_MS + 1, NOW) ==
		    STATE_FAILED_DUE,
	    "a time that no rest reaches is that of a wrong clock");
	OK(row_what(ROW_QUARANTINED, 0, NOW) == STATE_QUARANTINED,
	    "quarantined has none");
}

int
main(void)
{
	walk("one", one, sizeof(one) / sizeof(*one), 1, 1);
	walk("two", two, sizeof(two) / sizeof(*two), 2, 3);
	walk("other", other, sizeof(other) / sizeof(*other), 1, 2);
	rests();
	whats();
	return tap_done();
}
