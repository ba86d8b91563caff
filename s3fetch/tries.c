/* When to try again, and when not; see tries.h. */
#include "tries.h"
#include "log.h"

void
store_init(struct store *s, int64_t give_up_ms)
{
	*s = (struct store){
	    .give_up_ms = give_up_ms, .down_since = -1, .answered_ms = -1};
	breaker_init(&s->breaker);
}

void
tries_init(struct tries *t)
{
	*t = (struct tries){.since = -1};
}

void
store_reached(struct store *s)
{
	breaker_success(&s->breaker);
}

void
store_heard(struct store *s)
{
	s->down_since = -1;
}

void
store_answered(struct store *s, int64_t now)
{
	s->answered_ms = now;
	s->down_since = -1;
	s->denied = 0;
}

bool
store_gave_up(const struct store *s, int64_t now)
{
	return s->down_since >= 0 && now - s->down_since >= s->give_up_ms;
}

/* A failure that another attempt may mend. */
static enum decision
again(struct store *s, struct tries *t, const struct s3_verdict *v, int64_t now)
{
	if (s->down_since < 0)
		s->down_since = now;
	t->failures++;
	if (t->since < 0) {
		t->since = now;
		t->counted = v->fate == S3_RETRY;
	} else if (v->fate == S3_RETRY && s->answered_ms > t->last &&
		   s->breaker.state == BREAKER_CLOSED) {
		/* Others were answered, and the store does not look down. */
		t->counted++;
	}
	t->last = now;
	if (store_gave_up(s, now))
		return STORE_IS_DOWN;
	/* One object that is throttled for so long while others are not. */
	if (t->counted >= TRIES_MAX || now - t->since >= s->give_up_ms)
		return OBJECT_FAILS;
	t->due = now + backoff_ms(t->failures, v->retry_after_ms);
	return TRY_AGAIN;
}

bool
tries_need_proof(
    const struct tries *t, const struct store *s, bool sound, int64_t now)
{
	return t->failures >= TRIES_MAX && s->answered_ms <= t->last &&
	       (sound || now - t->since >= TRIES_PATIENCE_MS);
}

void
store_proved(struct store *s, int64_t now)
{
	breaker_success(&s->breaker);
	s->answered_ms = now;
	s->down_since = -1;
}

void
store_silent(struct store *s, const struct s3_verdict *v, int64_t now)
{
	if (v->fate == S3_RETRY)
		breaker_failure(&s->breaker, now);
	else
		breaker_neutral(&s->breaker);
	if (s->down_since < 0)
		s->down_since = now;
}

void
tries_put_off(struct tries *t, const struct s3_verdict *v, int64_t now)
{
	t->due = now + backoff_ms(t->failures, v->retry_after_ms);
}

static enum decision
denied(struct store *s, int64_t now)
{
	unsigned n = s->denied + 1;

	store_answered(s, now);
	s->denied = n;
	return n >= TRIES_DENIED ? LINE_STOPS : OBJECT_FAILS;
}

enum decision
store_decide(
    struct store *s, struct tries *t, const struct s3_verdict *v, int64_t now)
{
	switch (v->fate) {
	case S3_RETRY:
		breaker_failure(&s->breaker, now);
		return again(s, t, v, now);
	case S3_THROTTLED:
		breaker_neutral(&s->breaker);
		return again(s, t, v, now);
	case S3_AGAIN:
		breaker_success(&s->breaker);
		t->due = now;
		return ++t->lessons > TRIES_LESSONS ? LINE_STOPS : TRY_AT_ONCE;
	case S3_DENIED:
		breaker_success(&s->breaker);
		return denied(s, now);
	case S3_GONE:
		breaker_success(&s->breaker);
		store_answered(s, now);
		return OBJECT_IS_GONE;
	case S3_REFUSED:
		breaker_success(&s->breaker);
		store_answered(s, now);
		return OBJECT_FAILS;
	case S3_STOP:
		breaker_neutral(&s->breaker);
		return LINE_STOPS;
	case S3_FINE: /* COV_EXCL_BEGIN: a bug of ours */
		break;
	}
	log_bug(__FILE__, __LINE__, "a success is no failure");
	/* COV_EXCL_END */
}
