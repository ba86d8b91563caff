/* The loop: input, requests and receipts side by side; see run.h. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "helpers.h"
#include "http.h"
#include "input.h"
#include "line.h"
#include "log.h"
#include "metrics.h"
#include "out.h"
#include "plan.h"
#include "progress.h"
#include "receipt.h"
#include "run.h"
#include "stop.h"
#include "tell.h"
#include "token.h"
#include "version.h"
#include "wire.h"

enum {
	/* When the line must stop, requests that are under way may end: what
	 * they bring is then known and not sent twice. */
	DRAIN_MS = 10000
};

struct loop {
	const struct config *c;
	struct flow flow;
	struct line_reader in;
	struct helpers helpers;
	struct http *http;
	struct token token;
	bool eof, ended;     /* all input was read; and dealt with */
	int64_t partial_at;  /* next partial receipts */
	int64_t stop_at;     /* SIGTERM: stop inside objects then; or -1 */
	int64_t drain_until; /* stopping: or -1 */
};

/* Do what lines ask for, until no more are there or nothing more fits. */
static void
take_lines(struct loop *l)
{
	struct input_place at;
	const char *p;
	size_t n;

	while (!l->eof && flow_ready(&l->flow)) {
		switch (line_next(&l->in, &p, &n, &at.torn)) {
		case LINE_NEED:
			return;
		case LINE_EOF:
			l->eof = true;
			return;
		case LINE_TOOLONG:
			at.number = l->in.number;
			at.offset = l->in.offset;
			input_too_long(&l->flow, n, &at);
			break;
		case LINE_OK:
			at.number = l->in.number;
			at.offset = l->in.offset;
			(l->c->bare != NULL ? input_bare : input_line)(
			    &l->flow, p, n, &at);
			break;
		}
	}
}

static size_t
pending(const struct loop *l)
{
	return l->flow.post != NULL ? post_pending(l->flow.post) : 0;
}

/* Send what has waited long enough, or stands in the way. */
static void
send_due(struct loop *l)
{
	struct flow *f = &l->flow;
	struct fault why = {0};

	if (f->stopped)
		return;
	flow_flush(f, l->eof ? INT64_MAX : f->now - l->c->linger_ms + 1);
	if (!batches_ready(f->batches) && pending(l) < l->c->jobs)
		flow_send(f, batches_close_oldest(f->batches, INT64_MAX));
	if (!objects_full(&f->objects))
		return;
	flow_flush(f, INT64_MAX);
	if (pending(l) > 0 || f->objects.finished != NULL)
		return;
	fault_set(&why, EXIT_SETASIDE,
	    "the lines of the %zu objects that are open take more than %d "
	    "bytes",
	    f->objects.open, (int)OBJECTS_BYTES_MAX);
	fault_hint(&why, "lower the --jobs of s3fetch");
	flow_stop(f, &why);
}

/* Begin to stop: nothing is started or read any more. */
static void
begin_drain(struct loop *l)
{
	if (l->drain_until >= 0)
		return;
	l->drain_until = l->flow.now + DRAIN_MS;
	if (l->flow.post != NULL)
		post_halt(l->flow.post);
}

