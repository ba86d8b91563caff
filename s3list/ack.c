/* The loop of s3ack: read a burst, commit it, pass it on; see ack.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ackint.h"
#include "clock.h"
#include "log.h"
#include "out.h"
#include "progress.h"
#include "sandbox.h"
#include "stop.h"

enum { LOCK_PATH_MAX = 64 * 1024 };

void
ack_worse(struct ack *a, int code)
{
	a->code = exitcode_worse(a->code, code);
}

/* ---- Bursts ---- */

/* How long standard output may still be waited for once a stop was asked. */
static int64_t
patience_ms(const struct ack *a)
{
	int64_t left;

	if (a->stop_at == 0)
		return a->o->stop_within_ms + ACK_GRACE_MS;
	left = a->stop_at - clock_mono_ms();
	return left > 0 ? left : 0;
}

/* Make what was read last, then pass it on. */
static bool
end_burst(struct ack *a)
{
	int err = 0;

	if (a->begun && !state_commit(a->state, &a->fault)) {
		a->begun = false;
		return false;
	}
	a->n->commits += a->begun;
	a->begun = false;
	a->burst = 0;
	if (a->out_errno != 0)
		pump_reset(a->out);
	else
		err = pump_try(a->out, patience_ms(a));
	if (err == ETIMEDOUT) {
		a->stopped = true;
		a->stop_at = clock_mono_ms();
	} else if (err != 0) {
		a->out_errno = err;
	}
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
	while (!a->stopped &&
	       (got = line_next(&a->in, &p, &n, &torn)) != LINE_NEED) {
		if (got == LINE_EOF) {
			*eof = true;
			break;
		}
		if (got == LINE_TOOLONG)
			ack_long_line(a, n);
		else if (!ack_line(a, p, n, torn))
			return false;
		if ((a->burst >= ACK_BURST_MAX ||
			pump_pending(a->out) >= ACK_HELD_MAX) &&
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

static bool
readable_within(int ms)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

/*
 * Nobody takes our output any more.  What the stage before us has already
 * written is still entered, and what it goes on to write without a pause; what
 * it writes later meets a closed pipe.
 */
static bool
drain(struct ack *a)
{
	const int64_t until = clock_mono_ms() + ACK_DRAIN_MS;
	uint64_t target = a->in.base + (a->in.end - a->in.pos);
	bool eof = false;
	int there = 0;

	if (ioctl(STDIN_FILENO, FIONREAD, &there) == 0 && there > 0)
		target += (uint64_t)there;
	while (!eof &&
	       (a->in.base + (a->in.end - a->in.pos) < target ||
		   (readable_within(ACK_PAUSE_MS) && clock_mono_ms() < until)))
		if (!fill(a) || !take_lines(a, &eof))
			return false;
	return end_burst(a);
}

/* ---- Waiting ---- */

/* Forget a batch of what is old; false when there is no more of it. */
static bool
prune(struct ack *a)
{
	struct fault f = {0};
	uint64_t removed = 0;
	bool more = false;

	if (a->state == NULL)
		return false;
	if (!state_prune(a->state, ACK_PRUNE_BATCH, &removed, &more, &f))
		log_warn("%s", f.text);
	a->n->pruned += removed;
	a->prune_at = clock_mono_ms() + (more ? 0 : ACK_PRUNE_EVERY_MS);
	return more;
}

static void
tick(struct ack *a)
{
	metrics_tick(a->metrics, clock_mono_ms());
	if (progress_due())
		progress_tick("s3ack: %llu objects settled, %llu receipts of "
			      "failures, %llu records dead",
		    (unsigned long long)a->n->settled,
		    (unsigned long long)a->n->failed,
		    (unsigned long long)a->n->dead);
}

/* Is the time to stop over? */
static bool
stop_is_over(struct ack *a)
{
	const int64_t now = clock_mono_ms();

	if (stop_asked() && a->stop_at == 0)
		a->stop_at = now + a->o->stop_within_ms + ACK_GRACE_MS;
	a->stopped = a->stop_at != 0 && now >= a->stop_at;
	return a->stopped;
}

/* How long poll(2) may wait. */
static int
wait_ms(const struct ack *a)
{
	const int64_t now = clock_mono_ms();
	int64_t ms = METRICS_EVERY_MS;

	if (a->stop_at != 0 && a->stop_at - now < ms)
		ms = a->stop_at > now ? a->stop_at - now : 0;
	if (a->state != NULL && a->prune_at - now < ms)
		ms = a->prune_at > now ? a->prune_at - now : 0;
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

	while (!stop_is_over(a)) {
		p[2].fd = a->stop_at != 0 ? -1 : stop_fd();
		if (poll(p, 3, wait_ms(a)) < 0 && errno != EINTR)
			log_oom(); /* poll(2): the only one left */
		if ((p[1].revents & POLLERR) != 0) {
			a->out_errno = EPIPE;
			return false;
		}
		tick(a);
		if (clock_mono_ms() >= a->prune_at)
			(void)prune(a);
		if (p[0].revents != 0)
			return true;
	}
	return false;
}

/* ---- The whole ---- */

static bool
pump(struct ack *a)
{
	uint64_t commits;
	bool eof;

	for (;;) {
		commits = a->n->commits;
		if (!take_lines(a, &eof))
			return false;
		if (eof)
			return end_burst(a);
		/* Input that never pauses must not keep us from looking up. */
		if (a->burst > 0 && a->n->commits == commits &&
		    a->stop_at == 0 && readable_within(0)) {
			if (!fill(a))
				return false;
			continue;
		}
		if (!end_burst(a))
			return false;
		if (a->out_errno != 0 || a->stopped || !wait_input(a))
			return true;
		if (!fill(a))
			return false;
	}
}

static bool
open_state(struct ack *a)
{
	struct buf path = BUF_INIT(LOCK_PATH_MAX);
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

int
ack_run(const struct ack_options *o, struct ack_counts *n, struct metrics *m,
    struct pump *out)
{
	struct ack a = {.o = o,
	    .n = n,
	    .metrics = m,
	    .out = out,
	    .lock = LOCKFILE_INIT,
	    .prune_at = clock_mono_ms() + ACK_PRUNE_EVERY_MS};

	/* What of the state is open by now stays; SQLite looks at its name. */
	const struct sandbox box = {
	    .kind = SANDBOX_PARSE, .stat = o->state != NULL};

	line_init(&a.in, STDIN_FILENO, WIRE_LINE_MAX);
	receipt_init(&a.receipt);
	if ((o->state != NULL && !open_state(&a)) ||
	    !sandbox_close(&box, &a.fault) || !pump(&a)) {
		log_fault(&a.fault);
		ack_worse(&a, a.fault.code);
		pump_reset(out); /* what is not committed */
	} else if (a.out_errno != 0) {
		end_without_output(&a);
	} else {
		ack_judge(&a);
		while (!stop_asked() && prune(&a))
			;
	}
	state_close(a.state);
	lockfile_drop(&a.lock);
	receipt_free(&a.receipt);
	unsettled_free(&a.unsettled);
	line_free(&a.in);
	return a.code;
}
