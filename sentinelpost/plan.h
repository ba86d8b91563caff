#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>

#include "batch.h"
#include "buf.h"

/*
 * What --dry-run tells: per table, the requests that would be made, their
 * rows, bytes before and after compression.
 */

/** Append one JSON line a table, {"plan":{..}}, each with its newline. */
void plan_lines(struct buf *b, const struct batches *bs);

/** Append a table for people. */
void plan_text(struct buf *b, const struct batches *bs);

#endif
