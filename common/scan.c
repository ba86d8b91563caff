/* Vector loops, each with a plain C twin that a unit test compares. */
#include <stdint.h>

#include "scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>

size_t
scan_string(const char *s, size_t n, unsigned *high)
{
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i limit = _mm_set1_epi8(0x1f);
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(s + i));
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote),
		    _mm_or_si128(_mm_cmpeq_epi8(v, slash),
			_mm_cmpeq_epi8(_mm_min_epu8(v, limit), v)));
		unsigned stop = (unsigned)_mm_movemask_epi8(hit);
		unsigned top = (unsigned)_mm_movemask_epi8(v);

		if (stop != 0) {
			unsigned at = (unsigned)__builtin_ctz(stop);

			*high |= top & ((1u << at) - 1);
			return i + at;
		}
		*high |= top;
	}
	for (; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\' || c < 0x20)
			return i;
		*high |= c & 0x80;
	}
	return n;
}
#elif defined(__ARM_NEON)
#include <arm_neon.h>

size_t
scan_string(const char *s, size_t n, unsigned *high)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		uint8x16_t v = vld1q_u8((const uint8_t *)(s + i));
		uint8x16_t hit = vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')),
		    vorrq_u8(vceqq_u8(v, vdupq_n_u8('\\')),
			vcltq_u8(v, vdupq_n_u8(0x20))));

		if (vmaxvq_u8(hit) != 0)
			break;
		*high |= vmaxvq_u8(v) & 0x80u;
	}
	for (; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\' || c < 0x20)
			return i;
		*high |= c & 0x80u;
	}
	return n;
}
#else
size_t
scan_string(const char *s, size_t n, unsigned *high)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\' || c < 0x20)
			return i;
		*high |= c & 0x80u;
	}
	return n;
}
#endif
