/* The loop of s3ack: read a burst, commit it, pass it on; see ack.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ack.h"
#include "clock.h"
#include "line.h"
#include "lockfile.h"
#include "log.h"
#include "out.h"
#include "progress.h"
#include "receipt.h"
#include "stop.h"
#include "unsettled.h"

struct ack {
	const struct ack_options *o;
	struct ack_counts *n;
	struct metrics *metrics;
	struct state *state; /* or NULL */
	struct lockfile lock;
	struct line_reader in;
	struct buf held; /* lines read since the last commit */
	unsigned burst;  /* receipts among them that are in the state */
	bool begun;      /* a transaction is under way */
	int out_errno;   /* stdout takes no more, for this reason */
	struct receipt receipt;
	struct unsettled unsettled;
	int code;         /* the worst so far */
	bool wire;        /* a line of the wire was read */
	bool done;        /* a done line was, after the last receipt */
	bool undelivered; /* a row or chunk was: warned of once */
	bool stopped;     /* --stop-within is over */
	int64_t stop_at;  /* when it will be, or 0 */
	struct fault fault;
};

/* ---- Lines ---- */

static void
worse(struct ack *a, int code)
{
	a->code = exitcode_worse(a->code, code);
}

static void
hold(struct ack *a, const char *p, size_t n)
{
	buf_add(&a->held, p, n);
	buf_addc(&a->held, '\n');
	if (a->held.err == ENOMEM)
		log_oom();
	INVARIANT(a->held.err == 0);
}

static void
refuse(struct ack *a, enum receipt_result result, const char *why)
{
	a->n->refused++;
	log_error("receipt on line %llu refused: %s",
	    (unsigned long long)a->in.number, why);
	if (result == RECEIPT_FORGED) {
		log_hint("the stage that wrote it mixes up objects; nothing "
			 "was marked done by it");
		worse(a, EXIT_BUG);
	} else {
		worse(a, EXIT_SETASIDE);
	}
}

/* Say what somebody may have to look at, by its name. */
static void
report(const struct state_receipt *r, const struct state_effect *e)
{
	const struct state_object *o = &r->object;
	const int key_len = (int)o->key_len;
	const char *key = o->key;

	if (e->quarantined)
		log_error("'%s://%s/%.*s' failed %u times and is not given "
			  "again: %s",
		    o->store, o->bucket, key_len, key, e->tries, r->reason);
	else if (r->status == STATE_IS_FAILED && !e->settled)
		log_warn("'%s://%s/%.*s' is not settled: %s", o->store,
		    o->bucket, key_len, key,
		    r->reason[0] != '\0' ? r->reason : "no reason given");
	else if (r->status == STATE_GONE)
		log_info("'%s://%s/%.*s' is gone", o->store, o->bucket, key_len,
		    key);
	if (e->quarantined)
		log_hint("look into it, then free it: s3list --state FILE "
			 "--forget GLOB");
}

static void
count_receipt(struct ack *a, const struct state_effect *e)
{
	const struct receipt *rc = &a->receipt;
	uint64_t *const by_status[] = {[STATE_DELIVERED] = &a->n->delivered,
	    [STATE_GONE] = &a->n->gone,
	    [STATE_IS_PARTIAL] = &a->n->partial,
	    [STATE_IS_FAILED] = &a->n->failed};

	a->n->receipts++;
	++*by_status[rc->r.status];
	a->n->settled += e->settled && !e->again;
	a->n->quarantined += e->quarantined;
	if (e->settled)
		unsettled_remove(&a->unsettled, rc->id);
	else
		unsettled_add(&a->unsettled, rc->id);
	if (rc->r.dead > 0 || rc->r.dead_object)
		worse(a, EXIT_SETASIDE);
	if (rc->r.status == STATE_IS_PARTIAL)
		return; /* its numbers come again, larger */
	a->n->records += rc->records;
	a->n->rows += rc->rows;
	a->n->filtered += rc->filtered;
	a->n->dead += rc->r.dead;
	a->n->dead_objects += rc->r.dead_object;
}

static bool
take_receipt(struct ack *a, const struct wire_line *w)
{
	const struct state_receipt *r = &a->receipt.r;
	struct state_effect e = {0};
	enum receipt_result result;
	const char *why;

	a->wire = true;
	a->done = false;
	result = receipt_read(&a->receipt, w, &why);
	if (result == RECEIPT_FINE && r->to[0] == '\0' && a->o->need > 1) {
		why = "it names no destination, which --need counts";
		result = RECEIPT_MALFORMED;
	}
	if (result != RECEIPT_FINE) {
		refuse(a, result, why);
		return true;
	}
	e.settled = r->status == STATE_DELIVERED || r->status == STATE_GONE;
	if (a->state != NULL) {
		if (!a->begun && !state_begin(a->state, &a->fault))
			return false;
		a->begun = true;
		if (!state_apply(a->state, r, a->o->need, &e, &a->fault))
			return false;
		a->burst++;
	}
	count_receipt(a, &e);
	report(r, &e);
	hold(a, w->line, w->len);
	return true;
}

