/* Rows, marks and ends, and how records are counted. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "choose.h"
#include "convert.h"
#include "emit.h"
#include "explain.h"
#include "extra.h"
#include "header.h"
#include "log.h"
#include "origin.h"
#include "out.h"
#include "rule.h"
#include "source.h"
#include "textrow.h"

/* The column of tables of one's own that keeps what has none. */
#define EXTRA_CUSTOM "AdditionalFields"

/* {"id":"..","n":17,"table":"..": up to the row; each has it. */
static void
row_head(struct buf *b, const struct object *o, const char *table)
{
	char digits[20], *p = digits + sizeof(digits);
	uint64_t n = o->counts.records;

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) != 0);
	buf_adds(b, "{\"id\":\"");
	buf_add(b, o->id, WIRE_ID_LEN);
	buf_adds(b, "\",\"n\":");
	buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
	buf_adds(b, ",\"table\":\"");
	buf_adds(b, table);
	if (o->from.p != NULL) {
		buf_adds(b, "\",\"object\":");
		buf_add(b, o->from.p, o->from.n);
		buf_adds(b, ",\"row\":");
	} else {
		buf_adds(b, "\",\"row\":");
	}
}

/* What was done for one row, counted when it is one. */
struct done {
	const struct header *names; /* of text taken the short way */
	struct value_counts values;
	uint64_t misfits;
	bool fallback;
	struct spare spare; /* notes what first-of columns leave */
	size_t *starts;     /* of the columns, for --where; or NULL */
	struct extra extra;
};

/* The row up to the first column's value: labels begin with a comma. */
static void
begin_row(struct buf *b, const struct column *c)
{
	char *to = buf_room(b, COLUMN_LABEL);

	if (to == NULL)
		return;
	memcpy(to, c->label, COLUMN_LABEL);
	*to = '{';
	buf_wrote(b, c->label_len);
}

/* The first column: the record's time, or the object's. */
static bool
add_time(struct buf *b, struct object *o, const struct format *f,
    const struct record *rec, struct done *d)
{
	const struct column *c = &f->columns[0];
	enum value_result r = VALUE_ABSENT;
	const char *instead = o->modified;

	begin_row(b, c);
	if (d->names != NULL)
		r = textrow_time(b, f, d->names, &d->values);
	else if (c->nsources > 0)
		r = source_add(b, f, c, rec, &d->values, &d->spare);
	else if (c->node != NULL)
		r = convert_add(b, c, &rec->slots[c->node->slot], &d->values);
	if (r == VALUE_OK)
		return true;
	if (instead[0] == '\0' && strcmp(f->table, FORMAT_GENERIC_TABLE) == 0)
		instead = o->read_at;
	if (o->parser->strict_time || instead[0] == '\0')
		return false;
	d->fallback = true;
	/* What was no time is kept, too. */
	if (r == VALUE_MISFIT)
		d->extra.misfit[d->extra.nmisfits++] = c;
	buf_addc(b, '"');
	buf_adds(b, instead);
	buf_addc(b, '"');
	return true;
}

/* A value does not fit its column. */
static void
misfit(struct done *d, const struct column *c)
{
	d->misfits++;
	if (d->extra.nmisfits < EXTRA_MISFITS_MAX)
		d->extra.misfit[d->extra.nmisfits++] = c;
}

/* A column and the JSON of its value. */
static void
put_column(struct buf *b, const struct column *c, const char *value, size_t n)
{
	char *to = buf_room(b, COLUMN_LABEL + n);

	if (to == NULL)
		return;
	memcpy(to, c->label, COLUMN_LABEL);
	memcpy(to + c->label_len, value, n);
	buf_wrote(b, c->label_len + n);
}

/* A column with sources. */
static void
add_sources(struct buf *b, const struct format *f, const struct column *c,
    const struct record *rec, struct done *d)
{
	size_t start = b->len;
	enum value_result r;

	buf_add(b, c->label, c->label_len);
	r = source_add(b, f, c, rec, &d->values, &d->spare);
	if (r != VALUE_OK)
		buf_cut(b, start);
	if (r == VALUE_MISFIT)
		misfit(d, c);
}

static void
add_columns(struct buf *b, const struct format *f, const struct record *rec,
    struct done *d)
{
	const struct json_val *slots = rec->slots;
	const struct column *c;
	const struct json_val *v;
	enum value_result r;
	size_t start;

	for (c = f->columns + 1; c < f->columns + f->n; c++) {
		if (d->starts != NULL)
			d->starts[c - f->columns] = b->len;
		if (c->nsources > 0) {
			add_sources(b, f, c, rec, d);
			continue;
		}
		if (c->node == NULL) {
			put_column(b, c, c->constant, c->constant_len);
			continue;
		}
		v = &slots[c->node->slot];
		if (v->p == NULL || v->type == JSON_NULL)
			continue;
		if (c->type == COLUMN_STRING && c->as == AS_IS &&
		    value_is_plain(v)) {
			put_column(b, c, v->p, v->n);
			continue;
		}
		start = b->len;
		buf_add(b, c->label, c->label_len);
		r = convert_add(b, c, v, &d->values);
		if (r != VALUE_OK)
			buf_cut(b, start);
		if (r == VALUE_MISFIT)
			misfit(d, c);
	}
	if (d->starts != NULL)
		d->starts[f->n] = b->len;
}

