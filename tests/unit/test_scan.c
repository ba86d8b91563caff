/* common/scan, and jsonw_escape() on top of it: each the same as the plain
 * way, at every length and place of a byte */
#include <stdio.h>

#include "buf.h"
#include "json.h"
#include "jsonw.h"
#include "rnd.h"
#include "scan.h"
#include "tap.h"

enum { LONGEST = 300 };

/* One byte at a time, from RFC 8259 section 7. */
static size_t
plain_escape(char *out, const char *s, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != '"' && c != '\\') {
			out[len++] = (char)c;
			continue;
		}
		out[len++] = '\\';
		if (c == '"' || c == '\\')
			out[len++] = (char)c;
		else if (c == '\n' || c == '\r' || c == '\t')
			out[len++] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
		else
			len += (size_t)snprintf(out + len, 6, "u%04x", c);
	}
	return len;
}

static size_t
plain_string(const char *s, size_t n, bool *high)
{
	size_t i = 0;

	*high = false;
	for (; i < n && s[i] != '"' && s[i] != '\\' &&
	       (unsigned char)s[i] >= 0x20;
	     i++)
		*high = *high || (unsigned char)s[i] > 0x7f;
	return i;
}

/* Where scan_string_end() stops. */
static size_t
plain_end(const char *s, size_t n, bool *high, bool *escapes)
{
	size_t i = 0;

	*high = *escapes = false;
	for (; i < n && s[i] != '"' && (unsigned char)s[i] >= 0x20; i++) {
		if (s[i] == '\\') {
			if (i + 1 == n || s[i + 1] == '\0' ||
			    strchr("\"\\/bfnrt", s[i + 1]) == NULL)
				break;
			*escapes = true;
			i++;
		}
		*high = *high || (unsigned char)s[i] > 0x7f;
	}
	return i;
}

static bool
ends_agree(const char *s, size_t n)
{
	unsigned high = 0, escapes = 0;
	bool want_high, want_escapes;

	return scan_string_end(s, n, &high, &escapes) ==
		   plain_end(s, n, &want_high, &want_escapes) &&
	       (high != 0) == want_high && (escapes != 0) == want_escapes;
}

static bool
agree(const char *s, size_t n)
{
	char out[SCAN_ESCAPED(LONGEST)], want[SCAN_ESCAPED(LONGEST)];
	size_t len = scan_escape(out, s, n);
	unsigned high = 0;
	bool want_high;

	return len == plain_escape(want, s, n) && memcmp(out, want, len) == 0 &&
	       scan_string(s, n, &high) == plain_string(s, n, &want_high) &&
	       (high != 0) == want_high && ends_agree(s, n);
}

static void
test_places(void)
{
	char s[LONGEST];
	bool same = true;

	for (size_t n = 0; n <= LONGEST; n += n < 130 ? 1 : 17)
		for (size_t at = 0; at < n; at++)
			for (unsigned c = 0; c < 256; c++) {
				memset(s, 'x', n);
				s[at] = (char)c;
				same = same && agree(s, n);
			}
	OK(same, "each byte at each place");
	for (unsigned i = 0; i < 20000; i++) {
		size_t n = rnd_below(LONGEST + 1);

		rnd_bytes(s, n);
		for (size_t k = 0; k < n; k++)
			if (i % 2 == 0)
				s[k] =
				    "a\"\\\n\x01\xc3"[(unsigned char)s[k] % 6];
		same = same && agree(s, n);
	}
	OK(same, "random bytes");
	for (unsigned i = 0; i < 100000; i++) {
		size_t n = rnd_below(60);

		rnd_bytes(s, n);
		for (size_t k = 0; k < n; k++)
			s[k] = i % 3 == 0
				   ? '\\'
				   : "\\\\nu\"x\xc3\\"[(unsigned char)s[k] % 8];
		same = same && ends_agree(s, n);
	}
	OK(same, "strings full of escapes");
}

/* What was escaped comes back, from a place in the middle of a buffer. */
static bool
comes_back(struct buf *b, struct buf *back, const char *s, size_t n)
{
	size_t bad;

	buf_reset(b);
	buf_reset(back);
	buf_adds(back, "before");
	bad = jsonw_escape(b, s, n);
	if (json_unescape(back, b->p != NULL ? b->p : "", b->len) != 0)
		return false;
	return back->err == 0 && bad == 0 && back->len == n + 6 &&
	       (n == 0 || memcmp(back->p + 6, s, n) == 0);
}

