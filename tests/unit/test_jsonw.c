/* common/jsonw: what is written is always JSON, and always UTF-8. */
#include <errno.h>
#include <stdlib.h>

#include "json.h"
#include "jsonw.h"
#include "tap.h"
#include "utf8.h"

static void
document(void)
{
	struct buf b = BUF_INIT(1000);
	struct jsonw w;

	jsonw_begin(&w, &b);
	jsonw_text(&w, "s", "a\"b\\c/\n\r\t\b\x01\x1f\x7f");
	jsonw_int(&w, "min", INT64_MIN);
	jsonw_int(&w, "max", INT64_MAX);
	jsonw_int(&w, "zero", 0);
	jsonw_uint(&w, "u", UINT64_MAX);
	jsonw_bool(&w, "t", true);
	jsonw_array(&w, "a");
	jsonw_bool(&w, NULL, false);
	jsonw_array(&w, NULL);
	jsonw_end_array(&w);
	jsonw_object(&w, NULL);
	jsonw_end(&w);
	jsonw_raw(&w, NULL, "1.50", 4);
	jsonw_end_array(&w);
	jsonw_object(&w, "o\"");
	jsonw_str(&w, "n", "a\0b", 3);
	jsonw_end(&w);
	jsonw_base64(&w, "b", "fooba", 5);
	jsonw_end(&w);
	IS(b.p,
	    "{\"s\":\"a\\\"b\\\\c/\\n\\r\\t\\u0008\\u0001\\u001f\x7f\","
	    "\"min\":-9223372036854775808,\"max\":9223372036854775807,"
	    "\"zero\":0,\"u\":18446744073709551615,\"t\":true,"
	    "\"a\":[false,[],{},1.50],\"o\\\"\":{\"n\":\"a\\u0000b\"},"
	    "\"b\":\"Zm9vYmE=\"}",
	    "a document");
	OK(w.depth == 0, "closed");
	jsonw_open(&w, &b);
	jsonw_end(&w);
	IS(b.p + b.len - 3, "}{}", "open appends");
	jsonw_begin(&w, &b);
	jsonw_end(&w);
	IS(b.p, "{}", "begin does not");
	buf_clear(&b);
}

static void
limit(void)
{
	struct buf b = BUF_INIT(10);
	struct jsonw w;

	jsonw_begin(&w, &b);
	jsonw_text(&w, "key", "value");
	jsonw_end(&w);
	OK(b.err == EFBIG, "too long is a sticky error");
	buf_clear(&b);
}

static void
invalid(void)
{
	static const struct {
		const char *in, *out;
		size_t bad;
	} t[] = {{"\xff", "\xef\xbf\xbd", 1}, {"a\xc3", "a\xef\xbf\xbd", 1},
	    {"\xc3\xa9", "\xc3\xa9", 0},
	    {"\xe2\x82\"\xac", "\xef\xbf\xbd\\\"\xef\xbf\xbd", 2},
	    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3},
	    {"\xf0\x9f\x98\x80\n", "\xf0\x9f\x98\x80\\n", 0}};
	struct buf b = BUF_INIT(100);

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_reset(&b);
		OK(jsonw_escape(&b, t[i].in, strlen(t[i].in)) == t[i].bad,
		    "how many were replaced");
		IS(b.p, t[i].out, "what is written instead");
	}
	buf_clear(&b);
}

/* Any bytes: the result is JSON and UTF-8; valid text comes back the same,
 * and base64 always does. */
static void
round_trip(void)
{
	struct buf b = BUF_INIT(10000), back = BUF_INIT(10000);
	bool json = true, utf8 = true, same = true, b64 = true;

	srand(1);
	for (int round = 0; round < 3000; round++) {
		char s[80];
		size_t n = (size_t)rand() % sizeof(s);
		struct json_val v;
		struct json j;
		struct jsonw w;

		for (size_t i = 0; i < n; i++)
			s[i] = (char)(round % 2 != 0 ? rand() & 0x7f : rand());
		jsonw_begin(&w, &b);
		jsonw_str(&w, "k", s, n);
		jsonw_end(&w);
		json_init(&j, b.p, b.len);
		json = json_value(&j, &v) && json_done(&j) && json;
		utf8 = utf8_valid(b.p, b.len) == b.len && utf8;
		if (utf8_valid(s, n) == n) {
			buf_reset(&back);
			same = json_unescape(&back, b.p + 6, b.len - 8) == 0 &&
			       back.len == n &&
			       (n == 0 || memcmp(back.p, s, n) == 0) && same;
		}
		buf_reset(&b);
		buf_reset(&back);
		jsonw_add_base64(&b, s, n);
		b64 = json_base64(&back, b.p, b.len) && back.len == n &&
		      (n == 0 || memcmp(back.p, s, n) == 0) && b64;
	}
	OK(json, "all of it is JSON");
	OK(utf8, "all of it is UTF-8");
	OK(same, "text comes back the same");
	OK(b64, "base64 brings back any bytes");
	buf_clear(&b);
	buf_clear(&back);
}

int
main(void)
{
	document();
	limit();
	invalid();
	round_trip();
	return tap_done();
}
