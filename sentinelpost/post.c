/* Requests to the Logs Ingestion API; see post.h. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "post.h"

enum part_state { PART_READY, PART_WAITING, PART_FLYING };

/* Some rows of a batch that go in one request. */
struct part {
	struct post *post;
	struct batch *batch;
	uint32_t first, count;
	enum part_state state;
	char *body; /* packed, kept while it is tried again */
	size_t len, raw_len;
	bool gzip;
	unsigned attempts;   /* failed ones */
	int64_t until;       /* while waiting */
	int64_t failing;     /* since when, or -1 */
	size_t rule;         /* of the last attempt */
	unsigned generation; /* of its token */
	char guid[37];
	struct http_call *call;
	struct part *next; /* in the queue */
};

struct post {
	struct post_options o;
	struct part *queue, **queue_tail; /* PART_READY */
	struct part *active[POST_JOBS_MAX];
	size_t nactive, flying, pending;
	size_t next_rule;
	int64_t rule_until[TARGET_RULES_MAX]; /* throttled: not before */
	struct breaker breaker;
	bool halted, stopped, warned_plain;
	struct fault fault;
	struct post_stats stats;
};

struct post *
post_new(const struct post_options *o)
{
	struct post *p = calloc(1, sizeof(*p));

	if (p == NULL)
		log_oom();
	INVARIANT(o->jobs >= 1 && o->jobs <= POST_JOBS_MAX);
	p->o = *o;
	p->queue_tail = &p->queue;
	breaker_init(&p->breaker);
	return p;
}

static void
free_part(struct part *part)
{
	http_cancel(part->call);
	free(part->body);
	free(part);
}

void
post_free(struct post *p)
{
	struct part *part, *next;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->nactive; i++)
		free_part(p->active[i]);
	for (part = p->queue; part != NULL; part = next) {
		next = part->next;
		free_part(part);
	}
	free(p);
}

static struct part *
new_part(struct post *p, struct batch *b, uint32_t first, uint32_t count)
{
	struct part *part = calloc(1, sizeof(*part));

	if (part == NULL)
		log_oom();
	part->post = p;
	part->batch = b;
	part->first = first;
	part->count = count;
	part->failing = -1;
	http_guid(part->guid);
	p->pending++;
	return part;
}

static void
queue_front(struct post *p, struct part *part)
{
	part->state = PART_READY;
	part->next = p->queue;
	if (p->queue == NULL)
		p->queue_tail = &part->next;
	p->queue = part;
}

void
post_add(struct post *p, struct batch *b)
{
	struct part *part = new_part(p, b, 0, b->nrows);

	*p->queue_tail = part;
	p->queue_tail = &part->next;
}

/* Take a part off the active list. */
static void
deactivate(struct post *p, struct part *part)
{
	size_t i = 0;

	while (p->active[i] != part)
		i++;
	p->active[i] = p->active[--p->nactive];
}

static void
finish_part(struct post *p, struct part *part)
{
	deactivate(p, part);
	p->pending--;
	free_part(part);
}

static void
stop(struct post *p, const struct fault *f)
{
	if (p->stopped)
		return;
	p->stopped = true;
	p->fault = *f;
}

/* Cut a refused part in two; the halves go first, so that few parts exist at
 * once however many rows are bad. */
static void
split(struct post *p, struct part *part)
{
	uint32_t half = part->count / 2;

	p->stats.splits++;
	queue_front(p,
	    new_part(p, part->batch, part->first + half, part->count - half));
	queue_front(p, new_part(p, part->batch, part->first, half));
	finish_part(p, part);
}

static void
refuse(struct post *p, struct part *part, const struct reply *r)
{
	if (part->count > 1) {
		log_info("the service refused %u rows of table '%s' (%d %s): "
			 "looking for those to blame",
		    part->count, part->batch->table->name, r->status, r->code);
		split(p, part);
		return;
	}
	p->o.sink.refused(p->o.sink.ctx, part->batch, part->first, r);
	finish_part(p, part);
}

static void
accept(struct post *p, struct part *part, const struct reply *r)
{
	p->stats.raw_bytes += part->raw_len;
	p->stats.body_bytes += part->len;
	token_accepted(p->o.token, part->generation);
	p->o.sink.accepted(p->o.sink.ctx, part->batch, part->first, part->count,
	    r->request_id);
	finish_part(p, part);
}

/* Say that the service is unavailable: the first time, and when the breaker
 * opens; each attempt only with -v. */
static void
say_retry(struct post *p, const struct part *part, const struct reply *r,
    int64_t wait)
{
	char text[700];
	bool loud =
	    p->breaker.failures == 1 || p->stats.opened != p->breaker.opened;

	p->stats.opened = p->breaker.opened;
	if (!log_on(loud ? LEVEL_WARN : LEVEL_INFO))
		return;
	reply_text(r, text, sizeof(text));
	(loud ? log_warn : log_info)(
	    "cannot post to '%s' (attempt %u): %s; trying again in %lld s%s",
	    p->o.target->host, part->attempts, text,
	    (long long)(wait + 999) / 1000,
	    p->breaker.state == BREAKER_OPEN
		? ", after a pause of a minute for all requests"
		: "");
}

