/* Formats of a group, and records inside of records; see choose.h. */
#include <string.h>

#include "choose.h"
#include "log.h"
#include "rule.h"

enum {
	INSIDE_MAX = FRAME_RECORD_MAX, /* text is not longer unescaped */
	AROUND_MAX = 64 * 1024 * 1024, /* many values, each of a column */
	TEXT_KEPT = 1024 * 1024
};

/* Is it an object that is all of these n bytes? */
static bool
is_object(struct json *j, const char *p, size_t n)
{
	struct json_val object;

	json_init(j, p, n);
	if (!json_value(j, &object) || !json_done(j) ||
	    object.type != JSON_OBJECT)
		return false;
	json_init(j, p, n);
	return true;
}

/* The object in v, or in the text that v is; false when there is none.  Text is
 * unescaped into b. */
static bool
object_in(struct buf *b, const struct json_val *v, struct json *j)
{
	struct buf text = BUF_INIT(INSIDE_MAX);

	if (v->p == NULL)
		return false;
	if (v->type != JSON_STRING)
		return v->type == JSON_OBJECT && is_object(j, v->p, v->n);
	if (v->n < 4 || strchr("{ \\", v->p[1]) == NULL)
		return false;
	(void)json_unescape(&text, v->p + 1, v->n - 2);
	if (text.err != 0 || !is_object(j, text.p, text.len)) {
		buf_clear(&text);
		return false;
	}
	/* v, and all else that is captured, may be in what b had. */
	buf_clear(b);
	*b = text;
	return true;
}

/* Is the field the one at node? */
static bool
is_at(const struct capture_field *f, const struct path_node *node)
{
	return f->parent == node->parent && f->key.n == node->len + 2 &&
	       memcmp(f->key.p + 1, node->name, node->len) == 0;
}

/* Has the record inside asked for this field of the one around it? */
static bool
is_framed(const struct format *f, const struct capture_field *field)
{
	for (size_t i = 0; i < f->nframed; i++)
		if (is_at(field, f->framed[i].from))
			return true;
	return false;
}

/* Note the values at and below node that columns take of other records, not of
 * this one, which has another inside. */
static void
leave_columns(
    struct capture *left, const struct capture *c, const struct path_node *node)
{
	const struct path_node *child;
	const struct json_val *v;
	struct json_val key = {.type = JSON_STRING};

	for (size_t i = 0; i < node->n; i++) {
		child = node->child[i];
		if (!child->column) {
			leave_columns(left, c, child);
			continue;
		}
		v = &c->slot[child->slot];
		if (v->p == NULL)
			continue;
		if (child->label == NULL) {
			left->others++;
			continue;
		}
		key.p = child->label;
		key.n = child->len + 2;
		capture_unmapped(left, node, &key, v);
	}
}

/* Note the fields of the record that is captured but for the one inside it, at
 * node. */
static void
leave(const struct format *f, struct capture *left, const struct capture *c,
    const struct path_node *node)
{
	const struct json_val *inside = &c->slot[node->slot];

	for (size_t i = 0; i < c->nunmapped; i++)
		if (c->unmapped[i].val.p != inside->p &&
		    !is_at(&c->unmapped[i], node) &&
		    !is_framed(f, &c->unmapped[i]))
			capture_unmapped(left, c->unmapped[i].parent,
			    &c->unmapped[i].key, &c->unmapped[i].val);
	left->others += c->others;
	if (f->framing == FRAMING_JSON)
		leave_columns(left, c, &c->tree->root);
}

/* One step to the record inside the one that is captured. */
static bool
step(const struct format *f, struct capture *c, struct capture *left,
    struct buf *b)
{
	unsigned depth;
	struct json j;

	for (size_t i = 0; i < f->ninside; i++)
		if (object_in(b, &c->slot[f->inside[i]->slot], &j)) {
			leave(f, left, c, f->inside[i]);
			(void)capture_record(c, &j, false, &depth);
			return true;
		}
	return false;
}

