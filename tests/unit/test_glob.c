/* common/glob */
#include <stdlib.h>

#include "glob.h"
#include "tap.h"

static const struct {
	const char *pattern, *text;
	bool match;
} cases[] = {
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"abc", "abc", true},
    {"abc", "abcd", false},
    {"abcd", "abc", false},
    {"*", "", true},
    {"*", "a/b//c", true}, /* a star takes slashes */
    {"**", "x", true},
    {"*.gz", "AWSLogs/1/CloudTrail/x.json.gz", true},
    {"*.gz", "x.gz.tmp", false},
    {"*/CloudTrail/*", "AWSLogs/1/CloudTrail/eu/x", true},
    {"*/CloudTrail/*", "AWSLogs/1/CloudTrail-Digest/eu/x", false},
    {"a*b*c", "aXbXbXc", true},
    {"a*b*c", "aXbXbX", false},
    {"?", "a", true},
    {"?", "", false},
    {"??", "\xc3\xa9", true}, /* bytes, not characters */
    {"?", "/", true},
    {"[abc]", "b", true},
    {"[abc]", "d", false},
    {"[a-c]x", "bx", true},
    {"[!a-c]", "b", false},
    {"[^a-c]", "d", true},
    {"[]]", "]", true},
    {"[]a]", "a", true},
    {"[!]]", "]", false},
    {"[a-]", "-", true},
    {"[-a]", "-", true},
    {"[\\]]", "]", true},
    {"[\\!a]", "!", true},
    {"[\x80-\xff]", "\xe6", true},
    {"[c-a]", "b", false},
    {"[X-\\]]", "\\", true},
    {"[X-\\]]", "^", false},
    {"\\*", "*", true},
    {"\\*", "x", false},
    {"a\\?", "a?", true},
    {"*[0-9]", "log7", true},
    {"*[0-9]", "log", false},
    {"*a?c", "aacaxc", true},
};

static const struct {
	const char *pattern;
	bool ok;
} checks[] = {
    {"", true},
    {"*?[a]\\*", true},
    {"[]", false},
    {"[!]", false},
    {"[a", false},
    {"a[b-", false},
    {"x\\", false},
    {"[a]]", true},
    {"]", true},
};

static void
test_rules(void)
{
	const char *include[] = {"*.gz", "*.json"}, *exclude[] = {"tmp/*"};
	struct glob_rules r = {0};

	OK(glob_wanted(&r, "x", 1), "without rules all is wanted");
	r = (struct glob_rules){include, 2, exclude, 1};
	OK(glob_wanted(&r, "a.json", 6), "one include is enough");
	OK(!glob_wanted(&r, "a.txt", 5), "but one it takes");
	OK(!glob_wanted(&r, "tmp/a.gz", 8), "an exclude wins");
	r = (struct glob_rules){NULL, 0, exclude, 1};
	OK(glob_wanted(&r, "a.txt", 5) && !glob_wanted(&r, "tmp/a", 5),
	    "an exclude alone");
}

/* What an exponential matcher would not finish in years. */
static void
test_hostile(void)
{
	enum { LEN = 1024 };
	char pattern[64] = "", *text = malloc(LEN);

	for (int i = 0; i < 30; i++)
		memcpy(pattern + 2 * i, "*a", 3);
	memcpy(pattern + 60, "b", 2);
	memset(text, 'a', LEN);
	OK(!glob_match(pattern, text, LEN), "thirty stars do not explode");
	free(text);
}

int
main(void)
{
	const char *why = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		OK(glob_match(cases[i].pattern, cases[i].text,
		       strlen(cases[i].text)) == cases[i].match,
		    cases[i].pattern);
		OK(glob_check(cases[i].pattern, &why), "is well-formed");
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		OK(glob_check(checks[i].pattern, &why) == checks[i].ok,
		    checks[i].pattern);
	IS(why, "it ends in a backslash", "why is told");
	OK(glob_match("a*b", "a\0x\0b", 5) && !glob_match("a", "a\0", 2),
	    "text may hold NULs");
	test_rules();
	test_hostile();
	return tap_done();
}
