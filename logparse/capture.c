/* The parser's heart: a record's wanted slices in one pass. */
#include <string.h>

#include "capture.h"

/* What a walk below one value found. */
struct walk {
	struct capture *c;
	struct json *j;
	bool envelopes, stopped;
	unsigned depth;
	unsigned covered; /* columns that take what is walked through */
};

static bool walk_value(
    struct walk *w, struct path_node *node, struct json_val *v);

void
capture_init(struct capture *c, struct path_tree *tree)
{
	memset(c, 0, sizeof(*c));
	c->tree = tree;
}

/* What is below node has not been seen. */
static void
forget(struct path_node *node)
{
	for (size_t i = 0; i < node->n; i++) {
		node->child[i]->seen = 0;
		forget(node->child[i]);
	}
}

/* A member that was there already: what it had given is void. */
static void
again(struct capture *c, struct path_node *node)
{
	c->duplicates++;
	for (unsigned i = node->first; i < node->end; i++)
		c->slot[i].p = NULL;
	forget(node);
}

/* The child of that name; *guess is tried first. */
static struct path_node *
find(const struct path_node *node, struct path_node **guess,
    const struct json_val *key)
{
	struct buf b = BUF_INIT(PATH_NAME_MAX);
	struct path_node *child;

	if ((key->flags & JSON_ESCAPES) == 0)
		return path_guess(node, guess, key->p + 1, key->n - 2);
	(void)json_unescape(&b, key->p + 1, key->n - 2);
	child = b.err == 0 && b.len > 0 ? path_find(node, b.p, b.len) : NULL;
	buf_clear(&b);
	return child;
}

/* A member of the object at node that no column takes. */
static void
unmapped(const struct walk *w, const struct path_node *node,
    const struct json_val *key, const struct json_val *val)
{
	if (w->covered == 0)
		capture_unmapped(w->c, node, key, val);
}

/* Is a value of node's place one that has nothing of what node wants? */
static bool
is_other(const struct path_node *node, const struct json_val *v)
{
	if (node->slot != -1 || v->type == JSON_NULL)
		return false;
	return v->type != (node->positions ? JSON_ARRAY : JSON_OBJECT);
}

/* Where the value of node's place goes: its slot, or else val.  (It is written
 * there at once, as copying what was just written in parts is slow.) */
static struct json_val *
place(struct capture *c, const struct path_node *node, struct json_val *val)
{
	return node->slot != -1 ? &c->slot[node->slot] : val;
}

/* Pass the name of the next member; *child is its place, or NULL.  False when
 * there is none.  Records are alike: mostly it is the one that came behind the
 * last member before. */
static bool
next_member(struct walk *w, const struct path_node *node,
    struct path_node **guess, bool *first, struct json_val *key,
    struct path_node **child)
{
	struct json *j = w->j;
	const char *p = j->p;

	*child = *guess;
	if (*child != NULL && p < j->end && (*first || *p++ == ',') &&
	    path_label_at(*child, p, j->end)) {
		*key = (struct json_val){p, (*child)->len + 2, JSON_STRING, 0};
		j->p = p + (*child)->label_len;
		*first = false;
		return true;
	}
	if (!json_member(j, first, key))
		return false;
	*child = find(node, guess, key);
	return true;
}

/* Pass an object whose members node knows. */
static bool
walk_object(struct walk *w, struct path_node *node, struct json_val *v)
{
	struct capture *c = w->c;
	struct path_node *child, **guess = &node->begins;
	struct json_val key, val, *to;
	bool first;

	if (!json_enter(w->j, '{', &first))
		return false;
	w->depth++;
	while (next_member(w, node, guess, &first, &key, &child)) {
		if (node == &c->tree->root && c->first.p == NULL)
			c->first = key;
		if (child == NULL) {
			to = &val;
			if (!json_value(w->j, to))
				return false;
			unmapped(w, node, &key, to);
		} else {
			guess = &child->follows;
			if (child->seen == c->serial)
				again(c, child);
			child->seen = c->serial;
			to = place(c, child, &val);
			w->covered += !child->taken;
			if (!walk_value(w, child, to))
				return false;
			w->covered -= !child->taken;
			if (!child->taken || is_other(child, to))
				unmapped(w, node, &key, to);
		}
		v->flags |= key.flags | to->flags;
	}
	w->depth--;
	return w->j->err == JSON_FINE;
}

