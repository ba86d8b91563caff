#ifndef SCAN_H
#define SCAN_H

#include <stddef.h>

/*
 * The inner loops over bytes, 16 at a time where the processor has vectors
 * (SSE2 on amd64, NEON on arm64) and plain C elsewhere; all give the same.
 */

/**
 * How many of the n bytes at s come before the first '"', '\\' or byte below
 * 0x20; n when there is none.  *high is set to non-zero when one of those
 * before it is above 0x7f, else left alone.
 */
size_t scan_string(const char *s, size_t n, unsigned *high);

/**
 * The same, but passing over escapes of two characters: it stops at the '"'
 * that ends the string, a byte below 0x20, or the '\\' of an escape of another
 * kind or of one that does not end before n.  *escapes is set to non-zero when
 * one was passed, else left alone.
 */
size_t scan_string_end(
    const char *s, size_t n, unsigned *high, unsigned *escapes);

/**
 * Write the n bytes at s to out as the inside of a JSON string: '"', '\\' and
 * bytes below 0x20 escaped, all others as they are, above 0x7f too.  Returns
 * the length.  out has room for SCAN_ESCAPED(n) bytes, which is more than
 * that can take: whole vectors are stored.
 */
size_t scan_escape(char *out, const char *s, size_t n);
#define SCAN_ESCAPED(n) (6 * (n) + 16)

/**
 * Undo the two-character escapes in the n bytes at s, of the inside of a valid
 * JSON string, into out, up to an escape of the \u kind or the end.  Returns
 * the length written; *taken is how far it came.  out has room for
 * SCAN_UNESCAPED(n) bytes.
 */
size_t scan_unescape(char *out, const char *s, size_t n, size_t *taken);
#define SCAN_UNESCAPED(n) ((n) + 64)
enum { SCAN_UNESCAPE_MIN = 96 /* shorter ones are not worth the call */ };

#endif
