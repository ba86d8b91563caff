/* What becomes of the lines of the wire: see lines.h. */
#include <inttypes.h>
#include <string.h>

#include "lines.h"
#include "log.h"
#include "out.h"

enum { TOLD_MAX = 5 /* lines out of place that are logged one by one */ };

static void
worse(struct parser *p, int code)
{
	p->code = exitcode_worse(p->code, code);
}

static void
pass_on(struct lines *in, const struct wire_line *w)
{
	if (!in->p->bare)
		out_copy(w->line, w->len);
}

/* May one more line be complained about? */
static bool
may_tell(struct lines *in)
{
	if (in->told == TOLD_MAX)
		log_error("more lines are out of place");
	return in->told++ < TOLD_MAX;
}

static bool
is_raw(const struct wire_line *w)
{
	const struct json_val whole = {w->line, w->len, JSON_OBJECT, 0};
	struct json_val raw;

	return wire_member(&whole, "raw", &raw) && raw.type == JSON_TRUE;
}

static void
refuse(struct lines *in, const struct wire_line *w, const char *id)
{
	static const char message[] =
	    "more than 4,096 objects are open on the pipe";

	if (in->refused++ == 0) {
		log_error("%s: the others are refused", message);
		log_hint("fan out object lines, not chunks; see docs/wire.md");
	}
	worse(in->p, EXIT_SETASIDE);
	pass_on(in, w);
	if (in->p->bare)
		return;
	wire_error(out_buf(), id,
	    &(struct wire_error){.stage = "logparse",
		.code = "TooManyOpen",
		.message = message,
		.retry = true});
	out_line();
}

static void
handle_open(struct lines *in, const struct wire_line *w)
{
	const char *why = "its id is none";
	char id[WIRE_ID_LEN + 1];
	struct object *o = NULL;

	if (!wire_version(w)) {
		why = "it is of another version of the wire";
	} else if (wire_id(w, id)) {
		if (idmap_get(&in->open, id) != NULL) {
			why = "it is open already";
		} else if (in->open.n == WIRE_OPEN_MAX) {
			refuse(in, w, id);
			return;
		} else {
			o = object_new(in->p, id, &w->object, is_raw(w), &why);
		}
	}
	if (o == NULL) {
		if (may_tell(in))
			log_error("an open line cannot be used: %s", why);
		worse(in->p, EXIT_BUG);
		return;
	}
	pass_on(in, w);
	(void)idmap_put(&in->open, id, o); /* there is room */
}

/* The open object that a line speaks of, or NULL when there is none. */
static struct object *
object_of(const struct lines *in, const struct wire_line *w)
{
	char id[WIRE_ID_LEN + 1];

	return wire_id(w, id) ? idmap_get(&in->open, id) : NULL;
}

static void
close_object(struct lines *in, struct object *o)
{
	(void)idmap_take(&in->open, o->id);
	object_free(o);
}

/* The bytes of a chunk line into in->bytes. */
static bool
chunk_bytes(struct lines *in, const struct wire_line *w)
{
	bool ok;

	buf_reset(&in->bytes);
	if (w->text.p == NULL)
		ok = json_base64_text(&in->bytes, &w->b64);
	else
		ok = w->text.type == JSON_STRING &&
		     json_unescape(&in->bytes, w->text.p + 1, w->text.n - 2) ==
			 0;
	return ok && in->bytes.err == 0;
}

static void
bad_chunk(struct lines *in, struct object *o, const char *message)
{
	object_fail(o, "BadChunk", true, message);
	worse(in->p, EXIT_BUG);
}

static void
handle_chunk(struct lines *in, const struct wire_line *w)
{
	struct object *o = object_of(in, w);
	uint64_t at;

	if (o == NULL && in->refused == 0) {
		if (may_tell(in))
			log_error("a chunk line belongs to no open object");
		worse(in->p, EXIT_BUG);
	}
	if (o == NULL || o->failed)
		return;
	if (!json_uint(&w->at, &at) || at != o->at)
		bad_chunk(in, o, "a chunk line is out of place");
	else if (!chunk_bytes(in, w))
		bad_chunk(in, o, "a chunk line cannot be read");
	else if (in->bytes.len > 0)
		(void)object_feed(o, in->bytes.p, in->bytes.len);
}