/* What has no column, in a column of its own. */
static void
add_extra(struct buf *b, struct object *o, const struct format *f,
    struct capture *c, const struct record *rec, struct done *d)
{
	size_t start = b->len;

	if (!f->custom && o->parser->extra == NULL)
		return;
	buf_adds(b, ",\"");
	buf_adds(b, f->custom ? EXTRA_CUSTOM : o->parser->extra);
	if (f->framing == FRAMING_JSON)
		d->extra.around = choose_context(o, o->record_format);
	d->extra.left = o->parser->formats.v[o->record_format].left;
	buf_adds(b, "\":");
	if (!extra_add(b, &d->extra, f, c, rec, &d->values))
		buf_cut(b, start);
}

/* What is left of records around this one has no column, either. */
static void
add_left(struct capture *c, const struct capture *left)
{
	for (size_t i = 0; i < left->nunmapped; i++)
		capture_unmapped(c, left->unmapped[i].parent,
		    &left->unmapped[i].key, &left->unmapped[i].val);
	c->others += left->others;
}

static void
count_row(struct object *o, const struct capture *c, const struct done *d)
{
	o->values.replaced += d->values.replaced;
	o->values.cut += d->values.cut;
	o->values.bad_ip += d->values.bad_ip;
	o->misfits += d->misfits;
	o->time_fallback += d->fallback;
	o->parser->time_fallbacks += d->fallback;
	o->duplicates += c->duplicates;
	if (c->nunmapped > 0 || c->others > 0)
		unmapped_count(&o->unmapped, c);
}

/* The names of the record's fields, when it is text that columns can be made
 * of without slots. */
static const struct header *
short_way(
    const struct object *o, const struct format *f, const struct capture *c)
{
	const struct header *h = o->framer.header;

	if (f->framing != FRAMING_TEXT || c->keep)
		return NULL;
	if (h == NULL)
		h = f->text.names;
	return textrow_can(f, h) ? h : NULL;
}

/* Tell what is in a row instead of printing it. */
static void
told_row(const struct object *o, const struct format *f,
    const struct capture *c, const char *p, size_t n)
{
	struct buf row = BUF_INIT(WIRE_LINE_MAX);

	buf_add(&row, p, n);
	out_drop();
	explain_row(o, f, c, row.p, row.len);
	buf_clear(&row);
}

/* What --where and --map make of the row that b holds from at on. */
static enum emit_result
choose(struct object *o, const struct format *f, struct buf *b, size_t at,
    struct done *d, struct frame_event *bad)
{
	static struct jqrun_error e;
	const char *why;

	switch (where_row(&o->parser->where, f, b, at, &d->values, &why, &e)) {
	case WHERE_FILTERED:
		return EMIT_FILTERED;
	case WHERE_FAILED:
		bad->why = why;
		bad->detail = e.what;
		bad->said = e.said[0] != '\0' ? e.said : NULL;
		return EMIT_REJECT;
	case WHERE_ROW:
		break;
	}
	return EMIT_ROW;
}

/* It makes no row. */
static enum emit_result
none(struct frame_event *bad, const char *why, const char *detail)
{
	out_drop();
	bad->why = why;
	bad->detail = detail;
	return EMIT_REJECT;
}

enum emit_result
emit_row(struct object *o, struct frame_event *bad)
{
	const struct format *f = o->parser->formats.v[o->record_format].format;
	struct capture *c = o->parser->formats.v[o->record_format].capture;
	const struct record rec = {c->slot,
	    f->framing == FRAMING_TEXT ? NULL
				       : choose_around(o, o->record_format),
	    o->key, o->nkey};
	const struct rule *broken = f->nrules > 0 ? rule_broken(f, &rec) : NULL;
	struct buf *b = out_buf();
	size_t start = b->len, row;
	enum emit_result r = EMIT_ROW;
	struct done d;

	d.values = (struct value_counts){0};
	d.names = short_way(o, f, c);
	d.misfits = 0;
	d.fallback = false;
	d.spare.record = c;
	d.spare.around = o->parser->formats.v[o->record_format].left;
	d.extra.nmisfits = 0;
	d.extra.around = NULL;
	d.starts = where_starts(&o->parser->where, f);
	if (broken != NULL)
		return none(bad, rule_reason(broken), broken->text);
	if (!o->parser->bare)
		row_head(b, o, f->table);
	row = b->len;
	if (d.starts != NULL)
		d.starts[0] = row + 1;
	if (!add_time(b, o, f, &rec, &d))
		return none(bad, "no-time", NULL);
	if (d.names != NULL)
		d.misfits = textrow_columns(b, d.names, &d.values, d.starts);
	else
		add_columns(b, f, &rec, &d);
	if (c->nunmapped > 1)
		capture_settle(c);
	if (f->custom)
		origin_add(b, o, o->record, o->record_len);
	add_extra(b, o, f, c, &rec, &d);
	if (f->ninside > 0)
		add_left(c, o->parser->formats.v[o->record_format].left);
	buf_addc(b, '}');
	if (!where_none(&o->parser->where) && b->err == 0)
		r = choose(o, f, b, row, &d, bad);
	if (r != EMIT_ROW) {
		out_drop();
		return r;
	}
	if (!o->parser->bare)
		buf_addc(b, '}');
	if (b->err == EFBIG || b->len - start > WIRE_LINE_MAX)
		return none(bad, "row-too-long", NULL);
	o->since_mark += b->len - start;
	if (o->parser->explain)
		told_row(o, f, c, b->p + start, b->len - start);
	else
		out_line();
	count_row(o, c, &d);
	return EMIT_ROW;
}

