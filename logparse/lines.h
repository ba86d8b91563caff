#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "idmap.h"
#include "object.h"
#include "replay.h"

/*
 * What becomes of the lines of the wire: chunks go to the objects they are of,
 * rejects are tried again, the others pass.
 */
struct lines {
	struct parser *p;
	struct idmap open;
	struct buf bytes; /* of a chunk */
	struct replay replay;
	uint64_t read, of_wire;
	uint64_t refused; /* objects over the limit: their lines are dropped */
	uint64_t told;
};

void lines_init(struct lines *in, struct parser *p);

/** A line of n bytes; torn: it was cut by the end of the input. */
void lines_handle(struct lines *in, const char *p, size_t n, bool torn);

/** One that is too long to be looked at. */
void lines_too_long(
    struct lines *in, uint64_t number, uint64_t offset, size_t n);

/** There are no more: take leave of the objects that are open, and free what
 * there is. */
void lines_end(struct lines *in);

#endif