/* The same rows again, later. */
static void
again(struct post *p, struct part *part, const struct reply *r, int64_t now,
    bool throttled)
{
	int64_t wait;

	part->attempts++;
	if (part->failing < 0)
		part->failing = now;
	/* "At once" is taken as no advice: a limit is not over so soon. */
	wait = backoff_ms(
	    part->attempts, r->retry_after_ms > 0 ? r->retry_after_ms : -1);
	part->until = now + wait;
	part->state = PART_WAITING;
	p->stats.retries++;
	if (throttled) {
		p->stats.throttled++;
		breaker_neutral(&p->breaker);
		if (part->until > p->rule_until[part->rule])
			p->rule_until[part->rule] = part->until;
		/* Another rule may take it at once. */
		if (p->o.target->nrules > 1)
			part->until = now;
		log_info("rule '%s' is at its limit (429): pausing it for "
			 "%lld ms",
		    p->o.target->rules[part->rule], (long long)wait);
		return;
	}
	breaker_failure(&p->breaker, now);
	say_retry(p, part, r, wait);
}

static void
use_plain(struct post *p, struct part *part, const struct reply *r)
{
	char text[700];

	if (!p->warned_plain) {
		reply_text(r, text, sizeof(text));
		log_warn("'%s' does not take compressed requests (%s): "
			 "sending plain ones from now on",
		    p->o.target->host, text);
	}
	p->warned_plain = true;
	pack_use_plain(p->o.pack);
	free(part->body);
	part->body = NULL;
	deactivate(p, part);
	queue_front(p, part);
}

static void
stop_for(struct post *p, const struct part *part, const struct reply *r)
{
	struct reply_place at = {p->o.target->host,
	    p->o.target->rules[part->rule], part->batch->table->stream};
	struct fault f = {0};

	reply_fault(r, &at, &f);
	stop(p, &f);
}

static void
renew(struct post *p, struct part *part, const struct reply *r, int64_t now)
{
	part->state = PART_WAITING;
	part->until = now;
	if (!token_refused(p->o.token, part->generation, now))
		stop_for(p, part, r);
}

static void
on_done(void *ctx, const struct http_reply *h)
{
	struct part *part = ctx;
	struct post *p = part->post;
	int64_t now = clock_mono_ms();
	enum verdict v;
	struct reply r;

	part->call = NULL;
	p->flying--;
	reply_read(&r, h);
	v = reply_verdict(&r, part->gzip);
	if (r.failure == HTTP_NONE && v != VERDICT_RETRY &&
	    v != VERDICT_THROTTLE) {
		if (p->breaker.down_since >= 0)
			log_info("'%s' answers again", p->o.target->host);
		breaker_success(&p->breaker);
	}
	switch (v) {
	case VERDICT_ACCEPTED:
		accept(p, part, &r);
		break;
	case VERDICT_RETRY:
		again(p, part, &r, now, false);
		break;
	case VERDICT_THROTTLE:
		again(p, part, &r, now, true);
		break;
	case VERDICT_TOO_BIG:
	case VERDICT_BAD_ROWS:
		refuse(p, part, &r);
		break;
	case VERDICT_RENEW:
		renew(p, part, &r, now);
		break;
	case VERDICT_PLAIN:
		use_plain(p, part, &r);
		break;
	case VERDICT_STOP:
		breaker_neutral(&p->breaker);
		part->state = PART_WAITING;
		part->until = now;
		stop_for(p, part, &r);
		break;
	}
}

static void
pack(struct post *p, struct part *part)
{
	struct batch_slice s;

	if (part->body != NULL)
		return;
	batch_slice(part->batch, part->first, part->count, &s);
	part->raw_len = s.n;
	part->gzip = pack_is_gzip(p->o.pack);
	part->body = pack_body(p->o.pack, s.p, s.n, &part->len);
	batch_restore(&s);
	INVARIANT(part->len <= BATCH_BODY_MAX);
}

/* The next rule that may be used now; false when all are throttled. */
static bool
pick_rule(struct post *p, int64_t now, size_t *rule)
{
	for (size_t i = 0; i < p->o.target->nrules; i++) {
		*rule = (p->next_rule + i) % p->o.target->nrules;
		if (p->rule_until[*rule] <= now) {
			p->next_rule = *rule + 1;
			return true;
		}
	}
	return false;
}

