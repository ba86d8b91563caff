/* The object around records: see context.h. */
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "jsonw.h"
#include "log.h"
#include "value.h"

void
context_init(struct context *x, struct capture *capture, size_t *total)
{
	*x = (struct context){.capture = capture, .total = total};
	if (capture == NULL)
		return;
	x->slots = calloc(capture->tree->slots, sizeof(*x->slots));
	if (x->slots == NULL)
		log_oom();
}

void
context_free(struct context *x)
{
	if (x->capture == NULL)
		return;
	hold_free(&x->text, x->total);
	free(x->slots);
	free(x->rest);
	*x = (struct context){0};
}

/* The array of records has a place in the tree, but not for its value. */
static bool
is_wanted(const struct path_node *node)
{
	return node->slot != -1 && (!node->envelope || node->column);
}

static bool
complete(const struct path_node *node, const struct json_val *slots)
{
	if (is_wanted(node) && slots[node->slot].p == NULL)
		return false;
	for (size_t i = 0; i < node->n; i++)
		if (!complete(node->child[i], slots))
			return false;
	return true;
}

bool
context_complete(const struct context *x)
{
	return complete(&x->capture->tree->root, x->capture->slot);
}

/* Where the values are in b, before its memory is what it will be. */
static void
take(struct context *x, const struct path_node *node, struct buf *b)
{
	struct value_counts counts = {0};
	const struct json_val *from;
	struct json_val *to;
	size_t start = b->len;

	if (is_wanted(node)) {
		from = &x->capture->slot[node->slot];
		to = &x->slots[node->slot];
		if (value_add(b, COLUMN_DYNAMIC, from, &counts) == VALUE_OK)
			*to = (struct json_val){NULL, b->len - start,
			    from->type, from->flags & ~JSON_SPACES};
	}
	for (size_t i = 0; i < node->n; i++)
		take(x, node->child[i], b);
}

/* Then where they are in memory: in the same order. */
static const char *
point(struct context *x, const struct path_node *node, const char *p)
{
	if (is_wanted(node) && x->slots[node->slot].n > 0) {
		x->slots[node->slot].p = p;
		p += x->slots[node->slot].n;
	}
	for (size_t i = 0; i < node->n; i++)
		p = point(x, node->child[i], p);
	return p;
}

/* Is it a member of a place in the tree that has a slot? */
static bool
has_slot(const struct capture_field *f)
{
	const struct path_node *node =
	    path_find(f->parent, f->key.p + 1, f->key.n - 2);

	return node != NULL && node->slot != -1;
}

/* The other members, names and values, as many as make it plain that a column
 * does not hold more: there they are cut. */
static void
take_rest(struct context *x, struct buf *b)
{
	const struct capture *c = x->capture;
	const size_t most = b->len + 2 * VALUE_STRING_MAX;
	struct value_counts counts = {0};
	const struct capture_field *from;
	struct capture_field *to;
	size_t start, name;

	x->nrest = 0;
	for (size_t i = 0; c->keep && i < c->nunmapped; i++) {
		from = &c->unmapped[i];
		if (has_slot(from) || x->nrest == CONTEXT_REST_MAX)
			continue;
		start = b->len;
		(void)json_mend(b, from->key.p, from->key.n);
		name = b->len - start;
		if (from->val.type == JSON_NULL)
			buf_adds(b, "null");
		else
			(void)value_add(b, COLUMN_DYNAMIC, &from->val, &counts);
		if (b->len == start + name || b->len > most) {
			buf_cut(b, start);
			continue;
		}
		if (x->rest == NULL)
			x->rest = calloc(CONTEXT_REST_MAX, sizeof(*x->rest));
		if (x->rest == NULL)
			log_oom();
		to = &x->rest[x->nrest++];
		*to = *from;
		to->key.n = name;
		to->val.n = b->len - start - name;
		to->val.flags &= ~(unsigned)JSON_SPACES;
	}
}

static void
point_rest(struct context *x, const char *p)
{
	for (size_t i = 0; i < x->nrest; i++) {
		x->rest[i].key.p = p;
		p += x->rest[i].key.n;
		x->rest[i].val.p = p;
		p += x->rest[i].val.n;
	}
}

void
context_take(struct context *x)
{
	static unsigned long serial;
	const struct path_tree *t = x->capture->tree;
	/* A value of a column, and what makes JSON of it, for each. */
	struct buf b = BUF_INIT((size_t)PATH_SLOTS_MAX * 8 * VALUE_STRING_MAX);

	memset(x->slots, 0, t->slots * sizeof(*x->slots));
	take(x, &t->root, &b);
	take_rest(x, &b);
	hold_set(&x->text, x->total, b.p, b.len);
	point_rest(x, point(x, &t->root, x->text.p));
	x->some = true;
	x->serial = ++serial;
	buf_clear(&b);
}

void
context_forget(struct context *x)
{
	if (!x->some)
		return;
	hold_free(&x->text, x->total);
	free(x->rest);
	x->rest = NULL;
	x->nrest = 0;
	x->some = false;
}

const struct json_val *
context_slots(const struct context *x)
{
	return x->some ? x->slots : NULL;
}

bool
context_read(struct context *x, const char *p, size_t n)
{
	unsigned depth;
	struct json j;

	if (x->capture == NULL)
		return false;
	json_init(&j, p, n);
	if (capture_record(x->capture, &j, false, &depth) != CAPTURE_OK ||
	    !json_done(&j))
		return false;
	capture_settle(x->capture);
	context_take(x);
	return true;
}

/* Is there something to write at this place, or below it? */
static bool
has_some(const struct context *x, const struct path_node *node)
{
	if (is_wanted(node) && x->slots[node->slot].p != NULL)
		return true;
	for (size_t i = 0; i < x->nrest; i++)
		if (x->rest[i].parent == node)
			return true;
	for (size_t i = 0; i < node->n; i++)
		if (has_some(x, node->child[i]))
			return true;
	return false;
}

static void
write_node(const struct context *x, const struct path_node *node, struct buf *b)
{
	bool first = true;

	if (is_wanted(node) && x->slots[node->slot].p != NULL) {
		buf_add(b, x->slots[node->slot].p, x->slots[node->slot].n);
		return;
	}
	buf_addc(b, '{');
	for (size_t i = 0; i < node->n; i++) {
		if (!has_some(x, node->child[i]))
			continue;
		if (!first)
			buf_addc(b, ',');
		first = false;
		buf_addc(b, '"');
		(void)jsonw_escape(
		    b, node->child[i]->name, node->child[i]->len);
		buf_adds(b, "\":");
		write_node(x, node->child[i], b);
	}
	for (size_t i = 0; i < x->nrest; i++) {
		if (x->rest[i].parent != node)
			continue;
		if (!first)
			buf_addc(b, ',');
		first = false;
		buf_add(b, x->rest[i].key.p, x->rest[i].key.n);
		buf_addc(b, ':');
		buf_add(b, x->rest[i].val.p, x->rest[i].val.n);
	}
	buf_addc(b, '}');
}

void
context_write(const struct context *x, struct buf *b)
{
	write_node(x, &x->capture->tree->root, b);
}
