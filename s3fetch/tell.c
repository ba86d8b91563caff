/* Metrics and the progress line of s3fetch. */
#include "tell.h"
#include "clock.h"
#include "metrics.h"
#include "progress.h"

/* What the metrics point to. */
static struct {
	struct transfer_totals t;
	uint64_t retries, opened;
	double in_hand, down_s, skew_s;
	double breaker[BREAKER_STATES];
	struct metrics metrics;
} told;

#define COUNTER(name, help, member)                               \
	{                                                         \
		"logbridge_" name, NULL, help, &told.member, NULL \
	}
#define GAUGE(name, help, member)                                 \
	{                                                         \
		"logbridge_" name, NULL, help, NULL, &told.member \
	}
/* One of the three samples is 1, the others are 0. */
#define BREAKER(state, word)                                           \
	{                                                              \
		"logbridge_breaker_state",                             \
		    "peer=\"store\",state=\"" word "\"",               \
		    "Whether requests to the peer are made (closed), " \
		    "held back (open) or tried with one (half-open).", \
		    NULL, &told.breaker[state]                         \
	}

static const struct metric metrics[] = {
    COUNTER("objects_total", "Objects fetched whole.", t.objects),
    COUNTER("bytes_total", "Bytes of chunks written.", t.bytes),
    COUNTER("stored_bytes_total", "Bytes received.", t.stored_bytes),
    COUNTER("errors_total", "Objects that ended in an error.", t.errors),
    COUNTER("retries_total", "Requests after an object's first.", retries),
    COUNTER("breaker_opened_total", "Times the breaker opened.", opened),
    GAUGE("objects_in_hand", "Objects on their way.", in_hand),
    GAUGE("unavailable_seconds", "For how long the store has answered nothing.",
	down_s),
    GAUGE("clock_skew_seconds",
	"The store's clock less ours, once it mattered.", skew_s),
    BREAKER(BREAKER_CLOSED, "closed"),
    BREAKER(BREAKER_OPEN, "open"),
    BREAKER(BREAKER_HALF_OPEN, "half-open"),
};

void
tell_init(const struct opt_common *o, struct helper *files)
{
	metrics_init(&told.metrics, o->metrics, "s3fetch", metrics,
	    sizeof(metrics) / sizeof(metrics[0]));
	metrics_by(&told.metrics, files);
	progress_init(o->progress);
}

/* Copy what is told. */
static void
update(const struct fetch *f, int64_t now)
{
	const struct store *s = &f->store;

	if (f->setup == NULL)
		return; /* it never began */
	told.t = f->setup->totals;
	told.retries = f->retries;
	told.opened = s->breaker.opened;
	told.in_hand = f->busy;
	told.down_s =
	    s->down_since < 0 ? 0 : (double)(now - s->down_since) / 1000;
	if (f->setup->s3 != NULL)
		told.skew_s = (double)s3_skew_ms(f->setup->s3) / 1000;
	for (int i = 0; i < BREAKER_STATES; i++)
		told.breaker[i] =
		    breaker_state(&s->breaker, now) == (enum breaker_state)i;
}

void
tell(const struct fetch *f, int64_t now)
{
	const struct transfer_totals *t = &f->setup->totals;

	update(f, now);
	metrics_tick(&told.metrics, now);
	if (progress_due())
		progress_tick("s3fetch: %llu objects, %llu MB stored, %llu MB "
			      "written, %u in hand, %llu errors",
		    (unsigned long long)t->objects,
		    (unsigned long long)t->stored_bytes / 1000000,
		    (unsigned long long)t->bytes / 1000000, f->busy,
		    (unsigned long long)t->errors);
}

int64_t
tell_wait_ms(void)
{
	return told.metrics.file != NULL ? METRICS_EVERY_MS : -1;
}

bool
tell_end(const struct fetch *f, struct fault *fault)
{
	progress_clear();
	update(f, clock_mono_ms());
	return metrics_write(&told.metrics, fault);
}
