/* Counting fields without a column, by name. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "unmapped.h"
#include "utf8.h"

void
unmapped_free(struct unmapped *u)
{
	free(u->v);
	*u = (struct unmapped){0};
}

/* Room for one name more; thousands of objects may be open. */
static void
grow(struct unmapped *u)
{
	if (u->n < u->room)
		return;
	u->room = u->room == 0 ? 4 : u->room * 2;
	u->v = realloc(u->v, u->room * sizeof(*u->v));
	if (u->v == NULL)
		log_oom();
}

/* Are both names written alike? */
static bool
same_step(const struct path_node *a, const struct path_node *b)
{
	if (a->name == NULL || b->name == NULL)
		return a->name == b->name && a->index == b->index &&
		       (a->pick == NULL) == (b->pick == NULL);
	return a->len == b->len && memcmp(a->name, b->name, a->len) == 0;
}

/* Are both written alike?  Those of different formats of a group, and those of
 * the object around records, are of different trees. */
static bool
alike(const struct path_node *a, const struct path_node *b)
{
	for (; a != b; a = a->parent, b = b->parent) {
		if (a->parent == NULL || b->parent == NULL)
			return a->parent == b->parent;
		if (!same_step(a, b))
			return false;
	}
	return true;
}

/* The names that lead to node, each with a dot behind it. */
static void
add_path(struct buf *b, const struct path_node *node)
{
	if (node->parent == NULL)
		return;
	add_path(b, node->parent);
	if (node->name != NULL)
		buf_add(b, node->name, node->len);
	else if (node->pick != NULL)
		buf_addf(b, "?%s", node->pick->name);
	else
		buf_addf(b, "%zu", node->index);
	buf_addc(b, '.');
}

/* Is the name, whole, one that is written? */
static bool
is_short(const struct path_node *parent, size_t len)
{
	for (; parent != NULL; parent = parent->parent)
		len += parent->len + sizeof("?65535.") +
		       (parent->pick != NULL ? parent->pick->len : 0);
	return len < UNMAPPED_PATH_MAX;
}

void
unmapped_name(struct unmapped *u, const struct path_node *parent,
    const struct json_val *key)
{
	const char *name = key->p + 1;
	size_t len = key->n - 2;
	struct unmapped_name *at;

	for (size_t i = 0; i < u->n; i++) {
		at = &u->v[i];
		if (at->len == len && memcmp(at->name, name, len) == 0 &&
		    alike(at->parent, parent)) {
			at->count++;
			return;
		}
	}
	if (u->n == UNMAPPED_NAMES || len > UNMAPPED_NAME_MAX ||
	    (key->flags & JSON_ESCAPES) != 0 || utf8_valid(name, len) != len ||
	    !is_short(parent, len)) {
		u->others++;
		return;
	}
	grow(u);
	at = &u->v[u->n++];
	at->parent = parent;
	at->len = (unsigned char)len;
	memcpy(at->name, name, len);
	at->count = 1;
}

void
unmapped_count(struct unmapped *u, const struct capture *c)
{
	for (size_t i = 0; i < c->nunmapped; i++)
		unmapped_name(u, c->unmapped[i].parent, &c->unmapped[i].key);
	u->others += c->others;
}

void
unmapped_write(const struct unmapped *u, struct jsonw *w)
{
	struct buf name = BUF_INIT(UNMAPPED_PATH_MAX);
	const struct unmapped_name *at;

	if (u->n == 0 && u->others == 0)
		return;
	jsonw_object(w, "unmapped");
	for (size_t i = 0; i < u->n; i++) {
		at = &u->v[i];
		buf_reset(&name);
		add_path(&name, at->parent);
		buf_add(&name, at->name, at->len);
		INVARIANT(name.err == 0);
		jsonw_uint(w, name.p != NULL ? name.p : "", at->count);
	}
	buf_clear(&name);
	if (u->others > 0)
		jsonw_uint(w, "others", u->others);
	jsonw_end(w);
}
