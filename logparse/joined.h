#ifndef JOINED_H
#define JOINED_H

#include "header.h"
#include "textsplit.h"

/* A line of text that is more than one, as a line break is missing: files were
 * put one behind the other, of which the first did not end in one. */
#define JOINED_REASON "joined-lines"

struct joined {
	const char *detail; /* what was expected, and where in the line */
	size_t at;
	size_t names; /* where a header line begins in it, or 0 */
};

/** Is the line, cut into fields, such a one?  bad: it makes no record.  Fields
 * that are unknown to the format alone make it none. */
bool joined_lines(struct joined *j, const struct header *h,
    const struct split *s, const char *line, size_t n, bool bad);

#endif
