#ifndef TIMEFMT_H
#define TIMEFMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reading and writing of times that the product itself states: listings,
 * options, HTTP headers, logs.  (Times inside records keep their own
 * precision and are the business of logparse.) */

enum { TIMEFMT_MAX = 40 /* bytes that hold any output, NUL included */ };

/**
 * Write ms since 1970 as RFC 3339 UTC: 2026-01-02T03:04:05Z, or with
 * milliseconds 2026-01-02T03:04:05.678Z.  Years 0000 to 9999.
 */
void timefmt_rfc3339(char out[TIMEFMT_MAX], int64_t ms, bool with_ms);

/**
 * Read an RFC 3339 time (any fraction, any offset, a space or t for T) of n
 * bytes into ms since 1970.  A date alone is midnight UTC.  Returns false when
 * it is none; *ms is then unchanged.
 */
bool timefmt_parse(const char *s, size_t n, int64_t *ms);

/** Read an HTTP-date (RFC 9110 section 5.6.7, IMF-fixdate) into ms. */
bool timefmt_http(const char *s, size_t n, int64_t *ms);

/** Read a duration such as 250ms, 90s, 5m, 12h, 7d (a bare number: s). */
bool timefmt_duration(const char *s, int64_t *ms);

#endif
