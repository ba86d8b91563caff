/* common/json: strict RFC 8259, resumable at every byte. */
#include <dirent.h>
#include <stdlib.h>

#include "json.h"
#include "tap.h"
#include "utf8.h"

enum { FILE_MAX = 1 << 20 };

/* Is the text one JSON document? */
static bool
accepts(const char *p, size_t n)
{
	struct json j;
	struct json_val v;

	json_init(&j, p, n);
	return json_value(&j, &v) && json_done(&j) && utf8_valid(p, n) == n;
}

/* The same by walking every container with the member functions. */
static bool
walks(struct json *j)
{
	struct json_val v;
	bool first;

	if (!json_space(j))
		return json_value(j, &v); /* fails */
	if (*j->p == '{') {
		json_enter(j, '{', &first);
		while (json_member(j, &first, &v))
			if (!walks(j))
				return false;
		return j->err == JSON_FINE;
	}
	if (*j->p == '[') {
		json_enter(j, '[', &first);
		while (json_element(j, &first))
			if (!walks(j))
				return false;
		return j->err == JSON_FINE;
	}
	return json_value(j, &v);
}

static bool
walks_all(const char *p, size_t n)
{
	struct json j;

	json_init(&j, p, n);
	return walks(&j) && json_done(&j) && utf8_valid(p, n) == n;
}

/* Every beginning of a valid document asks for more and is never bad.  The
 * text is copied each time, so that reading beyond it shows. */
static bool
resumes(const char *p, size_t n)
{
	struct json j;
	struct json_val v;
	size_t end = n;
	bool ok = true;

	/* White space after the value is not part of it. */
	while (end > 0 && memchr(" \t\r\n", p[end - 1], 4) != NULL)
		end--;
	for (size_t i = 0; i < end && ok; i++) {
		char *copy = malloc(i + 1);

		memcpy(copy, p, i);
		json_init(&j, copy, i);
		j.final = false;
		ok = !json_value(&j, &v) && j.err == JSON_MORE;
		if (!ok)
			printf("# at %zu: err %d %s\n", i, j.err,
			    j.err == JSON_BAD ? j.why : "");
		free(copy);
	}
	return ok;
}

