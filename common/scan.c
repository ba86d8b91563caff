/* Vector loops, each with a plain C twin that a unit test compares. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "scan.h"

/* RFC 8259 section 7: the short escapes of what lines of logs hold, \u00XX
 * for the others.  Returns the length, 2 or 6; out has room for 8. */
static size_t
put_escape(char *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	static const char letters[] = {['\t'] = 't',
	    ['\n'] = 'n',
	    ['\r'] = 'r',
	    ['"'] = '"',
	    ['\\'] = '\\'};

	out[0] = '\\';
	out[1] = letters[c];
	if (out[1] != '\0')
		return 2;
	memcpy(out + 1, "u00", 3);
	out[4] = digits[c >> 4];
	out[5] = digits[c & 15];
	return 6;
}

/* The rest of scan_escape(), byte by byte. */
static size_t
escape_bytes(char *out, const char *s, size_t n)
{
	char *begin = out;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\' || c < 0x20)
			out += put_escape(out, c);
		else
			*out++ = (char)c;
	}
	return (size_t)(out - begin);
}

/* What the second characters of such escapes stand for; 0: no such escape. */
static const char meaning[256] = {['"'] = '"',
    ['\\'] = '\\',
    ['/'] = '/',
    ['b'] = '\b',
    ['f'] = '\f',
    ['n'] = '\n',
    ['r'] = '\r',
    ['t'] = '\t'};

/* The rest of scan_unescape(), byte by byte. */
static size_t
unescape_bytes(char *out, const char *s, size_t n, size_t *taken)
{
	size_t len = 0, i = 0;

	while (i < n) {
		if (s[i] != '\\') {
			out[len++] = s[i++];
			continue;
		}
		if (i + 1 == n || meaning[(unsigned char)s[i + 1]] == '\0')
			break;
		out[len++] = meaning[(unsigned char)s[i + 1]];
		i += 2;
	}
	*taken = i;
	return len;
}

/* Is the backslash at i of n bytes that of an escape of two characters? */
static bool
is_short_escape(const char *s, size_t n, size_t i)
{
	return i + 1 < n && meaning[(unsigned char)s[i + 1]] != '\0';
}

#if defined(__SSE2__)
#include <emmintrin.h>

/* Which of the 16 bytes of v are to be escaped, as bits. */
static unsigned
to_escape(__m128i v)
{
	const __m128i limit = _mm_set1_epi8(0x1f);

	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
		_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')),
		    _mm_cmpeq_epi8(_mm_min_epu8(v, limit), v))));
}

static __m128i
load(const char *s)
{
	return _mm_loadu_si128((const __m128i *)s);
}

/* Copy n <= 64 bytes, storing 32 or 64. */
static void
copy_short(char *out, const char *s, size_t n)
{
	memcpy(out, s, 32);
	if (n > 32)
		memcpy(out + 32, s + 32, 32);
}

enum {
	BLOCK = 64,
	AHEAD = 32 /* read past a block by copy_short() */
};

/*
 * JSON has a quote in every eight bytes or so: finding them one after another
 * would wait for each before looking for the next.  So the hits of a whole
 * block come first, as bits.
 */
static char *
escape_block(char *out, const char *s)
{
	uint64_t hits = (uint64_t)to_escape(load(s)) |
			(uint64_t)to_escape(load(s + 16)) << 16 |
			(uint64_t)to_escape(load(s + 32)) << 32 |
			(uint64_t)to_escape(load(s + 48)) << 48;
	size_t from = 0, at;

	for (; hits != 0; hits &= hits - 1) {
		at = (size_t)__builtin_ctzll(hits);
		copy_short(out, s + from, at - from);
		out += at - from;
		out += put_escape(out, (unsigned char)s[at]);
		from = at + 1;
	}
	copy_short(out, s + from, BLOCK - from);
	return out + (BLOCK - from);
}

size_t
scan_escape(char *out, const char *s, size_t n)
{
	char *begin = out;

	for (; n >= BLOCK + AHEAD; s += BLOCK, n -= BLOCK)
		out = escape_block(out, s);
	return (size_t)(out - begin) + escape_bytes(out, s, n);
}

static uint64_t
backslashes(const char *s)
{
	const __m128i slash = _mm_set1_epi8('\\');
	uint64_t bits = 0;

	for (unsigned i = 0; i < BLOCK; i += 16)
		bits |= (uint64_t)(unsigned)_mm_movemask_epi8(
			    _mm_cmpeq_epi8(load(s + i), slash))
			<< i;
	return bits;
}

