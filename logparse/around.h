#ifndef AROUND_H
#define AROUND_H

#include "frame.h"

/*
 * Members of the object around an array of records that no column takes, for
 * frame.c: counted by name, and kept for the rows where those keep such.
 */

/** Keep what was captured last of the object, as far as it is to be. */
void around_take(struct framer *f);

/** Count it: once for each object. */
void around_count(struct framer *f);

/** Both, of an object of which no column takes anything: its n bytes at p end
 * with the bracket of the array, where the capture c has stopped. */
void around_head(
    struct framer *f, const struct capture *c, const char *p, size_t n);

/** Count a member that stands behind the array. */
void around_tail(struct framer *f, const struct json_val *key);

/** Has the array of records this name, in the innermost open object? */
bool around_is_records(const struct framer *f, const struct json_val *key);

#endif
