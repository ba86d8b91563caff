/* An object's life in logparse: decode, frame, map, count. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "emit.h"
#include "log.h"
#include "object.h"
#include "out.h"
#include "progress.h"
#include "timefmt.h"

/* What the object line says, as text of our own. */
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
	if (b.err != 0 || b.p == NULL)
		log_oom();
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

/* The object's modified time, in the one form that rows have. */
static void
take_modified(struct object *o, const struct json_val *v)
{
	struct buf b = BUF_INIT(TIMEFMT_MAX - 1);
	char text[64];

	short_text(text, sizeof(text), v);
	if (value_time(&b, text, strlen(text)) && b.err == 0)
		memcpy(o->modified, b.p, b.len + 1);
	buf_clear(&b);
}

static void
use_format(struct object *o, int place)
{
	const struct format *format;

	o->format = place;
	if (place < 0) {
		/* None of the known ones: all of it is set aside as one. */
		frame_init(&o->framer, NULL);
		frame_reject_all(&o->framer, "unknown-format");
		o->skip = 0;
		return;
	}
	format = o->parser->formats.v[place].format;
	frame_init(&o->framer, format);
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

	if (!wire_object(&w, line, why))
		return NULL;
	if (!wire_object_key(&w, &key)) {
		*why = "its key cannot be read";
		buf_clear(&key);
		return NULL;
	}
	o = calloc(1, sizeof(*o));
	if (o == NULL)
		log_oom();
	o->parser = p;
	memcpy(o->id, id, strlen(id) + 1);
	o->name = name_of(&w, &key);
	o->key = key.p;
	o->nkey = key.len;
	o->raw = raw;
	o->format = p->forced >= 0 ? p->forced : DETECT_MORE;
	take_modified(o, &w.modified);
	short_text(o->hint, sizeof(o->hint), &w.format);
	memcpy(o->skip_format, o->hint, sizeof(o->hint));
	if (w.skip.p == NULL || !json_uint(&w.skip, &o->skip))
		o->skip = 0;
	o->rest.max = FRAME_RECORD_MAX + FRAME_PART_MAX * 4;
	unpack_init(
	    &o->unpack, &(struct unpack_options){.max_ratio = p->max_ratio});
	if (o->format >= 0)
		use_format(o, o->format);
	p->objects++;
	return o;
}

void
object_free(struct object *o)
{
	if (o == NULL)
		return;
	o->parser->held -= o->rest.len;
	unpack_free(&o->unpack);
	unmapped_free(&o->unmapped);
	buf_clear(&o->rest);
	free(o->name);
	free(o->key);
	free(o);
}

/* Decide the format when it is open; false while it cannot be. */
static bool
decided(struct object *o, const char *p, size_t n, bool final)
{
	const struct formats *all = &o->parser->formats;
	int place = -1;

	if (o->format != DETECT_MORE)
		return true;
	if (o->hint[0] != '\0')
		place = formats_find(all, o->hint, strlen(o->hint));
	if (place < 0)
		place = formats_detect(all, o->key, o->nkey, p, n, final);
	if (place == DETECT_MORE)
		return false;
	use_format(o, place);
	return true;
}

static void
count_unmapped(
    void *ctx, const struct path_node *parent, const struct json_val *key)
{
	struct object *o = ctx;

	unmapped_count(&o->unmapped, parent, key);
}

/* Frame what is in the window from pos on; returns where it stopped. */
static size_t
frame_window(struct object *o, const char *p, size_t n, bool final)
{
	struct capture *c = NULL;
	struct frame_event ev;
	enum frame_kind_of kind;
	size_t pos = 0;

	if (o->format >= 0) {
		c = o->parser->formats.v[o->format].capture;
		c->unmapped = count_unmapped;
		c->ctx = o;
		c->duplicates = 0;
	}
	for (;;) {
		kind = frame_next(&o->framer, c, p, n, &pos, final, &ev);
		if (kind == FRAME_RECORD)
			emit_record(o, &ev);
		else if (kind == FRAME_REJECT)
			emit_reject(o, &ev);
		else
			break;
	}
	if (c != NULL)
		o->duplicates += c->duplicates;
	frame_consumed(&o->framer, pos);
	return pos;
}

