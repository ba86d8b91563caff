/*
 * The run of s3list: listers fetch pages, their objects are chosen and become
 * lines, lines go out as fast as the reader takes them.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "awsenv.h"
#include "choose.h"
#include "clock.h"
#include "finish.h"
#include "helpers.h"
#include "lister.h"
#include "log.h"
#include "metrics.h"
#include "objline.h"
#include "progress.h"
#include "pump.h"
#include "run.h"
#include "scope.h"
#include "stop.h"
#include "version.h"

enum {
	/* Of the 64 MiB of a filter (design.md), what pages may take. */
	PAGES_MEMORY = 32 * 1024 * 1024,
	QUARANTINE_SHOWN = 10, /* objects that are named in the log */
	METRICS = 7 + CHOICES
};

struct run {
	const struct run_options *o;
	struct lister_shared shared;
	struct lister *listers; /* o->jobs of them */
	bool *active;           /* which are in use */
	size_t next_url;        /* the operand to begin next */
	unsigned turn;          /* whose page comes next */
	struct choose choose;
	struct scopes scopes;
	struct pump pump;
	uint64_t count[CHOICES], bytes, listed;
	double skew_s;
	double oldest_s; /* Unix time of the oldest that is not settled, or 0 */
	struct metric metric[METRICS];
	struct metrics metrics;
	struct helpers helpers;
};

static void
declare_metrics(struct run *r)
{
	static const char skipped[] = "logbridge_objects_skipped_total";
	static char labels[CHOICES][64];
	struct metric *m = r->metric;

	*m++ = (struct metric){"logbridge_objects_listed_total", NULL,
	    "objects that the store listed", &r->listed, NULL};
	*m++ = (struct metric){"logbridge_objects_total", NULL,
	    "objects given to the next stage", &r->count[CHOICE_GIVE], NULL};
	*m++ = (struct metric){"logbridge_object_bytes_total", NULL,
	    "their size as stored", &r->bytes, NULL};
	for (int i = CHOICE_GIVE + 1; i < CHOICES; i++) {
		(void)snprintf(labels[i], sizeof(labels[i]), "reason=\"%s\"",
		    choice_names[i]);
		*m++ = (struct metric){skipped, labels[i],
		    "objects listed but not given", &r->count[i], NULL};
	}
	*m++ = (struct metric){"logbridge_pages_total", NULL,
	    "pages of listings", &r->shared.pages, NULL};
	*m++ = (struct metric){"logbridge_retries_total", NULL,
	    "requests made again after a failure", &r->shared.retries, NULL};
	*m++ = (struct metric){"logbridge_breaker_opened_total", NULL,
	    "times that the service was taken to be down",
	    &r->shared.breaker.opened, NULL};
	*m++ = (struct metric){"logbridge_clock_skew_seconds", NULL,
	    "the store's clock less ours, once it mattered", NULL, &r->skew_s};
	*m++ = (struct metric){"logbridge_oldest_unsettled_timestamp_seconds",
	    NULL,
	    "when the oldest object was modified that is listed and not "
	    "settled, 0: there is none",
	    NULL, &r->oldest_s};
	INVARIANT(m == r->metric + METRICS);
	metrics_init(
	    &r->metrics, r->o->common.metrics, "s3list", r->metric, METRICS);
}

static bool
open_http(struct run *r, struct fault *f)
{
	char agent[64];
	struct http_options h = {.ca_file = aws_ca_bundle(),
	    .user_agent = agent,
	    .connections = r->o->jobs,
	    .names = r->helpers.names};

	(void)snprintf(agent, sizeof(agent), "logbridge/%s s3list", version);
	r->shared.http = http_new(&h, f);
	return r->shared.http != NULL;
}

