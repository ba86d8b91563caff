/* What becomes of one object in hand; see slot.h. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "s3url.h"
#include "slot.h"

static const char stage[] = "s3fetch";

/* The slot that a transfer is part of. */
static struct slot *
slot_of(struct transfer *t)
{
	return (struct slot *)((char *)t - offsetof(struct slot, transfer));
}

static void
release(struct fetch *f, struct slot *s)
{
	transfer_reset(&s->transfer);
	s->state = SLOT_FREE;
	f->busy--;
}

static void
worse(struct fetch *f, int code)
{
	f->worst = exitcode_worse(f->worst, code);
}

void
slot_stop_line(struct fetch *f, const struct fault *why)
{
	if (f->failed)
		return; /* the first reason is the one to tell */
	f->failed = true;
	f->fault = *why;
}

void
slot_leave_all(struct fetch *f)
{
	char name[OBJECT_NAME_MAX];

	for (unsigned i = 0; i < f->o.jobs; i++) {
		struct slot *s = &f->slots[i];

		if (s->state == SLOT_FREE)
			continue;
		object_name(&s->transfer.object, name);
		log_info("left '%s' unfinished, at byte %llu", name,
		    (unsigned long long)s->transfer.stored);
		worse(f, EXIT_AGAIN);
		release(f, s);
	}
}

/* ------------------------------------------------------------- error lines */

/* The object ends with an error line; name and text go to the log. */
static void
end_with(struct fetch *f, struct slot *s, const struct wire_error *e)
{
	transfer_error(&s->transfer, e);
	release(f, s);
}

/* An error that is the object's, or what the store sends for it. */
static void
end_bad(struct fetch *f, struct slot *s, bool retry, int code)
{
	const struct transfer *t = &s->transfer;
	const struct wire_error e = {.stage = stage,
	    .code = t->code,
	    .message = t->message,
	    .request_id = t->verdict.request_id,
	    .http = t->verdict.http,
	    .retry = retry};
	char name[OBJECT_NAME_MAX];

	object_name(&t->object, name);
	log_error("cannot fetch '%s': %s: %s", name, e.code, e.message);
	worse(f, code);
	end_with(f, s, &e);
}

/* What the code of an object that is gone means for ours: it is settled, but
 * with --save nobody after us says that a file is missing. */
static int
gone_code(const struct fetch *f)
{
	return f->setup->saver != NULL ? EXIT_SETASIDE : EXIT_DONE;
}

/* The fault that a verdict on this object makes. */
static void
fault_of(const struct slot *s, struct fault *fault)
{
	char name[OBJECT_NAME_MAX], doing[OBJECT_NAME_MAX + 16];

	object_name(&s->transfer.object, name);
	(void)snprintf(doing, sizeof(doing), "get '%s'", name);
	(void)s3_fault(&s->transfer.verdict, doing, fault);
}

/* An error that the store states, or the way to it. */
static void
end_failed(struct fetch *f, struct slot *s, bool retry)
{
	const struct s3_verdict *v = &s->transfer.verdict;
	const struct wire_error e = {.stage = stage,
	    .code = v->code,
	    .message = v->message[0] != '\0' ? v->message : v->code,
	    .request_id = v->request_id,
	    .http = v->http,
	    .retry = retry};

	worse(f, retry ? EXIT_AGAIN : gone_code(f));
	end_with(f, s, &e);
}

/* ------------------------------------------------------------- outages */

static void
say_down(struct fetch *f, const struct slot *s)
{
	struct fault fault = {0};

	if (f->down || f->store.breaker.state == BREAKER_CLOSED)
		return;
	f->down = true;
	fault_of(s, &fault);
	log_warn("%s", fault.text);
	if (fault.hint[0] != '\0')
		log_hint("%s", fault.hint);
	log_warn("the store is unavailable; trying again for up to %lld s",
	    (long long)(f->o.give_up_ms / 1000));
}

void
slot_store_up(struct fetch *f)
{
	if (f->down)
		log_warn("the store answers again");
	f->down = false;
}

