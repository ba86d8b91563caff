/* What becomes of rows, and what follows from it; see flow.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "log.h"
#include "wire.h"

enum {
	LOUD = 10,       /* refusals of single rows that are told in full */
	REASON_MAX = 64, /* of a reject; logparse's have at most 20 */
	NAME_LEN = 512
};

void
flow_init(struct flow *f, const struct config *c)
{
	memset(f, 0, sizeof(*f));
	f->c = c;
	objects_init(&f->objects);
	f->done = (struct buf)BUF_INIT(FLOW_DONE_MAX);
	guard_init(&f->guard, c->dry_run ? 0 : (uint64_t)c->max_dead);
	f->not_wire_run = guard_format(&f->guard, "(not the wire)", 14);
	f->batches = batches_new();
	f->pack = pack_new(c->level, BATCH_RAW_MAX);
}

void
flow_free(struct flow *f)
{
	post_free(f->post);
	dead_close(f->dead);
	objects_free(&f->objects);
	batches_free(f->batches);
	pack_free(f->pack);
	buf_clear(&f->done);
}

void
flow_code(struct flow *f, enum exitcode code)
{
	f->code = (enum exitcode)exitcode_worse((int)f->code, (int)code);
}

void
flow_stop(struct flow *f, const struct fault *why)
{
	flow_code(f, why->code);
	if (f->stopped)
		return;
	f->stopped = true;
	f->fault = *why;
}

bool
flow_ready(const struct flow *f)
{
	return !f->stopped && !f->hold && batches_ready(f->batches) &&
	       !objects_full(&f->objects);
}

/* A row is settled. */
static void
settled(struct flow *f, struct batch *b, uint32_t i, enum settle_outcome how)
{
	struct object *o = b->rows[i].object;

	settle_row_done(&o->settle, b->rows[i].segment, how);
	if (how == SETTLE_ACCEPTED) {
		o->accepted_since = true;
		if (o->reject_run != NULL)
			*o->reject_run = 0;
		else if (o->stray)
			guard_reset(&f->guard); /* of whatever format */
	}
	b->unsettled--;
	objects_check(&f->objects, o);
}

static void
accepted(void *ctx, struct batch *b, uint32_t first, uint32_t count,
    const char *request_id)
{
	struct flow *f = ctx;

	b->table->dead_run = 0;
	*f->not_wire_run = 0;
	for (uint32_t i = first; i < first + count; i++)
		settled(f, b, i, SETTLE_ACCEPTED);
	if (f->post != NULL)
		f->n.accepted += count;
	log_debug("accepted %u rows of table '%s' (x-ms-request-id %s)", count,
	    b->table->name, request_id);
	if (b->unsettled == 0)
		batch_release(f->batches, b);
}

static void
refused(void *ctx, struct batch *b, uint32_t i, const struct reply *r)
{
	struct flow *f = ctx;
	const struct batch_row *row = &b->rows[i];
	struct dead_row d = {.id = row->object->id,
	    .n = row->n,
	    .table = b->table->name,
	    .object = row->object->line,
	    .object_len = row->object->len};
	struct dead_why why = {r->status == 413 ? "oversize" : "refused",
	    r->status, r->code, r->request_id};
	char text[700];
	enum settle_outcome how;

	d.row = batch_row(b, i, &d.row_len);
	how = flow_dead_row(f, &d, &why);
	if (f->n.dead + f->n.lost <= LOUD) {
		reply_text(r, text, sizeof(text));
		log_warn("the service will not take a row of table '%s': %s",
		    b->table->name, text);
	}
	flow_dead_table(f, b->table, true);
	settled(f, b, i, how);
	if (b->unsettled == 0)
		batch_release(f->batches, b);
}

struct post_sink
flow_sink(struct flow *f)
{
	return (struct post_sink){accepted, refused, f};
}

/* In a dry run a batch is only measured. */
static void
plan(struct flow *f, struct batch *b)
{
	struct batch_slice s;
	size_t len;

	batch_slice(b, 0, b->nrows, &s);
	free(pack_body(f->pack, s.p, s.n, &len));
	b->table->requests++;
	b->table->raw_bytes += s.n;
	b->table->body_bytes += len;
	batch_restore(&s);
	accepted(f, b, 0, b->nrows, "");
}

void
flow_send(struct flow *f, struct batch *b)
{
	if (b == NULL)
		return;
	if (f->post != NULL)
		post_add(f->post, b);
	else
		plan(f, b);
}

