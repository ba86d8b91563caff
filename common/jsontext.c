/* What slices of JSON say: text without its escapes, numbers, base64. */
#include <errno.h>
#include <string.h>

#include "json.h"
#include "jsonint.h"
#include "scan.h"
#include "utf8.h"

const char json_escapes[256] = {['"'] = '"',
    ['\\'] = '\\',
    ['/'] = '/',
    ['b'] = '\b',
    ['f'] = '\f',
    ['n'] = '\n',
    ['r'] = '\r',
    ['t'] = '\t'};

bool
json_is(const struct json_val *v, const char *s)
{
	struct buf b = BUF_INIT(1024);
	size_t n = strlen(s);
	bool same;

	if (v->type != JSON_STRING)
		return false;
	if ((v->flags & JSON_ESCAPES) == 0)
		return v->n == n + 2 && memcmp(v->p + 1, s, n) == 0;
	(void)json_unescape(&b, v->p + 1, v->n - 2);
	same = b.err == 0 && b.len == n && memcmp(b.p, s, n) == 0;
	buf_clear(&b);
	return same;
}

static unsigned
hex4(const char *s)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)s[i];

		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

/*
 * The code point of the \u escape at s, whose n bytes go on to the end of the
 * string, or that of two which are a pair of surrogates; *used is their length.
 * A lone surrogate is itself.
 */