/* Is the run over? */
static bool
is_over(struct loop *l)
{
	struct flow *f = &l->flow;
	const struct fault *why =
	    f->post != NULL ? post_stopped(f->post) : NULL;

	if (why != NULL)
		flow_stop(f, why);
	if (l->stop_at < 0 && stop_asked()) {
		l->stop_at = f->now + l->c->stop_within_ms;
		log_info("stopping at the end of input, or in %lld s",
		    (long long)l->c->stop_within_ms / 1000);
	}
	if (f->stopped || (l->stop_at >= 0 && f->now >= l->stop_at))
		begin_drain(l);
	if (l->drain_until >= 0)
		return f->post == NULL || post_flying(f->post) == 0 ||
		       f->now >= l->drain_until;
	return l->eof && pending(l) == 0 && batches_oldest(f->batches) < 0;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int64_t
until(int64_t at, int64_t now)
{
	return at > now ? at - now : 0;
}

/* How long the loop may sleep. */
static int64_t
wait_ms(const struct loop *l)
{
	const struct flow *f = &l->flow;
	int64_t wait = f->post != NULL ? post_wait_ms(f->post, f->now) : -1;
	int64_t oldest = batches_oldest(f->batches);

	if (l->drain_until >= 0)
		return until(l->drain_until, f->now);
	if (oldest >= 0)
		wait = sooner(wait, until(oldest + l->c->linger_ms, f->now));
	if (f->objects.all != NULL)
		wait = sooner(wait, until(l->partial_at, f->now));
	if (l->stop_at >= 0)
		wait = sooner(wait, until(l->stop_at, f->now));
	if (l->c->metrics != NULL)
		wait = sooner(wait, METRICS_EVERY_MS);
	if (l->c->progress)
		wait = sooner(wait, 1000);
	return wait;
}

/* Sleep until something happens, and read. */
static bool
wait_and_read(struct loop *l, struct fault *why)
{
	bool reads = !l->eof && flow_ready(&l->flow) && l->drain_until < 0;
	struct pollfd fds[3] = {{STDOUT_FILENO, 0, 0},
	    {stop_asked() ? -1 : stop_fd(), POLLIN, 0},
	    {reads ? STDIN_FILENO : -1, POLLIN, 0}};

	out_flush();
	if (!http_poll(l->http, fds, 3, wait_ms(l), why))
		return false;
	if ((fds[0].revents & POLLERR) != 0)
		out_fail(EPIPE);
	if (fds[2].revents != 0 && !line_fill(&l->in))
		return fault_set(why, EXIT_IO, "cannot read standard input: %s",
		    strerror(errno));
	return true;
}

static bool
turn(struct loop *l, struct fault *why)
{
	struct flow *f = &l->flow;

	f->now = clock_mono_ms();
	take_lines(l);
	send_due(l);
	if (f->post != NULL)
		post_tick(f->post, f->now);
	flow_check_hold(f);
	receipts_finished(f);
	if (f->now >= l->partial_at) {
		receipts_partial(f);
		l->partial_at = f->now + RECEIPT_PARTIAL_MS;
	}
	tell(f, &l->token);
	if (is_over(l))
		return false;
	return wait_and_read(l, why);
}

/* Everything is where it will be: say so. */
static void
finish(struct loop *l)
{
	struct flow *f = &l->flow;
	const struct flow_counts *n = &f->n;

	f->ended = !f->stopped && l->drain_until < 0;
	receipts_finished(f);
	receipts_partial(f);
	/* Dead records without a receipt: of strays, or of no object. */
	(void)receipts_sync(f);
	if (f->stopped) {
		log_fault(&f->fault);
	} else if (l->drain_until >= 0) {
		log_warn("stopped before the end of input");
		flow_code(f, EXIT_AGAIN);
	}
	if (!f->stopped && l->eof)
		input_end(f);
	flow_check_counts(f);
	if (n->strays > 0)
		log_info("%llu rows and rejects belong to no object that was "
			 "opened here: they have no receipt",
		    (unsigned long long)n->strays);
	if (n->receipts_dropped > 0)
		log_warn("%llu receipts in the input were dropped: only a "
			 "destination writes them",
		    (unsigned long long)n->receipts_dropped);
	if (l->c->dry_run) {
		if (isatty(STDOUT_FILENO) == 1)
			plan_text(out_buf(), f->batches);
		else
			plan_lines(out_buf(), f->batches);
	}
	tell_done(f, &l->token);
}

/* All that can fail before the first line is read. */
static bool
start(struct loop *l, struct fault *why)
{
	static char agent[64];
	const struct config *c = l->c;
	struct http_options http = {.ca_file = c->ca_file,
	    .user_agent = agent,
	    .connections = c->jobs + 1, /* and the token's */
	    .names = l->helpers.names};
	struct post_options post = {.target = &c->target,
	    .token = &l->token,
	    .pack = l->flow.pack,
	    .jobs = c->jobs,
	    .give_up_ms = c->give_up_ms,
	    .sink = flow_sink(&l->flow)};

	(void)snprintf(
	    agent, sizeof(agent), "logbridge/%s sentinelpost", version);
	l->http = http_new(&http, why);
	if (l->http == NULL)
		return false;
	if (c->dry_run)
		return true;
	if (!token_init(&l->token, &c->target, l->http, c->give_up_ms, why))
		return false;
	if (c->dead_letter != NULL) {
		l->flow.dead = dead_open(c->dead_letter, l->helpers.files, why);
		if (l->flow.dead == NULL)
			return false;
	}
	post.http = l->http;
	l->flow.post = post_new(&post);
	return true;
}

static struct loop loop; /* the only one */

static int
code_so_far(void)
{
	return (int)loop.flow.code;
}

/* The processes that do what we shall not be able to. */
static bool
start_helpers(struct loop *l, struct fault *why)
{
	helpers_init(&l->helpers);
	tell_init(l->c, l->helpers.files);
	if (l->c->dead_letter != NULL && !l->c->dry_run)
		dead_serve(l->helpers.files, l->c->dead_letter);
	return helpers_start(&l->helpers, why);
}

/* Give up all that sending does not take; a dry run sends nothing. */
static bool
confine(const struct loop *l, struct fault *why)
{
	/* A dead-letter file that was moved away is noticed by its name. */
	struct sandbox box = {
	    .kind = l->c->dry_run ? SANDBOX_PARSE : SANDBOX_CLIENT,
	    .stat = l->c->dead_letter != NULL};

	http_ports(l->http, &box);
	if (!l->c->dry_run) {
		http_port(l->c->target.base, &box);
		http_port(l->c->target.authority, &box);
	}
	return sandbox_close(&box, why);
}

int
run(const struct config *c)
{
	struct loop *l = &loop;
	struct fault why = {0};

	out_leave_within(c->stop_within_ms, code_so_far);
	l->c = c;
	l->stop_at = l->drain_until = -1;
	flow_init(&l->flow, c);
	line_init(&l->in, STDIN_FILENO, WIRE_LINE_MAX);
	l->partial_at = clock_mono_ms() + RECEIPT_PARTIAL_MS;
	if (start_helpers(l, &why) && start(l, &why) && confine(l, &why))
		while (turn(l, &why))
			;
	if (why.code != EXIT_DONE)
		flow_stop(&l->flow, &why);
	progress_clear();
	finish(l);
	flow_free(&l->flow);
	token_free(&l->token);
	http_free(l->http);
	helpers_free(&l->helpers);
	line_free(&l->in);
	out_finish();
	return code_so_far();
}