void
flow_flush(struct flow *f, int64_t before)
{
	struct batch *b;

	while ((b = batches_close_oldest(f->batches, before)) != NULL)
		flow_send(f, b);
}

/* How a dead record counts, once its line was appended or could not be. */
static enum settle_outcome
outcome(struct flow *f, bool written, const struct fault *why)
{
	if (f->c->dry_run) {
		f->n.dead++;
		return SETTLE_DEAD;
	}
	if (f->dead != NULL && !written)
		flow_stop(f, why);
	if (f->dead == NULL || !written) {
		f->n.lost++;
		flow_code(f, EXIT_AGAIN);
		return SETTLE_LOST;
	}
	f->n.dead++;
	flow_code(f, EXIT_SETASIDE);
	return SETTLE_DEAD;
}

enum settle_outcome
flow_dead_row(
    struct flow *f, const struct dead_row *r, const struct dead_why *why)
{
	struct fault err = {0};

	return outcome(
	    f, f->dead != NULL && dead_row(f->dead, r, why, &err), &err);
}

enum settle_outcome
flow_dead_bytes(struct flow *f, const struct object *o, uint64_t n,
    const char *p, size_t len, const char *reason)
{
	const struct dead_why why = {reason, 0, NULL, NULL};
	struct dead_bytes b = {.n = n, .p = p, .len = len};
	struct fault err = {0};

	if (o != NULL) {
		b.id = o->id;
		b.object = o->line;
		b.object_len = o->len;
	}
	return outcome(
	    f, f->dead != NULL && dead_bytes(f->dead, &b, &why, &err), &err);
}

/* A run is too long, but rows read before may still be on their way; what
 * becomes of them decides. */
static void
hold(struct flow *f)
{
	if (f->hold || f->stopped)
		return;
	f->hold = true;
	flow_flush(f, INT64_MAX);
}

void
flow_reject_run(struct flow *f, uint64_t *run)
{
	++*run;
	if (guard_trips(&f->guard, *run))
		hold(f);
}

/* A reject's own reason, such as "bad-json"; "reject" when it has none. */
static void
reject_reason(const struct wire_line *w, char out[REASON_MAX])
{
	struct json_val v;

	memcpy(out, "reject", sizeof("reject"));
	if (!wire_member(&w->reject, "reason", &v) || v.type != JSON_STRING ||
	    (v.flags & JSON_ESCAPES) != 0 || v.n <= 2 || v.n - 2 >= REASON_MAX)
		return;
	memcpy(out, v.p + 1, v.n - 2);
	out[v.n - 2] = '\0';
}

enum settle_outcome
flow_dead_reject(
    struct flow *f, struct object *o, const struct wire_line *w, bool more)
{
	char reason[REASON_MAX];
	struct dead_why why = {reason, 0, NULL, NULL};
	struct json_val format;
	struct fault err = {0};
	enum settle_outcome how;
	bool written;
	uint64_t *run;

	reject_reason(w, reason);
	written = f->dead != NULL &&
		  dead_reject(f->dead, w, o->line, o->len, &why, &err);
	if (more && (written || f->dead == NULL))
		return written || f->c->dry_run ? SETTLE_DEAD : SETTLE_LOST;
	how = outcome(f, written, &err);
	if (wire_member(&w->reject, "format", &format) &&
	    format.type == JSON_STRING)
		run = guard_format(&f->guard, format.p + 1, format.n - 2);
	else
		run = guard_format(&f->guard, "", 0);
	if (!o->stray)
		o->reject_run = run;
	flow_reject_run(f, run);
	return how;
}

void
flow_not_wire(struct flow *f)
{
	struct fault why = {0};

	fault_set(&why, EXIT_SETASIDE, "the input holds no line of the wire");
	fault_hint(&why, "rows alone go with --bare --stream NAME; logs go "
			 "through logparse first");
	flow_stop(f, &why);
}

static void
stop_for_lines(struct flow *f)
{
	struct fault why = {0};

	fault_set(&why, EXIT_BADCONFIG,
	    "%lld lines in a row that are no rows, none accepted between",
	    (long long)f->c->max_dead);
	fault_hint(&why,
	    "a stage between logparse and sentinelpost writes something else; "
	    "what was set aside can be piped back in; --max-dead raises the "
	    "limit");
	flow_stop(f, &why);
}

