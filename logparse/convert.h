#ifndef CONVERT_H
#define CONVERT_H

#include "value.h"

/* What a column makes of its value, as its format file says ("as ..."). */

/** Append v, as value_add() does, converted as the column says. */
enum value_result convert_add(struct buf *b, const struct column *c,
    const struct json_val *v, struct value_counts *counts);

#endif
