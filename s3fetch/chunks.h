#ifndef CHUNKS_H
#define CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/*
 * The chunk lines of one object on standard output: any cut of the bytes
 * coming in, text where it is UTF-8, b64 where not.  The beginning of a
 * character at the end of a piece waits for its rest.
 */
struct chunks {
	char id[WIRE_ID_LEN + 1];
	uint64_t at;   /* bytes written as chunks */
	char carry[4]; /* the beginning of a character */
	size_t ncarry;
};

/** Ready for the first byte of the object with this id. */
void chunks_init(struct chunks *c, const char id[WIRE_ID_LEN + 1]);

/** Write n bytes; may keep up to three back. */
void chunks_add(struct chunks *c, const char *p, size_t n);

/** Write what was kept back: the stream ended. */
void chunks_end(struct chunks *c);

#endif