static void
stop_for_format(struct flow *f, const char *name)
{
	struct fault why = {0};

	fault_set(&why, EXIT_BADCONFIG,
	    "%lld rejects of format '%s' in a row, no row accepted between",
	    (long long)f->c->max_dead, name);
	fault_hint(&why,
	    "the format or the log type is wrong, not the data: look at the "
	    "reasons in the dead-letter file, and at 'logparse "
	    "--list-formats'; what was set aside can be piped back in; "
	    "--max-dead raises the limit");
	flow_stop(f, &why);
}

static void
stop_for_table(struct flow *f, const struct table *t)
{
	struct fault why = {0};

	fault_set(&why, EXIT_BADCONFIG,
	    "%llu dead rows of table '%s' in a row, none accepted between",
	    (unsigned long long)t->dead_run, t->name);
	fault_hint(&why,
	    "the rule's stream '%s' does not fit these rows: compare its "
	    "columns with those in the dead-letter file; "
	    "what was set aside can be piped back in; --max-dead raises the "
	    "limit",
	    t->stream);
	flow_stop(f, &why);
}

void
flow_dead_table(struct flow *f, struct table *t, bool sent)
{
	t->dead_run++;
	if (!guard_trips(&f->guard, t->dead_run))
		return;
	if (sent)
		stop_for_table(f, t);
	else
		hold(f);
}

void
flow_check_hold(struct flow *f)
{
	const struct table *t;
	const char *name;

	if (!f->hold || f->stopped ||
	    (f->post != NULL && post_pending(f->post) > 0))
		return;
	f->hold = false;
	for (size_t i = 0; i < f->batches->ntables; i++) {
		t = f->batches->tables[i];
		if (guard_trips(&f->guard, t->dead_run))
			stop_for_table(f, t);
	}
	name = guard_tripped(&f->guard);
	if (name == NULL)
		return;
	if (!f->knows_wire)
		flow_not_wire(f);
	else if (guard_trips(&f->guard, *f->not_wire_run))
		stop_for_lines(f);
	else
		stop_for_format(f, name);
}

/* An object that is not finished has no receipt that would tell of it. */
static void
check_open(struct flow *f)
{
	char name[NAME_LEN];

	for (const struct object *o = f->objects.all; o != NULL; o = o->next) {
		if (o->stray || settle_counts_hold(&o->settle))
			continue;
		flow_name(o, name, sizeof(name));
		log_error("records of '%s' do not balance (%s)", name,
		    settle_reason(o->settle.fault));
		flow_code(f, EXIT_BUG);
	}
}

void
flow_check_counts(struct flow *f)
{
	const struct flow_counts *n = &f->n;
	uint64_t read = n->rows + n->rejects;
	uint64_t fate =
	    n->accepted + n->dead + n->lost + batches_unsettled(f->batches);

	if (f->dead != NULL)
		read += n->not_wire; /* else these are told of and no more */
	check_open(f);
	/* After the dead-letter file failed there is more in hand. */
	if (f->c->dry_run || f->stopped || read == fate)
		return;
	/* COV_EXCL_BEGIN: a bug of ours */
	log_error("counts do not balance: %llu records were read, but %llu "
		  "accepted, %llu set aside, %llu refused",
	    (unsigned long long)read, (unsigned long long)n->accepted,
	    (unsigned long long)n->dead, (unsigned long long)n->lost);
	flow_code(f, EXIT_BUG);
	/* COV_EXCL_END */
}

void
flow_format(struct flow *f, struct object *o, const char *s, size_t n)
{
	if (n == 0 || n >= sizeof(o->format))
		return;
	memcpy(o->format, s, n);
	o->format[n] = '\0';
	o->reject_run = guard_format(&f->guard, s, n);
	if (o->accepted_since)
		*o->reject_run = 0;
	o->accepted_since = false;
}

void
flow_name(const struct object *o, char *out, size_t n)
{
	struct json_val v = {o->line, o->len, JSON_OBJECT, 0};
	struct buf b = BUF_INIT(64 * 1024);
	struct wire_object w;
	const char *why;

	if (o->line == NULL || !wire_object(&w, &v, &why)) {
		(void)snprintf(out, n, "%s", o->id);
		return;
	}
	(void)json_text(&b, &w.store);
	buf_adds(&b, "://");
	(void)json_text(&b, &w.bucket);
	buf_addc(&b, '/');
	(void)wire_object_key(&w, &b);
	(void)snprintf(out, n, "%s", b.err == 0 ? b.p : o->id);
	buf_clear(&b);
}
