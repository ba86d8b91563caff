/* An object's life in logparse: decode, frame, map, count. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "emit.h"
#include "explain.h"
#include "log.h"
#include "object.h"
#include "origin.h"
#include "out.h"
#include "progress.h"
#include "timefmt.h"
#include "times.h"
#include "unwrap.h"

enum { WINDOW_KEPT = 1024 * 1024 /* of memory, from piece to piece */ };

/* What the object line says, as text of our own; NULL when it is too long. */
static char *
name_of(const struct wire_object *w, const struct buf *key)
{
	struct buf b = BUF_INIT(64 * 1024);

	(void)json_text(&b, &w->store);
	if (b.len == 4 && memcmp(b.p, "file", 4) == 0) {
		buf_reset(&b);
	} else {
		buf_adds(&b, "://");
		(void)json_text(&b, &w->bucket);
		buf_addc(&b, '/');
	}
	buf_add(&b, key->p, key->len);
	if (b.err != 0)
		buf_clear(&b);
	return b.p;
}

static void
short_text(char *out, size_t max, const struct json_val *v)
{
	struct buf b = BUF_INIT(max - 1);

	out[0] = '\0';
	if (v->p == NULL || v->type != JSON_STRING)
		return;
	(void)json_text(&b, v);
	if (b.err == 0 && b.p != NULL)
		memcpy(out, b.p, b.len + 1);
	buf_clear(&b);
}

void
object_modified(struct object *o, const struct json_val *v)
{
	struct buf b = BUF_INIT(TIMEFMT_MAX - 1);
	char text[64];

	short_text(text, sizeof(text), v);
	if (times_iso(&b, text, strlen(text)) && b.err == 0)
		memcpy(o->modified, b.p, b.len + 1);
	buf_clear(&b);
}

static void
use_format(struct object *o, int place)
{
	const struct format *format;

	o->format = place;
	if (o->parser->explain)
		explain_object(o);
	if (place < 0) {
		/* None of the known ones: all of it is set aside as one. */
		frame_init(&o->framer, NULL);
		frame_reject_all(&o->framer, "unknown-format");
		o->skip = 0;
		return;
	}
	formats_use(&o->parser->formats, place);
	format = o->parser->formats.v[place].format;
	frame_init(&o->framer, format);
	o->framer.unmapped = &o->unmapped;
	if (o->parser->formats.v[place].outer != NULL)
		frame_around(&o->framer, o->parser->formats.v[place].outer,
		    &o->parser->held);
	/* Settled records are skipped only by the framing that counted them. */
	if (strcmp(o->skip_format, format->id) != 0)
		o->skip = 0;
}

struct object *
object_new(struct parser *p, const char *id, const struct json_val *line,
    bool raw, const char **why)
{
	struct buf key = BUF_INIT(16 * 1024);
	struct wire_object w;
	struct object *o;
	char *name;

	if (!wire_object(&w, line, why))
		return NULL;
	if (!wire_object_key(&w, &key)) {
		*why = "its key cannot be read";
		buf_clear(&key);
		return NULL;
	}
	name = name_of(&w, &key);
	if (name == NULL) {
		*why = "its names are too long";
		buf_clear(&key);
		return NULL;
	}
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		log_oom();
	o->parser = p;
	memcpy(o->id, id, strlen(id) + 1);
	o->name = name;
	o->key = key.p;
	o->nkey = key.len;
	origin_init(o, &w.bucket);
	o->raw = raw;
	if (w.size.p == NULL || !json_uint(&w.size, &o->size))
		o->size = 0;
	o->format = p->forced >= 0 && !formats_has_forms(&p->formats, p->forced)
			? p->forced
			: DETECT_MORE;
	object_modified(o, &w.modified);
	short_text(o->hint, sizeof(o->hint), &w.format);
	memcpy(o->skip_format, o->hint, sizeof(o->hint));
	if (w.skip.p == NULL || !json_uint(&w.skip, &o->skip))
		o->skip = 0;
	o->detect = DETECT_FIRST;
	unpack_init(
	    &o->unpack, &(struct unpack_options){.max_ratio = p->max_ratio,
			    .pool = &p->stored.pool});
	if (o->format >= 0) {
		o->detection = (struct detection){.place = o->format,
		    .sure = 100,
		    .reason = "--format says so"};
		use_format(o, o->format);
	}
	p->objects++;
	return o;
}

