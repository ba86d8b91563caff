#ifndef SCAN_H
#define SCAN_H

#include <stddef.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/*
 * The inner loops over bytes, 16 at a time where the processor has vectors
 * (SSE2 on amd64, NEON on arm64) and plain C elsewhere; all give the same.
 */

/**
 * How many of the n bytes at s come before the first '"', '\\' or byte below
 * 0x20; n when there is none.  *high is set to non-zero when one of those
 * before it is above 0x7f, else left alone.
 */
static inline size_t scan_string(const char *s, size_t n, unsigned *high);

/** The same, for those it is not worth to call a function for first. */
size_t scan_string_long(const char *s, size_t n, unsigned *high);

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
#define SCAN_ESCAPED(n) (6 * (n) + 64)

/**
 * Undo the two-character escapes in the n bytes at s, of the inside of a JSON
 * string, into out, up to an escape of the \u kind, to what cannot stand there
 * ('"', a control character, a backslash that is no escape), or to the end.
 * Returns the length written; *taken is how far it came, *high as above.  out
 * has room for SCAN_UNESCAPED(n) bytes.
 */
size_t scan_unescape(
    char *out, const char *s, size_t n, size_t *taken, unsigned *high);
#define SCAN_UNESCAPED(n) ((n) + 64)

enum { SCAN_COPY = 32 /* bytes that scan_copy() takes at once */ };

/** Copy n bytes of a few; up to SCAN_COPY - 1 more are read and written. */
static inline void
scan_copy(char *to, const char *from, size_t n)
{
	memcpy(to, from, SCAN_COPY);
	for (size_t i = SCAN_COPY; i < n; i += SCAN_COPY)
		memcpy(to + i, from + i, SCAN_COPY);
}

#if defined(__SSE2__)
/* Which of the 16 bytes of v end a run, as bits: '"', '\\', below 0x20. */
static inline unsigned
scan_stops(__m128i v)
{
	const __m128i limit = _mm_set1_epi8(0x1f);

	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
		_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')),
		    _mm_cmpeq_epi8(_mm_min_epu8(v, limit), v))));
}

static inline __m128i
scan_load(const char *s)
{
	return _mm_loadu_si128((const __m128i *)s);
}
#endif

/* Most strings are short: the first bytes are looked at in place. */
static inline size_t
scan_string(const char *s, size_t n, unsigned *high)
{
#if defined(__SSE2__)
	if (n >= 16) {
		__m128i v = scan_load(s);
		unsigned stop = scan_stops(v);
		unsigned top = (unsigned)_mm_movemask_epi8(v), at;

		if (stop != 0) {
			at = (unsigned)__builtin_ctz(stop);
			*high |= top & ((1u << at) - 1);
			return at;
		}
		*high |= top;
		return 16 + scan_string_long(s + 16, n - 16, high);
	}
#endif
	return scan_string_long(s, n, high);
}

#endif