/* Records this far down were delivered by nobody. */
static void
note_undelivered(struct ack *a)
{
	if (!a->undelivered)
		log_warn("records are coming through: is a destination "
			 "missing before s3ack?");
	if (!a->undelivered)
		log_hint(".. | logparse | sentinelpost | s3ack");
	a->undelivered = true;
}

/* A line that is no JSON object.  One without its end was cut by the end of
 * who wrote it: it says nothing. */
static void
take_garbage(struct ack *a, const char *p, size_t n, bool torn, const char *why)
{
	if (torn) {
		log_warn("the input stops inside line %llu",
		    (unsigned long long)a->in.number);
		worse(a, EXIT_AGAIN);
		return;
	}
	if (a->n->garbage++ == 0)
		log_warn("line %llu is no JSON object: %s",
		    (unsigned long long)a->in.number, why);
	worse(a, EXIT_SETASIDE);
	hold(a, p, n);
}

static bool
take_line(struct ack *a, const char *p, size_t n, bool torn)
{
	struct wire_line w;
	const char *why;

	if (!wire_parse(&w, p, n, &why)) {
		take_garbage(a, p, n, torn, why);
		return true;
	}
	if (w.kind == WIRE_RECEIPT)
		return take_receipt(a, &w);
	if (w.kind == WIRE_DONE) {
		a->done = true;
		worse(a, wire_done_code(&w));
	}
	if (w.kind == WIRE_ROW || w.kind == WIRE_REJECT || w.kind == WIRE_CHUNK)
		note_undelivered(a);
	a->wire = a->wire || w.kind != WIRE_OTHER;
	hold(a, p, n);
	return true;
}

static void
skip_long(struct ack *a, size_t n)
{
	a->n->long_lines++;
	log_warn("line %llu is too long: %zu bytes skipped",
	    (unsigned long long)a->in.number, n);
	worse(a, EXIT_SETASIDE);
}

/* ---- Bursts ---- */

/* Make what was read last, then pass it on. */
static bool
end_burst(struct ack *a)
{
	if (a->begun && !state_commit(a->state, &a->fault)) {
		a->begun = false;
		return false;
	}
	a->n->commits += a->begun;
	a->begun = false;
	a->burst = 0;
	if (a->out_errno == 0 && a->held.len > 0 &&
	    !out_write_try(a->held.p, a->held.len))
		a->out_errno = errno;
	buf_reset(&a->held);
	return true;
}

/* Take all lines that are in memory.  *eof: there will be no more. */
static bool
take_lines(struct ack *a, bool *eof)
{
	enum line_result got;
	const char *p;
	bool torn;
	size_t n;

	*eof = false;
	while ((got = line_next(&a->in, &p, &n, &torn)) != LINE_NEED) {
		if (got == LINE_EOF) {
			*eof = true;
			break;
		}
		if (got == LINE_TOOLONG)
			skip_long(a, n);
		else if (!take_line(a, p, n, torn))
			return false;
		if ((a->burst >= ACK_BURST_MAX ||
			a->held.len >= ACK_HELD_MAX) &&
		    !end_burst(a))
			return false;
	}
	return true;
}

static bool
fill(struct ack *a)
{
	if (line_fill(&a->in))
		return true;
	return fault_set(&a->fault, EXIT_IO, "cannot read standard input: %s",
	    strerror(errno));
}

/*
 * Nobody takes our output any more.  What the stage before us has already
 * written is still entered; what it writes later meets a closed pipe.
 */
static bool
drain(struct ack *a)
{
	uint64_t target = a->in.base + (a->in.end - a->in.pos);
	bool eof = false;
	int there = 0;

	if (ioctl(STDIN_FILENO, FIONREAD, &there) == 0 && there > 0)
		target += (uint64_t)there;
	while (!eof && a->in.base + (a->in.end - a->in.pos) < target)
		if (!fill(a) || !take_lines(a, &eof))
			return false;
	return end_burst(a);
}

/* ---- Waiting ---- */