static const char *const good[] = {
    "{}",
    "[]",
    " [ ] ",
    "0",
    "-0",
    "-1",
    "10",
    "1.5",
    "0.0",
    "1e5",
    "1E+5",
    "1e-5",
    "0e0",
    "-0.1e-1",
    "1E400",
    "123456789012345678901234567890",
    "true",
    "false",
    "null",
    "\"\"",
    "\"a\"",
    "\" \"",
    "\"\x7f\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0000\"",
    "\"\\uD834\\uDD1E\"",
    "\"\\ud800\"",
    "\"\\uFFFF\"",
    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
    "[1]",
    "[1,2]",
    "[ 1 , 2 ]",
    "[[]]",
    "[[],[]]",
    "[{}]",
    "[{},{}]",
    "{\"a\":1}",
    "{ \"a\" : 1 , \"b\" : [ ] }",
    "{\"\":{}}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":{\"b\":{\"c\":[1,{\"d\":null}]}}}",
    "\t\r\n [true,\tfalse\r,null\n] ",
    "[\"a string that is longer than sixteen bytes\",\"\\u00e9 another one\"]",
};

static const char *const bad[] = {
    "",
    " ",
    "x",
    "{",
    "}",
    "[",
    "]",
    "[}",
    "{]",
    ",",
    ":",
    "[,]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1,,2]",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{\"a\" 1}",
    "{a:1}",
    "{'a':1}",
    "{1:1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1,,\"b\":2}",
    "{\"a\"::1}",
    "[1:2]",
    "{\"a\",\"b\"}",
    "{}{}",
    "[] []",
    "1 2",
    "{}x",
    "01",
    "-01",
    "00",
    "-",
    "+1",
    "1.",
    ".5",
    "-.5",
    "1.e5",
    "1e",
    "1e+",
    "1e5.5",
    "0x1",
    "1_000",
    "1,",
    "NaN",
    "Infinity",
    "-Infinity",
    "tru",
    "truex",
    "True",
    "nul",
    "nulll",
    "falsee",
    "\"",
    "\"a",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\U1234\"",
    "\"\\ua\"",
    "\"\t\"",
    "\"\n\"",
    "\"\x01\"",
    "\"\x1f\"",
    "'a'",
    "a",
    "\"a\"\"b\"",
    "\xef\xbb\xbf{}",
    "\v1",
    "\f1",
    "\302\2401",
    "/**/1",
    "1//x",
    "[1",
    "[1,",
    "[[1]",
    "{\"a\":[1}",
    "[{\"a\":1]",
    "\"\xff\"",
    "\"\xc0\x80\"",
    "\"\xed\xa0\x80\"",
    "{\"a\":1}}",
    "[1]]",
};

static void
table(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t n = strlen(good[i]);

		OK(accepts(good[i], n) && walks_all(good[i], n) &&
			resumes(good[i], n),
		    "a document");
		if (tap_failed > 0)
			printf("# %s\n", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t n = strlen(bad[i]);

		OK(!accepts(bad[i], n) && !walks_all(bad[i], n), "not one");
		if (accepts(bad[i], n) || walks_all(bad[i], n))
			printf("# %s\n", bad[i]);
	}
	OK(!accepts("\0", 1) && !accepts("1\0", 2) && !accepts("\"\0\"", 3),
	    "NUL is no white space, no end, and no part of a string");
}

static void
depth(void)
{
	static char deep[2 * JSON_DEPTH_MAX + 2];

	memset(deep, '[', JSON_DEPTH_MAX);
	memset(deep + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	OK(accepts(deep, 2 * JSON_DEPTH_MAX), "nested to the limit");
	OK(resumes(deep, 2 * JSON_DEPTH_MAX), "and resumable");
	memset(deep, '[', JSON_DEPTH_MAX + 1);
	memset(deep + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	OK(!accepts(deep, sizeof(deep)), "one more is too deep");
	/* Objects and arrays by turns: the bit stack tells them apart. */
	for (size_t i = 0; i < 160; i += 5)
		memcpy(deep + i, "{\"\":[", 5);
	for (size_t i = 160; i < 224; i += 2)
		memcpy(deep + i, "]}", 2);
	OK(accepts(deep, 224) && resumes(deep, 224), "by turns");
	deep[200] = '}';
	OK(!accepts(deep, 224), "closed by the wrong bracket");
}

static void
values(void)
{
	struct json j;
	struct json_val v;
	const char *s = " {\"a\\n\":[\"\xc3\xa9\"]} , -0.10E+2 ";
	bool first;

	json_init(&j, s, strlen(s));
	OK(json_value(&j, &v) && v.type == JSON_OBJECT && v.p == s + 1 &&
		v.n == 14 && v.flags == (JSON_ESCAPES | JSON_HIGH),
	    "a slice of the object, with what is inside");
	OK(json_space(&j) && *j.p == ',', "the cursor is behind it");
	j.p++;
	OK(json_value(&j, &v) && v.type == JSON_NUMBER && v.n == 8 &&
		memcmp(v.p, "-0.10E+2", 8) == 0 && v.flags == 0,
	    "a number keeps its text");
	OK(json_done(&j), "nothing follows");
	json_init(&j, "[1,x", 4);
	OK(!json_value(&j, &v) && j.err == JSON_BAD && j.p[0] == 'x' &&
		strcmp(j.why, "expected a value") == 0,
	    "an error says what and where");
	OK(!json_value(&j, &v) && !json_done(&j) &&
		!json_enter(&j, '[', &first),
	    "and sticks");
	json_init(&j, "12", 2);
	OK(json_value(&j, &v) && v.n == 2, "a number may end the text");
	json_init(&j, "[1", 2);
	OK(!json_value(&j, &v) && j.err == JSON_BAD, "an array may not");
	json_init(&j, "{}", 2);
	OK(!json_enter(&j, '[', &first) && j.err == JSON_BAD, "not an array");
}

static struct json_val
parse(const char *s)
{
	struct json j;
	struct json_val v = {0};

	json_init(&j, s, strlen(s));
	(void)json_value(&j, &v);
	return v;
}

static void
strings(void)
{
	static const struct {
		const char *json, *text;
		size_t bad;
	} t[] = {
	    {"\"\"", "", 0},
	    {"\"plain\"", "plain", 0},
	    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 0},
	    {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac", 0},
	    {"\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!", 0},
	    {"\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf", 0},
	    {"\"\\ud83d\"", "\xef\xbf\xbd", 1},
	    {"\"\\ude00\"", "\xef\xbf\xbd", 1},
	    {"\"\\ud83dx\"", "\xef\xbf\xbdx", 1},
	    {"\"\\ud83d\\n\"", "\xef\xbf\xbd\n", 1},
	    {"\"\\ud83d\\u0041\"",
		"\xef\xbf\xbd"
		"A",
		1},
	    {"\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80", 1},
	    {"\"a\xff\xfe"
	     "b\xc3\xa9\"",
		"a\xef\xbf\xbd\xef\xbf\xbd"
		"b\xc3\xa9",
		2},
	    {"\"\xe2\x82\"", "\xef\xbf\xbd", 1},
	};
	static const char spaced[] =
	    " { \"a b\\\" \" : [ 1 , 2 ] ,\n\"c\":\t\" \" } ";
	struct buf b = BUF_INIT(1000);

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct json_val v = parse(t[i].json);

		buf_reset(&b);
		OK(json_text(&b, &v) == t[i].bad, "how many were replaced");
		IS(b.p != NULL ? b.p : "", t[i].text, "text of a string");
	}
	OK(json_is(
	       &(struct json_val){"\"a\\u0062\"", 9, JSON_STRING, JSON_ESCAPES},
	       "ab"),
	    "equal when unescaped");
	OK(!json_is(&(struct json_val){"12", 2, JSON_NUMBER, 0}, "12"),
	    "a number equals no string");
	buf_reset(&b);
	json_compact(&b, spaced, strlen(spaced));
	IS(b.p, "{\"a b\\\" \":[1,2],\"c\":\" \"}", "compact");
	buf_clear(&b);
}

static void
numbers(void)
{
	uint64_t u = 7;
	int64_t i = 7;
	struct json_val v = parse("18446744073709551615");

	OK(json_uint(&v, &u) && u == UINT64_MAX, "the largest");
	OK(!json_int(&v, &i), "too large to be signed");
	v = parse("18446744073709551616");
	OK(!json_uint(&v, &u), "one over");
	v = parse("99999999999999999999999");
	OK(!json_uint(&v, &u), "far over");
	v = parse("-9223372036854775808");
	OK(json_int(&v, &i) && i == INT64_MIN && !json_uint(&v, &u), "least");
	v = parse("-9223372036854775809");
	OK(!json_int(&v, &i), "less");
	v = parse("9223372036854775807");
	OK(json_int(&v, &i) && i == INT64_MAX, "most");
	v = parse("-0");
	OK(json_int(&v, &i) && i == 0, "minus zero");
	v = parse("1.0");
	OK(!json_int(&v, &i), "a fraction");
	v = parse("1e2");
	OK(!json_uint(&v, &u), "an exponent");
	v = parse("\"1\"");
	OK(!json_uint(&v, &u) && !json_int(&v, &i), "a string");
}

static void
base64(void)
{
	/* RFC 4648 section 10, and what is none. */
	static const struct {
		const char *in, *out;
	} t[] = {{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"},
	    {"Zm9vYg==", "foob"}, {"Zm9vYmE=", "fooba"}, {"Zm9vYmFy", "foobar"},
	    {"+/+/", "\xfb\xff\xbf"}, {"Z", NULL}, {"Zg", NULL}, {"Zg=", NULL},
	    {"Zg===", NULL}, {"====", NULL}, {"Z===", NULL}, {"Zg==Zg==", NULL},
	    {"Z=g=", NULL}, {"Zm9-", NULL}, {"Zm9_", NULL}, {"Zm 9", NULL},
	    {"Zm9\n", NULL}};
	struct buf b = BUF_INIT(100);

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		bool ok;

		buf_reset(&b);
		ok = json_base64(&b, t[i].in, strlen(t[i].in));
		OK(ok == (t[i].out != NULL), "base64 or not");
		if (ok && t[i].out != NULL)
			IS(b.p != NULL ? b.p : "", t[i].out, t[i].in);
	}
	buf_clear(&b);
}

/* The public JSONTestSuite, where it is at hand. */
static void
suite(void)
{
	static const char *const dir =
	    "../shared/data/JSONTestSuite/test_parsing";
	DIR *d = opendir(dir);
	const struct dirent *e;
	char *text = malloc(FILE_MAX), path[1024];
	size_t n;
	FILE *f;

	while (d != NULL && (e = readdir(d)) != NULL) {
		bool yes, walked;

		if (strstr(e->d_name, ".json") == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		f = fopen(path, "r");
		if (f == NULL)
			continue;
		n = fread(text, 1, FILE_MAX, f);
		(void)fclose(f);
		yes = accepts(text, n);
		/* The walk above recurses: not into these two. */
		walked = strstr(e->d_name, "100000") != NULL ||
				 strstr(e->d_name, "open_array_object") != NULL
			     ? yes
			     : walks_all(text, n);
		OK(e->d_name[0] == 'i' ||
			(yes == (e->d_name[0] == 'y') && walked == yes &&
			    (!yes || resumes(text, n))),
		    e->d_name);
	}
	if (d == NULL)
		printf("ok %d # SKIP no %s\n", ++tap_count, dir);
	else
		(void)closedir(d);
	free(text);
}

int
main(void)
{
	table();
	depth();
	values();
	strings();
	numbers();
	base64();
	suite();
	return tap_done();
}
