/* s3fetch/tries: whose failure is it, and what follows */
#include "s3fetch/tries.h"
#include "tap.h"

enum { HOUR = 3600 * 1000 };

static struct s3_verdict
verdict(enum s3_fate fate)
{
	return (struct s3_verdict){.fate = fate, .retry_after_ms = -1};
}

static void
test_table(void)
{
	static const struct {
		enum s3_fate fate;
		enum decision want;
		const char *what;
	} cases[] = {
	    {S3_RETRY, TRY_AGAIN, "a failure is tried again"},
	    {S3_THROTTLED, TRY_AGAIN, "so is throttling"},
	    {S3_AGAIN, TRY_AT_ONCE, "something was learned"},
	    {S3_GONE, OBJECT_IS_GONE, "gone"},
	    {S3_DENIED, OBJECT_FAILS, "denied"},
	    {S3_REFUSED, OBJECT_FAILS, "refused"},
	    {S3_STOP, LINE_STOPS, "credentials"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct s3_verdict v = verdict(cases[i].fate);
		struct store s;
		struct tries t;

		store_init(&s, HOUR);
		tries_init(&t);
		OK(store_decide(&s, &t, &v, 1000) == cases[i].want,
		    cases[i].what);
	}
}

static void
test_outage(void)
{
	struct s3_verdict v = verdict(S3_RETRY);
	struct store s;
	struct tries t;
	int64_t now = 1000;
	bool again = true;

	store_init(&s, HOUR);
	tries_init(&t);
	for (unsigned i = 0; i < 40; i++, now += 60000)
		again = again && store_decide(&s, &t, &v, now) == TRY_AGAIN &&
			t.due >= now && t.due <= now + BACKOFF_MAX_MS;
	OK(again, "an outage never counts against an object");
	OK(s.breaker.state == BREAKER_OPEN, "the breaker is open");
	OK(!store_gave_up(&s, 1000 + HOUR - 1) &&
		store_gave_up(&s, 1000 + HOUR),
	    "--give-up since the first failure");
	OK(store_decide(&s, &t, &v, 1000 + HOUR) == STORE_IS_DOWN, "then down");
	store_heard(&s);
	OK(!store_gave_up(&s, 2 * HOUR), "bytes end the outage");
}

static void
test_one_object(void)
{
	struct s3_verdict v = verdict(S3_RETRY);
	struct store s;
	struct tries t;
	int64_t now = 1000;
	unsigned n = 1;

	store_init(&s, HOUR);
	tries_init(&t);
	while (store_decide(&s, &t, &v, now) == TRY_AGAIN && n < 100) {
		now += 1000;
		store_reached(&s);
		store_answered(&s, now++);
		n++;
	}
	OK(n == TRIES_MAX, "five attempts while the store answers others");

	tries_init(&t);
	OK(store_decide(&s, &t, &v, now) == TRY_AGAIN && t.counted == 1,
	    "new bytes make it the first failure again");

	store_init(&s, HOUR);
	tries_init(&t);
	v = verdict(S3_THROTTLED);
	for (n = 0; n < 50; n++) {
		now += 1000;
		if (store_decide(&s, &t, &v, now) != TRY_AGAIN)
			break;
		store_reached(&s);
		store_answered(&s, now++);
	}
	OK(n == 50 && t.counted == 0, "throttling counts against nothing");
	now += HOUR;
	OK(store_decide(&s, &t, &v, now) == OBJECT_FAILS,
	    "but is not waited out longer than --give-up");
	v.retry_after_ms = 7000;
	tries_init(&t);
	store_init(&s, HOUR);
	OK(store_decide(&s, &t, &v, now) == TRY_AGAIN && t.due == now + 7000,
	    "Retry-After wins");
	OK(s.breaker.failures == 0, "the breaker does not count it");
}

/* An object that failed once before everything went down. */
static void
test_mixed(void)
{
	struct s3_verdict v = verdict(S3_RETRY);
	struct store s;
	struct tries a, b;
	int64_t now = 1000;
	bool again;

	store_init(&s, HOUR);
	tries_init(&a);
	tries_init(&b);
	again = store_decide(&s, &a, &v, now) == TRY_AGAIN;
	store_reached(&s);
	store_answered(&s, now + 10);
	for (unsigned i = 0; i < 20; i++) {
		now += 5000;
		again = again && store_decide(&s, &a, &v, now) == TRY_AGAIN &&
			store_decide(&s, &b, &v, now + 1) == TRY_AGAIN;
	}
	OK(again, "an outage that follows a failure does not count either");
}

/* An object that fails alone: what was answered before it failed last is no
 * proof that the store is there. */
static void
test_proof(void)
{
	struct s3_verdict v = verdict(S3_RETRY);
	struct store s;
	struct tries t;
	int64_t now = 1000;
	unsigned asked = 0, tried = 1;

	store_init(&s, HOUR);
	tries_init(&t);
	store_answered(&s, now);
	while (store_decide(&s, &t, &v, now) == TRY_AGAIN && tried < 100) {
		now += 5000;
		if (tries_need_proof(&t, &s, true, now)) {
			store_proved(&s, now++);
			asked++;
			OK(!tries_need_proof(&t, &s, true, now),
			    "an answer is proof");
			OK(s.breaker.state == BREAKER_CLOSED &&
				s.down_since == -1,
			    "that the store is there");
		}
		tried++;
	}
	OK(tried == 2 * TRIES_MAX - 1 && asked == TRIES_MAX - 1,
	    "of nine failures five count: the first, and those after proof");

	store_init(&s, HOUR);
	tries_init(&t);
	for (unsigned i = 0; i < 30; i++) {
		now += 60000;
		if (!tries_need_proof(&t, &s, true, now))
			(void)store_decide(&s, &t, &v, now);
		else if (i == 29)
			break;
		else
			store_silent(&s, &v, now);
	}
	OK(t.failures == TRIES_MAX && t.counted == 1 &&
		s.breaker.state == BREAKER_OPEN,
	    "without an answer it is not tried again, and nothing counts");
	now += HOUR;
	OK(store_gave_up(&s, now), "until --give-up");
	tries_put_off(&t, &v, now);
	OK(t.due >= now && t.due <= now + BACKOFF_MAX_MS, "with pauses");
	OK(!tries_need_proof(&t, &s, false, t.since + TRIES_PATIENCE_MS - 1) &&
		tries_need_proof(&t, &s, false, t.since + TRIES_PATIENCE_MS),
	    "with more patience where only the bucket can be asked for");
	store_init(&s, HOUR);
	v = verdict(S3_THROTTLED);
	store_silent(&s, &v, now);
	OK(s.breaker.failures == 0 && s.down_since == now,
	    "a store that throttles is not called down, but not waited for "
	    "longer");
}

static void
test_lessons(void)
{
	struct s3_verdict v = verdict(S3_AGAIN);
	struct store s;
	struct tries t;
	unsigned n = 0;

	store_init(&s, HOUR);
	tries_init(&t);
	while (n < 100 && store_decide(&s, &t, &v, 1) == TRY_AT_ONCE)
		n++;
	OK(n == TRIES_LESSONS, "a store that teaches without end is not heard");
}

static void
test_denied(void)
{
	struct s3_verdict v = verdict(S3_DENIED);
	struct store s;
	struct tries t;
	bool fails = true;

	store_init(&s, HOUR);
	for (unsigned i = 1; i < TRIES_DENIED; i++) {
		tries_init(&t);
		fails = fails && store_decide(&s, &t, &v, i) == OBJECT_FAILS;
	}
	OK(fails, "nine are denied");
	store_answered(&s, 100);
	OK(store_decide(&s, &t, &v, 101) == OBJECT_FAILS,
	    "one that is not begins a new row");
	for (unsigned i = 2; i < TRIES_DENIED; i++)
		(void)store_decide(&s, &t, &v, 100 + i);
	OK(store_decide(&s, &t, &v, 200) == LINE_STOPS,
	    "ten in a row stop the line");
}

int
main(void)
{
	test_table();
	test_outage();
	test_one_object();
	test_mixed();
	test_proof();
	test_lessons();
	test_denied();
	return tap_done();
}
