#ifndef EXTRA_H
#define EXTRA_H

#include "context.h"
#include "rule.h"
#include "value.h"

/*
 * What has no column, kept in one of its own: the fields that no column takes,
 * values that do not fit their column, and what is around the record.  Of that
 * a name which the record has as well gets a ^ before it.
 */
enum { EXTRA_MISFITS_MAX = 500 /* columns of a table */ };

struct extra {
	const struct column *misfit[EXTRA_MISFITS_MAX]; /* of this record */
	size_t nmisfits;
	const struct context *around; /* the record, or NULL */
	const struct capture *left; /* of records that it is inside, or NULL */
};

/** Append it as an object of the shape that it has in the record.  False when
 * there is nothing, with b as before. */
bool extra_add(struct buf *b, const struct extra *e, const struct format *f,
    struct capture *c, const struct record *rec, struct value_counts *counts);

#endif
