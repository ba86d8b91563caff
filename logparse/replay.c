/* Dead letters back to rows. */
#include <string.h>

#include "choose.h"
#include "emit.h"
#include "header.h"
#include "origin.h"
#include "replay.h"
#include "rule.h"
#include "textrecord.h"

void
replay_init(struct replay *r)
{
	*r = (struct replay){.bytes = BUF_INIT(WIRE_LINE_MAX)};
}

void
replay_free(struct replay *r)
{
	buf_clear(&r->bytes);
}

/* Is the line one of several of its record?  They do not make sense alone, and
 * are never put together: the record was too long. */
static bool
is_part(struct replay *r, const char *id, uint64_t n, bool more)
{
	bool part = more || (r->parts && r->n == n && strcmp(r->id, id) == 0);

	if (part) {
		memcpy(r->id, id, WIRE_ID_LEN + 1);
		r->n = n;
		r->parts = more;
	}
	return part;
}

/* The record's bytes into r->bytes. */
static bool
record_bytes(struct replay *r, const struct wire_line *w)
{
	struct buf *b = &r->bytes;

	buf_reset(b);
	if (w->raw.p != NULL)
		return w->raw.type == JSON_STRING &&
		       json_text(b, &w->raw) == 0 && b->err == 0;
	return json_base64_text(b, &w->raw64);
}

/* Where the format of the reject is; -1: it is not known. */
static int
format_of(const struct parser *p, const struct wire_line *w)
{
	struct buf name = BUF_INIT(256);
	struct json_val v;
	int place = -1;

	if (wire_member(&w->reject, "format", &v) &&
	    json_text(&name, &v) == 0 && name.err == 0 && name.len > 0)
		place = formats_find(&p->formats, name.p, name.len);
	buf_clear(&name);
	return place;
}

/* Keep what is around the record, or what names its fields, as its reject says.
 * False when that cannot be. */
static bool
take_header(struct object *o, const struct wire_line *w)
{
	const struct formats *all = &o->parser->formats;
	const struct format *format = all->v[o->format].format;
	struct buf text = BUF_INIT(WIRE_LINE_MAX);
	struct capture *outer = all->v[o->format].outer;
	struct json_val v;
	bool ok = true;

	if (!wire_member(&w->reject, "header", &v) || v.type != JSON_STRING)
		return true;
	(void)json_text(&text, &v);
	if (format->framing == FRAMING_TEXT) {
		ok = text.len > 0 && text.len <= HEADER_LINE_MAX;
		if (ok)
			o->framer.header =
			    header_line(format, text.p, text.len);
		ok = ok && o->framer.header != NULL;
	} else if (outer != NULL) {
		frame_around(&o->framer, outer, &o->parser->held);
		(void)context_read(&o->framer.context, text.p, text.len);
	}
	buf_clear(&text);
	return ok;
}

/* The record in r->bytes into the capture of its format; false when it is
 * none. */
static bool
take_record(struct replay *r, struct object *o)
{
	const struct formats *all = &o->parser->formats;
	const struct format *format = all->v[o->format].format;
	struct capture *c = all->v[o->format].capture;
	const struct header *h = o->framer.header;
	enum capture_result got;
	const char *detail;
	unsigned depth;
	struct json j;

	if (r->bytes.len == 0 || r->bytes.len > FRAME_RECORD_MAX)
		return false;
	if (format->framing == FRAMING_TEXT)
		return text_record(c, h != NULL ? h : format->text.names,
			   r->bytes.p, r->bytes.len, r->bytes.p + r->bytes.len,
			   &detail) == NULL;
	json_init(&j, r->bytes.p, r->bytes.len);
	got = capture_record(c, &j, false, &depth);
	return (got == CAPTURE_OK ||
		   (got == CAPTURE_NOT_OBJECT && format->values)) &&
	       json_done(&j);
}

/* What became of the record. */
static enum replay_result
tried(struct parser *p, enum emit_result r)
{
	switch (r) {
	case EMIT_ROW:
		p->totals.rows++;
		return REPLAY_ROW;
	case EMIT_FILTERED:
		p->totals.filtered++;
		return REPLAY_FILTERED;
	case EMIT_REJECT:
		break;
	}
	return REPLAY_STILL;
}

/* The record in r->bytes, of o's format. */
static enum replay_result
again(struct replay *r, struct object *o)
{
	struct parser *p = o->parser;
	const struct formats *all = &p->formats;
	struct frame_event ev = {.p = r->bytes.p, .n = r->bytes.len};
	enum replay_result result = REPLAY_STILL;
	struct record rec;

	if (!take_record(r, o))
		return REPLAY_STILL;
	o->record = ev.p;
	o->record_len = ev.n;
	o->record_format = choose_format(o, &ev);
	if (o->record_format < 0)
		return REPLAY_STILL;
	rec = (struct record){.slots = all->v[o->record_format].capture->slot,
	    .outer = choose_around(o, o->record_format)};
	if (rule_filters(all->v[o->record_format].format, &rec)) {
		p->totals.filtered++;
		result = REPLAY_FILTERED;
	} else {
		result = tried(p, emit_row(o, &ev));
	}
	p->totals.records += result != REPLAY_STILL;
	return result;
}

enum replay_result
replay_line(struct replay *r, struct parser *p, const struct wire_line *w)
{
	struct object o = {.parser = p, .from = w->object};
	struct buf key = BUF_INIT(WIRE_LINE_MAX);
	enum replay_result result;
	struct json_val v, bucket = {0};
	bool more;

	if (!wire_id(w, o.id) || !json_uint(&w->n, &o.counts.records))
		return REPLAY_STILL;
	more = wire_member(&w->reject, "more", &v) && v.type == JSON_TRUE;
	if (is_part(r, o.id, o.counts.records, more))
		return more ? REPLAY_PART : REPLAY_STILL;
	o.format = format_of(p, w);
	if (o.format < 0 || !record_bytes(r, w))
		return REPLAY_STILL;
	formats_use(&p->formats, o.format);
	if (wire_member(&w->object, "modified", &v))
		object_modified(&o, &v);
	if (wire_member(&w->object, "key", &v) && json_text(&key, &v) == 0) {
		o.key = key.p;
		o.nkey = key.len;
	}
	(void)wire_member(&w->object, "bucket", &bucket);
	origin_init(&o, &bucket);
	result = take_header(&o, w) ? again(r, &o) : REPLAY_STILL;
	unmapped_free(&o.unmapped);
	buf_clear(&key);
	buf_clear(&o.origin);
	frame_free(&o.framer);
	return result;
}