void
slot_give_up_all(struct fetch *f, int64_t now)
{
	struct wire_error e = {
	    .stage = stage, .code = "Unavailable", .retry = true};
	struct fault fault = {0};
	char message[200];

	(void)snprintf(message, sizeof(message),
	    "the store was unavailable for %lld s",
	    (long long)((now - f->store.down_since) / 1000));
	e.message = message;
	(void)fault_set(&fault, EXIT_DOWN, "%s (--give-up); gave up", message);
	for (unsigned i = 0; i < f->o.jobs; i++) {
		struct slot *s = &f->slots[i];

		if (s->state == SLOT_FREE)
			continue;
		e.http = s->transfer.verdict.http;
		e.request_id = s->transfer.verdict.request_id;
		end_with(f, s, &e);
	}
	slot_stop_line(f, &fault);
}

/* ------------------------------------------------------ what happens to it */

/* May a signed request go where this object's line says?  To AWS, and to
 * whom the user named: a line must not choose who gets to see them. */
static bool
endpoint_ok(const struct fetch *f, const char *endpoint)
{
	const char *given = s3_endpoint_given(f->setup->s3);
	struct fault ignored = {0};
	struct s3_endpoint theirs, ours;

	if (endpoint[0] == '\0' || f->o.any_endpoint)
		return true;
	if (!s3_endpoint_parse(&theirs, endpoint, &ignored))
		return false;
	if (theirs.aws && theirs.tls)
		return true;
	return given != NULL && s3_endpoint_parse(&ours, given, &ignored) &&
	       ours.tls == theirs.tls && strcmp(ours.host, theirs.host) == 0;
}

void
slot_take(struct fetch *f, struct slot *s)
{
	struct transfer *t = &s->transfer;
	struct fault fault = {0};
	char name[OBJECT_NAME_MAX];

	object_name(&t->object, name);
	transfer_begin(t, f->setup, &f->calls);
	memset(&t->verdict, 0, sizeof(t->verdict));
	tries_init(&s->tries);
	s->tries.due = 0;
	s->tried_ms = 0;
	s->state = SLOT_WAITING;
	f->busy++;
	if (t->object.refused != NULL) {
		/* input.c has told of it */
		const struct wire_error e = {.stage = stage,
		    .code = "BadObjectLine",
		    .message = t->object.refused};

		end_with(f, s, &e);
	} else if (t->object.receives > 0) {
		t->code = "TooManyReceives";
		(void)snprintf(t->message, sizeof(t->message),
		    "its message came %llu times",
		    (unsigned long long)t->object.receives);
		end_bad(f, s, false, EXIT_SETASIDE);
	} else if (!endpoint_ok(f, t->object.endpoint)) {
		(void)fault_set(&fault, EXIT_BADCONFIG,
		    "the line of '%s' names the endpoint '%.200s', which is "
		    "neither AWS's nor the one given here",
		    name,
		    /* What stands before an @ may be a password. */
		    strchr(t->object.endpoint, '@') == NULL
			? t->object.endpoint
			: "(one with a user name)");
		fault_hint(&fault, "give s3fetch the same --endpoint as "
				   "s3list, or set AWS_ENDPOINT_URL_S3 for "
				   "both");
		slot_stop_line(f, &fault);
	}
}

void
slot_reached(void *ctx, struct transfer *t)
{
	struct fetch *f = ctx;

	(void)t;
	store_reached(&f->store);
}

void
slot_progress(void *ctx, struct transfer *t, uint64_t n)
{
	struct fetch *f = ctx;
	struct slot *s = slot_of(t);

	if (n == 0)
		return;
	store_heard(&f->store);
	slot_store_up(f);
	s->progress += n;
	if (s->progress >= TRIES_PROGRESS)
		tries_init(&s->tries);
}

