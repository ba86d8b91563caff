/* Which of thousands of calls the torture lets fail; see torture.h. */
#include <stdlib.h>

#include "torture.h"

enum {
	FIRST = 2, /* of each chain */
	SPREAD = 64,
	SLOTS = 2 * CHAINS_MAX
};

/* How often a chain comes, and came. */
struct slot {
	uint32_t chain, all, seen;
};

static struct slot *
find(struct slot *slots, uint32_t chain)
{
	size_t i = chain % SLOTS;

	while (slots[i].chain != chain && slots[i].chain != 0)
		i = (i + 1) % SLOTS;
	slots[i].chain = chain;
	return &slots[i];
}

static bool
worth(struct slot *s)
{
	uint32_t nth = s->seen++;

	return nth < FIRST || nth + 1 == s->all || nth % SPREAD == 0;
}

void
picks_make(struct picks *p, const uint32_t chains[CHAINS_MAX], uint64_t calls,
    bool every)
{
	struct slot *slots = calloc(SLOTS, sizeof(*slots));
	uint64_t known = calls < CHAINS_MAX ? calls : CHAINS_MAX;

	p->n = 0;
	p->v = calloc(calls + 1, sizeof(*p->v));
	if (slots == NULL || p->v == NULL)
		abort();
	for (uint64_t i = 0; i < known; i++)
		if (chains[i] != 0)
			find(slots, chains[i])->all++;
	for (uint64_t i = 0; i < calls; i++)
		if (every || i >= known || chains[i] == 0 ||
		    worth(find(slots, chains[i])))
			p->v[p->n++] = i + 1;
	free(slots);
}

void
picks_free(struct picks *p)
{
	free(p->v);
	*p = (struct picks){0};
}
