/* The loop over all objects in hand; see fetch.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fetch.h"
#include "log.h"
#include "out.h"
#include "slot.h"
#include "stop.h"
#include "tell.h"

enum { CREDENTIALS_MS = 500 /* until asking again for ones to come */ };

/* ----------------------------------------------------------------- set-up */

/* Share the memory out: half of what is not a job's own at most to windows,
 * so that a large one does not keep all others waiting. */
static bool
share_memory(struct fetch *f, struct fault *fault)
{
	const uint64_t taken =
	    (uint64_t)FETCH_FIXED + (uint64_t)f->o.jobs * FETCH_PER_JOB;
	const uint64_t window = f->o.memory / 8;
	const uint64_t need = taken + window + UNPACK_ZSTD_EXTRA;

	if (f->o.memory < need)
		return fault_set(fault, EXIT_BADUSAGE,
		    "--memory is too little for --jobs %u", f->o.jobs);
	f->pool.limit = (size_t)(f->o.memory - taken);
	f->setup->unpack.pool = &f->pool;
	f->setup->unpack.window_max = (size_t)window;
	return true;
}

static void asked(void *ctx, const struct s3_verdict *v);
static bool is_late(void *ctx);

bool
fetch_init(struct fetch *f, const struct fetch_options *o,
    struct transfer_setup *setup, struct input *in, struct fault *fault)
{
	*f = (struct fetch){
	    .o = *o, .setup = setup, .in = in, .worst = EXIT_DONE};
	f->calls = (struct transfer_calls){
	    slot_reached, slot_progress, slot_ended, is_late, slot_id_open, f};
	f->probe = (struct probe){.setup = setup, .ended = asked, .ctx = f};
	store_init(&f->store, o->give_up_ms);
	if (!share_memory(f, fault))
		return false;
	f->slots = calloc(o->jobs, sizeof(*f->slots));
	if (f->slots == NULL)
		return fault_set(fault, EXIT_SYSTEM, "out of memory");
	return true;
}

void
fetch_free(struct fetch *f)
{
	probe_free(&f->probe);
	for (unsigned i = 0; f->slots != NULL && i < f->o.jobs; i++) {
		if (f->slots[i].state != SLOT_FREE)
			transfer_reset(&f->slots[i].transfer);
		object_free(&f->slots[i].transfer.object);
		s3_call_free(&f->slots[i].transfer.call);
	}
	free(f->slots);
	f->slots = NULL;
}

/* ----------------------------------------------------------------- intake */

static struct slot *
free_slot(struct fetch *f)
{
	if (f->busy < f->o.jobs)
		for (unsigned i = 0; i < f->o.jobs; i++)
			if (f->slots[i].state == SLOT_FREE)
				return &f->slots[i];
	return NULL;
}

/* Fill free places.  Returns true when that needs more input. */
static bool
take_objects(struct fetch *f)
{
	struct slot *s;

	while (!f->failed && (s = free_slot(f)) != NULL) {
		switch (input_next(f->in, &s->transfer.object)) {
		case INPUT_OBJECT:
			if (f->stopping)
				f->left++;
			else
				slot_take(f, s);
			break;
		case INPUT_NEED:
			return true;
		case INPUT_END:
			return false;
		}
	}
	return false;
}

/* --------------------------------------------------------------- attempts */

/* Those that wait for memory go on when there is enough again. */
static void
wake(struct fetch *f)
{
	const size_t room = f->pool.limit - f->pool.used;

	for (unsigned i = 0; i < f->o.jobs; i++)
		if (f->slots[i].state == SLOT_MEMORY &&
		    f->slots[i].transfer.unpack.need <= room)
			f->slots[i].state = SLOT_WAITING;
}

static bool
needs_proof(const struct fetch *f, const struct slot *s, int64_t now)
{
	return tries_need_proof(&s->tries, &f->store, f->probe.has_good, now);
}

/* Does it wait for nothing but its time?  The answer to a question that is
 * out is an event. */
static bool
waits(const struct fetch *f, const struct slot *s, int64_t now)
{
	return s->state == SLOT_WAITING &&
	       !(probe_asking(&f->probe) && needs_proof(f, s, now));
}

/* The one whose turn it is: due, and longest without an attempt, so that one
 * broken object does not get every trial call. */
static struct slot *
next_due(struct fetch *f, int64_t now)
{
	struct slot *best = NULL;

	for (unsigned i = 0; i < f->o.jobs; i++) {
		struct slot *s = &f->slots[i];

		if (waits(f, s, now) && s->tries.due <= now &&
		    (best == NULL || s->tried_ms < best->tried_ms))
			best = s;
	}
	return best;
}

/* What the store said when it was asked whether it is there. */
static void
asked(void *ctx, const struct s3_verdict *v)
{
	struct fetch *f = ctx;
	int64_t now = clock_mono_ms();

	switch (v->fate) {
	case S3_RETRY:
	case S3_THROTTLED:
		store_silent(&f->store, v, now);
		for (unsigned i = 0; i < f->o.jobs; i++) {
			struct slot *s = &f->slots[i];

			if (s->state == SLOT_WAITING && s->tries.due <= now &&
			    needs_proof(f, s, now))
				tries_put_off(&s->tries, v, now);
		}
		break;
	case S3_AGAIN:
		breaker_neutral(&f->store.breaker);
		break;
	default:
		/* Even a refusal is an answer; what it means for an object,
		 * its own next attempt will tell. */
		store_proved(&f->store, now);
		slot_store_up(f);
		break;
	}
}

