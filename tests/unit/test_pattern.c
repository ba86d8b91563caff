/* logparse/pattern: which expressions are simple, and what they find.  (That
 * jq finds the same: tests/filters/logparse-select.t.) */
#include "logparse/pattern.h"

#include <string.h>

#include "buf.h"
#include "tap.h"

static void
taken(void)
{
	static const char *const not_simple[] = {"^*", "a**", "a+?", "a{2}",
	    "a?{", "(?i)a", "(?=a)", "(", "(a", "a)", "()", "(a|)", "|a",
	    "a||b", "[", "[]", "[^]", "[a", "[a-", "[b-a]", "[a-[]", "[&&]",
	    "[\\d]", "[\\", "[a-\\", "[a-\\d]", "[\xc3\xa9]", "[a-\xc3\xa9]",
	    "[--]", "\\d", "\\", "a\\", "]", "}", "{", "*", "+a", "?", "a^",
	    "a$b", "^a|b", "a|b$", "(a*)*", "(a?)+", "a^$", "(?",
	    "(?:", "(?:a"};
	static const char *const simple[] = {"", "abc", "^", "$", "^$", "a.c",
	    "[a-z]", "[^a-z]", "[\\]\\[]", "[\\-a]", "(a|b)", "(?:a|b)c", "a|b",
	    "^(a|b)$", "a*b+c?", "\\.", "\\\\$", "\\$", "a\\\\\\$", "\xc3\xa9+",
	    "(a+)+"};
	struct pattern *p;

	for (size_t i = 0; i < sizeof(not_simple) / sizeof(*not_simple); i++) {
		p = pattern_new(not_simple[i], strlen(not_simple[i]));
		OK(p == NULL, not_simple[i]);
		pattern_free(p);
	}
	for (size_t i = 0; i < sizeof(simple) / sizeof(*simple); i++) {
		p = pattern_new(simple[i], strlen(simple[i]));
		OK(p != NULL, simple[i]);
		pattern_free(p);
	}
	OK(pattern_new("a\0b", 3) == NULL, "a NUL is not taken");
}

static void
found(void)
{
	static const struct {
		const char *pattern, *text;
		bool found;
	} cases[] = {{"", "", true}, {"bc", "abcd", true},
	    {"bd", "abcd", false}, {"^b", "ab", false}, {"^a", "ab", true},
	    {"b$", "ab", true}, {"b$", "ab\n", true}, {"b$", "ab\n\n", false},
	    {"a$", "ab", false}, {"^$", "", true}, {"^$", "\n", true},
	    {"^$", "a", false}, {"^a*$", "aaa", true}, {"^a*$", "aab", false},
	    {"a.c", "abc", true}, {"a.c", "a\nc", false},
	    {"a.c",
		"a\xc3\xa9"
		"c",
		true},
	    {"a..c",
		"a\xc3\xa9"
		"c",
		false},
	    {"^[^a]$", "\xc3\xa9", true}, {"^[^a]$", "a", false},
	    {"^[^a]$", "\n", true}, {"^[b-d]+$", "bcd", true},
	    {"^[b-d]+$", "bce", false}, {"x(a|bc)+y", "xabcay", true},
	    {"x(a|bc)+y", "xaby", false}, {"^(a|b)c?$", "b", true},
	    {"^(?:a|b)c?$", "bc", true}, {"a|bc", "xbcx", true},
	    {"a|bc", "xbx", false}, {"\\.", "a", false}, {"\\.", ".", true},
	    {"\\$", "a$", true}, {"\\$", "a", false}, {"\\\\$", "a\\", true},
	    {"a\\\\\\$", "a\\$", true}, {"a+b", "aaab", true},
	    {"(a+)+b", "aaaa", false},
	    {"^\xc3\xa9+$", "\xc3\xa9\xc3\xa9", true},
	    {"^\xc3\xa9+$", "\xc3\xa9\xc3", false}};
	struct pattern *p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		p = pattern_new(cases[i].pattern, strlen(cases[i].pattern));
		OK(p != NULL && pattern_found(p, cases[i].text,
				    strlen(cases[i].text)) == cases[i].found,
		    cases[i].pattern);
		pattern_free(p);
	}
}

/* So many places and not one more, whatever they are. */
static void
places(void)
{
	static const char *const of[] = {"a", ".", "[ab]", "\\."};
	struct buf b = BUF_INIT(1000);
	struct pattern *p;

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		for (size_t n = PATTERN_PLACES_MAX; n <= PATTERN_PLACES_MAX + 1;
		     n++) {
			buf_reset(&b);
			buf_addc(&b, '^'); /* else it would be plain text */
			for (size_t k = 0; k < n; k++)
				buf_adds(&b, of[i]);
			p = pattern_new(b.p, b.len);
			OK((p != NULL) == (n <= PATTERN_PLACES_MAX), of[i]);
			pattern_free(p);
		}
	/* Characters of several bytes take a place for each. */
	buf_reset(&b);
	buf_addc(&b, '^');
	for (size_t k = 0; k < PATTERN_PLACES_MAX / 2; k++)
		buf_adds(&b, "\xc3\xa9");
	p = pattern_new(b.p, b.len);
	OK(p != NULL, "32 of two bytes");
	pattern_free(p);
	buf_adds(&b, "\xc3\xa9");
	p = pattern_new(b.p, b.len);
	OK(p == NULL, "and one more");
	pattern_free(p);
	buf_clear(&b);
}

int
main(void)
{
	taken();
	found();
	places();
	return tap_done();
}
