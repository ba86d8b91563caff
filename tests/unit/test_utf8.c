/* common/utf8 beside a slow and obvious decoder. */
#include <stdlib.h>

#include "tap.h"
#include "utf8.h"

/* RFC 3629: decode, then refuse overlong forms, surrogates and the rest. */
static size_t
oracle_char(const unsigned char *s, size_t n)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80             ? 1
		     : (s[0] & 0xe0) == 0xc0 ? 2
		     : (s[0] & 0xf0) == 0xe0 ? 3
		     : (s[0] & 0xf8) == 0xf0 ? 4
					     : 0;
	unsigned cp;

	if (len <= 1)
		return len;
	if (n < len)
		return 0;
	cp = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	return cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000)
		   ? 0
		   : len;
}

static size_t
oracle_valid(const unsigned char *s, size_t n)
{
	size_t i = 0, len;

	while (i < n && (len = oracle_char(s + i, n - i)) != 0)
		i += len;
	return i;
}

/* Can these 1 to 3 bytes be continued to a character?  Try all. */
static bool
oracle_begins(const unsigned char *s, size_t n)
{
	unsigned char c[4];

	memcpy(c, s, n);
	for (unsigned fill = 0; fill < 64u * 64 * 64; fill++) {
		unsigned f = fill;

		for (size_t i = n; i < 4; i++, f >>= 6)
			c[i] = (unsigned char)(0x80 | (f & 0x3f));
		if (oracle_char(c, 4) > n)
			return true;
		if (f != 0)
			break; /* all that fits was tried */
	}
	return false;
}

static size_t
oracle_tail(const unsigned char *s, size_t n)
{
	for (size_t k = n < 3 ? n : 3; k > 0; k--)
		if ((s[n - k] & 0xc0) == 0xc0 && oracle_begins(s + n - k, k))
			return k;
	return 0;
}

/* Every sequence of one, two and three bytes; four at the borders. */
static void
exhaustive(void)
{
	static const unsigned char edge[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
	    0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4,
	    0xf5, 0xff};
	size_t wrong = 0, n = sizeof(edge);
	unsigned char s[4];

	for (unsigned v = 0; v < 1u << 24; v++) {
		s[0] = (unsigned char)(v >> 16);
		s[1] = (unsigned char)(v >> 8);
		s[2] = (unsigned char)v;
		for (size_t len = 1; len <= 3; len++)
			wrong +=
			    utf8_char((char *)s, len) != oracle_char(s, len);
	}
	OK(wrong == 0, "all sequences of up to three bytes");
	wrong = 0;
	for (unsigned v = 0x00; v < 256 * n * n * n; v++) {
		s[0] = (unsigned char)(v & 0xff);
		s[1] = edge[(v >> 8) % n];
		s[2] = edge[(v >> 8) / n % n];
		s[3] = edge[(v >> 8) / n / n];
		wrong += utf8_char((char *)s, 4) != oracle_char(s, 4);
	}
	OK(wrong == 0, "four bytes at the borders of their ranges");
}

static void
tails(void)
{
	static const unsigned char first[] = {0x41, 0x80, 0xbf, 0xc1, 0xc2,
	    0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4,
	    0xf5, 0xff};
	static const unsigned char next[] = {
	    0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xe2, 0xf0};
	size_t wrong = 0;
	unsigned char s[4] = {'x'};

	for (size_t a = 0; a < sizeof(first); a++)
		for (size_t b = 0; b < sizeof(next); b++)
			for (size_t c = 0; c < sizeof(next); c++) {
				s[1] = first[a];
				s[2] = next[b];
				s[3] = next[c];
				for (size_t n = 0; n <= 4; n++)
					if (utf8_tail((char *)s, n) !=
					    oracle_tail(s, n)) {
						wrong++;
						printf("# %02x%02x%02x n %zu "
						       "got %zu want %zu\n",
						    s[1], s[2], s[3], n,
						    utf8_tail((char *)s, n),
						    oracle_tail(s, n));
					}
			}
	OK(wrong == 0, "ends that a character may go on after");
}

/* Long runs: the quick way over ASCII stops where it must. */
static void
runs(void)
{
	static const char *const pieces[] = {"a", "0123456789abcdef",
	    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xff", "\xc3",
	    "\xed\xa0\x80", "long enough for two steps of sixteen"};
	size_t wrong = 0, cut = 0;
	char s[400];

	srand(2);
	for (int round = 0; round < 20000; round++) {
		size_t n = 0, good, tail;

		for (int k = rand() % 12; k > 0; k--) {
			const char *p = pieces[rand() % 9];

			memcpy(s + n, p, strlen(p));
			n += strlen(p);
		}
		good = utf8_valid(s, n);
		wrong += good != oracle_valid((unsigned char *)s, n);
		/* Cut anywhere, valid text is whole up to its tail. */
		for (size_t i = 0; i <= good; i++) {
			tail = utf8_tail(s, i);
			cut += utf8_valid(s, i) + tail != i;
		}
	}
	OK(wrong == 0, "the longest valid beginning");
	OK(cut == 0, "a cut through valid text");
}

static void
put(void)
{
	size_t wrong = 0;
	char out[4];

	for (unsigned cp = 0; cp <= 0x10ffff; cp++) {
		size_t n;

		if (cp >= 0xd800 && cp < 0xe000)
			continue;
		n = utf8_put(out, cp);
		wrong += n == 0 || oracle_char((unsigned char *)out, n) != n;
	}
	OK(wrong == 0, "every code point");
	OK(utf8_put(out, 0x20ac) == 3 && memcmp(out, "\xe2\x82\xac", 3) == 0,
	    "the euro sign");
}

/* What is replaced, as Unicode recommends and other decoders do. */
static void
bad(void)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
	    {"a\x80z", "a?z"},
	    {"a\xc3z", "a?z"},
	    {"a\xe2\x82z", "a?z"},
	    {"a\xf0\x9f\x98z", "a?z"},
	    {"a\xf0\x9f\x98", "a?"},
	    {"\xc0\x80", "??"},
	    {"\xe0\x80\x80", "???"},
	    {"\xed\xa0\x80", "???"},
	    {"\xf0\x80\x80\x80", "????"},
	    {"\xf4\x90\x80\x80", "????"},
	    {"\xff\xfe", "??"},
	    {"\xe2\x82\xe2\x82\xac", "?\xe2\x82\xac"},
	};
	struct buf got = BUF_INIT(100), want = BUF_INIT(100);
	size_t n, count;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_reset(&got);
		buf_reset(&want);
		count = 0;
		for (const char *p = cases[i].want; *p != '\0'; p++) {
			count += *p == '?';
			buf_add(&want, *p == '?' ? UTF8_REPLACEMENT : p,
			    *p == '?' ? 3 : 1);
		}
		n = utf8_mend(&got, cases[i].in, strlen(cases[i].in));
		IS(got.p, want.p, cases[i].want);
		OK(n == count, "  and counted");
	}
	buf_clear(&got);
	buf_clear(&want);
}

int
main(void)
{
	exhaustive();
	tails();
	runs();
	OK(utf8_valid(NULL, 0) == 0 && utf8_tail(NULL, 0) == 0, "nothing");
	put();
	bad();
	return tap_done();
}
