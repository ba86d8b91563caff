#ifndef HOLD_H
#define HOLD_H

#include <stddef.h>

/*
 * Bytes that an object keeps for later, with the memory of all objects counted
 * in one place: *total is the sum of what all holds have allocated.  Running
 * out of memory ends the program (exit 71).
 */
struct hold {
	char *p;
	size_t len, cap;
};

/** Hold these n bytes instead of what was held; they are not of the hold. */
void hold_set(struct hold *h, size_t *total, const char *p, size_t n);

/** Hold n more; many small additions take linear time. */
void hold_add(struct hold *h, size_t *total, const char *p, size_t n);

/** Forget the first n bytes. */
void hold_drop(struct hold *h, size_t *total, size_t n);

void hold_free(struct hold *h, size_t *total);

#endif
