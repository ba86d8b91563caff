#ifndef JSONCUT_H
#define JSONCUT_H

#include <stddef.h>

#include "buf.h"

/* Values that are too long for a column, cut. */

#define JSONCUT_MARK "...[cut]"

/**
 * Append the beginning of the compact JSON object or array in p[0..n), and a
 * mark of the cut, at most max bytes, so that it still is JSON: a string that
 * is cut ends in the mark, an array has it as its last element, an object as
 * the name of its last member; then all brackets close.  2,100 < max < n.
 */
void jsoncut_container(struct buf *b, const char *p, size_t n, size_t max);

/**
 * Append so much of the n bytes between a JSON string's quotes that, without
 * their escapes, they and the mark are at most max bytes of UTF-8.  When all of
 * it is: append it whole and return false.
 */
bool jsoncut_string(struct buf *b, const char *s, size_t n, size_t max);

#endif