/* It needs no memory for bytes any more. */
static void
release(struct object *o)
{
	stored_free(o);
	if (o->nested) {
		unpack_free(&o->inner);
		o->parser->stored.pool.used -= STORED_DECODER;
	}
	o->nested = false;
	hold_free(&o->rest, &o->parser->held);
	frame_free(&o->framer);
}

void
object_free(struct object *o)
{
	if (o == NULL)
		return;
	release(o);
	unmapped_free(&o->unmapped);
	buf_clear(&o->origin);
	free(o->name);
	free(o->key);
	free(o);
}

/* Decide which form of a type it has that is given. */
static bool
decided_form(struct object *o, const char *p, size_t n, bool final)
{
	const struct formats *all = &o->parser->formats;
	int place = DETECT_MORE;
	size_t look;

	while (place < 0) {
		if (n < o->detect && !final)
			return false;
		look = n < o->detect ? n : o->detect;
		place = detect_form(all, o->parser->forced, p, look,
		    look < o->detect || look == DETECT_BYTES);
		o->detect *= 2;
	}
	o->detection = (struct detection){
	    .place = place, .sure = 100, .reason = "--format says so"};
	use_format(o, place);
	return true;
}

/* Decide the format when it is open; false while it cannot be. */
static bool
decided(struct object *o, const char *p, size_t n, bool final)
{
	const struct formats *all = &o->parser->formats;
	int place = DETECT_MORE;
	size_t look;

	if (o->format != DETECT_MORE)
		return true;
	if (o->parser->forced >= 0)
		return decided_form(o, p, n, final);
	if (o->hint[0] != '\0') {
		if (n < DETECT_FIRST && !final)
			return false;
		place = formats_find(all, o->hint, strlen(o->hint));
		o->detection = (struct detection){.place = place,
		    .sure = SURE_BOTH,
		    .reason = "its object line says so"};
		look = n < DETECT_FIRST ? n : DETECT_FIRST;
		if (place >= 0 && !detect_fit(all, place, p, look))
			place = DETECT_MORE;
	}
	while (place < 0) {
		if (n < o->detect && !final)
			return false;
		look = n < o->detect ? n : o->detect;
		final = look < o->detect || look == DETECT_BYTES;
		o->detection =
		    detect_format(all, o->key, o->nkey, p, look, final);
		place = o->detection.place;
		if (final)
			break;
		o->detect *= 2;
	}
	use_format(o, place);
	return true;
}

/* Frame what is in the window from pos on; returns where it stopped. */
static size_t
frame_window(struct object *o, const char *p, size_t n, bool final)
{
	struct capture *c = NULL;
	struct frame_event ev;
	enum frame_kind_of kind;
	size_t pos = 0;

	if (o->format >= 0)
		c = o->parser->formats.v[o->format].capture;
	for (;;) {
		kind = frame_next(&o->framer, c, p, n, &pos, final, &ev);
		if (kind == FRAME_RECORD)
			emit_record(o, &ev);
		else if (kind == FRAME_REJECT)
			emit_reject(o, &ev);
		else
			break;
	}
	frame_consumed(&o->framer, pos);
	return pos;
}

/* The same, when there may be more to come: and no more than all may hold
 * together is left. */
static size_t
frame_some(struct object *o, const char *p, size_t n)
{
	struct parser *parser = o->parser;
	const size_t others = parser->held - o->rest.cap;
	size_t pos;

	if (!decided(o, p, n, others + n > OBJECT_HELD_MAX))
		return 0;
	pos = frame_window(o, p, n, false);
	if (n - pos <= OBJECT_SMALL || others + n - pos <= OBJECT_HELD_MAX)
		return pos;
	frame_overflow(&o->framer, "memory");
	o->framer.squeeze = true;
	pos += frame_window(o, p + pos, n - pos, false);
	o->framer.squeeze = false;
	return pos;
}