static void
start(struct post *p, struct part *part, size_t rule)
{
	struct buf url = BUF_INIT(1024);
	char id[64] = "x-ms-client-request-id: ";
	const char *headers[] = {p->o.token->header.p,
	    "Content-Type: application/json", id, "Content-Encoding: gzip",
	    NULL};
	struct http_request r = {.method = "POST",
	    .headers = headers,
	    .max_reply = POST_REPLY_MAX,
	    .deadline_ms = POST_DEADLINE_MS,
	    .on_done = on_done,
	    .ctx = part};
	struct fault f = {0};

	pack(p, part);
	if (!part->gzip)
		headers[3] = NULL;
	memcpy(id + strlen(id), part->guid, sizeof(part->guid));
	target_url(p->o.target, rule, part->batch->table->stream, &url);
	if (url.err != 0)
		log_oom();
	r.url = url.p;
	r.body = part->body;
	r.body_len = part->len;
	part->rule = rule;
	part->generation = p->o.token->generation;
	part->call = http_start(p->o.http, &r, &f);
	if (part->call == NULL) {
		stop(p, &f);
	} else {
		part->state = PART_FLYING;
		p->flying++;
		p->stats.requests++;
	}
	buf_clear(&url);
}

/* Start a part if the token, the rules and the breaker let it. */
static bool
try_start(struct post *p, struct part *part, int64_t now)
{
	size_t rule;

	if (p->stopped || p->halted || !token_usable(p->o.token, now) ||
	    !pick_rule(p, now, &rule) || !breaker_allows(&p->breaker, now))
		return false;
	start(p, part, rule);
	return part->state == PART_FLYING;
}

/* Which waiting part has failed for the longest time, or NULL. */
static const struct part *
longest_failing(const struct post *p)
{
	const struct part *oldest = NULL;

	for (size_t i = 0; i < p->nactive; i++) {
		const struct part *a = p->active[i];

		if (a->failing >= 0 && a->state == PART_WAITING &&
		    (oldest == NULL || a->failing < oldest->failing))
			oldest = a;
	}
	return oldest;
}

static void
check_give_up(struct post *p, int64_t now)
{
	const struct part *a = longest_failing(p);
	struct fault f = {0};

	if (a == NULL || now - a->failing < p->o.give_up_ms)
		return;
	fault_set(&f, EXIT_DOWN,
	    "'%s' has been unavailable for %lld s, %u attempts; giving up",
	    p->o.target->host, (long long)(now - a->failing) / 1000,
	    a->attempts);
	fault_hint(&f, "nothing is lost: run again when the service is back, "
		       "or wait longer with --give-up");
	stop(p, &f);
}

void
post_tick(struct post *p, int64_t now)
{
	struct part *part;

	if (!p->stopped && !p->halted) {
		token_tick(p->o.token, now);
		if (p->o.token->stopped)
			stop(p, &p->o.token->fault);
		check_give_up(p, now);
	}
	for (size_t i = 0; i < p->nactive; i++) {
		part = p->active[i];
		if (part->state == PART_WAITING && part->until <= now)
			(void)try_start(p, part, now);
	}
	while ((part = p->queue) != NULL && p->nactive < p->o.jobs &&
	       try_start(p, part, now)) {
		p->queue = part->next;
		if (p->queue == NULL)
			p->queue_tail = &p->queue;
		p->active[p->nactive++] = part;
	}
}

/* How long until some rule is free. */
static int64_t
rule_wait(const struct post *p, int64_t now)
{
	int64_t wait = INT64_MAX;

	for (size_t i = 0; i < p->o.target->nrules; i++)
		if (p->rule_until[i] - now < wait)
			wait = p->rule_until[i] - now;
	return wait > 0 ? wait : 0;
}

int64_t
post_wait_ms(const struct post *p, int64_t now)
{
	const struct part *failing = longest_failing(p);
	int64_t wait = INT64_MAX, token, breaker, rules;

	if (p->stopped || p->halted)
		return -1;
	token = token_wait_ms(p->o.token, now);
	if (p->queue != NULL && p->nactive < p->o.jobs)
		wait = 0;
	for (size_t i = 0; i < p->nactive; i++)
		if (p->active[i]->state == PART_WAITING &&
		    p->active[i]->until - now < wait)
			wait = p->active[i]->until - now;
	breaker = breaker_wait_ms(&p->breaker, now);
	rules = rule_wait(p, now);
	/* Without a token, or while a trial call is under way, the answer to
	 * that is what wakes us. */
	if (!token_usable(p->o.token, now) || breaker < 0)
		wait = INT64_MAX;
	if (wait != INT64_MAX) {
		wait = wait > breaker ? wait : breaker;
		wait = wait > rules ? wait : rules;
		wait = wait > 0 ? wait : 0;
	}
	if (failing != NULL && failing->failing + p->o.give_up_ms - now < wait)
		wait = failing->failing + p->o.give_up_ms - now;
	if (token >= 0 && token < wait)
		wait = token;
	return wait == INT64_MAX ? -1 : wait > 0 ? wait : 0;
}

size_t
post_flying(const struct post *p)
{
	return p->flying;
}

size_t
post_pending(const struct post *p)
{
	return p->pending;
}

const struct fault *
post_stopped(const struct post *p)
{
	return p->stopped ? &p->fault : NULL;
}

void
post_halt(struct post *p)
{
	p->halted = true;
}

const struct breaker *
post_breaker(const struct post *p)
{
	return &p->breaker;
}

const struct post_stats *
post_stats(const struct post *p)
{
	return &p->stats;
}
