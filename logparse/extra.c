/* What has no column: see extra.h. */
#include <string.h>

#include "extra.h"
#include "formatint.h"
#include "jsonw.h"
#include "log.h"

enum {
	NAMES_MAX = 64 * 1024,        /* of values that have a column */
	EXTRA_MAX = 32 * 1024 * 1024, /* a record's 4 MiB, mended */
	EXTRA_KEPT = 1024 * 1024
};

static struct buf names = BUF_INIT(NAMES_MAX), json = BUF_INIT(EXTRA_MAX);

/* The objects that have something, and those around them. */
struct parents {
	const struct path_node *v[PATH_SLOTS_MAX];
	size_t n;
};

static void
add_parent(struct parents *p, const struct path_node *node)
{
	for (; node != NULL; node = node->parent) {
		for (size_t i = 0; i < p->n; i++)
			if (p->v[i] == node)
				return;
		if (p->n < PATH_SLOTS_MAX)
			p->v[p->n++] = node;
	}
}

/* Is it a whole record of text? */
static bool
is_line(const struct path_node *node)
{
	return node->name != NULL && node->len == strlen(LINE_NAME) &&
	       memcmp(node->name, LINE_NAME, node->len) == 0;
}

/* Does a column keep such a record as it is? */
static bool
line_is_kept(const struct format *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->columns[i].node != NULL && f->columns[i].as == AS_IS &&
		    f->columns[i].type == COLUMN_STRING &&
		    is_line(f->columns[i].node))
			return true;
	return false;
}

/* The name of a place as JSON; the position of an element is one, too. */
static void
add_name(struct buf *b, const struct path_node *node)
{
	buf_addc(b, '"');
	if (is_line(node))
		buf_adds(b, "line");
	else if (node->name != NULL)
		(void)jsonw_escape(b, node->name, node->len);
	else if (node->pick != NULL)
		buf_addf(b, "?%s", node->pick->name);
	else
		buf_addf(b, "%zu", node->index);
	buf_addc(b, '"');
}

/* Note a value at a place of the tree as if no column took it. */
static void
note(struct capture *c, const struct path_node *node,
    const struct path_node *parent, const struct json_val *v)
{
	struct json_val key = {.type = JSON_STRING};
	size_t start = names.len;

	if (v->p == NULL || v->type == JSON_NULL)
		return;
	for (size_t i = c->nunmapped; i > 0; i--)
		if (c->unmapped[i - 1].val.p == v->p)
			return;
	add_name(&names, node);
	if (names.err != 0)
		return;
	key.p = names.p + start;
	key.n = names.len - start;
	capture_unmapped(c, parent, &key, v);
}

/* Values that did not fit, where they stand in the record. */
static void
note_misfits(struct capture *c, const struct extra *e, const struct format *f,
    const struct record *rec)
{
	const struct place *p;

	for (size_t i = 0; i < e->nmisfits; i++) {
		const struct column *col = e->misfit[i];

		if (col->node != NULL && is_line(col->node) && line_is_kept(f))
			continue;
		if (col->node != NULL)
			note(c, col->node, col->node->parent,
			    &rec->slots[col->node->slot]);
		for (size_t k = 0; k < col->nsources; k++) {
			p = col->sources[k].place;
			if (col->sources[k].n == 1 && p->node != NULL)
				note(c, p->node,
				    p->outer ? &c->tree->root : p->node->parent,
				    rule_value(p, rec));
		}
	}
}

/* Is there something of this name at a place of the tree already? */
static bool
is_noted(const struct capture *c, const struct path_node *parent,
    const char *name, size_t n)
{
	const struct path_node *node;

	for (size_t i = 0; i < c->nunmapped; i++) {
		if (c->unmapped[i].parent == parent &&
		    c->unmapped[i].key.n == n &&
		    memcmp(c->unmapped[i].key.p, name, n) == 0)
			return true;
		/* Or in an object of this name. */
		for (node = c->unmapped[i].parent; node != NULL;
		     node = node->parent)
			if (node->parent == parent && node->name != NULL &&
			    node->len + 2 == n &&
			    memcmp(node->name, name + 1, node->len) == 0)
				return true;
	}
	return false;
}

/* Note a value from around the record. */
static void
note_around(struct capture *c, const struct path_node *parent,
    const struct json_val *key, const struct json_val *v)
{
	struct json_val made = *key;
	size_t start = names.len;

	if (v->p == NULL)
		return;
	while (is_noted(c, parent, made.p, made.n)) {
		made.n++;
		made.p = names.p + start;
		buf_cut(&names, start);
		buf_addc(&names, '"');
		for (size_t i = made.n - key->n; i > 0; i--)
			buf_addc(&names, '^');
		buf_add(&names, key->p + 1, key->n - 1);
		if (names.err != 0) {
			c->others++;
			return;
		}
	}
	capture_unmapped(c, parent, &made, v);
}

