/* Values of columns that are more than one path: see format.h for sources. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convert.h"
#include "glob.h"
#include "jsonw.h"
#include "log.h"
#include "source.h"

enum {
	/* What a record's text can become: all of it is escaped. */
	SCRATCH_MAX = 6 * 4 * 1024 * 1024 + 4096,
	NUMBER_MAX = 400 /* digits of a number that is cut to a whole one */
};

/* What a column makes of a text. */
static enum value_result
add_text(struct buf *b, const struct column *c, const char *p, size_t n,
    struct value_counts *counts)
{
	struct buf json = BUF_INIT(SCRATCH_MAX);
	struct json_val v = {.type = JSON_STRING};
	enum value_result r = VALUE_MISFIT;

	buf_addc(&json, '"');
	counts->replaced += jsonw_escape(&json, p, n);
	buf_addc(&json, '"');
	v.p = json.p;
	v.n = json.len;
	if (json.err == 0) {
		/* It is UTF-8, and all that is to be known are escapes. */
		v.flags = memchr(v.p, '\\', v.n) != NULL ? JSON_ESCAPES : 0;
		r = convert_add(b, c, &v, counts);
	}
	buf_clear(&json);
	return r;
}

/* The text of a value; false when it has none. */
static bool
text_of(struct buf *text, const struct json_val *v)
{
	if (v->p == NULL || v->type == JSON_NULL)
		return false;
	(void)json_text(text, v);
	return text->err == 0 && text->len > 0;
}

/* Where the nth part begins, *end where it ends; NULL: there are not so many.
 * From the last one, counted backwards, when n is negative. */
static const char *
find_part(const char *p, const char **end, const struct source *s, long n)
{
	const char *stop = *end, *at = p, *next;
	long parts = 1;

	if (n < 0) {
		for (; (next = memmem(
			    at, (size_t)(stop - at), s->text, s->len)) != NULL;
		     at = next + s->len)
			parts++;
		n += parts;
		at = p;
	}
	for (; n >= 0; n--, at = next + s->len) {
		next = memmem(at, (size_t)(stop - at), s->text, s->len);
		if (n == 0) {
			*end = next != NULL ? next : stop;
			return at;
		}
		if (next == NULL)
			return NULL;
	}
	return NULL;
}

static enum value_result
add_part(struct buf *b, const struct column *c, const struct source *s,
    const struct json_val *v, struct value_counts *counts)
{
	struct buf text = BUF_INIT(SCRATCH_MAX);
	enum value_result r = VALUE_ABSENT;
	const char *at, *end;

	if (text_of(&text, v)) {
		end = text.p + text.len;
		at = find_part(text.p, &end, s, s->part);
		if (at != NULL && end > at)
			r = add_text(b, c, at, (size_t)(end - at), counts);
	}
	buf_clear(&text);
	return r;
}

static enum value_result
add_join(struct buf *b, const struct column *c, const struct source *s,
    const struct record *rec, struct value_counts *counts)
{
	struct buf text = BUF_INIT(SCRATCH_MAX), one = BUF_INIT(SCRATCH_MAX);
	enum value_result r = VALUE_ABSENT;

	for (size_t i = 0; i < s->n; i++) {
		buf_reset(&one);
		if (!text_of(&one, rule_value(&s->place[i], rec)))
			continue;
		if (text.len > 0)
			buf_add(&text, s->text, s->len);
		buf_add(&text, one.p, one.len);
	}
	if (text.len > 0)
		r = add_text(b, c, text.p, text.len, counts);
	buf_clear(&one);
	buf_clear(&text);
	return r;
}

/* A number without its fraction: towards zero. */
static enum value_result
add_whole(struct buf *b, const struct column *c, const struct json_val *v,
    struct value_counts *counts)
{
	struct json_val number;
	char text[NUMBER_MAX];
	double d;

	if (v->p == NULL || v->type == JSON_NULL)
		return VALUE_ABSENT;
	if (!value_number(v, &number) || number.n >= sizeof(text))
		return VALUE_MISFIT;
	memcpy(text, number.p, number.n);
	text[number.n] = '\0';
	if (strpbrk(text, "eE") != NULL) {
		d = trunc(strtod(text, NULL));
		if (!(fabs(d) < 9e15)) /* whole numbers that a double has */
			return VALUE_MISFIT;
		number.n = (size_t)snprintf(
		    text, sizeof(text), "%" PRId64, (int64_t)d);
	} else {
		number.n = strcspn(text, ".");
	}
	if (number.n == 2 && memcmp(text, "-0", 2) == 0) {
		text[0] = '0';
		number.n = 1;
	}
	number.p = text;
	return convert_add(b, c, &number, counts);
}

static enum value_result add_column(struct buf *b, const struct format *f,
    const struct column *c, const struct record *rec,
    struct value_counts *counts);

static enum value_result
add_object(struct buf *b, const struct format *f, const struct column *c,
    const struct source *s, const struct record *rec,
    struct value_counts *counts)
{
	struct buf json = BUF_INIT(SCRATCH_MAX);
	struct json_val v = {.type = JSON_OBJECT};
	const struct place *p;
	enum value_result r;
	size_t start;

