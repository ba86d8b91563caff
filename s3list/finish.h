#ifndef FINISH_H
#define FINISH_H

#include <stdint.h>

#include "pump.h"

/* The end of a run: the done line, and all that is written. */
struct finish_count {
	const char *name;
	uint64_t n;
};

/**
 * Write what is pending and the done line with these totals, and close
 * standard output.  When the reader takes nothing for within_ms after a stop
 * was asked for, that is logged and left.  Returns the exit code: what is left
 * makes it EXIT_AGAIN.
 */
int finish(struct pump *p, const char *stage, int code,
    const struct finish_count *counts, unsigned n, int64_t within_ms);

#endif
