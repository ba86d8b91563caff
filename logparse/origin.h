#ifndef ORIGIN_H
#define ORIGIN_H

#include "object.h"

/*
 * Where rows of tables of one's own come from: SourceBucket, SourceKey,
 * SourceRecord (the record's number) and EventHash (SHA-256 of its bytes), by
 * which the same record can be told that came twice.
 */

/** Make the first two, which all rows of the object have.  bucket is its text
 * as JSON. */
void origin_init(struct object *o, const struct json_val *bucket);

/** Append the four to a row of the record of n bytes at p. */
void origin_add(struct buf *b, const struct object *o, const char *p, size_t n);

#endif