	for (size_t i = 0; i < s->n; i++) {
		p = &s->place[i];
		start = json.len;
		buf_addc(&json, start == 0 ? '{' : ',');
		buf_adds(&json, p->name);
		r = p->node == NULL ? add_column(&json, f,
					  &f->columns[p->column], rec, counts)
				    : value_add(&json, COLUMN_DYNAMIC,
					  rule_value(p, rec), counts);
		if (r != VALUE_OK)
			buf_cut(&json, start);
	}
	r = VALUE_ABSENT;
	if (json.len > 0) {
		buf_addc(&json, '}');
		v.p = json.p;
		v.n = json.len;
		v.flags = JSON_ESCAPES | JSON_HIGH;
		r = json.err == 0 ? value_add(b, c->type, &v, counts)
				  : VALUE_MISFIT;
	}
	buf_clear(&json);
	return r;
}

static enum value_result
add_source(struct buf *b, const struct format *f, const struct column *c,
    const struct source *s, const struct record *rec,
    struct value_counts *counts)
{
	const struct json_val constant = {s->text, s->len, JSON_STRING, 0};

	switch (s->kind) {
	case SOURCE_PATH:
		return convert_add(b, c, rule_value(&s->place[0], rec), counts);
	case SOURCE_CONSTANT:
		return convert_add(b, c, &constant, counts);
	case SOURCE_PART:
		return add_part(b, c, s, rule_value(&s->place[0], rec), counts);
	case SOURCE_JOIN:
		return add_join(b, c, s, rec, counts);
	case SOURCE_WHOLE:
		return add_whole(b, c, rule_value(&s->place[0], rec), counts);
	case SOURCE_KEY:
		if (rec->key == NULL ||
		    !glob_match(s->glob, rec->key, rec->nkey))
			return VALUE_ABSENT;
		return convert_add(b, c, &constant, counts);
	case SOURCE_OBJECT:
		return add_object(b, f, c, s, rec, counts);
	}
	log_bug(__FILE__, __LINE__, "a kind of source");
}

/* The same, and what it makes of the value. */
static enum value_result
add_as(struct buf *b, const struct format *f, const struct column *c,
    const struct source *s, const struct record *rec,
    struct value_counts *counts)
{
	struct column as = *c;

	as.as = s->as;
	return add_source(b, f, &as, s, rec, counts);
}

/* Is the value of a source, where a column took another one, in no column? */
static bool
is_spare(const struct source *s)
{
	const struct path_node *node;

	if ((s->kind != SOURCE_PATH && s->kind != SOURCE_WHOLE) ||
	    s->place[0].outer || s->place[0].node->uses != 1 ||
	    s->place[0].node->label == NULL)
		return false;
	for (node = s->place[0].node->parent; node != NULL; node = node->parent)
		if (node->column)
			return false;
	return true;
}

/* Note the values that other sources have than the one that is taken. */
static void
note_spare(const struct spare *spare, const struct column *c, size_t taken,
    const struct record *rec)
{
	const int framed = (int)spare->record->tree->slots;
	const struct source *s = c->sources;
	const struct path_node *node;
	const struct json_val *v, *own = NULL;
	struct json_val key = {.type = JSON_STRING};

	if (s[taken].kind == SOURCE_PATH || s[taken].kind == SOURCE_WHOLE)
		own = rule_value(&s[taken].place[0], rec);
	for (size_t i = 0; i < c->nsources; i++) {
		if (i == taken || !is_spare(&s[i]))
			continue;
		v = rule_value(&s[i].place[0], rec);
		if (v->p == NULL || v->type == JSON_NULL ||
		    (own != NULL && own->n == v->n &&
			memcmp(own->p, v->p, v->n) == 0))
			continue;
		node = s[i].place[0].node;
		key.p = node->label;
		key.n = node->len + 2;
		capture_unmapped(
		    node->slot < framed ? spare->record : spare->around,
		    node->parent, &key, v);
	}
}

enum value_result
source_add(struct buf *b, const struct format *f, const struct column *c,
    const struct record *rec, struct value_counts *counts,
    const struct spare *spare)
{
	enum value_result r, all = VALUE_ABSENT;

	for (size_t i = 0; i < c->nsources; i++) {
		r = add_as(b, f, c, &c->sources[i], rec, counts);
		if (r == VALUE_OK) {
			if (spare != NULL && c->nsources > 1)
				note_spare(spare, c, i, rec);
			return r;
		}
		if (r == VALUE_MISFIT)
			all = r;
	}
	return all;
}

/* The value of any column. */
static enum value_result
add_column(struct buf *b, const struct format *f, const struct column *c,
    const struct record *rec, struct value_counts *counts)
{
	if (c->nsources > 0)
		return source_add(b, f, c, rec, counts, NULL);
	if (c->node != NULL)
		return convert_add(b, c, &rec->slots[c->node->slot], counts);
	buf_add(b, c->constant, c->constant_len);
	return VALUE_OK;
}
