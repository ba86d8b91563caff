#ifndef SOURCE_H
#define SOURCE_H

#include "capture.h"
#include "rule.h"
#include "value.h"

/* Where fields without a column are noted: those of the record, and of the
 * records that it is inside. */
struct spare {
	struct capture *record, *around;
};

/**
 * Append the value of a column of the record, as JSON: of the first of its
 * sources that gives one.  On another result than VALUE_OK b is as before.
 * Values of the others that differ, and that no column has, are noted as fields
 * without one, unless spare is NULL.
 */
enum value_result source_add(struct buf *b, const struct format *f,
    const struct column *c, const struct record *r, struct value_counts *counts,
    const struct spare *spare);

#endif