static bool
start(struct run *r, struct fault *f)
{
	const struct run_options *o = r->o;
	const unsigned keys =
	    PAGES_MEMORY / o->jobs /
	    (PAGE_KEY_TEXT + (unsigned)sizeof(struct page_entry));

	r->listers = calloc(o->jobs, sizeof(*r->listers));
	r->active = calloc(o->jobs, sizeof(*r->active));
	if (r->listers == NULL || r->active == NULL)
		log_oom();
	breaker_init(&r->shared.breaker);
	r->shared.give_up_ms = o->common.give_up_ms;
	r->shared.start_after = o->start_after;
	r->shared.max_keys = keys < LISTER_MAX_KEYS ? keys : LISTER_MAX_KEYS;
	r->choose = (struct choose){.since_ms = o->since_ms,
	    .until_ms = o->until_ms,
	    .globs = o->globs,
	    .shard = o->shard,
	    .shards = o->shards};
	if (o->state_file != NULL) {
		if (!scopes_take(&r->scopes, o, f))
			return false;
		r->choose.state = state_open(o->state_file, o->name, false, f);
		if (r->choose.state == NULL)
			return false;
	}
	r->shared.s3 = s3_new(&o->s3, f);
	return r->shared.s3 != NULL && open_http(r, f);
}

/* Give up all that listing does not take. */
static bool
confine(struct run *r, struct fault *f)
{
	/* SQLite looks at the name of the state. */
	struct sandbox box = {
	    .kind = SANDBOX_CLIENT, .stat = r->o->state_file != NULL};

	http_ports(r->shared.http, &box);
	http_port(s3_endpoint_given(r->shared.s3), &box);
	return sandbox_close(&box, f);
}

static void
clean_up(struct run *r)
{
	for (unsigned i = 0; r->active != NULL && i < r->o->jobs; i++)
		if (r->active[i])
			lister_free(&r->listers[i]);
	http_free(r->shared.http);
	s3_free(r->shared.s3);
	state_close(r->choose.state);
	scopes_drop(&r->scopes);
	pump_free(&r->pump);
	helpers_free(&r->helpers);
	free(r->listers);
	free(r->active);
}

static void
note_quarantined(
    const struct run *r, const struct state_object *o, unsigned tries)
{
	uint64_t n = r->count[CHOICE_QUARANTINED];
	int len = o->key_len < 512 ? (int)o->key_len : 512;

	if (n <= QUARANTINE_SHOWN)
		log_warn("'s3://%s/%.*s' is in quarantine after %u failed "
			 "tries",
		    o->bucket, len, (const char *)o->key, tries);
	if (n == QUARANTINE_SHOWN + 1)
		log_warn("more objects are in quarantine");
	if (n == 1)
		log_hint("--show names them with the reasons, --forget GLOB "
			 "frees them");
}

/* How far the pipeline is behind. */
static void
note_age(struct run *r, enum choice choice, int64_t modified_ms)
{
	double t = (double)modified_ms / 1000;

	if ((choice == CHOICE_GIVE || choice == CHOICE_WAITING ||
		choice == CHOICE_QUARANTINED) &&
	    (r->oldest_s == 0 || t < r->oldest_s))
		r->oldest_s = t;
}

static void
give(struct run *r, const struct lister *l, const struct page_entry *e,
    const struct state_verdict *v)
{
	const struct page *p = &l->page;
	const struct objline o = {.store = "s3",
	    .bucket = l->url->bucket,
	    .key = page_text(p, e->key),
	    .key_len = e->key_len,
	    .size = e->size,
	    .etag = page_text(p, e->etag),
	    .etag_len = e->etag_len,
	    .modified = page_text(p, e->modified),
	    .modified_len = e->modified_len,
	    .region = s3_region_given(r->shared.s3, l->url->bucket),
	    .endpoint = s3_endpoint_given(r->shared.s3),
	    .skip = v->skip,
	    .format = v->format};

	objline_write(&r->pump.lines, &o);
	r->bytes += e->size;
}

/* Choose from a page until it ends or enough lines are pending.  All that is
 * read of the state is read before a byte is written. */
