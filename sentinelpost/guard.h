#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Runs of dead records (design.md, Promise 3): dead rows are counted by table
 * (in struct table), rejects by format, here; a row of that table or format
 * that the destination accepts ends the run.  After --max-dead of one run a
 * setting is wrong, not the data, and the line stops.
 */
enum {
	GUARD_FORMATS = 64, /* named ones; all others share one count */
	GUARD_NAME_MAX = 64
};

struct guard {
	uint64_t max; /* 0: no limit */
	struct {
		char name[GUARD_NAME_MAX + 1];
		uint64_t run;
	} format[GUARD_FORMATS + 1];
	size_t n;
};

void guard_init(struct guard *g, uint64_t max);

/** The count of a format, of which only the name before a '/' matters.  Stays
 * valid as long as g. */
uint64_t *guard_format(struct guard *g, const char *format, size_t n);

/** End all runs of rejects: something of an unknown format was accepted. */
void guard_reset(struct guard *g);

/** Is this run too long? */
bool guard_trips(const struct guard *g, uint64_t run);

/** The name that such a count belongs to, or NULL when it trips for none. */
const char *guard_tripped(const struct guard *g);

#endif
