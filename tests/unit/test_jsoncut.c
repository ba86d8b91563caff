/* logparse/jsoncut: what is cut is JSON still, and as much as fits. */
#include <stdlib.h>

#include "json.h"
#include "logparse/jsoncut.h"
#include "tap.h"

enum { LEAST = 2200 };

/* A filler of n letters. */
static const char *
filler(size_t n)
{
	static char s[100000];

	memset(s, 'f', sizeof(s));
	s[n] = '\0';
	return s;
}

static bool
is_json(const struct buf *b)
{
	struct json_val v;
	struct json j;

	json_init(&j, b->p, b->len);
	return json_value(&j, &v) && json_done(&j);
}

/* text, in which each '#' stands for 3,000 letters, cut to max. */
static void
cut(const char *text, size_t max, const char *want_end)
{
	struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	size_t n = strlen(want_end);

	for (; *text != '\0'; text++)
		if (*text == '#')
			buf_adds(&in, filler(3000));
		else
			buf_addc(&in, *text);
	jsoncut_container(&out, in.p, in.len, max);
	OK(out.len <= max && is_json(&out), want_end);
	IS(out.p + (out.len > n ? out.len - n : 0), want_end, "  its end");
	buf_clear(&in);
	buf_clear(&out);
}

static void
containers(void)
{
	/* Inside a string; it takes all there is. */
	cut("{\"a\":\"#\"}", LEAST, "ffff...[cut]\"}");
	cut("[[\"#\"]]", LEAST, "ffff...[cut]\"]]");
	/* Not in a name, not in a number: before them. */
	cut("{\"a\":1,\"#\":2}", LEAST, "{\"a\":1,\"...[cut]\":true}");
	cut("{\"#\":2}", LEAST, "{\"...[cut]\":true}");
	cut("[{\"#\":2}]", LEAST, "[{\"...[cut]\":true}]");
	cut("{\"a\":[1,{},\"b\",{\"#\":1}]}", LEAST,
	    "{\"a\":[1,{},\"b\",{\"...[cut]\":true}]}");
	/* Behind what closed. */
	cut("[{\"a\":[]},{\"b\":true},[\"#", LEAST, "ffff...[cut]\"]]");
	cut("{\"a\":{\"b\":null},\"#\":{}}", LEAST,
	    "{\"a\":{\"b\":null},\"...[cut]\":true}");
}

/* A number that is longer than all the rest. */
static void
long_number(void)
{
	struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);

	buf_adds(&in, "[true,");
	for (int i = 0; i < 3000; i++)
		buf_addc(&in, '7');
	buf_adds(&in, ",2]");
	jsoncut_container(&out, in.p, in.len, LEAST);
	IS(out.p, "[true,\"...[cut]\"]", "a number is not cut");
	buf_clear(&in);
	buf_clear(&out);
}

/* At every length the result is JSON, within the limit, and a little longer
 * limit never makes it shorter. */
static void
every_length(void)
{
	static const char *const parts[] = {"{\"k\\\"\":\"v\\n\\u0026\"},",
	    "[1.5e3,[],{}],", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",",
	    "\"\\ud83d\\ude00\",", "{\"a\":{\"b\":[true,\"c\"]}},"};
	struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	size_t wrong = 0, last = 0;

	buf_addc(&in, '[');
	for (size_t i = 0; in.len < 2 * LEAST; i++)
		buf_adds(&in, parts[i % 5]);
	buf_adds(&in, "0]");
	for (size_t max = LEAST; max < LEAST + 400; max++) {
		buf_reset(&out);
		jsoncut_container(&out, in.p, in.len, max);
		wrong += out.len > max || out.len + 40 < max || !is_json(&out);
		wrong += out.len < last && last - out.len > 40;
		last = out.len;
	}
	OK(wrong == 0, "at every length");
	buf_clear(&in);
	buf_clear(&out);
}

/* As deep as JSON may be. */
static void
deep(void)
{
	struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);

	for (int i = 0; i < JSON_DEPTH_MAX / 2; i++)
		buf_adds(&in, "[{\"a\":");
	buf_adds(&in, "\"");
	buf_adds(&in, filler(9000));
	buf_adds(&in, "\"");
	for (int i = 0; i < JSON_DEPTH_MAX / 2; i++)
		buf_adds(&in, "}]");
	OK(is_json(&in), "as deep as JSON may be");
	jsoncut_container(&out, in.p, in.len, 5000);
	OK(out.len == 5000 && is_json(&out), "  a string is cut");
	buf_reset(&out);
	jsoncut_container(&out, in.p, in.len, 2200);
	OK(out.len <= 2200 && out.len > 2150 && is_json(&out),
	    "  or what is around it");
	buf_clear(&in);
	buf_clear(&out);
}

static void
strings(void)
{
	static const struct {
		const char *in, *want;
		size_t max;
	} cases[] = {
	    {"123456789012", "123456789012", 12},
	    {"1234567890123", "1234...[cut]", 12},
	    /* Escapes count as what they stand for, and stay whole. */
	    {"\\n\\u0041\\u0041\\u0041\\u0041\\u0041\\u0041\\\"\\\\abc",
		"\\n\\u0041\\u0041\\u0041\\u0041\\u0041\\u0041\\\"\\\\abc", 12},
	    {"12\\ud83d\\ude00\\u0041\\u0041\\u0041\\u0041\\u0041\\u0041\\u004"
	     "1",
		"12...[cut]", 12},
	    {"\\ud83d\\ude00\\u0041\\u0041\\u0041\\u0041\\u0041\\u0041\\u0041"
	     "\\u0041\\u0041",
		"\\ud83d\\ude00...[cut]", 12},
	    {"123\xc3\xa9"
	     "6789012\\u00e9",
		"123...[cut]", 12},
	    {"123456789012\xe2", "1234...[cut]", 12},
	    {"12\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", "12...[cut]",
		12},
	};
	struct buf b = BUF_INIT(1000);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool whole = strcmp(cases[i].in, cases[i].want) == 0;

		buf_reset(&b);
		OK(jsoncut_string(&b, cases[i].in, strlen(cases[i].in),
		       cases[i].max) == !whole,
		    cases[i].in);
		IS(b.p, cases[i].want, "  as expected");
	}
	buf_clear(&b);
}

int
main(void)
{
	containers();
	long_number();
	every_length();
	deep();
	strings();
	return tap_done();
}
