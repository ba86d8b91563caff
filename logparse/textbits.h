#ifndef TEXTBITS_H
#define TEXTBITS_H

#include <stdint.h>
#include <string.h>

#include "scan.h"

/* Looking at 64 bytes at once: a bit for each, the first one's lowest. */

/** Where the last n < 64 bytes at p can be read as 64: memory up to end can be,
 * otherwise that is in bytes. */
static inline const char *
textbits_word(char bytes[64], const char *p, size_t n, const char *end)
{
	if (end - p >= 64)
		return p;
	memset(bytes, 0, 64);
	memcpy(bytes, p, n);
	return bytes;
}

#if defined(__SSE2__)
/* Which of 64 bytes are set in v, as bits. */
static inline uint64_t
textbits_of(const __m128i v[4])
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(v[0]) |
	       (uint64_t)(unsigned)_mm_movemask_epi8(v[1]) << 16 |
	       (uint64_t)(unsigned)_mm_movemask_epi8(v[2]) << 32 |
	       (uint64_t)(unsigned)_mm_movemask_epi8(v[3]) << 48;
}

/* Which of 64 bytes are c. */
static inline uint64_t
textbits_equal(const __m128i v[4], char c)
{
	const __m128i all = _mm_set1_epi8(c);

	return textbits_of((const __m128i[]){_mm_cmpeq_epi8(v[0], all),
	    _mm_cmpeq_epi8(v[1], all), _mm_cmpeq_epi8(v[2], all),
	    _mm_cmpeq_epi8(v[3], all)});
}

#endif

#endif
