/* Paths into records, compiled to a tree. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "path.h"

static void *
alloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		log_oom();
	return p;
}

void
path_init(struct path_tree *t)
{
	*t = (struct path_tree){.root = {.slot = -1}};
}

static void
free_below(struct path_node *node)
{
	for (size_t i = 0; i < node->n; i++) {
		free_below(node->child[i]);
		free(node->child[i]->name);
		free(node->child[i]->label);
		free(node->child[i]);
	}
	free(node->child);
	free(node->table);
}

void
path_free(struct path_tree *t)
{
	free_below(&t->root);
	path_init(t);
}

static void
make_label(struct path_node *node)
{
	for (size_t i = 0; i < node->len; i++)
		if ((unsigned char)node->name[i] < 0x20 ||
		    (unsigned char)node->name[i] > 0x7f ||
		    node->name[i] == '"' || node->name[i] == '\\')
			return;
	node->label_len = node->len + 3;
	node->label = alloc(node->label_len, 1);
	node->label[0] = '"';
	memcpy(node->label + 1, node->name, node->len);
	memcpy(node->label + 1 + node->len, "\":", 2);
}

static struct path_node *
add_child(struct path_node *node, const char *name, size_t len, size_t index)
{
	struct path_node *c, **v;

	for (size_t i = 0; i < node->n; i++) {
		c = node->child[i];
		if (name == NULL
			? c->index == index
			: c->len == len && memcmp(c->name, name, len) == 0)
			return c;
	}
	v = realloc(node->child, (node->n + 1) * sizeof(*v));
	if (v == NULL)
		log_oom();
	node->child = v;
	c = alloc(1, sizeof(*c));
	c->slot = -1;
	c->parent = node;
	c->index = index;
	if (name != NULL) {
		c->name = alloc(len + 1, 1);
		memcpy(c->name, name, len);
		c->len = len;
		make_label(c);
	}
	node->positions = name == NULL;
	node->child[node->n++] = c;
	return c;
}

/* One step of a path: a name, or a position; or the element that has a
 * member of that name. */
struct step {
	const char *name;
	size_t len, index;
	bool pick;
};

static const char *
plain_step(const char *s, const char *end, struct step *out)
{
	const char *p = s;

	while (p < end && *p != '.' && *p != '[')
		p++;
	out->name = s;
	out->len = (size_t)(p - s);
	return p > s ? p : NULL;
}

/* [?name], the bracket at s. */
static const char *
pick_step(const char *s, const char *end, struct step *out)
{
	const char *close = memchr(s, ']', (size_t)(end - s));

	if (close == NULL || close == s + 2)
		return NULL;
	out->name = s + 2;
	out->len = (size_t)(close - out->name);
	out->pick = true;
	return close + 1;
}

/* [0], ["name"] or [?name], the bracket at s. */
static const char *
bracket_step(const char *s, const char *end, struct step *out)
{
	const char *p = s + 1, *close;

	if (p < end && *p == '?')
		return pick_step(s, end, out);
	if (p < end && *p == '"') {
		close = memchr(p + 1, '"', (size_t)(end - p - 1));
		if (close == NULL || close + 1 == end || close[1] != ']' ||
		    close == p + 1)
			return NULL;
		out->name = p + 1;
		out->len = (size_t)(close - p - 1);
		return close + 2;
	}
	out->name = NULL;
	out->index = 0;
	for (; p < end && *p >= '0' && *p <= '9' && p < s + 5; p++)
		out->index = out->index * 10 + (size_t)(*p - '0');
	return p > s + 1 && p < end && *p == ']' ? p + 1 : NULL;
}

/* Give a node the next slot, if it has none. */
static bool
take_slot(struct path_tree *t, struct path_node *node, const char **why)
{
	if (node->slot != -1)
		return true;
	if (t->slots == PATH_SLOTS_MAX) {
		*why = "too many paths";
		return false;
	}
	node->slot = (int)t->slots++;
	return true;
}

/* The element of the array at node that a step picks, or NULL. */
static struct path_node *
add_pick(struct path_tree *t, struct path_node *node, const struct step *step,
    const char **why)
{
	struct path_node *element, *member;

	*why = "an array's elements are picked in one way";
	if (node->n > 0 && node->child[0]->pick == NULL)
		return NULL;
	element = add_child(node, NULL, 0, 0);
	member = add_child(element, step->name, step->len, 0);
	if (element->pick != NULL && element->pick != member)
		return NULL;
	element->pick = member;
	return take_slot(t, member, why) ? element : NULL;
}