/* Values that have places in the object around the records, but no column. */
static void
note_places(
    struct capture *c, const struct context *x, const struct path_node *node)
{
	const struct path_node *root = &c->tree->root;
	struct json_val key = {.type = JSON_STRING};
	const struct json_val *v;
	size_t start;

	for (size_t i = 0; i < node->n; i++) {
		if (node->child[i]->slot == -1 || node->child[i]->n > 0)
			note_places(c, x, node->child[i]);
		if (node->child[i]->slot == -1 || node->child[i]->taken)
			continue;
		v = &context_slots(x)[node->child[i]->slot];
		start = names.len;
		add_name(&names, node->child[i]);
		key.p = names.p + start;
		key.n = names.len - start;
		if (names.err == 0)
			note_around(c, root, &key, v);
	}
}

/* Those that the format keeps although a column takes something of them. */
static void
note_kept(struct capture *c, const struct format *f, const struct context *x)
{
	struct json_val key = {.type = JSON_STRING};
	const struct path_node *node;
	size_t start;

	for (size_t i = 0; i < f->nrules; i++)
		for (size_t k = 0;
		     f->rules[i].kind == RULE_KEEP && k < f->rules[i].n; k++) {
			node = f->rules[i].place[k].node;
			start = names.len;
			add_name(&names, node);
			key.p = names.p + start;
			key.n = names.len - start;
			if (node->taken && f->rules[i].place[k].outer &&
			    names.err == 0)
				note_around(c, &c->tree->root, &key,
				    &context_slots(x)[node->slot]);
		}
}

/* All that is around the record. */
static void
note_outside(struct capture *c, const struct extra *e, const struct format *f)
{
	const struct capture *left = e->left;
	const struct context *x = e->around;

	for (size_t i = 0; left != NULL && i < left->nunmapped; i++)
		note_around(c, left->unmapped[i].parent, &left->unmapped[i].key,
		    &left->unmapped[i].val);
	if (x == NULL)
		return;
	note_kept(c, f, x);
	note_places(c, x, &x->capture->tree->root);
	for (size_t i = 0; i < x->nrest; i++)
		note_around(
		    c, &c->tree->root, &x->rest[i].key, &x->rest[i].val);
}

/* One field. */
static void
write_field(struct buf *b, const struct capture_field *f, bool first,
    struct value_counts *counts)
{
	size_t start = b->len;

	if (!first)
		buf_addc(b, ',');
	counts->replaced += json_mend(b, f->key.p, f->key.n);
	buf_addc(b, ':');
	if (f->val.type == JSON_NULL)
		buf_adds(b, "null");
	else if (value_add(b, COLUMN_DYNAMIC, &f->val, counts) != VALUE_OK)
		buf_cut(b, start);
}

/* The object at node: its fields, then the objects in it. */
static void
write_node(struct buf *b, const struct capture *c, const struct parents *p,
    const struct path_node *node, struct value_counts *counts)
{
	size_t start = b->len;

	buf_addc(b, '{');
	for (size_t i = 0; i < c->nunmapped; i++)
		if (c->unmapped[i].parent == node)
			write_field(
			    b, &c->unmapped[i], b->len == start + 1, counts);
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i]->parent != node)
			continue;
		if (b->len > start + 1)
			buf_addc(b, ',');
		add_name(b, p->v[i]);
		buf_addc(b, ':');
		write_node(b, c, p, p->v[i], counts);
	}
	buf_addc(b, '}');
}

bool
extra_add(struct buf *b, const struct extra *e, const struct format *f,
    struct capture *c, const struct record *rec, struct value_counts *counts)
{
	const size_t own = c->nunmapped;
	const uint64_t others = c->others;
	struct json_val v = {.type = JSON_OBJECT};
	struct parents p = {.n = 0};
	bool some;

	/* Names must not move while they are noted. */
	buf_reset(&names);
	buf_reset(&json);
	(void)buf_room(&names, NAMES_MAX);
	note_misfits(c, e, f, rec);
	note_outside(c, e, f);
	some = c->nunmapped > 0;
	if (some) {
		for (size_t i = 0; i < c->nunmapped; i++)
			add_parent(&p, c->unmapped[i].parent);
		write_node(&json, c, &p, &c->tree->root, counts);
		v.p = json.p;
		v.n = json.len;
		some = json.err == 0 &&
		       value_add(b, COLUMN_DYNAMIC, &v, counts) == VALUE_OK;
	}
	/* Those that have a column are not fields without one. */
	c->nunmapped = own;
	c->others = others;
	if (json.cap > EXTRA_KEPT)
		buf_clear(&json);
	return some;
}