/* Keep the bytes that make no whole record yet. */
static void
keep_rest(struct object *o, const char *p, size_t n)
{
	struct parser *parser = o->parser;

	parser->held -= o->rest.len;
	if (n == 0 || o->rest.cap > 4 * n + 65536)
		buf_clear(&o->rest);
	buf_reset(&o->rest);
	buf_add(&o->rest, p, n);
	if (o->rest.err != 0)
		log_oom();
	parser->held += n;
	/* Small ones stay: all that may be open, at this size, fit the limit.
	 */
	if (parser->held > OBJECT_HELD_MAX && o->format >= 0 &&
	    n > OBJECT_HELD_MAX / WIRE_OPEN_MAX)
		frame_overflow(&o->framer, "memory");
}

/* Take decoded bytes: what is left of before, then these. */
static bool
take(void *ctx, const char *p, size_t n)
{
	struct object *o = ctx;
	struct buf *w = &o->parser->window;
	const char *all = p;
	size_t len = n, pos;

	o->bytes += n;
	o->parser->bytes += n;
	if (o->rest.len > 0) {
		buf_reset(w);
		buf_add(w, o->rest.p, o->rest.len);
		buf_add(w, p, n);
		if (w->err != 0)
			log_oom();
		all = w->p;
		len = w->len;
	}
	pos = decided(o, all, len, o->parser->held > OBJECT_HELD_MAX)
		  ? frame_window(o, all, len, false)
		  : 0;
	keep_rest(o, all + pos, len - pos);
	return true;
}

void
object_fail(struct object *o, const char *code, bool retry, const char *message)
{
	log_error("'%s': %s: %s", o->name, code, message);
	object_mark(o);
	o->failed = true;
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
	if (!o->raw)
		return take(o, p, n);
	if (unpack_feed(&o->unpack, p, n, take, o))
		return true;
	object_fail(o, unpack_code(o->unpack.err), false, o->unpack.message);
	return false;
}

bool
object_end(struct object *o)
{
	static const char nothing[] = "";
	struct buf rest;
	const char *p;

	if (o->raw && !unpack_finish(&o->unpack, take, o)) {
		object_fail(
		    o, unpack_code(o->unpack.err), false, o->unpack.message);
		return false;
	}
	/* The rest becomes the window, the object keeps nothing. */
	rest = o->rest;
	o->parser->held -= rest.len;
	o->rest = (struct buf)BUF_INIT(rest.max);
	p = rest.len > 0 ? rest.p : nothing;
	(void)decided(o, p, rest.len, true);
	(void)frame_window(o, p, rest.len, true);
	buf_clear(&rest);
	if (o->format >= 0 && (o->framer.state == FRAME_ELEMENTS ||
				  o->framer.state == FRAME_TAIL)) {
		o->unclosed++;
		log_warn("'%s' ends inside its array of records", o->name);
	}
	emit_end(o);
	return true;
}

void
parser_tick(struct parser *p)
{
	metrics_tick(&p->metrics, clock_mono_ms());
	if (progress_due())
		progress_tick("%" PRIu64 " objects, %" PRIu64 " MB, %" PRIu64
			      " rows, %" PRIu64 " rejects",
		    p->objects, p->bytes / 1000000, p->totals.rows,
		    p->totals.rejects);
}

bool
object_reparse(struct parser *p, const char *id, uint64_t record,
    const char *format, size_t nformat, const struct json_val *object,
    const char *raw, size_t n)
{
	struct object o = {
	    .parser = p, .counts.records = record, .from = *object};
	struct json_val modified;
	struct capture *c;
	struct json j;
	unsigned depth;
	bool ok;

	o.format = formats_find(&p->formats, format, nformat);
	if (o.format < 0)
		return false;
	memcpy(o.id, id, strlen(id) + 1);
	if (wire_member(object, "modified", &modified))
		take_modified(&o, &modified);
	json_init(&j, raw, n);
	c = p->formats.v[o.format].capture;
	c->unmapped = NULL;
	ok = capture_record(c, &j, false, &depth) == CAPTURE_OK &&
	     json_done(&j) && emit_row(&o) == NULL;
	if (ok) {
		p->totals.records++;
		p->totals.rows++;
	}
	return ok;
}
