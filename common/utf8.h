#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, to U+10FFFF. */

/** Length (1 to 4) of the valid character at s, of which n > 0 bytes are
 * there, or 0 when none begins there. */
size_t utf8_char(const char *s, size_t n);

/** Length of the longest valid prefix of s: n when all of it is UTF-8. */
size_t utf8_valid(const char *s, size_t n);

/**
 * The end of s may cut a character: how many of its last bytes (0 to 3) are
 * the proper beginning of a character that goes on after n.
 */
size_t utf8_tail(const char *s, size_t n);

/** Write code point cp (not a surrogate, <= 0x10ffff) to out; returns its
 * length, 1 to 4. */
size_t utf8_put(char out[4], unsigned cp);

/**
 * At s, of which n > 0 bytes are there, no character begins: how many bytes
 * (1 to 3) one U+FFFD stands for.  That is what properly begins one, or else
 * one byte, as in other decoders (Unicode 3.9, "maximal subpart"; WHATWG).
 */
size_t utf8_bad(const char *s, size_t n);
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/**
 * What stands at s, of which n > 0 bytes are there, may steer a terminal or
 * show text in another order than it is in: C0, DEL, C1, line separators, and
 * the marks of bidirectional text (Unicode TR 36, section 2.6).  Returns its
 * length, with its code point in *cp, or 0.
 */
size_t utf8_steers(const char *s, size_t n, unsigned *cp);

/** Append s with what is no character replaced by U+FFFD.  Returns how many of
 * them were written. */
size_t utf8_mend(struct buf *b, const char *s, size_t n);

#endif
