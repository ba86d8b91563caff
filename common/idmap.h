#ifndef IDMAP_H
#define IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/*
 * The objects that are open on a pipe, by id: at most WIRE_OPEN_MAX.  Holds
 * pointers of the caller's, never frees them.
 */
struct idmap {
	struct idmap_slot {
		char id[WIRE_ID_LEN + 1];
		void *value; /* NULL: free */
	} * slot;
	size_t size, n;
};

/** The value of an id, or NULL. */
void *idmap_get(const struct idmap *m, const char *id);

/** Add one that is not there; value is not NULL.  Returns -1 when
 * WIRE_OPEN_MAX are there. */
int idmap_put(struct idmap *m, const char *id, void *value);

/** Take one out; returns its value, or NULL. */
void *idmap_take(struct idmap *m, const char *id);

/** The first value at or after place *i, which moves past it; NULL at the
 * end.  Nothing may be put or taken meanwhile but the value returned. */
void *idmap_next(const struct idmap *m, size_t *i);

void idmap_free(struct idmap *m);

#endif