void
emit_settled(struct object *o, uint64_t *own, uint64_t *all)
{
	++*own;
	++*all;
	o->counts.records++;
	o->parser->totals.records++;
	if (o->since_mark >= OBJECT_MARK_BYTES)
		object_mark(o);
}

/* Dropped on purpose. */
static void
filter(struct object *o, const struct frame_event *ev)
{
	if (o->parser->explain)
		explain_other(o, ev, "filtered");
	EMIT_SETTLED(o, filtered);
}

/* Is the record, whose format is known, one that the format's rules drop? */
static bool
is_filtered(struct object *o, const struct format *f)
{
	const struct record rec = {
	    .slots = o->parser->formats.v[o->record_format].capture->slot,
	    .outer = choose_around(o, o->record_format)};

	return rule_filters(f, &rec);
}

void
emit_record(struct object *o, struct frame_event *ev)
{
	const struct format *f;

	if (o->counts.records < o->skip) {
		EMIT_SETTLED(o, skipped);
		return;
	}
	if (ev->filtered) {
		filter(o, ev);
		return;
	}
	o->record_format = choose_format(o, ev);
	if (o->record_format < 0) {
		o->record_format = o->format;
		ev->why = "other-type";
		ev->detail = "no format of the group takes it";
		emit_reject(o, ev);
		return;
	}
	o->record = ev->p;
	o->record_len = ev->n;
	o->record_at = ev->at;
	f = o->parser->formats.v[o->record_format].format;
	if (f->nrules > 0 && is_filtered(o, f)) {
		filter(o, ev);
		return;
	}
	switch (emit_row(o, ev)) {
	case EMIT_REJECT:
		emit_reject(o, ev);
		break;
	case EMIT_FILTERED:
		filter(o, ev);
		break;
	case EMIT_ROW:
		EMIT_SETTLED(o, rows);
		break;
	}
}

static void
totals(struct object *o, struct jsonw *w)
{
	const struct wire_counts *c = &o->counts;

	INVARIANT(
	    c->records == c->skipped + c->rows + c->rejects + c->filtered);
	jsonw_text(w, "format",
	    o->format >= 0 ? o->parser->formats.v[o->format].format->id
			   : "unknown/1");
	jsonw_uint(w, "records", o->counts.records);
	jsonw_uint(w, "skipped", o->counts.skipped);
	jsonw_uint(w, "rows", o->counts.rows);
	jsonw_uint(w, "rejects", o->counts.rejects);
	jsonw_uint(w, "filtered", o->counts.filtered);
}

static void
more_than_none(struct jsonw *w, const char *name, uint64_t n)
{
	if (n > 0)
		jsonw_uint(w, name, n);
}

void
object_mark(struct object *o)
{
	struct jsonw w;

	o->since_mark = 0;
	if (o->parser->bare)
		return;
	jsonw_open(&w, out_buf());
	jsonw_text(&w, "id", o->id);
	jsonw_object(&w, "mark");
	totals(o, &w);
	jsonw_end(&w);
	jsonw_end(&w);
	out_line();
}

void
emit_end(struct object *o)
{
	struct jsonw w;

	if (o->parser->explain)
		explain_end(o);
	if (o->parser->bare)
		return;
	jsonw_open(&w, out_buf());
	jsonw_text(&w, "id", o->id);
	jsonw_object(&w, "end");
	totals(o, &w);
	jsonw_uint(&w, "bytes", o->bytes);
	more_than_none(&w, "time_fallback", o->time_fallback);
	more_than_none(&w, "misfits", o->misfits);
	more_than_none(&w, "bad_ip", o->values.bad_ip);
	more_than_none(&w, "replaced", o->values.replaced);
	more_than_none(&w, "cut", o->values.cut);
	more_than_none(&w, "duplicates", o->duplicates + o->framer.duplicates);
	unmapped_write(&o->unmapped, &w);
	jsonw_end(&w);
	jsonw_end(&w);
	out_line();
}