size_t
scan_unescape(char *out, const char *s, size_t n, size_t *taken)
{
	char *begin = out;
	const char *start = s;
	size_t from, at, rest;
	uint64_t hits;

	/* copy_short() reads AHEAD from where an escape at the end leads. */
	while (n >= BLOCK + AHEAD + 1) {
		from = 0;
		for (hits = backslashes(s); hits != 0; hits &= hits - 1) {
			at = (size_t)__builtin_ctzll(hits);
			if (at < from)
				continue; /* the second one of a pair */
			copy_short(out, s + from, at - from);
			out += at - from;
			*out = meaning[(unsigned char)s[at + 1]];
			if (*out == '\0') {
				*taken = (size_t)(s + at - start);
				return (size_t)(out - begin);
			}
			out++;
			from = at + 2;
		}
		if (from < BLOCK) {
			copy_short(out, s + from, BLOCK - from);
			out += BLOCK - from;
			from = BLOCK;
		}
		s += from;
		n -= from;
	}
	out += unescape_bytes(out, s, n, &rest);
	*taken = (size_t)(s - start) + rest;
	return (size_t)(out - begin);
}

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

/* What scan_string_end() does with the bytes from i on that fill no vector. */
static size_t
string_end_bytes(
    const char *s, size_t n, size_t i, unsigned *high, unsigned *escapes)
{
	for (; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c < 0x20)
			return i;
		if (c == '\\') {
			if (!is_short_escape(s, n, i))
				return i;
			*escapes = 1;
			i++;
		}
		*high |= c & 0x80;
	}
	return n;
}

/*
 * JSON inside strings has an escape in every few bytes: the hits of a vector
 * are gone through as bits, not looked for anew behind each.
 */
size_t
scan_string_end(const char *s, size_t n, unsigned *high, unsigned *escapes)
{
	unsigned stop, top, at;
	size_t i = 0, over;
	__m128i v;

	for (; i + 16 <= n; i += 16 + over) {
		v = load(s + i);
		over = 0;
		top = (unsigned)_mm_movemask_epi8(v);
		for (stop = to_escape(v); stop != 0; stop &= ~(3u << at)) {
			at = (unsigned)__builtin_ctz(stop);
			if (s[i + at] != '\\' ||
			    !is_short_escape(s, n, i + at)) {
				*high |= top & ((1u << at) - 1);
				return i + at;
			}
			*escapes = 1;
			over = at == 15; /* its second half is behind */
		}
		*high |= top;
	}
	return string_end_bytes(s, n, i, high, escapes);
}
#elif defined(__ARM_NEON)
#include <arm_neon.h>

size_t
scan_unescape(char *out, const char *s, size_t n, size_t *taken)
{
	const uint8x16_t slash = vdupq_n_u8('\\');
	size_t i = 0, len = 0, rest;

	for (; n - i >= 16; i += 16, len += 16) {
		uint8x16_t v = vld1q_u8((const uint8_t *)(s + i));

		if (vmaxvq_u8(vceqq_u8(v, slash)) != 0)
			break;
		vst1q_u8((uint8_t *)(out + len), v);
	}
	len += unescape_bytes(out + len, s + i, n - i, &rest);
	*taken = i + rest;
	return len;
}

size_t
scan_escape(char *out, const char *s, size_t n)
{
	char *begin = out;

	while (n >= 16) {
		uint8x16_t v = vld1q_u8((const uint8_t *)s);
		uint8x16_t hit = vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')),
		    vorrq_u8(vceqq_u8(v, vdupq_n_u8('\\')),
			vcltq_u8(v, vdupq_n_u8(0x20))));

		vst1q_u8((uint8_t *)out, v);
		if (vmaxvq_u8(hit) != 0)
			out += escape_bytes(out, s, 16);
		else
			out += 16;
		s += 16;
		n -= 16;
	}
	return (size_t)(out - begin) + escape_bytes(out, s, n);
}

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
scan_unescape(char *out, const char *s, size_t n, size_t *taken)
{
	return unescape_bytes(out, s, n, taken);
}

size_t
scan_escape(char *out, const char *s, size_t n)
{
	return escape_bytes(out, s, n);
}

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

#if !defined(__SSE2__)
size_t
scan_string_end(const char *s, size_t n, unsigned *high, unsigned *escapes)
{
	size_t i = scan_string(s, n, high);

	while (i < n && s[i] == '\\' && is_short_escape(s, n, i)) {
		*escapes = 1;
		i += 2;
		i += scan_string(s + i, n - i, high);
	}
	return i;
}
#endif
