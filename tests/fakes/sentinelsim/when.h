#ifndef WHEN_H
#define WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Read an ISO 8601 time as a datetime column takes it: a date, or date and
 * time (T or space, seconds optional, up to nine decimals), then Z, an offset
 * or nothing (UTC).  False when it is none; *ms is then unchanged.
 */
bool when_parse(const char *s, size_t n, int64_t *ms);

#endif