bool
slot_id_open(void *ctx, const char *id)
{
	const struct fetch *f = ctx;

	for (unsigned i = 0; i < f->o.jobs; i++)
		if (f->slots[i].state != SLOT_FREE &&
		    f->slots[i].transfer.opened &&
		    strcmp(f->slots[i].transfer.chunks.id, id) == 0)
			return true;
	return false;
}

static void
on_failed(struct fetch *f, struct slot *s, int64_t now)
{
	struct transfer *t = &s->transfer;
	struct fault fault = {0};
	enum decision d = store_decide(&f->store, &s->tries, &t->verdict, now);

	fault_of(s, &fault);
	if (d == TRY_AGAIN && t->stored > 0 && t->object.etag[0] == '\0')
		d = OBJECT_FAILS; /* the rest may be another version's */
	s->state = SLOT_WAITING;
	switch (d) {
	case TRY_AGAIN:
		say_down(f, s);
		log_info("%s; again in %lld ms", fault.text,
		    (long long)(s->tries.due - now));
		break;
	case TRY_AT_ONCE:
		break;
	case OBJECT_FAILS:
		log_fault(&fault);
		end_failed(f, s, true);
		break;
	case OBJECT_IS_GONE:
		log_warn("%s", fault.text);
		end_failed(f, s, false);
		break;
	case STORE_IS_DOWN:
		log_fault(&fault);
		slot_give_up_all(f, now);
		break;
	case LINE_STOPS:
		if (t->verdict.fate == S3_DENIED)
			end_failed(f, s, true);
		slot_stop_line(f, &fault);
		break;
	}
}

/* The object waits for memory, and goes on from where it stands. */
static void
on_memory(struct fetch *f, struct slot *s)
{
	struct transfer *t = &s->transfer;

	s->state = SLOT_MEMORY;
	if (t->object.etag[0] != '\0')
		return;
	t->code = "UnexpectedReply";
	(void)snprintf(t->message, sizeof(t->message),
	    "the store gives no etag to ask for the rest of the object with");
	end_bad(f, s, true, EXIT_AGAIN);
}

/* The object cannot be written to its file. */
static void
on_local(struct fetch *f, struct slot *s)
{
	struct transfer *t = &s->transfer;
	char name[OBJECT_NAME_MAX];
	struct fault fault = {0};

	object_name(&t->object, name);
	(void)fault_set(
	    &fault, t->fault.code, "cannot save '%s': %s", name, t->fault.text);
	fault_hint(&fault, "%s", t->fault.hint);
	t->setup->totals.errors++;
	if (fault.code == EXIT_IO) {
		slot_stop_line(f, &fault);
		return;
	}
	log_fault(&fault);
	worse(f, (int)fault.code);
	release(f, s);
}

void
slot_ended(void *ctx, struct transfer *t, enum transfer_end how)
{
	struct fetch *f = ctx;
	struct slot *s = slot_of(t);
	int64_t now = clock_mono_ms();

	s->state = SLOT_WAITING;
	if (f->failed && how == TRANSFER_FAILED)
		return; /* in the same turn: it is left as it is */
	if (how != TRANSFER_FAILED && how != TRANSFER_MEMORY &&
	    how != TRANSFER_LEFT) {
		store_answered(&f->store, now);
		slot_store_up(f);
	}
	switch (how) {
	case TRANSFER_DONE:
		if (t->stored > 0)
			probe_note(&f->probe, &t->object);
		release(f, s);
		break;
	case TRANSFER_BAD:
		end_bad(f, s, false, EXIT_SETASIDE);
		break;
	case TRANSFER_CHANGED:
		breaker_success(&f->store.breaker);
		if (strcmp(t->code, "PreconditionFailed") == 0)
			end_bad(f, s, false, gone_code(f));
		else
			end_bad(f, s, true, EXIT_AGAIN);
		break;
	case TRANSFER_MEMORY:
		on_memory(f, s);
		break;
	case TRANSFER_LEFT: /* with all others, in the next turn */
		break;
	case TRANSFER_LOCAL:
		on_local(f, s);
		break;
	case TRANSFER_FAILED:
		on_failed(f, s, now);
		break;
	}
}
