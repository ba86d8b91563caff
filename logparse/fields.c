/* Fields that no column takes: see capture.h. */
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "log.h"

enum {
	ROOM_FIRST = 8,
	FEW = 16,         /* so many are compared each with each */
	TABLE = 32 * 1024 /* over twice CAPTURE_KEPT_MAX, a power of two */
};

void
capture_free(struct capture *c)
{
	free(c->unmapped);
	c->unmapped = NULL;
	c->room = c->nunmapped = 0;
}

void
capture_unmapped(struct capture *c, const struct path_node *parent,
    const struct json_val *key, const struct json_val *val)
{
	const size_t max = c->keep ? CAPTURE_KEPT_MAX : CAPTURE_UNMAPPED_MAX;

	if (c->nunmapped == max) {
		c->others++;
		return;
	}
	if (c->nunmapped == c->room) {
		c->room = c->room == 0 ? ROOM_FIRST : 2 * c->room;
		c->unmapped =
		    realloc(c->unmapped, c->room * sizeof(*c->unmapped));
		if (c->unmapped == NULL)
			log_oom();
	}
	c->unmapped[c->nunmapped++] =
	    (struct capture_field){parent, *key, *val};
}

static bool
same(const struct capture_field *a, const struct capture_field *b)
{
	return a->parent == b->parent && a->key.n == b->key.n &&
	       memcmp(a->key.p, b->key.p, a->key.n) == 0;
}

/* FNV-1a of the name. */
static unsigned
hash(const struct capture_field *f)
{
	unsigned h = 2166136261u;

	for (size_t i = 0; i < f->key.n; i++)
		h = (h ^ (unsigned char)f->key.p[i]) * 16777619u;
	return h;
}

/* Void the earlier one of each pair, of few. */
static void
compare_all(struct capture *c)
{
	for (size_t i = 0; i + 1 < c->nunmapped; i++)
		for (size_t k = i + 1; k < c->nunmapped; k++)
			if (same(&c->unmapped[i], &c->unmapped[k])) {
				c->unmapped[i].key.p = NULL;
				break;
			}
}

/* The same of many, by a table of the last ones. */
static void
compare_hashed(struct capture *c)
{
	static unsigned short table[TABLE]; /* a place, plus 1 */
	unsigned h;

	memset(table, 0, sizeof(table));
	for (size_t i = 0; i < c->nunmapped; i++) {
		h = hash(&c->unmapped[i]) % TABLE;
		while (table[h] != 0 &&
		       !same(&c->unmapped[table[h] - 1], &c->unmapped[i]))
			h = (h + 1) % TABLE;
		if (table[h] != 0)
			c->unmapped[table[h] - 1].key.n = 0;
		table[h] = (unsigned short)(i + 1);
	}
	/* Names are void only now: they were to be compared. */
	for (size_t i = 0; i < c->nunmapped; i++)
		if (c->unmapped[i].key.n == 0)
			c->unmapped[i].key.p = NULL;
}

void
capture_settle(struct capture *c)
{
	size_t n = 0;

	if (c->nunmapped < 2)
		return;
	if (c->nunmapped <= FEW)
		compare_all(c);
	else
		compare_hashed(c);
	for (size_t i = 0; i < c->nunmapped; i++)
		if (c->unmapped[i].key.p != NULL)
			c->unmapped[n++] = c->unmapped[i];
	c->duplicates += c->nunmapped - n;
	c->nunmapped = n;
}
