/* common/retry: backoff and breaker, on a clock of the test's own. */
#include "retry.h"
#include "tap.h"

static void
backoff(void)
{
	int64_t sum = 0;
	static const int64_t top[] = {1000, 1000, 2000, 4000, 8000, 16000,
	    32000, 64000, 128000, 256000, 300000, 300000};

	for (unsigned a = 0; a < sizeof(top) / sizeof(top[0]); a++) {
		int64_t least = INT64_MAX, most = -1, ms;

		for (int i = 0; i < 4000; i++) {
			ms = backoff_ms(a, -1);
			least = ms < least ? ms : least;
			most = ms > most ? ms : most;
		}
		OK(least >= 0 && most <= top[a], "within its bounds");
		OK(least < top[a] / 20 && most > top[a] - top[a] / 20,
		    "full jitter");
	}
	OK(backoff_ms(4000000000u, -1) <= BACKOFF_MAX_MS, "for ever");
	OK(backoff_ms(9, 12345) == 12345, "the service's own wish wins");
	for (unsigned i = 0; i < 50; i++)
		sum += backoff_ms(3, 0);
	OK(sum > 1000, "but not when it is: at once, and at once again");
}

static void
opens(void)
{
	struct breaker b;
	int64_t now = 1000;

	breaker_init(&b);
	OK(breaker_allows(&b, now) && breaker_wait_ms(&b, now) == 0 &&
		breaker_down_ms(&b, now) == 0,
	    "closed at first");
	for (int i = 1; i < BREAKER_FAILURES; i++)
		breaker_failure(&b, now += 10);
	OK(breaker_allows(&b, now) && b.opened == 0, "four failures");
	OK(breaker_down_ms(&b, now + 5) == 35, "down since the first");
	breaker_failure(&b, now += 10);
	OK(!breaker_allows(&b, now) && b.opened == 1 &&
		breaker_wait_ms(&b, now) == BREAKER_OPEN_MS,
	    "the fifth opens it");
	breaker_failure(&b, now + 500); /* one that was under way */
	OK(breaker_wait_ms(&b, now) == BREAKER_OPEN_MS && b.opened == 1,
	    "a late failure adds nothing");
	OK(!breaker_allows(&b, now + BREAKER_OPEN_MS - 1) &&
		breaker_wait_ms(&b, now + BREAKER_OPEN_MS - 1) == 1,
	    "for a minute");
	now += BREAKER_OPEN_MS;
	OK(breaker_wait_ms(&b, now) == 0 && breaker_allows(&b, now),
	    "then one trial");
	OK(!breaker_allows(&b, now) && breaker_wait_ms(&b, now) == -1,
	    "and only one");
	breaker_failure(&b, now += 10);
	OK(!breaker_allows(&b, now) && b.opened == 2 &&
		breaker_wait_ms(&b, now) == BREAKER_OPEN_MS,
	    "which fails: another minute");
	now += BREAKER_OPEN_MS;
	OK(breaker_allows(&b, now), "another trial");
	OK(breaker_down_ms(&b, now) > 2 * BREAKER_OPEN_MS,
	    "down all the while");
	breaker_success(&b);
	OK(breaker_allows(&b, now) && breaker_allows(&b, now) &&
		breaker_down_ms(&b, now) == 0 && b.failures == 0,
	    "which succeeds: closed");
}

static void
in_a_row(void)
{
	struct breaker b;

	breaker_init(&b);
	for (int i = 0; i < 20; i++) {
		breaker_failure(&b, i);
		if (i % 4 == 3)
			breaker_success(&b);
	}
	OK(breaker_allows(&b, 20) && b.opened == 0,
	    "only failures in a row count");
}

static void
neutral(void)
{
	struct breaker b;
	int64_t now = 0;

	breaker_init(&b);
	for (int i = 0; i < BREAKER_FAILURES; i++)
		breaker_failure(&b, now);
	now = BREAKER_OPEN_MS;
	OK(breaker_allows(&b, now) && !breaker_allows(&b, now), "a trial");
	breaker_neutral(&b);
	OK(breaker_allows(&b, now),
	    "one that says nothing makes room for another");
	breaker_failure(&b, now);
	OK(breaker_down_ms(&b, now) == BREAKER_OPEN_MS, "still down");
	breaker_init(&b);
	breaker_failure(&b, 0);
	for (int i = 0; i < 100; i++)
		breaker_neutral(&b);
	OK(breaker_allows(&b, 1) && b.failures == 1, "429 never opens it");
}

int
main(void)
{
	backoff();
	opens();
	in_a_row();
	neutral();
	return tap_done();
}
