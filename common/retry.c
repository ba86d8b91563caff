/* Backoff with full jitter, and the circuit breaker. */
#include "retry.h"
#include "rnd.h"

int64_t
backoff_ms(unsigned attempt, int64_t retry_after_ms)
{
	int64_t top = BACKOFF_FIRST_MS;

	if (retry_after_ms > 0)
		return retry_after_ms;
	for (; attempt > 1 && top < BACKOFF_MAX_MS; attempt--)
		top *= 2;
	if (top > BACKOFF_MAX_MS)
		top = BACKOFF_MAX_MS;
	return (int64_t)rnd_below((uint32_t)top + 1);
}

void
breaker_init(struct breaker *b)
{
	*b = (struct breaker){.down_since = -1};
}

enum breaker_state
breaker_state(const struct breaker *b, int64_t now)
{
	return b->state == BREAKER_OPEN && now >= b->until ? BREAKER_HALF_OPEN
							   : b->state;
}

bool
breaker_allows(struct breaker *b, int64_t now)
{
	b->state = breaker_state(b, now);
	if (b->state == BREAKER_CLOSED)
		return true;
	if (b->state == BREAKER_OPEN || b->trial)
		return false;
	b->trial = true;
	return true;
}

int64_t
breaker_wait_ms(const struct breaker *b, int64_t now)
{
	switch (breaker_state(b, now)) {
	case BREAKER_OPEN:
		return b->until - now;
	case BREAKER_HALF_OPEN:
		return b->trial ? -1 : 0;
	case BREAKER_CLOSED:
		break;
	}
	return 0;
}

void
breaker_success(struct breaker *b)
{
	b->state = BREAKER_CLOSED;
	b->failures = 0;
	b->trial = false;
	b->down_since = -1;
}

void
breaker_failure(struct breaker *b, int64_t now)
{
	if (b->down_since < 0)
		b->down_since = now;
	if (b->failures < BREAKER_FAILURES)
		b->failures++;
	/* Calls that were under way when it opened end here too; only the
	 * trial call, or the last of the row, opens it (again). */
	if (b->state == BREAKER_OPEN && now < b->until)
		return;
	if (b->state != BREAKER_CLOSED || b->failures == BREAKER_FAILURES) {
		b->state = BREAKER_OPEN;
		b->until = now + BREAKER_OPEN_MS;
		b->opened++;
	}
	b->trial = false;
}

void
breaker_neutral(struct breaker *b)
{
	b->trial = false;
}

int64_t
breaker_down_ms(const struct breaker *b, int64_t now)
{
	return b->down_since < 0 ? 0 : now - b->down_since;
}