static void
enter(struct formats *all, int place)
{
	const struct format *f = all->v[place].format;
	struct buf *b = all->v[place].inside;
	struct json_val *slots = all->v[place].capture->slot;
	struct capture *left = all->v[place].left;

	if (f->ninside == 0)
		return;
	left->nunmapped = 0;
	left->others = 0;
	for (size_t i = 0; i < f->nframed; i++)
		slots[f->framed[i].kept.slot] = slots[f->framed[i].from->slot];
	for (unsigned i = 0; i < FORMATS_INSIDE; i++)
		if (b[i].cap > TEXT_KEPT)
			buf_clear(&b[i]);
	for (unsigned i = 0; i < FORMATS_INSIDE; i++)
		if (!step(f, all->v[place].capture, left, &b[i]))
			break;
}

/* The values around o's records, as another format of its group has them. */
static const struct context *
around_of(struct object *o, int place)
{
	struct formats *all = &o->parser->formats;
	const struct context *own = &o->framer.context;
	struct context *x = &all->v[place].around;
	struct buf b = BUF_INIT(AROUND_MAX);

	if (all->v[place].outer == NULL)
		return NULL;
	if (x->capture == NULL)
		context_init(x, all->v[place].outer, &all->around);
	if (all->v[place].around_of != own->serial) {
		context_write(own, &b);
		if (b.err != 0 || !context_read(x, b.p, b.len))
			context_forget(x);
		all->v[place].around_of = own->serial;
		buf_clear(&b);
	}
	return x->some ? x : NULL;
}

const struct context *
choose_context(struct object *o, int place)
{
	const struct context *own = &o->framer.context;

	if (!own->some)
		return NULL;
	return place == o->format ? own : around_of(o, place);
}

const struct json_val *
choose_around(struct object *o, int place)
{
	const struct context *x = choose_context(o, place);

	return x != NULL ? context_slots(x) : NULL;
}

/* Does the format at place take the record that it captures out of ev? */
static bool
takes(struct object *o, int place, const struct frame_event *ev)
{
	struct formats *all = &o->parser->formats;
	struct record rec = {0};
	unsigned depth;
	struct json j;

	formats_use(all, place);
	rec.outer = choose_around(o, place);
	if (!rule_may_apply(all->v[place].format, &rec))
		return false;
	json_init(&j, ev->p, ev->n);
	(void)capture_record(all->v[place].capture, &j, false, &depth);
	enter(all, place);
	rec.slots = all->v[place].capture->slot;
	return rule_applies(all->v[place].format, &rec);
}

/* The first other format of the group that takes it: of those with conditions,
 * or of those without. */
static int
other(struct object *o, const struct frame_event *ev, bool conditions)
{
	const struct formats *all = &o->parser->formats;
	const char *group = all->v[o->format].format->group;

	for (size_t i = 0; i < all->n; i++) {
		if ((int)i == o->format ||
		    strcmp(all->v[i].format->group, group) != 0)
			continue;
		formats_use(&o->parser->formats, (int)i);
		if (rule_conditions(all->v[i].format) == conditions &&
		    takes(o, (int)i, ev))
			return (int)i;
	}
	return -1;
}

int
choose_of_group(struct object *o, const struct frame_event *ev)
{
	struct formats *all = &o->parser->formats;
	const struct format *f = all->v[o->format].format;
	struct record rec = {.slots = all->v[o->format].capture->slot,
	    .outer = context_slots(&o->framer.context)};
	int place;

	if (f->ninside > 0)
		enter(all, o->format);
	if (f->group[0] == '\0' ||
	    (rule_conditions(f) && rule_applies(f, &rec)))
		return o->format;
	place = other(o, ev, true);
	if (place < 0 && !rule_conditions(f))
		return o->format;
	return place < 0 ? other(o, ev, false) : place;
}
