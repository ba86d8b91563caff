/* Receipts, and what must be safe before they are written; see receipt.h. */
#include <string.h>

#include "log.h"
#include "out.h"
#include "receipt.h"

enum { NAME_LEN = 512 };

enum receipt_status
receipt_status(const struct object *o, bool dead_letter)
{
	/* An object of which records are missing is not settled by its being
	 * gone either: that is for the fetch that finds nothing of it. */
	bool fine = o->settle.fault == SETTLE_FINE;

	switch (o->end) {
	case OBJECT_GONE:
		return fine ? RECEIPT_GONE : RECEIPT_FAILED;
	case OBJECT_FAILED:
		return RECEIPT_FAILED;
	case OBJECT_DEAD:
		return fine && dead_letter ? RECEIPT_DELIVERED : RECEIPT_FAILED;
	case OBJECT_ENDED:
		return fine ? RECEIPT_DELIVERED : RECEIPT_FAILED;
	case OBJECT_OPEN: /* COV_EXCL: nobody asks before it ended */
		break;    /* COV_EXCL: as above */
	}
	return RECEIPT_PARTIAL; /* COV_EXCL: as above */
}

/* A failure that says nothing of the object: it is not to count as a try. */
static bool
is_no_try(const struct object *o)
{
	return strcmp(o->code, "AccessDenied") == 0 || o->http == 408 ||
	       o->http == 429 || o->http >= 500;
}

static void
put_reason(struct jsonw *w, const struct object *o)
{
	if (o->settle.fault != SETTLE_FINE) {
		jsonw_text(w, "reason", settle_reason(o->settle.fault));
		return;
	}
	if (o->end == OBJECT_DEAD)
		jsonw_text(w, "reason", settle_reason(SETTLE_SET_ASIDE));
	else
		jsonw_text(w, "reason", "error");
	jsonw_text(w, "code", o->code);
	if (o->http != 0)
		jsonw_int(w, "http", o->http);
	if (o->stage[0] != '\0')
		jsonw_text(w, "stage", o->stage);
	if (o->end == OBJECT_FAILED && is_no_try(o))
		jsonw_bool(w, "try", false);
}

void
receipt_line(struct buf *b, const struct object *o, const char *to,
    enum receipt_status status, bool dead_letter)
{
	static const char *const names[] = {
	    "delivered", "gone", "partial", "failed"};
	const struct settle *s = &o->settle;
	struct jsonw w;

	jsonw_open(&w, b);
	jsonw_text(&w, "id", o->id);
	jsonw_object(&w, "receipt");
	jsonw_text(&w, "to", to);
	jsonw_text(&w, "status", names[status]);
	/* As it stood in the mark: with the escapes it may have. */
	buf_addf(b, ",\"format\":\"%s\"", o->format);
	jsonw_uint(&w, "records", s->through);
	jsonw_uint(&w, "rows", s->accepted);
	jsonw_uint(&w, "filtered", s->filtered);
	jsonw_uint(&w, "dead", s->dead);
	jsonw_uint(&w, "through", s->through);
	if (s->skipped > 0)
		jsonw_uint(&w, "skipped", s->skipped);
	if (status == RECEIPT_FAILED)
		put_reason(&w, o);
	else if (status == RECEIPT_GONE)
		jsonw_text(&w, "code", o->code);
	else if (o->end == OBJECT_DEAD && dead_letter)
		jsonw_bool(&w, "dead_object", true);
	jsonw_end(&w);
	jsonw_raw(&w, "object", o->line, o->len);
	jsonw_end(&w);
}

static void
write_one(struct flow *f, const struct object *o, enum receipt_status status)
{
	const struct settle *s = &o->settle;

	/* Nothing is lost silently: what is claimed must add up. */
	INVARIANT(
	    s->through == s->skipped + s->accepted + s->filtered + s->dead);
	receipt_line(out_buf(), o, f->c->target.to, status, f->dead != NULL);
	out_line();
}

/* Make what is dead last.  False: no receipt may be written any more. */
bool
receipts_sync(struct flow *f)
{
	struct fault why = {0};

	if (f->dead == NULL || dead_sync(f->dead, &why))
		return true;
	flow_stop(f, &why);
	return false;
}

