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
unescape_bytes(
    char *out, const char *s, size_t n, size_t *taken, unsigned *high)
{
	size_t len = 0, i = 0;

	while (i < n) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c < 0x20)
			break;
		if (c != '\\') {
			*high |= c & 0x80u;
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

/* The rest of scan_string(), byte by byte. */
static size_t
string_bytes(const char *s, size_t n, unsigned *high)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\' || c < 0x20)
			return i;
		*high |= c & 0x80u;
	}
	return n;
}

#if defined(__SSE2__)
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
 * block come first, as bits; n of its bytes count.
 */
static inline char *
escape_block(char *out, const char *s, size_t n)
{
	uint64_t hits = (uint64_t)scan_stops(scan_load(s)) |
			(uint64_t)scan_stops(scan_load(s + 16)) << 16 |
			(uint64_t)scan_stops(scan_load(s + 32)) << 32 |
			(uint64_t)scan_stops(scan_load(s + 48)) << 48;
	size_t from = 0, at;

	if (n < BLOCK)
		hits &= ((uint64_t)1 << n) - 1;
	for (; hits != 0; hits &= hits - 1) {
		at = (size_t)__builtin_ctzll(hits);
		copy_short(out, s + from, at - from);
		out += at - from;
		from = at;
		if ((unsigned char)s[at] < 0x20)
			out += put_escape(out, (unsigned char)s[from++]);
		else
			*out++ = '\\'; /* and itself, with what follows */
	}
	copy_short(out, s + from, n - from);
	return out + (n - from);
}

size_t
scan_escape(char *out, const char *s, size_t n)
{
	char *begin = out, rest[2 * BLOCK + AHEAD];

	for (; n >= BLOCK + AHEAD; s += BLOCK, n -= BLOCK)
		out = escape_block(out, s, BLOCK);
	if (n < 16)
		return (size_t)(out - begin) + escape_bytes(out, s, n);
	/* Where reading on does no harm. */
	memset(rest, ' ', sizeof(rest));
	memcpy(rest, s, n);
	if (n <= BLOCK)
		return (size_t)(escape_block(out, rest, n) - begin);
	out = escape_block(out, rest, BLOCK);
	out = escape_block(out, rest + BLOCK, n - BLOCK);
	return (size_t)(out - begin);
}

/* What stands in the 64 bytes at s, as bits. */
struct found {
	uint64_t slash, bad; /* bad: '"' and below 0x20 */
	unsigned high;
};

static struct found
look(const char *s)
{
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i limit = _mm_set1_epi8(0x1f);
	struct found f = {0};

	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i v = scan_load(s + i);
		__m128i bad = _mm_or_si128(_mm_cmpeq_epi8(v, quote),
		    _mm_cmpeq_epi8(_mm_min_epu8(v, limit), v));

		f.slash |= (uint64_t)(unsigned)_mm_movemask_epi8(
			       _mm_cmpeq_epi8(v, slash))
			   << i;
		f.bad |= (uint64_t)(unsigned)_mm_movemask_epi8(bad) << i;
		f.high |= (unsigned)_mm_movemask_epi8(v);
	}
	return f;
}

/*
 * The escapes of the 64 bytes at s, into *out.  Returns how many bytes are
 * done, 65 when the last one begins an escape; or fewer than 64, with *out and
 * the bytes as they were, when there is more to it.
 */
static size_t
unescape_block(char **out, const char *s, const struct found *f)
{
	uint64_t escaped = 0;
	size_t from = 0, at;
	char *o = *out;

	for (uint64_t hits = f->slash; hits != 0; hits &= hits - 1) {
		at = (size_t)__builtin_ctzll(hits);
		if (at < from)
			continue; /* the second one of a pair */
		copy_short(o, s + from, at - from);
		o += at - from;
		*o = meaning[(unsigned char)s[at + 1]];
		if (*o == '\0')
			return 0;
		o++;
		escaped |= (uint64_t)2 << at;
		from = at + 2;
	}
	if ((f->bad & ~escaped) != 0)
		return 0;
	if (from < BLOCK) {
		copy_short(o, s + from, BLOCK - from);
		o += BLOCK - from;
		from = BLOCK;
	}
	*out = o;
	return from;
}

