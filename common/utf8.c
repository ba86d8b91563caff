/* Validation of UTF-8, quick over ASCII. */
#include <stdint.h>
#include <string.h>

#include "utf8.h"

/* How many of the bytes at s, of which n > 0 are there, properly begin a
 * character, which has *len bytes.  0: none begins so. */
static size_t
well_formed(const char *str, size_t n, size_t *len)
{
	const unsigned char *s = (const unsigned char *)str;
	unsigned char lo = 0x80, hi = 0xbf;
	size_t i;

	*len = 1;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		*len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		*len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		*len = 4;
	else
		return 0;
	/* RFC 3629 section 4: the second byte's range depends on the first. */
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (n < 2 || s[1] < lo || s[1] > hi)
		return 1;
	for (i = 2; i < *len && i < n && (s[i] & 0xc0) == 0x80; i++)
		;
	return i;
}

size_t
utf8_char(const char *s, size_t n)
{
	size_t len;

	return well_formed(s, n, &len) == len ? len : 0;
}

size_t
utf8_bad(const char *s, size_t n)
{
	size_t len, have = well_formed(s, n, &len);

	return have > 0 ? have : 1;
}

/* How many leading bytes are ASCII. */
static size_t
ascii_run(const char *s, size_t n)
{
	const uint64_t high = 0x8080808080808080;
	uint64_t a, b;
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		memcpy(&a, s + i, 8);
		memcpy(&b, s + i + 8, 8);
		if (((a | b) & high) != 0)
			break;
	}
	while (i < n && (unsigned char)s[i] < 0x80)
		i++;
	return i;
}

size_t
utf8_valid(const char *s, size_t n)
{
	size_t i = 0, len;

	if (n == 0)
		return 0; /* s may be NULL: an empty buffer */
	for (;;) {
		i += ascii_run(s + i, n - i);
		if (i == n)
			return n;
		do {
			len = utf8_char(s + i, n - i);
			if (len == 0)
				return i;
			i += len;
		} while (i < n && (unsigned char)s[i] >= 0x80);
	}
}

size_t
utf8_tail(const char *s, size_t n)
{
	size_t len;

	for (size_t k = 1; k <= 3 && k <= n; k++) {
		if ((s[n - k] & 0xc0) == 0x80)
			continue;
		return well_formed(s + n - k, k, &len) == k && len > k ? k : 0;
	}
	return 0;
}

size_t
utf8_put(char out[4], unsigned cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

size_t
utf8_steers(const char *str, size_t n, unsigned *cp)
{
	const unsigned char *s = (const unsigned char *)str;

	*cp = s[0];
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	if (n >= 2 && (s[0] == 0xc2 || s[0] == 0xd8)) {
		*cp = (s[0] & 0x1fU) << 6 | (s[1] & 0x3f);
		return (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f) ||
			       (s[0] == 0xd8 && s[1] == 0x9c)
			   ? 2
			   : 0;
	}
	if (n < 3 || s[0] != 0xe2 || (s[1] != 0x80 && s[1] != 0x81) ||
	    (s[2] & 0xc0) != 0x80)
		return 0;
	*cp = 0x2000U | (s[1] & 0x3fU) << 6 | (s[2] & 0x3f);
	return *cp == 0x200e || *cp == 0x200f ||
		       (*cp >= 0x2028 && *cp <= 0x202e) ||
		       (*cp >= 0x2066 && *cp <= 0x2069)
		   ? 3
		   : 0;
}

size_t
utf8_mend(struct buf *b, const char *s, size_t n)
{
	size_t bad = 0, good;

	for (;;) {
		good = utf8_valid(s, n);
		buf_add(b, s, good);
		if (good == n)
			return bad;
		buf_adds(b, UTF8_REPLACEMENT);
		bad++;
		good += utf8_bad(s + good, n - good);
		s += good;
		n -= good;
	}
}