/* Most lines are chunks in one form: not all of what other lines need to be
 * looked at for.  False when this is none, or there is something about it. */
static bool
quick_chunk(struct lines *in, const char *p, size_t n)
{
	struct wire_chunk_text c;
	struct object *o;

	if (!wire_chunk_text(&c, p, n))
		return false;
	o = idmap_get(&in->open, c.id);
	return o != NULL && !o->failed && c.at == o->at &&
	       object_text(o, c.text, c.len);
}

static void
handle_end(struct lines *in, const struct wire_line *w)
{
	struct object *o = object_of(in, w);
	struct json_val records, bytes;
	uint64_t n;

	if (o == NULL) {
		if (in->refused == 0)
			pass_on(in, w);
		return;
	}
	o->foreign |= o->at == 0 && wire_member(&w->end, "records", &records);
	if (o->failed)
		;
	else if (o->foreign)
		pass_on(in, w);
	else if (wire_member(&w->end, "bytes", &bytes) &&
		 (!json_uint(&bytes, &n) || n != o->at))
		bad_chunk(in, o, "chunk lines are missing before the end");
	else
		object_end(o);
	if (!o->waiting)
		close_object(in, o);
}

/* An object that its reader will not get, as --rows has no line for it. */
static void
tell_error(struct lines *in, const struct object *o, const struct wire_line *w)
{
	struct buf code = BUF_INIT(256);
	struct json_val v;
	bool retry;

	if (wire_member(&w->error, "code", &v))
		(void)json_text(&code, &v);
	retry = wire_member(&w->error, "retry", &v) && v.type == JSON_TRUE;
	log_error("'%s': %s", o != NULL ? o->name : "an object",
	    code.p != NULL ? code.p : "failed");
	worse(in->p, retry ? EXIT_AGAIN : EXIT_SETASIDE);
	buf_clear(&code);
}

static void
handle_error(struct lines *in, const struct wire_line *w)
{
	struct object *o = object_of(in, w);

	if (in->p->bare && (o == NULL || !o->failed))
		tell_error(in, o, w);
	if (o == NULL) {
		if (in->refused == 0)
			pass_on(in, w);
		return;
	}
	if (!o->failed) {
		object_stop(o);
		pass_on(in, w);
	}
	close_object(in, o);
}

/* What a line of another logparse says of an open object: it is not to be
 * counted here. */
static bool
is_foreign(struct lines *in, const struct wire_line *w)
{
	struct object *o = object_of(in, w);

	if (o == NULL)
		return false;
	o->foreign |= o->at == 0;
	return true;
}

static void
handle_row(struct lines *in, const struct wire_line *w)
{
	(void)is_foreign(in, w);
	if (in->p->bare)
		out_copy(w->row.p, w->row.n);
	else
		out_copy(w->line, w->len);
}

/* A reject: of an open object, or a dead letter that is tried again. */
static void
handle_reject(struct lines *in, const struct wire_line *w)
{
	enum replay_result r = REPLAY_STILL;
	struct json_val v;

	if (!is_foreign(in, w))
		r = replay_line(&in->replay, in->p, w);
	else if (wire_member(&w->reject, "more", &v) && v.type == JSON_TRUE)
		r = REPLAY_PART;
	if (r == REPLAY_ROW || r == REPLAY_FILTERED)
		return;
	pass_on(in, w);
	if (!in->p->bare || r == REPLAY_PART)
		return;
	log_warn("line %" PRIu64 " is a reject: set aside", in->read);
	worse(in->p, EXIT_SETASIDE);
}

/* A line that --rows has nothing to print for. */
static void
tell_lost(struct lines *in, const char *what, const char *hint)
{
	worse(in->p, EXIT_SETASIDE);
	if (!may_tell(in))
		return;
	log_error("line %" PRIu64 " is %s: left out", in->read, what);
	if (hint != NULL)
		log_hint("%s", hint);
}

static void
handle_object(struct lines *in, const struct wire_line *w)
{
	pass_on(in, w);
	if (in->p->bare)
		tell_lost(in, "an object line", "is s3fetch missing?");
}

