/* The rules by which receipts change an object's row; see state.h. */
#include "staterow.h"
#include "log.h"
#include "rnd.h"

bool
row_settled(enum row_status status)
{
	return status == ROW_DELIVERED || status == ROW_GONE;
}

enum state_what
row_what(enum row_status status, int64_t next_try_ms, int64_t now_ms)
{
	switch (status) {
	case ROW_DELIVERED:
	case ROW_GONE:
		return STATE_SETTLED;
	case ROW_PARTIAL:
		return STATE_PARTIAL;
	case ROW_FAILED:
		/* Further off than any rest is: a clock was wrong. */
		return next_try_ms > now_ms &&
			       next_try_ms - now_ms <= ROW_REST_MAX_MS
			   ? STATE_FAILED_WAIT
			   : STATE_FAILED_DUE;
	case ROW_QUARANTINED:
		return STATE_QUARANTINED;
	}
	return STATE_NEW; /* COV_EXCL: all are above */
}

void
row_part_apply(
    struct row_part *p, const struct state_receipt *r, int64_t format)
{
	int fetch = (int)r->fetch;

	/* A receipt counts the dead of its fetch so far; those of earlier
	 * fetches lie below where this one began. */
	if (p->fetch != fetch) {
		p->fetch = fetch;
		p->fetch_dead = 0;
	}
	if (r->dead > p->fetch_dead) {
		p->dead += r->dead - p->fetch_dead;
		p->fetch_dead = r->dead;
	}
	/* Another format frames differently: its numbers are others. */
	if (format != p->format) {
		if (r->through > 0 || p->through == 0) {
			p->format = format;
			p->through = r->through;
		}
	} else if (r->through > p->through) {
		p->through = r->through;
	}
	if (r->status == STATE_DELIVERED)
		p->settled = 1 + ROW_DELIVERED;
	else if (r->status == STATE_GONE && p->settled == 0)
		p->settled = 1 + ROW_GONE;
}

/* How far this destination is, in records of that format. */
static uint64_t
reach(const struct row_part *p, int64_t format)
{
	if (p->settled != 0)
		return UINT64_MAX;
	return p->format == format ? p->through : 0;
}

/* How many leading records need destinations have: the need-th largest of
 * what each has. */
static uint64_t
common_reach(
    const struct row_part *parts, size_t n, int64_t format, unsigned need)
{
	uint64_t best = 0, r;
	size_t as_far;

	for (size_t i = 0; i < n; i++) {
		r = reach(&parts[i], format);
		as_far = 0;
		for (size_t k = 0; k < n; k++)
			as_far += reach(&parts[k], format) >= r;
		if (as_far >= need && r > best)
			best = r;
	}
	return best;
}

/* How long the object rests after its tries-th failure; one that does not
 * count rests like the first. */
static int64_t
rest_ms(unsigned tries)
{
	int64_t ms = ROW_REST_FIRST_MS;

	for (unsigned i = 1; i < tries && ms < ROW_REST_MAX_MS; i++)
		ms *= 4;
	if (ms > ROW_REST_MAX_MS)
		ms = ROW_REST_MAX_MS;
	return ms / 2 + rnd_below((uint32_t)(ms / 2 + 1));
}

static void
fail(struct row *row, const struct state_receipt *r, int64_t now_ms)
{
	bool again = row->fetch == (int)r->fetch;

	/* The other destinations of a tee fail for the same fetch. */
	if (again && row->status == ROW_FAILED)
		return;
	row->fetch = (int)r->fetch;
	if (r->counts && !again)
		row->tries++;
	row->next_try_ms = now_ms + rest_ms(row->tries);
	if (row->tries >= STATE_TRIES)
		row->status = ROW_QUARANTINED;
	else if (row->status != ROW_QUARANTINED)
		row->status = ROW_FAILED;
}

static void
settle(struct row *row, const struct row_part *parts, size_t n)
{
	row->status = ROW_GONE;
	for (size_t i = 0; i < n; i++)
		if (parts[i].settled == 1 + ROW_DELIVERED)
			row->status = ROW_DELIVERED;
	row->tries = 0;
	row->next_try_ms = 0;
	row->fetch = -1;
	row->through = 0;
	row->format = 0;
}

void
row_apply(struct row *row, const struct row_part *parts, size_t n, size_t which,
    const struct state_receipt *r, unsigned need, int64_t now_ms,
    struct state_effect *effect)
{
	const bool was_quarantined = row->status == ROW_QUARANTINED;
	size_t settled = 0;

	INVARIANT(which < n && need > 0 && !row_settled(row->status));
	row->dead = 0;
	for (size_t i = 0; i < n; i++) {
		settled += parts[i].settled != 0;
		row->dead += parts[i].dead;
	}
	row->dead_object = row->dead_object || r->dead_object;
	*effect = (struct state_effect){0};
	if (settled >= need) {
		settle(row, parts, n);
		effect->settled = true;
		return;
	}
	/* One that delivered, or framed nothing, says nothing of how far. */
	if (row->format == 0 ||
	    (parts[which].settled == 0 && parts[which].format != 0))
		row->format = parts[which].format;
	row->through = common_reach(parts, n, row->format, need);
	if (r->status == STATE_IS_FAILED && parts[which].settled == 0)
		fail(row, r, now_ms);
	else if (row->status == ROW_FAILED && row->next_try_ms <= now_ms)
		row->status = ROW_PARTIAL;
	effect->quarantined =
	    !was_quarantined && row->status == ROW_QUARANTINED;
	effect->tries = row->tries;
	effect->next_try_ms = row->status == ROW_FAILED ? row->next_try_ms : 0;
}
