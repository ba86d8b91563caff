#ifndef SOURCE_H
#define SOURCE_H

#include "rule.h"
#include "value.h"

/**
 * Append the value of a column of the record, as JSON: of the first of its
 * sources that gives one.  On another result than VALUE_OK b is as before.
 */
enum value_result source_add(struct buf *b, const struct format *f,
    const struct column *c, const struct record *r,
    struct value_counts *counts);

#endif