static unsigned
code_point(const char *s, size_t n, size_t *used)
{
	unsigned cp = hex4(s + 2), low;

	*used = 6;
	if (cp >= 0xd800 && cp <= 0xdbff && n >= 12 && s[6] == '\\' &&
	    s[7] == 'u') {
		low = hex4(s + 8);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*used = 12;
			return 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	return cp;
}

static bool
is_surrogate(unsigned cp)
{
	return cp >= 0xd800 && cp <= 0xdfff;
}

/*
 * Append the character of the escape at s, whose n bytes go on to the end of
 * the string.  Returns the length of the escape; *bad counts replacements.
 */
static size_t
one_escape(struct buf *b, const char *s, size_t n, size_t *bad)
{
	char out[4];
	unsigned cp;
	size_t used;

	if (s[1] != 'u') {
		buf_addc(b, json_escapes[(unsigned char)s[1]]);
		return 2;
	}
	cp = code_point(s, n, &used);
	if (is_surrogate(cp)) {
		cp = 0xfffd;
		++*bad;
	}
	buf_add(b, out, utf8_put(out, cp));
	return used;
}

size_t
json_escape_len(const char *s, size_t n, size_t *len)
{
	char out[4];
	size_t used = 2;
	unsigned cp;

	*len = 1;
	if (s[1] == 'u') {
		cp = code_point(s, n, &used);
		*len = utf8_put(out, cp);
	}
	return used;
}

static bool
is_hex4(const char *s)
{
	for (int i = 0; i < 4; i++)
		if (!((s[i] >= '0' && s[i] <= '9') ||
			((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'f')))
			return false;
	return true;
}

/* Is what begins at s an escape? */
static bool
is_escape(const char *s, size_t n)
{
	if (s[0] != '\\' || n < 2)
		return false;
	if (s[1] != 'u')
		return json_escapes[(unsigned char)s[1]] != '\0';
	return n >= 6 && is_hex4(s + 2);
}

/* Any string, run by run. */
static size_t
unescape_runs(struct buf *b, const char *s, size_t n)
{
	size_t bad = 0, run;
	unsigned high;

	while (n > 0) {
		high = 0;
		run = scan_string(s, n, &high);
		if (high != 0)
			bad += utf8_mend(b, s, run);
		else
			buf_add(b, s, run);
		s += run;
		n -= run;
		if (n > 0) {
			run = one_escape(b, s, n, &bad);
			s += run;
			n -= run;
		}
	}
	return bad;
}

/*
 * A string of valid UTF-8 with good escapes, by the block.  False when it is
 * none, or there is not room enough to work in: with b as it was.
 */
static bool
unescape_blocks(struct buf *b, const char *s, size_t n, size_t *bad)
{
	const size_t start = b->len;
	unsigned high = 0;
	size_t taken;
	char *out;

	while (n > 0) {
		if (b->max - b->len < SCAN_UNESCAPED(n))
			break;
		out = buf_room(b, SCAN_UNESCAPED(n));
		if (out == NULL)
			break;
		buf_wrote(b, scan_unescape(out, s, n, &taken, &high));
		s += taken;
		n -= taken;
		if (n == 0)
			break;
		if (!is_escape(s, n))
			break;
		taken = one_escape(b, s, n, bad);
		s += taken;
		n -= taken;
	}
	if (n == 0 && (high == 0 || utf8_valid(b->p + start, b->len - start) ==
					b->len - start))
		return true;
	buf_cut(b, start);
	return false;
}

size_t
json_unescape(struct buf *b, const char *s, size_t n)
{
	size_t bad = 0;

	if (n == 0 || b->err != 0 || unescape_blocks(b, s, n, &bad))
		return bad;
	return unescape_runs(b, s, n);
}

bool
json_unescape_strict(struct buf *b, const char *s, size_t n)
{
	const size_t start = b->len;
	size_t bad = 0;

	if (unescape_blocks(b, s, n, &bad) && bad == 0)
		return true;
	buf_cut(b, start);
	return false;
}

size_t
json_mend(struct buf *b, const char *s, size_t n)
{
	size_t bad = 0, run;
	const char *slash;

	while (n > 0) {
		slash = memchr(s, '\\', n);
		run = slash != NULL ? (size_t)(slash - s) : n;
		bad += utf8_mend(b, s, run);
		s += run;
		n -= run;
		if (n == 0)
			break;
		run = 2;
		if (s[1] == 'u' && is_surrogate(code_point(s, n, &run))) {
			buf_adds(b, UTF8_REPLACEMENT);
			bad++;
		} else {
			buf_add(b, s, run);
		}
		s += run;
		n -= run;
	}
	return bad;
}

bool
json_mendable(const char *s, size_t n, unsigned flags)
{
	const char *p = s, *end = s + n;
	size_t used;

	if ((flags & JSON_HIGH) != 0 && utf8_valid(s, n) != n)
		return true;
	if ((flags & JSON_ESCAPES) == 0)
		return false;
	while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		used = 2;
		if (p[1] == 'u' &&
		    is_surrogate(code_point(p, (size_t)(end - p), &used)))
			return true;
		p += used;
	}
	return false;
}

size_t
json_text(struct buf *b, const struct json_val *v)
{
	if (v->type == JSON_STRING)
		return json_unescape(b, v->p + 1, v->n - 2);
	buf_add(b, v->p, v->n);
	return 0;
}

bool
json_uint(const struct json_val *v, uint64_t *out)
{
	uint64_t sum = 0;

	if (v->type != JSON_NUMBER)
		return false;
	for (size_t i = 0; i < v->n; i++) {
		unsigned d = (unsigned)(v->p[i] - '0');

		if (d > 9 || sum > (UINT64_MAX - d) / 10)
			return false;
		sum = sum * 10 + d;
	}
	*out = sum;
	return true;
}

bool
json_int(const struct json_val *v, int64_t *out)
{
	struct json_val digits_only = *v;
	bool minus = v->n > 0 && v->p[0] == '-';
	uint64_t u;

	digits_only.p += minus;
	digits_only.n -= minus;
	if (!json_uint(&digits_only, &u) || u > (uint64_t)INT64_MAX + minus)
		return false;
	*out = minus ? (int64_t)(0 - u) : (int64_t)u;
	return true;
}

void
json_compact(struct buf *b, const char *p, size_t n)
{
	const char *end = p + n, *run = p;

	while (p < end) {
		if (*p == '"') {
			unsigned high = 0;

			for (p++;; p += 2) {
				p += scan_string(p, (size_t)(end - p), &high);
				if (p >= end || *p != '\\')
					break;
			}
			p = p < end ? p + 1 : end;
		} else if (*p == ' ' || *p == '\n' || *p == '\r' ||
			   *p == '\t') {
			buf_add(b, run, (size_t)(p - run));
			while (p < end && (*p == ' ' || *p == '\n' ||
					      *p == '\r' || *p == '\t'))
				p++;
			run = p;
		} else {
			p++;
		}
	}
	buf_add(b, run, (size_t)(end - run));
}

bool
json_base64(struct buf *b, const char *s, size_t n)
{
	static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";
	static signed char value[256];
	size_t pad = 0, want;
	unsigned v = 0;
	char *out;

	if (value[0] == 0) {
		memset(value, -1, sizeof(value));
		for (int i = 0; i < 64; i++)
			value[(unsigned char)digits64[i]] = (signed char)i;
	}
	if (n % 4 != 0)
		return false;
	if (n > 0 && s[n - 1] == '=')
		pad = 1 + (s[n - 2] == '=');
	want = n / 4 * 3 - pad;
	out = buf_room(b, n / 4 * 3);
	if (out == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		int d = i >= n - pad ? 0 : value[(unsigned char)s[i]];

		if (d < 0)
			return false;
		v = v << 6 | (unsigned)d;
		if (i % 4 == 3) {
			*out++ = (char)(v >> 16);
			*out++ = (char)(v >> 8);
			*out++ = (char)v;
			v = 0;
		}
	}
	buf_wrote(b, want);
	return true;
}

bool
json_base64_text(struct buf *b, const struct json_val *v)
{
	struct buf text;
	bool ok;

	if (v->p == NULL || v->type != JSON_STRING)
		return false;
	if ((v->flags & JSON_ESCAPES) == 0)
		return json_base64(b, v->p + 1, v->n - 2);
	/* Some writers put a backslash before each slash. */
	text = (struct buf)BUF_INIT(v->n);
	(void)json_unescape(&text, v->p + 1, v->n - 2);
	ok = text.err == 0 && json_base64(b, text.p, text.len);
	buf_clear(&text);
	return ok;
}