static bool
readable_now(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void
prune(struct ack *a)
{
	struct fault f = {0};
	uint64_t removed = 0;

	if (a->state == NULL)
		return;
	if (!state_prune(a->state, ACK_PRUNE_BATCH, &removed, &f))
		log_warn("%s", f.text);
	a->n->pruned += removed;
}

static void
tick(struct ack *a)
{
	metrics_tick(a->metrics, clock_mono_ms());
	if (progress_due())
		progress_tick("%llu objects settled, %llu receipts of "
			      "failures, %llu records dead",
		    (unsigned long long)a->n->settled,
		    (unsigned long long)a->n->failed,
		    (unsigned long long)a->n->dead);
}

/* How long poll(2) may wait. */
static int
wait_ms(const struct ack *a, int64_t now)
{
	int64_t ms = METRICS_EVERY_MS;

	if (a->stop_at != 0 && a->stop_at - now < ms)
		ms = a->stop_at > now ? a->stop_at - now : 0;
	return clock_wait_ms(ms);
}

/* Wait for input.  False when the end is here: the reader has gone or the
 * time to stop is over. */
static bool
wait_input(struct ack *a)
{
	struct pollfd p[] = {{.fd = STDIN_FILENO, .events = POLLIN},
	    {.fd = STDOUT_FILENO, .events = 0},
	    {.fd = stop_fd(), .events = POLLIN}};
	int64_t now;

	for (;;) {
		now = clock_mono_ms();
		if (stop_asked() && a->stop_at == 0)
			a->stop_at = now + a->o->stop_within_ms + ACK_GRACE_MS;
		if (a->stop_at != 0 && now >= a->stop_at) {
			a->stopped = true;
			return false;
		}
		p[2].fd = a->stop_at != 0 ? -1 : stop_fd();
		if (poll(p, 3, wait_ms(a, now)) < 0 && errno != EINTR)
			log_oom(); /* poll(2): the only one left */
		if ((p[1].revents & POLLERR) != 0) {
			a->out_errno = EPIPE;
			return false;
		}
		tick(a);
		if (p[0].revents != 0)
			return true;
		prune(a);
	}
}

/* ---- The whole ---- */

static bool
pump(struct ack *a)
{
	bool eof;

	for (;;) {
		if (!take_lines(a, &eof))
			return false;
		if (eof)
			return end_burst(a);
		if (a->burst > 0 && a->stop_at == 0 && readable_now()) {
			if (!fill(a))
				return false;
			continue;
		}
		if (!end_burst(a))
			return false;
		if (a->out_errno != 0 || !wait_input(a))
			return true;
		if (!fill(a))
			return false;
	}
}

static bool
open_state(struct ack *a)
{
	struct buf path = BUF_INIT(64 * 1024);
	bool ok;

	a->state = state_open(a->o->state, a->o->name, true, &a->fault);
	if (a->state == NULL)
		return false;
	state_lock_path(&path, a->o->state, "s3ack", a->o->name, "");
	if (path.err != 0)
		log_oom();
	ok = lockfile_take(&a->lock, path.p, LOCKFILE_TOGETHER, &a->fault);
	buf_clear(&path);
	return ok;
}

/* What the end of input means for the exit code. */
static void
judge_end(struct ack *a)
{
	if (!a->wire && a->in.number > 0) {
		log_error("standard input holds no line of the wire");
		log_hint("s3ack takes what sentinelpost writes");
		worse(a, EXIT_SETASIDE);
		return;
	}
	if (!a->done && !a->stopped) {
		log_error("the stage before ended without its done line");
		log_hint("it was killed or is no filter of this kind; run the "
			 "pipeline again");
	}
	if (!a->done || a->stopped || unsettled_any(&a->unsettled))
		worse(a, EXIT_AGAIN);
}

/* Standard output is lost: enter what is there, then end because of it. */
static _Noreturn void
end_without_output(struct ack *a)
{
	struct fault f = {0};
	const int err = a->out_errno;

	if (!drain(a)) {
		log_fault(&a->fault);
		state_close(a->state);
		_exit(a->fault.code);
	}
	state_close(a->state);
	(void)metrics_write(a->metrics, &f);
	out_fail(err);
}

/* Without a state the next run begins where this one did. */
static void
note_forgotten(const struct ack *a)
{
	if (a->state != NULL || a->n->delivered + a->n->gone == 0)
		return;
	log_warn("the receipts were counted, but no --state keeps them");
	log_hint("give s3list and s3ack the same --state FILE, else the next "
		 "run delivers all of it again");
}

int
ack_run(const struct ack_options *o, struct ack_counts *n, struct metrics *m)
{
	struct ack a = {.o = o,
	    .n = n,
	    .metrics = m,
	    .lock = LOCKFILE_INIT,
	    .held = BUF_INIT(ACK_HELD_MAX + WIRE_LINE_MAX + 1)};

	line_init(&a.in, STDIN_FILENO, WIRE_LINE_MAX);
	receipt_init(&a.receipt);
	if ((o->state != NULL && !open_state(&a)) || !pump(&a)) {
		log_fault(&a.fault);
		worse(&a, a.fault.code);
	} else if (a.out_errno != 0) {
		end_without_output(&a);
	} else {
		judge_end(&a);
		note_forgotten(&a);
		prune(&a);
	}
	state_close(a.state);
	lockfile_drop(&a.lock);
	receipt_free(&a.receipt);
	unsettled_free(&a.unsettled);
	line_free(&a.in);
	buf_clear(&a.held);
	return a.code;
}
