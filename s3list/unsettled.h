#ifndef UNSETTLED_H
#define UNSETTLED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The objects that this run has heard of and that are not settled, by the
 * number in their id: what is left at the end is exit 75.  Bounded: once
 * UNSETTLED_MAX are in it at a time it only remembers that there were more.
 */
enum { UNSETTLED_MAX = 65536 };

struct unsettled {
	uint64_t *slot; /* open addressing; 0 is free */
	size_t cap, n;  /* cap is a power of two */
	bool more;      /* some did not fit */
};

void unsettled_free(struct unsettled *u);
void unsettled_add(struct unsettled *u, uint64_t id);
void unsettled_remove(struct unsettled *u, uint64_t id);

/** Is it one of them, as far as is remembered? */
bool unsettled_has(const struct unsettled *u, uint64_t id);

/** Is there any? */
bool unsettled_any(const struct unsettled *u);

#endif
