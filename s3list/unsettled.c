/* A bounded set of numbers that are evenly distributed already (SHA-256). */
#include <stdlib.h>

#include "log.h"
#include "unsettled.h"

enum { FIRST = 64 };

void
unsettled_free(struct unsettled *u)
{
	free(u->slot);
	*u = (struct unsettled){0};
}

/* Where id is, or the free slot where it would go. */
static size_t
find(const struct unsettled *u, uint64_t id)
{
	size_t i = id & (u->cap - 1);

	while (u->slot[i] != 0 && u->slot[i] != id)
		i = (i + 1) & (u->cap - 1);
	return i;
}

/* Half of the slots stay free. */
static void
grow(struct unsettled *u)
{
	struct unsettled big = {.cap = u->cap > 0 ? u->cap * 2 : FIRST};

	big.slot = calloc(big.cap, sizeof(*big.slot));
	if (big.slot == NULL)
		log_oom();
	for (size_t i = 0; i < u->cap; i++)
		if (u->slot[i] != 0)
			big.slot[find(&big, u->slot[i])] = u->slot[i];
	free(u->slot);
	u->slot = big.slot;
	u->cap = big.cap;
}

void
unsettled_add(struct unsettled *u, uint64_t id)
{
	size_t i;

	id = id != 0 ? id : 1;
	if (u->cap > 0 && u->slot[find(u, id)] != 0)
		return;
	if (u->n == UNSETTLED_MAX) {
		u->more = true;
		return;
	}
	if (u->n * 2 >= u->cap)
		grow(u);
	i = find(u, id);
	u->slot[i] = id;
	u->n++;
}

void
unsettled_remove(struct unsettled *u, uint64_t id)
{
	size_t i, next, home;

	id = id != 0 ? id : 1;
	if (u->cap == 0 || u->slot[i = find(u, id)] == 0)
		return;
	u->n--;
	/* Close the gap: move back whoever may not be reached across it. */
	for (next = (i + 1) & (u->cap - 1); u->slot[next] != 0;
	     next = (next + 1) & (u->cap - 1)) {
		home = u->slot[next] & (u->cap - 1);
		if (((next - home) & (u->cap - 1)) <
		    ((next - i) & (u->cap - 1)))
			continue;
		u->slot[i] = u->slot[next];
		i = next;
	}
	u->slot[i] = 0;
}

bool
unsettled_has(const struct unsettled *u, uint64_t id)
{
	return u->cap > 0 && u->slot[find(u, id != 0 ? id : 1)] != 0;
}

bool
unsettled_any(const struct unsettled *u)
{
	return u->n > 0 || u->more;
}
