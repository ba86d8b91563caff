#ifndef TIMES_H
#define TIMES_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * Times as logs write them.  Each appends the time in n bytes as RFC 3339 in
 * UTC, without quotes and with the digits of its fraction as they came, and
 * returns true; false, with b as before, when it is none, or not of the years
 * 1 to 9999.
 */

/** ISO 8601: any fraction; any offset, Z, UTC or GMT, a space before it or not;
 * T, t or a space; no zone is UTC; 24:00:00 is the end of the day; no seconds
 * are none of them; the basic form 20260102T030405. */
bool times_iso(struct buf *b, const char *s, size_t n);

/** Units since 1970, with or without decimals, or an exponent: unit is 0 for
 * seconds, 3 for ms, 6 for us, 9 for ns. */
bool times_epoch(struct buf *b, const char *s, size_t n, unsigned unit);

enum {
	TIMES_TEN = 10,      /* digits: seconds of the years 1970 to 2286 */
	TIMES_TEN_TEXT = 20, /* 2026-01-02T03:04:05Z */
	TIMES_PLAIN_MAX = 32 /* most are shorter */
};

/** The quick way for what most logs write, ten digits of seconds, which the
 * caller has looked at: the time to out. */
void times_ten(char out[TIMES_TEN_TEXT], const char digits[TIMES_TEN]);

/** Is it RFC 3339 in UTC as it stands?  False of some that are, too: it is
 * quick, and for most. */
bool times_is_plain(const char *s, size_t n);

/** 06/Feb/2019:00:00:38 +0000, as Apache and S3 write it; the brackets around
 * it may be there. */
bool times_apache(struct buf *b, const char *s, size_t n);

/** The time that a text begins with, perhaps behind a bracket or "# Time: ":
 * ISO 8601, 20190206 00:00:38, 190206  0:00:38, or 16 digits of microseconds
 * and a comma; what follows is of no matter. */
bool times_leading(struct buf *b, const char *s, size_t n);

#endif