/* The rest as it is, and room behind it. */
static struct buf *
window(struct object *o)
{
	struct buf *w = &o->parser->window;

	buf_reset(w);
	buf_add(w, o->rest.p, o->rest.len);
	return w;
}

/* n more bytes have come: p is the rest and they, len in all. */
static void
came(struct object *o, const char *p, size_t len, size_t n)
{
	size_t pos;

	o->bytes += n;
	o->parser->bytes += n;
	pos = frame_some(o, p, len);
	hold_set(&o->rest, &o->parser->held, p + pos, len - pos);
}

bool
object_bytes(void *ctx, const char *p, size_t n)
{
	struct object *o = ctx;
	struct buf *w;
	size_t *held = &o->parser->held;

	if (o->rest.len > n) {
		/* A large record: copying it for each piece would not end. */
		o->bytes += n;
		o->parser->bytes += n;
		hold_add(&o->rest, held, p, n);
		hold_drop(
		    &o->rest, held, frame_some(o, o->rest.p, o->rest.len));
		return true;
	}
	if (o->rest.len == 0) {
		came(o, p, n, n);
		return true;
	}
	w = window(o);
	buf_add(w, p, n);
	INVARIANT(w->err == 0);
	came(o, w->p, w->len, n);
	if (w->cap > WINDOW_KEPT)
		buf_clear(w);
	return true;
}

void
object_refuse(struct object *o)
{
	object_fail(o, o->refusal, o->refusal_retry, o->refusal_text);
}

bool
object_text(struct object *o, const char *s, size_t n)
{
	struct buf *w;
	size_t rest = o->rest.len;

	if (o->raw || !o->begun || o->nested || rest > n || n > WINDOW_KEPT / 4)
		return false;
	w = window(o);
	if (!json_unescape_strict(w, s, n))
		return false;
	o->at += w->len - rest;
	came(o, w->p, w->len, w->len - rest);
	return true;
}

void
object_stop(struct object *o)
{
	if (o->foreign)
		return;
	/* No more comes: do with what there is what waited for more. */
	if (o->rest.len > 0 && decided(o, o->rest.p, o->rest.len, true)) {
		o->framer.need = 0;
		hold_drop(&o->rest, &o->parser->held,
		    frame_some(o, o->rest.p, o->rest.len));
	}
	object_mark(o);
}

void
object_fail(struct object *o, const char *code, bool retry, const char *message)
{
	log_error("'%s': %s: %s", o->name, code, message);
	object_stop(o);
	o->failed = true;
	release(o);
	if (o->parser->bare) {
		o->parser->code = exitcode_worse(
		    o->parser->code, retry ? EXIT_AGAIN : EXIT_SETASIDE);
		return;
	}
	wire_error(out_buf(), o->id,
	    &(struct wire_error){.stage = "logparse",
		.code = code,
		.message = message,
		.retry = retry});
	out_line();
}

bool
object_feed(struct object *o, const char *p, size_t n)
{
	o->at += n;
	if (o->raw)
		return stored_feed(o, p, n);
	if (unwrap_take(o, p, n))
		return true;
	object_refuse(o);
	return false;
}

void
object_end(struct object *o)
{
	static const char nothing[] = "";
	const char *p;

	if (o->waiting) {
		o->ended = true;
		return;
	}
	if (o->raw && !unpack_finish(&o->unpack, unwrap_take, o)) {
		stored_fail(o);
		return;
	}
	if (!unwrap_finish(o)) {
		object_refuse(o);
		return;
	}
	p = o->rest.len > 0 ? o->rest.p : nothing;
	(void)decided(o, p, o->rest.len, true);
	(void)frame_window(o, p, o->rest.len, true);
	emit_end(o);
}

void
parser_tick(struct parser *p)
{
	metrics_tick(&p->metrics, clock_mono_ms());
	if (progress_due())
		progress_tick("logparse: %" PRIu64 " objects, %" PRIu64
			      " MB, %" PRIu64 " rows, %" PRIu64 " rejects",
		    p->objects, p->bytes / 1000000, p->totals.rows,
		    p->totals.rejects);
}
