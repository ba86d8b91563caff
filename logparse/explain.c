/* What becomes of records, told to people: see explain.h. */
#include <inttypes.h>
#include <string.h>

#include "explain.h"
#include "jsonw.h"
#include "out.h"
#include "utf8.h"

enum { VALUE_SHOWN = 72 /* bytes of a value; longer ones are cut */ };

/* Text as a terminal may show it. */
static void
add_text(struct buf *b, const char *p, size_t n)
{
	(void)jsonw_escape(b, p, n);
}

void
explain_object(const struct object *o)
{
	struct buf *b = out_buf();

	buf_adds(b, "object '");
	add_text(b, o->name, strlen(o->name));
	buf_addf(b, "': %s, %u%% sure: ",
	    o->format >= 0 ? o->parser->formats.v[o->format].format->id
			   : "unknown",
	    o->detection.sure);
	buf_adds(b, o->detection.reason);
	out_line();
}

static void
record_line(const struct object *o, uint64_t at, size_t n)
{
	buf_addf(out_buf(),
	    "record %" PRIu64 " at byte %" PRIu64 ", %zu bytes: ",
	    o->counts.records, at, n);
}

void
explain_other(
    const struct object *o, const struct frame_event *ev, const char *what)
{
	struct buf *b = out_buf();

	record_line(o, ev->at, ev->n);
	buf_adds(b, what);
	if (ev->why != NULL) {
		buf_addf(b, ": %s", ev->why);
		if (ev->detail != NULL) {
			buf_adds(b, ": ");
			buf_adds(b, ev->detail);
		}
		buf_addf(b, " (byte %" PRIu64 ")", ev->bad_at);
	}
	out_line();
}

static const char *
type_name(enum column_type type)
{
	static const char *const names[] = {
	    "string", "datetime", "bool", "int", "long", "real", "dynamic"};

	return names[type];
}

/* Where the column of that name comes from. */
static void
add_source(struct buf *b, const struct format *f, const struct json_val *key)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!json_is(key, f->columns[i].name))
			continue;
		buf_addf(b, " %s from ", type_name(f->columns[i].type));
		buf_adds(b, f->columns[i].written);
		buf_addf(b, " (line %u)", f->columns[i].line);
		return;
	}
	buf_adds(b, " added by logparse");
}

static void
column_line(const struct format *f, const struct json_val *key,
    const struct json_val *val)
{
	struct buf *b = out_buf();
	size_t n = val->n;

	buf_adds(b, "  ");
	buf_add(b, key->p + 1, key->n - 2);
	add_source(b, f, key);
	buf_adds(b, ": ");
	if (n > VALUE_SHOWN)
		n = VALUE_SHOWN - utf8_tail(val->p, VALUE_SHOWN);
	buf_add(b, val->p, n);
	if (n < val->n)
		buf_adds(b, "...");
	out_line();
}

/* The place of a field: the names of the objects around it, with dots. */
static void
add_place(struct buf *b, const struct path_node *node)
{
	if (node == NULL || node->parent == NULL)
		return;
	add_place(b, node->parent);
	if (node->name != NULL)
		add_text(b, node->name, node->len);
	else
		buf_adds(b, "[]");
	buf_addc(b, '.');
}

static void
left_over(const struct capture *c)
{
	struct buf *b = out_buf();

	if (c->nunmapped == 0)
		return;
	buf_adds(b, "  left over:");
	for (size_t i = 0; i < c->nunmapped; i++) {
		buf_addc(b, ' ');
		add_place(b, c->unmapped[i].parent);
		(void)json_mend(
		    b, c->unmapped[i].key.p + 1, c->unmapped[i].key.n - 2);
	}
	if (c->others > 0)
		buf_addf(b, " and %" PRIu64 " more", c->others);
	out_line();
}

void
explain_row(const struct object *o, const struct format *f,
    const struct capture *c, const char *row, size_t n)
{
	struct json_val key, val;
	struct json j;
	bool first;

	record_line(o, o->record_at, o->record_len);
	buf_addf(out_buf(), "a row of %s", f->table);
	out_line();
	json_init(&j, row, n);
	(void)json_enter(&j, '{', &first);
	while (json_member(&j, &first, &key) && json_value(&j, &val))
		column_line(f, &key, &val);
	left_over(c);
}

void
explain_end(const struct object *o)
{
	buf_addf(out_buf(),
	    "%" PRIu64 " records: %" PRIu64 " rows, %" PRIu64
	    " rejects, %" PRIu64 " filtered, %" PRIu64 " skipped",
	    o->counts.records, o->counts.rows, o->counts.rejects,
	    o->counts.filtered, o->counts.skipped);
	out_line();
}
