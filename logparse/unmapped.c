/* Counting fields without a column, by name. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "unmapped.h"

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

/* What is written of the parent's name. */
static const char *
prefix(const struct path_node *parent, size_t *n)
{
	*n = 0;
	if (parent->name == NULL || parent->len >= UNMAPPED_NAME_MAX)
		return "";
	*n = parent->len;
	return parent->name;
}

/* Are both written alike?  Those of different formats of a group, or at
 * different places, may be. */
static bool
alike(const struct path_node *a, const struct path_node *b)
{
	size_t na, nb;
	const char *pa, *pb;

	if (a == b)
		return true;
	pa = prefix(a, &na);
	pb = prefix(b, &nb);
	return na == nb && memcmp(pa, pb, na) == 0;
}

static void
count(struct unmapped *u, const struct path_node *parent,
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
	    (key->flags & (JSON_ESCAPES | JSON_HIGH)) != 0) {
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
		count(u, c->unmapped[i].parent, &c->unmapped[i].key);
	u->others += c->others;
}

void
unmapped_write(const struct unmapped *u, struct jsonw *w)
{
	char name[2 * UNMAPPED_NAME_MAX + 2];
	const struct unmapped_name *at;
	const char *parent;
	size_t n;

	if (u->n == 0 && u->others == 0)
		return;
	jsonw_object(w, "unmapped");
	for (size_t i = 0; i < u->n; i++) {
		at = &u->v[i];
		parent = prefix(at->parent, &n);
		memcpy(name, parent, n);
		if (n > 0)
			name[n++] = '.';
		memcpy(name + n, at->name, at->len);
		name[n + at->len] = '\0';
		jsonw_uint(w, name, at->count);
	}
	if (u->others > 0)
		jsonw_uint(w, "others", u->others);
	jsonw_end(w);
}
