/* What s3ack makes of a line; see ackint.h. */

#include "ackint.h"
#include "log.h"
#include "report.h"
#include "wire.h"

static void
hold(struct ack *a, const char *p, size_t n)
{
	struct buf *b = &a->out->lines;

	buf_add(b, p, n);
	buf_addc(b, '\n');
	INVARIANT(b->err == 0);
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
		ack_worse(a, EXIT_SETASIDE);
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
		a->n->refused++;
		ack_worse(a, report_refused(a->in.number, result, why));
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
	report_receipt(r, &e);
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

/* A destination passes on the done lines of those before it while its own
 * work is under way: only its own says that no receipt is missing. */
static void
take_done(struct ack *a, const struct wire_line *w)
{
	static const char *const before[] = {"s3list", "s3fetch", "logparse"};
	struct json_val stage = {0};

	ack_worse(a, wire_done_code(w));
	(void)wire_member(&w->done, "stage", &stage);
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		if (stage.p != NULL && json_is(&stage, before[i])) {
			a->early = true;
			return;
		}
	}
	a->done = true;
}

/* A line that is no JSON object.  One without its end was cut by the end of
 * who wrote it: it says nothing. */
static void
take_garbage(struct ack *a, const char *p, size_t n, bool torn, const char *why)
{
	if (torn) {
		log_warn("the input stops inside line %llu",
		    (unsigned long long)a->in.number);
		/* What is not the wire does not become it when run again. */
		ack_worse(
		    a, a->wire || p[0] == '{' ? EXIT_AGAIN : EXIT_SETASIDE);
		return;
	}
	if (a->n->garbage++ == 0)
		log_warn("line %llu is no JSON object: %s",
		    (unsigned long long)a->in.number, why);
	ack_worse(a, EXIT_SETASIDE);
	hold(a, p, n);
}

bool
ack_line(struct ack *a, const char *p, size_t n, bool torn)
{
	struct wire_line w;
	const char *why;

	if (wire_blank(p, n)) {
		hold(a, p, n);
		return true;
	}
	if (!wire_parse(&w, p, n, &why)) {
		take_garbage(a, p, n, torn, why);
		return true;
	}
	if (w.kind == WIRE_RECEIPT)
		return take_receipt(a, &w);
	if (w.kind == WIRE_DONE)
		take_done(a, &w);
	if (w.kind == WIRE_ROW || w.kind == WIRE_REJECT || w.kind == WIRE_CHUNK)
		note_undelivered(a);
	a->wire = a->wire || w.kind != WIRE_OTHER;
	hold(a, p, n);
	return true;
}

void
ack_long_line(struct ack *a, size_t n)
{
	a->n->long_lines++;
	log_warn("line %llu is too long: %zu bytes skipped",
	    (unsigned long long)a->in.number, n);
	ack_worse(a, EXIT_SETASIDE);
}