size_t
scan_unescape(char *out, const char *s, size_t n, size_t *taken, unsigned *high)
{
	const char *start = s;
	size_t done, rest;
	char *begin = out;
	struct found f;

	/* copy_short() reads AHEAD from where an escape at the end leads. */
	while (n >= BLOCK + AHEAD + 1) {
		f = look(s);
		done = unescape_block(&out, s, &f);
		if (done < BLOCK)
			break;
		*high |= f.high;
		s += done;
		n -= done;
	}
	/* What stopped it is in the next block, if anything did. */
	rest = n < BLOCK + AHEAD + 1 ? n : BLOCK;
	out += unescape_bytes(out, s, rest, &done, high);
	*taken = (size_t)(s - start) + done;
	return (size_t)(out - begin);
}

size_t
scan_string_long(const char *s, size_t n, unsigned *high)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i v = scan_load(s + i);
		unsigned stop = scan_stops(v);
		unsigned top = (unsigned)_mm_movemask_epi8(v);

		if (stop != 0) {
			unsigned at = (unsigned)__builtin_ctz(stop);

			*high |= top & ((1u << at) - 1);
			return i + at;
		}
		*high |= top;
	}
	return i + string_bytes(s + i, n - i, high);
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
		v = scan_load(s + i);
		over = 0;
		top = (unsigned)_mm_movemask_epi8(v);
		for (stop = scan_stops(v); stop != 0; stop &= ~(3u << at)) {
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

/* Which of the 16 bytes of v end a run: '"', '\\', below 0x20. */
static uint8x16_t
stops(uint8x16_t v)
{
	return vorrq_u8(vceqq_u8(v, vdupq_n_u8('"')),
	    vorrq_u8(
		vceqq_u8(v, vdupq_n_u8('\\')), vcltq_u8(v, vdupq_n_u8(0x20))));
}

size_t
scan_unescape(char *out, const char *s, size_t n, size_t *taken, unsigned *high)
{
	size_t i = 0, len = 0, rest;

	for (; n - i >= 16; i += 16, len += 16) {
		uint8x16_t v = vld1q_u8((const uint8_t *)(s + i));

		if (vmaxvq_u8(stops(v)) != 0)
			break;
		*high |= vmaxvq_u8(v) & 0x80u;
		vst1q_u8((uint8_t *)(out + len), v);
	}
	len += unescape_bytes(out + len, s + i, n - i, &rest, high);
	*taken = i + rest;
	return len;
}

size_t
scan_escape(char *out, const char *s, size_t n)
{
	char *begin = out;

	while (n >= 16) {
		uint8x16_t v = vld1q_u8((const uint8_t *)s);

		vst1q_u8((uint8_t *)out, v);
		if (vmaxvq_u8(stops(v)) != 0)
			out += escape_bytes(out, s, 16);
		else
			out += 16;
		s += 16;
		n -= 16;
	}
	return (size_t)(out - begin) + escape_bytes(out, s, n);
}

size_t
scan_string_long(const char *s, size_t n, unsigned *high)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		uint8x16_t v = vld1q_u8((const uint8_t *)(s + i));

		if (vmaxvq_u8(stops(v)) != 0)
			break;
		*high |= vmaxvq_u8(v) & 0x80u;
	}
	return i + string_bytes(s + i, n - i, high);
}
#else
size_t
scan_unescape(char *out, const char *s, size_t n, size_t *taken, unsigned *high)
{
	return unescape_bytes(out, s, n, taken, high);
}

size_t
scan_escape(char *out, const char *s, size_t n)
{
	return escape_bytes(out, s, n);
}

size_t
scan_string_long(const char *s, size_t n, unsigned *high)
{
	return string_bytes(s, n, high);
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
