/* Metrics, progress, the done line; see tell.h. */
#include "tell.h"
#include "log.h"
#include "metrics.h"
#include "out.h"
#include "progress.h"
#include "wire.h"

/* Metrics point at members: copies of what others count. */
static struct {
	struct flow_counts n;
	struct post_stats stats;
	uint64_t tokens;
	double down_s, open_objects, flying, token_s;
	double service[BREAKER_STATES], authority[BREAKER_STATES];
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
/* One of a breaker's three samples is 1, the others are 0. */
#define BREAKER(peer, state, word)                                     \
	{                                                              \
		"logbridge_breaker_state",                             \
		    "peer=\"" #peer "\",state=\"" word "\"",           \
		    "Whether requests to the peer are made (closed), " \
		    "held back (open) or tried with one (half-open).", \
		    NULL, &told.peer[state]                            \
	}

static const struct metric metrics[] = {
    COUNTER("rows_total", "Rows read.", n.rows),
    COUNTER(
	"rows_accepted_total", "Rows that the service accepted.", n.accepted),
    COUNTER("rejects_total", "Rejects read.", n.rejects),
    COUNTER("dead_total", "Records in the dead-letter file.", n.dead),
    COUNTER("refused_total",
	"Records refused for good that no file was given for.", n.lost),
    COUNTER("strays_total", "Rows and rejects of objects not opened here.",
	n.strays),
    COUNTER("not_wire_total", "Lines that are not the wire.", n.not_wire),
    COUNTER("too_long_total", "Lines over the limit, skipped.", n.too_long),
    COUNTER("receipts_dropped_total", "Receipts in the input, dropped.",
	n.receipts_dropped),
    COUNTER("objects_delivered_total", "Objects delivered.", n.delivered),
    COUNTER("objects_failed_total", "Objects not settled.", n.failed),
    COUNTER("objects_gone_total", "Objects that no longer exist.", n.gone),
    COUNTER("requests_total", "Requests made.", stats.requests),
    COUNTER("retries_total", "Requests that must be repeated.", stats.retries),
    COUNTER("throttled_total", "Replies 429.", stats.throttled),
    COUNTER("raw_bytes_total", "Bytes of accepted rows.", stats.raw_bytes),
    COUNTER(
	"body_bytes_total", "Bytes of their bodies as sent.", stats.body_bytes),
    COUNTER("breaker_opened_total", "Times the breaker opened.", stats.opened),
    COUNTER("tokens_total", "Access tokens fetched.", tokens),
    GAUGE("unavailable_seconds",
	"For how long the service has been unavailable.", down_s),
    GAUGE("objects_open", "Objects begun and not ended.", open_objects),
    GAUGE("requests_in_flight", "Requests under way.", flying),
    GAUGE("token_seconds", "Until the access token ends.", token_s),
    BREAKER(service, BREAKER_CLOSED, "closed"),
    BREAKER(service, BREAKER_OPEN, "open"),
    BREAKER(service, BREAKER_HALF_OPEN, "half-open"),
    BREAKER(authority, BREAKER_CLOSED, "closed"),
    BREAKER(authority, BREAKER_OPEN, "open"),
    BREAKER(authority, BREAKER_HALF_OPEN, "half-open"),
};

void
tell_init(const struct config *c, struct helper *files)
{
	metrics_init(&told.metrics, c->metrics, "sentinelpost", metrics,
	    sizeof(metrics) / sizeof(metrics[0]));
	metrics_by(&told.metrics, files);
	progress_init(c->progress);
}

static void
tell_breaker(
    double states[BREAKER_STATES], const struct breaker *b, int64_t now)
{
	for (int i = 0; i < BREAKER_STATES; i++)
		states[i] = 0;
	states[breaker_state(b, now)] = 1;
}

/* Copy what is told. */
static void
update(const struct flow *f, const struct token *t)
{
	int64_t down;

	told.n = f->n;
	told.open_objects = (double)f->objects.open;
	if (f->post == NULL)
		return;
	told.stats = *post_stats(f->post);
	told.flying = (double)post_flying(f->post);
	told.tokens = t->fetched;
	told.token_s =
	    token_usable(t, f->now) ? (double)(t->ends - f->now) / 1000 : 0;
	tell_breaker(told.service, post_breaker(f->post), f->now);
	tell_breaker(told.authority, &t->breaker, f->now);
	down = breaker_down_ms(post_breaker(f->post), f->now);
	/* Without a token nothing can be sent either. */
	if (told.token_s <= 0 && breaker_down_ms(&t->breaker, f->now) > down)
		down = breaker_down_ms(&t->breaker, f->now);
	told.down_s = (double)down / 1000;
}

void
tell(const struct flow *f, const struct token *t)
{
	const struct flow_counts *n = &f->n;

	update(f, t);
	metrics_tick(&told.metrics, f->now);
	if (progress_due())
		progress_tick("sentinelpost: %llu rows, %llu accepted, %llu "
			      "dead; %llu objects; %.0f requests",
		    (unsigned long long)n->rows,
		    (unsigned long long)n->accepted,
		    (unsigned long long)n->dead,
		    (unsigned long long)n->delivered, told.flying);
}

/* What is rare is told only when it happened. */
static void
add_some(struct buf *b, const char *name, uint64_t n)
{
	if (n > 0)
		buf_addf(b, ",\"%s\":%llu", name, (unsigned long long)n);
}

void
tell_done(struct flow *f, const struct token *t)
{
	const struct flow_counts *n = &f->n;
	struct buf totals = BUF_INIT(1024);
	struct fault why = {0};

	update(f, t);
	if (!metrics_write(&told.metrics, &why)) {
		log_fault(&why);
		flow_code(f, why.code);
	}
	buf_addf(&totals,
	    "\"rows\":%llu,\"accepted\":%llu,\"rejects\":%llu,\"dead\":%llu,"
	    "\"delivered\":%llu,\"gone\":%llu,\"partial\":%llu,"
	    "\"failed\":%llu,\"dead_objects\":%llu,\"requests\":%llu",
	    (unsigned long long)n->rows, (unsigned long long)n->accepted,
	    (unsigned long long)n->rejects, (unsigned long long)n->dead,
	    (unsigned long long)n->delivered, (unsigned long long)n->gone,
	    (unsigned long long)n->partial, (unsigned long long)n->failed,
	    (unsigned long long)n->dead_objects,
	    (unsigned long long)told.stats.requests);
	add_some(&totals, "refused", n->lost);
	add_some(&totals, "strays", n->strays);
	add_some(&totals, "not_wire", n->not_wire);
	add_some(&totals, "too_long", n->too_long);
	add_some(&totals, "receipts_dropped", n->receipts_dropped);
	if (f->done.len > 0)
		out_copy(f->done.p, f->done.len - 1);
	wire_done(out_buf(), "sentinelpost", (int)f->code, totals.p);
	out_line();
	buf_clear(&totals);
}