/* What an element had given is void: it is not the one that is picked. */
static void
unpick(struct capture *c, struct path_node *element)
{
	for (unsigned i = element->first; i < element->end; i++)
		c->slot[i].p = NULL;
	forget(element);
}

/* Is the element that was walked last the one that is picked? */
static bool
picked(const struct capture *c, const struct path_node *element)
{
	const struct json_val *v = &c->slot[element->pick->slot];

	return v->p != NULL && v->type != JSON_NULL;
}

/* The node of an array's element, or NULL. */
static struct path_node *
element_at(const struct path_node *node, size_t index, bool found)
{
	if (node->child[0]->pick != NULL)
		return found ? NULL : node->child[0];
	for (size_t i = 0; i < node->n; i++)
		if (node->child[i]->index == index)
			return node->child[i];
	return NULL;
}

/* Pass an array of which node knows positions. */
static bool
walk_array(struct walk *w, struct path_node *node, struct json_val *v)
{
	struct path_node *child;
	struct json_val val, *to;
	bool first, found = false;
	size_t index = 0;

	if (!json_enter(w->j, '[', &first))
		return false;
	for (; json_element(w->j, &first); index++) {
		child = element_at(node, index, found);
		if (child != NULL && child->pick != NULL)
			unpick(w->c, child);
		to = child != NULL ? place(w->c, child, &val) : &val;
		if (child == NULL ? !json_value(w->j, to)
				  : !walk_value(w, child, to))
			return false;
		v->flags |= to->flags;
		found |=
		    child != NULL && child->pick != NULL && picked(w->c, child);
	}
	if (!found && index > 0 && node->child[0]->pick != NULL)
		unpick(w->c, node->child[0]);
	return w->j->err == JSON_FINE;
}

/* A value whose end was not reached is not there. */
static bool
unfinished(struct json_val *v)
{
	v->p = NULL;
	return false;
}

/* Pass the value of a place in the tree. */
static bool
walk_value(struct walk *w, struct path_node *node, struct json_val *v)
{
	struct json *j = w->j;
	size_t spaces;

	if (json_plain_string(j, v))
		return true;
	if (!json_space(j))
		return json_value(j, v); /* fails as it should */
	if (node->envelope && w->envelopes && *j->p == '[') {
		w->stopped = true;
		return false;
	}
	v->p = j->p;
	v->flags = 0;
	spaces = j->spaces;
	w->covered += node->column;
	if (*j->p == '{' && node->table != NULL) {
		v->type = JSON_OBJECT;
		if (!walk_object(w, node, v))
			return unfinished(v);
		v->n = (size_t)(j->p - v->p);
	} else if (*j->p == '[' && node->positions) {
		v->type = JSON_ARRAY;
		if (!walk_array(w, node, v))
			return unfinished(v);
		v->n = (size_t)(j->p - v->p);
	} else if (!json_value(j, v)) {
		return false;
	}
	if (j->spaces != spaces)
		v->flags |= JSON_SPACES;
	w->covered -= node->column;
	return true;
}

enum capture_result
capture_record(
    struct capture *c, struct json *j, bool envelopes, unsigned *depth)
{
	struct walk w = {.c = c, .j = j, .envelopes = envelopes};
	struct path_node *root = &c->tree->root;
	struct json_val val, *v = place(c, root, &val);

	for (unsigned i = 0; i < c->tree->slots; i++)
		c->slot[i].p = NULL;
	c->serial++;
	c->first.p = NULL;
	c->duplicates = c->others = 0;
	c->nunmapped = 0;
	if (walk_value(&w, root, v)) {
		if (v->type == JSON_OBJECT)
			return CAPTURE_OK;
		/* The record itself is never absent: its text is "null". */
		if (v->type == JSON_NULL)
			v->type = JSON_NUMBER;
		return CAPTURE_NOT_OBJECT;
	}
	*depth = w.depth;
	if (w.stopped)
		return CAPTURE_ENVELOPE;
	return j->err == JSON_MORE ? CAPTURE_MORE : CAPTURE_BAD;
}
