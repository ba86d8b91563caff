#ifndef METRICS_H
#define METRICS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "fault.h"
#include "metricfile.h"

/*
 * Counters and gauges in the Prometheus text format 0.0.4, kept in a file
 * that is replaced atomically (--metrics FILE).  Names begin with logbridge_;
 * every metric carries the label stage="PROG".  A program declares a table of
 * its metrics and adds to struct members; nothing is looked up by name in a
 * hot path.
 */
struct metric {
	const char *name;   /* logbridge_rows_total */
	const char *labels; /* "table=\"x\"" without braces, or NULL */
	const char *help;
	const uint64_t *counter; /* one of these two */
	const double *gauge;
};

struct metrics {
	const char *file, *stage;
	const struct metric *table;
	unsigned n;
	int64_t next_ms; /* when to write again */
	bool warned;
	struct helper *helper; /* who writes the file, or NULL: we do */
	struct metricfile out;
};

enum { METRICS_EVERY_MS = 10000 };

/** file NULL: all calls do nothing.  table stays the caller's. */
void metrics_init(struct metrics *m, const char *file, const char *stage,
    const struct metric *table, unsigned n);

/** Let a helper, which is not started yet, write the file: for when the
 * sandbox is closed. */
void metrics_by(struct metrics *m, struct helper *h);

/** Append name="value" with value escaped, after a comma when b is not empty:
 * for labels. */
void metrics_label(
    struct buf *b, const char *name, const char *value, size_t n);

/** Write the file when METRICS_EVERY_MS went by since the last time; a
 * failure is warned of once and never stops the program. */
void metrics_tick(struct metrics *m, int64_t now_ms);

/** Write the file now (at exit).  False with a fault when it cannot; that a
 * helper does not answer is only warned of. */
bool metrics_write(struct metrics *m, struct fault *f);

#endif