/* One step further from here, or NULL. */
static struct path_node *
add_step(struct path_tree *t, struct path_node *here, const struct step *step,
    const char **why)
{
	bool position = step->pick || step->name == NULL;

	if (here->n > 0 && here->positions != position) {
		*why = "names and positions at one place";
		return NULL;
	}
	if (step->pick)
		return add_pick(t, here, step, why);
	if (position && here->n > 0 && here->child[0]->pick != NULL) {
		*why = "an array's elements are picked in one way";
		return NULL;
	}
	return add_child(here, step->name, step->len, step->index);
}

bool
path_add(struct path_tree *t, const char *path, size_t n,
    struct path_node **node, const char **why, size_t *at)
{
	struct path_node *here = &t->root;
	const char *p = path, *end = path + n, *next;
	struct step step;

	*at = 0;
	if (n == 1 && *p == '.') {
		*node = here;
		return take_slot(t, here, why);
	}
	for (unsigned depth = 0; p < end; depth++, p = next) {
		step = (struct step){0};
		*at = (size_t)(p - path);
		*why = "expected a member name, [N] or [\"name\"]";
		if (depth == PATH_DEPTH_MAX) {
			*why = "the path has too many steps";
			return false;
		}
		if (*p == '[') {
			next = bracket_step(p, end, &step);
		} else {
			if (depth > 0 && *p++ != '.')
				return false;
			next = plain_step(p, end, &step);
		}
		if (next == NULL ||
		    (step.name != NULL && step.len > PATH_NAME_MAX))
			return false;
		here = add_step(t, here, &step, why);
		if (here == NULL)
			return false;
	}
	if (here == &t->root) {
		*why = "expected a path";
		*at = 0;
		return false;
	}
	*node = here;
	return take_slot(t, here, why);
}

struct path_node *
path_name(struct path_tree *t, const char *name, size_t n)
{
	struct path_node *node;

	if (n == 0 || n > PATH_NAME_MAX)
		return NULL;
	node = add_child(&t->root, name, n, 0);
	if (node->slot == -1) {
		if (t->slots == PATH_SLOTS_MAX)
			return NULL;
		node->slot = (int)t->slots++;
	}
	return node;
}

static unsigned
hash(const char *name, size_t n)
{
	unsigned h = (unsigned)n;

	h = h * 31 + (unsigned char)name[0];
	h = h * 31 + (unsigned char)name[n / 2];
	return h * 31 + (unsigned char)name[n - 1];
}

static void
make_table(struct path_node *node)
{
	unsigned size = 8, h;

	while (size < node->n * 4)
		size *= 2;
	node->mask = size - 1;
	node->table = alloc(size, sizeof(*node->table));
	for (size_t i = 0; i < node->n; i++) {
		h = hash(node->child[i]->name, node->child[i]->len);
		while (node->table[h & node->mask] != 0)
			h++;
		node->table[h & node->mask] = (unsigned short)(i + 1);
	}
}

static void
number(struct path_node *node, unsigned *next)
{
	node->first = *next;
	if (node->slot != -1)
		node->slot = (int)(*next)++;
	node->taken = node->column;
	for (size_t i = 0; i < node->n; i++) {
		number(node->child[i], next);
		node->taken |= node->child[i]->taken;
	}
	node->end = *next;
	free(node->table);
	node->table = NULL;
	if (node->n > 0 && !node->positions)
		make_table(node);
}

void
path_finish(struct path_tree *t)
{
	unsigned next = 0;

	number(&t->root, &next);
	INVARIANT(next == t->slots);
}

struct path_node *
path_find(const struct path_node *node, const char *name, size_t n)
{
	const struct path_node *c;
	unsigned h, i;

	if (node->table == NULL || n == 0)
		return NULL;
	for (h = hash(name, n); (i = node->table[h & node->mask]) != 0; h++) {
		c = node->child[i - 1];
		if (c->len == n && path_same(c->name, name, n))
			return node->child[i - 1];
	}
	return NULL;
}

struct path_node *
path_guess(const struct path_node *node, struct path_node **guess,
    const char *name, size_t n)
{
	struct path_node *c = *guess;

	if (c != NULL && c->len == n && path_same(c->name, name, n))
		return c;
	c = path_find(node, name, n);
	if (c != NULL)
		*guess = c;
	return c;
}