static void
test_unescape(void)
{
	static const char *const parts[] = {"a", "\\", "\"", "\n", "\xc3\xb6",
	    "\x01", "\\\\", "sixteen bytes of t"};
	struct buf b = BUF_INIT(1 << 20), back = BUF_INIT(1 << 20);
	struct buf text = BUF_INIT(1 << 20);
	size_t taken;
	unsigned high = 0;
	char out[SCAN_UNESCAPED(200)], s[200];
	unsigned char dice[3000];
	bool same = true;

	for (unsigned i = 0; i < 20000; i++) {
		size_t n = rnd_below(i % 10 == 0 ? sizeof(dice) : 300);

		buf_reset(&text);
		rnd_bytes(dice, n);
		while (text.len < n)
			buf_adds(&text,
			    parts[dice[text.len] % (i % 2 == 0 ? 8 : 5)]);
		same = same && comes_back(&b, &back, text.p, text.len);
	}
	OK(same, "what was escaped comes back");
	memset(s, 'x', sizeof(s));
	for (size_t at = 0; at + 2 <= sizeof(s); at++) {
		memcpy(s + at, "\\n", 2);
		same = same &&
		       scan_unescape(out, s, sizeof(s), &taken, &high) == 199 &&
		       taken == 200 && out[at] == '\n';
		memcpy(s + at, "\\u", 2);
		same = same &&
		       scan_unescape(out, s, sizeof(s), &taken, &high) == at &&
		       taken == at;
		memcpy(s + at, "xx", 2);
	}
	OK(same, "an escape at each place; one of the other kind stops it");
	/* A buffer that just holds it. */
	memset(s, 'x', sizeof(s));
	back = (buf_clear(&back), (struct buf)BUF_INIT(sizeof(s)));
	OK(json_unescape(&back, s, sizeof(s)) == 0 && back.err == 0 &&
		back.len == sizeof(s),
	    "a limit that is just enough");
	buf_clear(&b);
	buf_clear(&back);
	buf_clear(&text);
}

static void
test_utf8(void)
{
	static const struct {
		const char *s, *want;
		size_t bad;
	} cases[] = {
	    {"", "", 0},
	    {"a\"b", "a\\\"b", 0},
	    {"\xc3\xb6\n", "\xc3\xb6\\n", 0},
	    {"\xff", "\xef\xbf\xbd", 1},
	    {"a\xff\xfe\"", "a\xef\xbf\xbd\xef\xbf\xbd\\\"", 2},
	    {"\xe2\x82", "\xef\xbf\xbd", 1},
	    {"\xed\xa0\x80.", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd.", 3},
	};
	struct buf b = BUF_INIT(1000);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_reset(&b);
		OK(jsonw_escape(&b, cases[i].s, strlen(cases[i].s)) ==
			cases[i].bad,
		    "bytes replaced");
		IS(b.p != NULL ? b.p : "", cases[i].want, "escaped");
	}
	buf_clear(&b);
}

/* What no string holds, behind escapes and plain text. */
static void
test_strict(void)
{
	static const char *const bad[] = {"\"", "\x01", "\n", "\\x", "\\u12g4",
	    "\\ud800", "\\udc00", "\xff", "\xe2\x82", "\\u12", "\\"};
	static const char *const good[] = {
	    "\\\"", "\\u0041", "\\ud83d\\ude00", "\xc3\xb6", "\\\\", "x"};
	struct buf text = BUF_INIT(1000), out = BUF_INIT(2000);
	size_t wrong = 0;

	for (size_t at = 0; at < 150; at++)
		for (size_t i = 0; i < 11 + 6; i++) {
			buf_reset(&text);
			buf_reset(&out);
			for (size_t k = 0; k < at; k++)
				buf_adds(&text, k % 3 == 0 ? "\\\\" : "y");
			buf_adds(&text, i < 11 ? bad[i] : good[i - 11]);
			/* Those that are cut off stand at the end. */
			for (size_t k = 0; i != 9 && i != 10 && k < 150; k++)
				buf_addc(&text, 'z');
			wrong += json_unescape_strict(&out, text.p, text.len) !=
				 (i >= 11);
			wrong += i < 11 && out.len != 0;
		}
	OK(wrong == 0, "what is no text of a string is refused anywhere");
	buf_clear(&text);
	buf_clear(&out);
}

/* A buffer that just holds it does; one byte less does not. */
static void
test_limit(void)
{
	char s[10000], want[SCAN_ESCAPED(sizeof(s))];
	struct buf b;
	size_t len;

	for (size_t i = 0; i < sizeof(s); i++)
		s[i] = i % 9 == 0 ? '\n' : 'x';
	len = plain_escape(want, s, sizeof(s));
	b = (struct buf)BUF_INIT(len);
	OK(jsonw_escape(&b, s, sizeof(s)) == 0 && b.err == 0 && b.len == len &&
		memcmp(b.p, want, len) == 0,
	    "a limit that is just enough");
	buf_clear(&b);
	b = (struct buf)BUF_INIT(len - 1);
	(void)jsonw_escape(&b, s, sizeof(s));
	OK(b.err != 0, "one that is not");
	buf_clear(&b);
}

int
main(void)
{
	test_places();
	test_unescape();
	test_strict();
	test_utf8();
	test_limit();
	return tap_done();
}