static bool
fill_from(struct run *r, struct lister *l, struct fault *f)
{
	struct page *p = &l->page;
	struct state_verdict v;
	enum choice choice;
	bool ok = true;

	while (ok && l->next < p->n && pump_pending(&r->pump) < PUMP_HIGH) {
		const struct page_entry *e = &p->v[l->next];
		const struct state_object o = {.store = "s3",
		    .bucket = l->url->bucket,
		    .etag = e->etag_len > 0 ? page_text(p, e->etag) : "",
		    .version = "",
		    .key = page_text(p, e->key),
		    .key_len = e->key_len};

		ok = choose_object(
		    &r->choose, &o, e->size, e->modified_ms, &choice, &v, f);
		if (!ok)
			break;
		l->next++;
		r->listed++;
		r->count[choice]++;
		note_age(r, choice, e->modified_ms);
		if (choice == CHOICE_GIVE)
			give(r, l, e, &v);
		else if (choice == CHOICE_QUARANTINED)
			note_quarantined(r, &o, v.tries);
	}
	INVARIANT(r->pump.lines.err == 0);
	if (ok && l->next == p->n)
		lister_next(l);
	return ok;
}

static bool
fill(struct run *r, struct fault *f)
{
	struct lister *l;
	bool ok = true;

	if (r->choose.state != NULL && !state_read_begin(r->choose.state, f))
		return false;
	for (unsigned i = 0; ok && i < r->o->jobs; i++) {
		if (pump_pending(&r->pump) >= PUMP_HIGH)
			break;
		l = &r->listers[r->turn];
		if (r->active[r->turn] && l->state == LISTER_READY)
			ok = fill_from(r, l, f);
		if (l->state != LISTER_READY)
			r->turn = (r->turn + 1) % r->o->jobs;
	}
	if (r->choose.state != NULL)
		state_read_end(r->choose.state);
	return ok;
}

/* Begin listers, move them on, end those that are done.  Returns how many are
 * at work, or -1 with a fault. */
static int
move_on(struct run *r, struct fault *f)
{
	const size_t text_max = PAGES_MEMORY / r->o->jobs;
	int64_t now = clock_mono_ms();
	int working = 0;

	for (unsigned i = 0; i < r->o->jobs; i++) {
		struct lister *l = &r->listers[i];

		if (r->active[i] && l->state == LISTER_DONE) {
			lister_free(l);
			r->active[i] = false;
		}
		if (!r->active[i] && r->next_url < r->o->nurls) {
			lister_init(l, &r->shared, &r->o->urls[r->next_url++],
			    text_max);
			r->active[i] = true;
		}
		if (!r->active[i])
			continue;
		lister_step(l, now);
		if (l->state == LISTER_FAILED) {
			*f = l->fault;
			return -1;
		}
		working++;
	}
	return working;
}

static int64_t
next_wait(const struct run *r)
{
	int64_t now = clock_mono_ms(), wait = -1, w;

	for (unsigned i = 0; i < r->o->jobs; i++) {
		w = r->active[i] ? lister_wait_ms(&r->listers[i], now) : -1;
		if (w >= 0 && (wait < 0 || w < wait))
			wait = w;
	}
	w = r->o->common.metrics != NULL ? r->metrics.next_ms - now : -1;
	if (r->o->common.metrics != NULL && w < 0)
		w = 0;
	if (w >= 0 && (wait < 0 || w < wait))
		wait = w;
	return wait;
}

static void
report(struct run *r)
{
	r->skew_s = (double)s3_skew_ms(r->shared.s3) / 1000;
	metrics_tick(&r->metrics, clock_mono_ms());
	progress_tick("s3list: %llu listed, %llu given (%llu MB)",
	    (unsigned long long)r->listed,
	    (unsigned long long)r->count[CHOICE_GIVE],
	    (unsigned long long)(r->bytes / 1000000));
}