static void
handle_kind(struct lines *in, const struct wire_line *w)
{
	switch (w->kind) {
	case WIRE_OPEN:
		/* A dead letter's object line names its object, too. */
		if (w->id.p == NULL && w->bucket.p != NULL)
			handle_object(in, w);
		else
			handle_open(in, w);
		break;
	case WIRE_CHUNK:
		handle_chunk(in, w);
		break;
	case WIRE_END:
		handle_end(in, w);
		break;
	case WIRE_ERROR:
		handle_error(in, w);
		break;
	case WIRE_REJECT:
		handle_reject(in, w);
		break;
	case WIRE_ROW:
		handle_row(in, w);
		break;
	case WIRE_OBJECT:
		handle_object(in, w);
		break;
	case WIRE_DONE:
		worse(in->p, wire_done_code(w));
		pass_on(in, w);
		break;
	case WIRE_MARK:
		(void)is_foreign(in, w);
		pass_on(in, w);
		break;
	case WIRE_RECEIPT:
	case WIRE_OTHER:
		pass_on(in, w);
		break;
	}
}

/* A line that is no JSON object: the destination sets it aside.  One without
 * its end was cut by the end of who wrote it. */
static void
handle_alien(
    struct lines *in, const char *p, size_t n, bool torn, const char *why)
{
	if (torn && (in->of_wire > 0 || p[0] == '{')) {
		log_warn("the input stops inside line %" PRIu64, in->read);
		worse(in->p, EXIT_AGAIN);
		return;
	}
	log_debug("line %" PRIu64 " is not the wire: %s", in->read, why);
	if (!in->p->bare)
		out_copy(p, n);
	else if (in->of_wire > 0)
		tell_lost(in, "not the wire", NULL);
}

void
lines_handle(struct lines *in, const char *p, size_t n, bool torn)
{
	struct wire_line w;
	struct object *o;
	const char *why;

	in->read++;
	if (quick_chunk(in, p, n)) {
		in->of_wire++;
		return;
	}
	if (wire_blank(p, n)) {
		if (!in->p->bare)
			out_copy(p, n);
		return;
	}
	if (!wire_parse(&w, p, n, &why)) {
		handle_alien(in, p, n, torn, why);
		return;
	}
	in->of_wire += w.kind != WIRE_OTHER;
	handle_kind(in, &w);
	while ((o = stored_resume(in->p)) != NULL)
		close_object(in, o);
}

void
lines_too_long(struct lines *in, uint64_t number, uint64_t offset, size_t n)
{
	in->read++;
	log_error("line %" PRIu64 " at byte %" PRIu64
		  " is %zu bytes, over 8 MiB: skipped",
	    number, offset, n);
	worse(in->p, EXIT_SETASIDE);
}

/* The input stopped inside an object: what is done of it can be settled. */
static void
leave_open(struct lines *in, struct object *o)
{
	if (!o->failed) {
		log_warn("'%s': input stops inside it", o->name);
		object_stop(o);
		worse(in->p, EXIT_AGAIN);
	}
	close_object(in, o);
}

/* An open object, if there is one: rather one that does not wait. */
static struct object *
any_open(const struct lines *in)
{
	struct object *o, *last = NULL;
	size_t i = 0;

	while ((o = idmap_next(&in->open, &i)) != NULL) {
		last = o;
		if (!o->waiting)
			break;
	}
	return last;
}

/* Take leave of all that are open.  The end of one that waits may have come:
 * others make room for it. */
static void
leave_all(struct lines *in)
{
	struct object *o;

	while ((o = any_open(in)) != NULL) {
		leave_open(in, o);
		while ((o = stored_resume(in->p)) != NULL)
			close_object(in, o);
	}
	idmap_free(&in->open);
}

void
lines_init(struct lines *in, struct parser *p)
{
	*in = (struct lines){.p = p, .bytes = BUF_INIT(WIRE_LINE_MAX)};
	replay_init(&in->replay);
}

void
lines_end(struct lines *in)
{
	if (in->read > 0 && in->of_wire == 0) {
		log_error("standard input holds no line of the wire");
		log_hint("for a raw log use: logparse FILE, or: .. | "
			 "logparse -");
		worse(in->p, EXIT_SETASIDE);
	}
	leave_all(in);
	replay_free(&in->replay);
	buf_clear(&in->bytes);
}