/* The object lines of those that will never be read whole.  A line that could
 * not be written makes the sync fail that follows. */
static void
set_aside_objects(struct flow *f)
{
	struct dead_why reason = {0};
	struct fault why = {0};

	for (struct object *o = f->objects.finished; o != NULL;
	     o = o->next_finished) {
		if (o->end != OBJECT_DEAD ||
		    receipt_status(o, f->dead != NULL) != RECEIPT_DELIVERED)
			continue;
		reason.reason = o->code[0] != '\0' ? o->code : "error";
		reason.http = o->http;
		if (!dead_object(f->dead, o->line, o->len, o->settle.through,
			o->format, &reason, &why)) {
			flow_stop(f, &why);
			return;
		}
	}
}

static void
count(struct flow *f, const struct object *o, enum receipt_status status)
{
	char name[NAME_LEN];

	flow_name(o, name, sizeof(name));
	switch (status) {
	case RECEIPT_DELIVERED:
		f->n.delivered++;
		if (o->end != OBJECT_DEAD)
			break;
		f->n.dead_objects++;
		flow_code(f, EXIT_SETASIDE);
		log_warn("'%s' cannot be read (%s): its line is in the "
			 "dead-letter file",
		    name, o->code);
		break;
	case RECEIPT_GONE:
		f->n.gone++;
		log_info("'%s' is gone (%s)", name, o->code);
		break;
	case RECEIPT_PARTIAL:
		break; /* COV_EXCL: what has ended is never partial */
	case RECEIPT_FAILED:
		f->n.failed++;
		if (!settle_counts_hold(&o->settle))
			flow_code(f, EXIT_BUG);
		flow_code(f, EXIT_AGAIN);
		log_warn("'%s' is not settled: %s", name,
		    o->settle.fault != SETTLE_FINE
			? settle_reason(o->settle.fault)
		    : o->code[0] != '\0' ? o->code
					 : "error");
		if (f->dead == NULL && (o->settle.fault == SETTLE_SET_ASIDE ||
					   o->end == OBJECT_DEAD))
			log_hint("give --dead-letter FILE for what the "
				 "destination will never take");
		break;
	}
}

/* Until the destination took a row, a setting may be wrong: objects that have
 * no row for it wait, as far as memory goes. */
static bool
unproven(const struct flow *f)
{
	return f->post != NULL && f->n.accepted == 0 && !f->ended &&
	       (!objects_full(&f->objects) || post_pending(f->post) > 0 ||
		   batches_oldest(f->batches) >= 0);
}

void
receipts_finished(struct flow *f)
{
	enum receipt_status status;
	struct object *o;
	bool safe;

	if (f->objects.finished == NULL)
		return;
	if (f->c->dry_run) {
		while ((o = objects_finished(&f->objects)) != NULL) {
			if (!settle_counts_hold(&o->settle))
				flow_code(f, EXIT_BUG);
			objects_forget(&f->objects, o);
		}
		return;
	}
	if (unproven(f))
		return;
	set_aside_objects(f);
	safe = receipts_sync(f);
	while ((o = objects_finished(&f->objects)) != NULL) {
		status = receipt_status(o, f->dead != NULL);
		/* What was settled of one that failed is not done again. */
		if (safe && status == RECEIPT_FAILED && o->settle.moved)
			write_one(f, o, RECEIPT_PARTIAL);
		if (safe) {
			count(f, o, status);
			write_one(f, o, status);
		}
		objects_forget(&f->objects, o);
	}
}

void
receipts_partial(struct flow *f)
{
	bool synced = false;

	if (f->c->dry_run)
		return;
	for (struct object *o = f->objects.all; o != NULL; o = o->next) {
		if (o->stray || !o->settle.moved || o->listed)
			continue;
		if (!synced && !receipts_sync(f))
			return;
		synced = true;
		o->settle.moved = false;
		f->n.partial++;
		write_one(f, o, RECEIPT_PARTIAL);
	}
}