/* Begin the next attempt at an object, or ask for proof before. */
static bool
start(struct fetch *f, struct slot *s, int64_t now, struct fault *fault)
{
	if (needs_proof(f, s, now)) {
		log_info("an object failed %u times: asking whether the store "
			 "is there",
		    s->tries.failures);
		return probe_ask(&f->probe, &s->transfer.object, fault);
	}
	if (s->tried_ms != 0)
		f->retries++;
	s->tried_ms = now;
	s->progress = 0;
	if (!transfer_start(&s->transfer, fault))
		return false;
	s->state = SLOT_RUNNING;
	return true;
}

static void
start_due(struct fetch *f, int64_t now)
{
	struct fault fault = {0};
	struct slot *s;

	while (!f->failed && (s = next_due(f, now)) != NULL &&
	       breaker_allows(&f->store.breaker, now)) {
		if (start(f, s, now, &fault))
			continue;
		breaker_neutral(&f->store.breaker);
		s->tries.due = now + CREDENTIALS_MS;
		if (fault.code != EXIT_AGAIN)
			slot_stop_line(f, &fault);
	}
}

/* The sooner of two waits, of which -1 is for ever. */
static int64_t
sooner(int64_t wait, int64_t left)
{
	if (left < 0)
		left = 0;
	return wait < 0 || left < wait ? left : wait;
}

/* When something is to be done without an event; -1: never. */
static int64_t
next_time(const struct fetch *f, int64_t now)
{
	int64_t wait = -1, left, breaker;

	breaker = breaker_wait_ms(&f->store.breaker, now);
	for (unsigned i = 0; i < f->o.jobs && breaker >= 0; i++) {
		/* While a trial call is out, its end is the event. */
		if (!waits(f, &f->slots[i], now))
			continue;
		left = f->slots[i].tries.due - now;
		wait = sooner(wait, left > breaker ? left : breaker);
	}
	if (f->store.down_since >= 0)
		wait =
		    sooner(wait, f->store.down_since + f->o.give_up_ms - now);
	if (f->stopping && f->busy > 0)
		wait = sooner(wait, f->stop_at - now);
	if (tell_wait_ms() >= 0)
		wait = sooner(wait, tell_wait_ms());
	return wait;
}

/* --------------------------------------------------------------- the loop */

/* Did a signal ask to stop, and is --stop-within over?  With a slow reader a
 * turn of the loop takes long, so this is asked inside of it, too. */
static bool
is_late(void *ctx)
{
	struct fetch *f = ctx;

	if (!f->stopping && stop_asked()) {
		f->stopping = true;
		f->stop_at = clock_mono_ms() + f->o.stop_within_ms;
		log_info("asked to stop: finishing %u objects", f->busy);
	}
	return f->stopping && clock_mono_ms() >= f->stop_at;
}

/* Wait for an event and let it happen. */
static bool
wait_event(struct fetch *f, bool need_input, int64_t now)
{
	struct fault fault = {0};
	struct pollfd fds[] = {
	    {.fd = need_input ? STDIN_FILENO : -1, .events = POLLIN},
	    {.fd = STDOUT_FILENO},
	    {.fd = f->stopping ? -1 : stop_fd(), .events = POLLIN},
	};

	out_flush();
	if (!http_poll(f->setup->http, fds, sizeof(fds) / sizeof(*fds),
		next_time(f, now), &fault))
		goto fail;
	if ((fds[1].revents & POLLERR) != 0 && out_reader_gone())
		out_fail(EPIPE);
	if (need_input && fds[0].revents != 0 && !input_fill(f->in, &fault))
		goto fail;
	return true;
fail:
	slot_stop_line(f, &fault);
	return false;
}

/* Was everything taken and brought to an end? */
static void
settle(struct fetch *f)
{
	if (f->stopping && input_left(f->in))
		f->left++;
	if (f->left == 0)
		return;
	log_warn("stopped before the end of the input");
	f->worst = exitcode_worse(f->worst, EXIT_AGAIN);
}

int
fetch_code(const struct fetch *f)
{
	int code = f->in != NULL ? f->in->worst : EXIT_DONE;

	if (f->failed)
		code = exitcode_worse(code, (int)f->fault.code);
	return exitcode_worse(code, f->worst);
}

int
fetch_run(struct fetch *f)
{
	bool need;
	int64_t now;

	for (;;) {
		now = clock_mono_ms();
		if (is_late(f))
			slot_leave_all(f);
		if (store_gave_up(&f->store, now))
			slot_give_up_all(f, now);
		need = take_objects(f);
		wake(f);
		start_due(f, clock_mono_ms());
		tell(f, now);
		if (f->failed || (f->busy == 0 && (!need || f->stopping)))
			break;
		if (!wait_event(f, need, clock_mono_ms()))
			break;
	}
	if (f->failed) {
		slot_leave_all(f);
		log_fault(&f->fault);
	}
	settle(f);
	out_flush();
	return exitcode_worse(fetch_code(f), input_verdict(f->in));
}
