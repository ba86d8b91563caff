#ifndef SPILL_H
#define SPILL_H

#include "frame.h"

/*
 * Setting aside what is no record, for frame.c alone: bytes are given out as
 * rejects, in parts when they are many, up to where they end.
 */

/** Begin at ev->at.  resync: the bytes are no JSON, so look for where another
 * record begins; else only for where the brackets close. */
void spill_begin(struct framer *f, const struct frame_event *ev, bool resync);

/** The next reject out of the window, or FRAME_NEED: as frame_next(). */
enum frame_kind_of spill_next(struct framer *f, struct capture *c,
    const char *p, size_t n, size_t *pos, bool final, struct frame_event *ev);

/** How many bytes to wait for when n were not enough: so many that the work
 * stays linear, but no more than max + 1. */
static inline size_t
frame_need(size_t n, size_t max)
{
	size_t want = n + n / 4 + 1;

	return n < max && want > max ? max + 1 : want;
}

/** White space of JSON. */
static inline bool
frame_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

#endif
