#ifndef TRAIL_H
#define TRAIL_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "dice.h"

/* CloudTrail events in the shape that AWS writes them: compact, members in
 * AWS's order, with the peculiarities that parsers trip over. */

/** Where and when events happen. */
struct trail_place {
	const char *account; /* 12 digits */
	const char *region;
	int64_t from_ms, span_ms; /* eventTime is from .. from + span */
};

/** How many kinds of events there are. */
size_t trail_kinds(void);

/** Append one event of a kind (0 .. trail_kinds() - 1). */
void trail_kind(
    struct buf *out, struct dice *d, const struct trail_place *p, size_t kind);

/** Append one event as they mix in a real trail. */
void trail_any(struct buf *out, struct dice *d, const struct trail_place *p);

/** Append an event of CloudTrail Insights. */
void trail_insight(
    struct buf *out, struct dice *d, const struct trail_place *p);

/** Append something that is no JSON where an event should be; its braces and
 * quotes balance. */
void trail_bad(struct buf *out, struct dice *d, const struct trail_place *p);

/** Append what a digest file holds; names_log is the key of a log file. */
void trail_digest(struct buf *out, struct dice *d, const struct trail_place *p,
    const char *names_log);

#endif