static bool
ready(const struct run *r)
{
	for (unsigned i = 0; i < r->o->jobs; i++)
		if (r->active[i] && r->listers[i].state == LISTER_READY)
			return true;
	return false;
}

static bool
loop(struct run *r, struct fault *f)
{
	struct pollfd fds[2] = {
	    {.fd = stop_fd(), .events = POLLIN}, {.fd = STDOUT_FILENO}};
	int working;

	while (!stop_asked()) {
		working = move_on(r, f);
		if (working < 0)
			return false;
		if (ready(r) && pump_pending(&r->pump) == 0) {
			if (!fill(r, f))
				return false;
			continue;
		}
		if (working == 0 && pump_pending(&r->pump) == 0)
			return true;
		report(r);
		fds[1].events = pump_pending(&r->pump) > 0 ? POLLOUT : 0;
		fds[0].revents = fds[1].revents = 0;
		if (!http_poll(r->shared.http, fds, 2, next_wait(r), f))
			return false;
		pump_write(&r->pump, fds[1].revents);
	}
	log_info("asked to stop: listing is left unfinished");
	return true;
}

/* A prefix that was mistyped looks like one under which nothing is. */
static void
note_nothing(const struct run *r)
{
	const struct s3_url *u = &r->o->urls[0];
	int len = u->key_len < 512 ? (int)u->key_len : 512;

	if (r->listed > 0 || r->o->start_after != NULL)
		return;
	log_warn("no key begins as 's3://%s/%.*s' does%s", u->bucket, len,
	    u->key, r->o->nurls > 1 ? ", nor as the others do" : "");
	log_hint("a prefix is taken byte by byte: look for a slash too many or "
		 "missing, an account's or organization's id");
}

/* What was listed and is neither settled nor given is not done. */
static int
judge(const struct run *r)
{
	const uint64_t waiting = r->count[CHOICE_WAITING];

	if (waiting > 0) {
		log_warn("%llu objects failed before and rest until their next "
			 "try",
		    (unsigned long long)waiting);
		log_hint("--show names them with the reasons");
	}
	return waiting + r->count[CHOICE_QUARANTINED] > 0 ? EXIT_AGAIN
							  : EXIT_DONE;
}

/* The done line, after all that is pending.  Returns the exit code. */
static int
end(struct run *r, int code)
{
	struct finish_count counts[CHOICES + 3];
	uint64_t sum = 0;
	unsigned n = 0;
	struct fault f = {0};

	for (int i = 0; i < CHOICES; i++)
		sum += r->count[i];
	INVARIANT(sum == r->listed);
	counts[n++] = (struct finish_count){"listed", r->listed};
	for (int i = 0; i < CHOICES; i++)
		counts[n++] =
		    (struct finish_count){choice_names[i], r->count[i]};
	counts[n++] = (struct finish_count){"bytes", r->bytes};
	counts[n++] = (struct finish_count){"pages", r->shared.pages};
	progress_clear();
	if (!metrics_write(&r->metrics, &f)) {
		log_fault(&f);
		code = exitcode_worse(code, (int)f.code);
	}
	return finish(
	    &r->pump, "s3list", code, counts, n, r->o->common.stop_within_ms);
}

int
run_list(const struct run_options *o)
{
	struct run r = {.o = o};
	struct fault f = {0};
	int code = EXIT_DONE;

	pump_init(&r.pump);
	declare_metrics(&r);
	helpers_init(&r.helpers);
	metrics_by(&r.metrics, r.helpers.files);
	progress_init(o->common.progress);
	if (!helpers_start(&r.helpers, &f) || !start(&r, &f) ||
	    !confine(&r, &f) || !loop(&r, &f)) {
		progress_clear();
		log_fault(&f);
		code = (int)f.code;
	} else if (stop_asked()) {
		code = EXIT_AGAIN;
	} else {
		note_nothing(&r);
		code = judge(&r);
	}
	code = end(&r, code);
	clean_up(&r);
	return code;
}
