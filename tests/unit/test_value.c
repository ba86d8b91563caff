/* logparse/value: slices to column values. */
#include "logparse/times.h"
#include "logparse/value.h"
#include "tap.h"

static void
check(enum column_type type, const char *json, enum value_result result,
    const char *want)
{
	struct buf b = BUF_INIT(1 << 20);
	struct value_counts counts = {0};
	struct json_val v;
	struct json j;

	json_init(&j, json, strlen(json));
	if (!json_value(&j, &v)) {
		OK(0, json);
		return;
	}
	buf_adds(&b, "<");
	OK(value_add(&b, type, &v, &counts) == result, json);
	IS(b.p + 1, want, "  as expected");
	buf_clear(&b);
}

static void
types(void)
{
	check(COLUMN_STRING, "null", VALUE_ABSENT, "");
	check(COLUMN_STRING, "\"\"", VALUE_OK, "\"\"");
	check(COLUMN_STRING, "\"a\\u0026\\n\\/\"", VALUE_OK,
	    "\"a\\u0026\\n\\/\"");
	check(COLUMN_STRING, "\"\\ud83d\\ude00\"", VALUE_OK,
	    "\"\\ud83d\\ude00\"");
	check(COLUMN_STRING, "\"a\\ud83d.\"", VALUE_OK, "\"a\xef\xbf\xbd.\"");
	check(COLUMN_STRING, "\"a\xff.\"", VALUE_OK, "\"a\xef\xbf\xbd.\"");
	/* Only what is wrong is replaced: other escapes stay as they are. */
	check(COLUMN_STRING, "\"\\u0026\\ud83d\\ude00\\udc00\\/\\\\ud83d\"",
	    VALUE_OK, "\"\\u0026\\ud83d\\ude00\xef\xbf\xbd\\/\\\\ud83d\"");
	check(COLUMN_STRING, "{\"a\":\"\\ud83d\\u0026\"}", VALUE_OK,
	    "\"{\\\"a\\\":\\\"\xef\xbf\xbd\\\\u0026\\\"}\"");
	check(
	    COLUMN_DYNAMIC, "[ \"\\udc00\" ]", VALUE_OK, "[\"\xef\xbf\xbd\"]");
	check(COLUMN_STRING, "\"\xc3\xa9\"", VALUE_OK, "\"\xc3\xa9\"");
	check(COLUMN_STRING, "0.10", VALUE_OK, "\"0.10\"");
	check(COLUMN_STRING, "12345678901234567890123", VALUE_OK,
	    "\"12345678901234567890123\"");
	check(COLUMN_STRING, "true", VALUE_OK, "\"true\"");
	check(COLUMN_STRING, "{ \"a\" : [ 1.50 , \"x y\\\"\" ] }", VALUE_OK,
	    "\"{\\\"a\\\":[1.50,\\\"x y\\\\\\\"\\\"]}\"");
	check(COLUMN_STRING, "[]", VALUE_OK, "\"[]\"");
	check(COLUMN_STRING, "{\"a\":\"\xff\"}", VALUE_OK,
	    "\"{\\\"a\\\":\\\"\xef\xbf\xbd\\\"}\"");
	check(COLUMN_DYNAMIC, "{ \"a\" : 1E9 }", VALUE_OK, "{\"a\":1E9}");
	check(COLUMN_DYNAMIC, "\"x\"", VALUE_OK, "\"x\"");
	check(COLUMN_BOOL, "true", VALUE_OK, "true");
	check(COLUMN_BOOL, "\"false\"", VALUE_OK, "false");
	check(COLUMN_BOOL, "\"yes\"", VALUE_MISFIT, "");
	check(COLUMN_BOOL, "1", VALUE_MISFIT, "");
	check(COLUMN_INT, "2147483647", VALUE_OK, "2147483647");
	check(COLUMN_INT, "2147483648", VALUE_MISFIT, "");
	check(COLUMN_INT, "-2147483648", VALUE_OK, "-2147483648");
	check(COLUMN_INT, "\"17\"", VALUE_OK, "17");
	/* Text may have zeros in front; a number of JSON has none. */
	check(COLUMN_INT, "\"017\"", VALUE_OK, "17");
	check(COLUMN_INT, "\"000\"", VALUE_OK, "0");
	check(COLUMN_REAL, "\"00.5\"", VALUE_OK, "0.5");
	check(COLUMN_INT, "\"-017\"", VALUE_MISFIT, "");
	check(COLUMN_INT, "1.0", VALUE_MISFIT, "");
	check(COLUMN_INT, "\"-\"", VALUE_ABSENT, "");
	check(COLUMN_BOOL, "\"-\"", VALUE_ABSENT, "");
	check(COLUMN_DATETIME, "\"-\"", VALUE_ABSENT, "");
	check(COLUMN_DYNAMIC, "\"-\"", VALUE_ABSENT, "");
	check(COLUMN_STRING, "\"-\"", VALUE_OK, "\"-\"");
	check(COLUMN_LONG, "9223372036854775807", VALUE_OK,
	    "9223372036854775807");
	check(COLUMN_LONG, "9223372036854775808", VALUE_MISFIT, "");
	check(COLUMN_REAL, "1.10e5", VALUE_OK, "1.10e5");
	check(COLUMN_REAL, "\"1.10\"", VALUE_OK, "1.10");
	check(COLUMN_REAL, "{}", VALUE_MISFIT, "");
	check(COLUMN_BOOL, "\"TRUE\"", VALUE_OK, "true");
	check(COLUMN_BOOL, "\"FALSE\"", VALUE_OK, "false");
	check(COLUMN_REAL, "1e400", VALUE_MISFIT, "");
	check(COLUMN_REAL, "\"-1E+309\"", VALUE_MISFIT, "");
	check(COLUMN_REAL, "1.7976931348623157e308", VALUE_OK,
	    "1.7976931348623157e308");
	check(COLUMN_REAL, "0e999999", VALUE_OK, "0e999999");
	check(COLUMN_REAL, "1e-999999", VALUE_OK, "1e-999999");
}

static void
times(void)
{
	static const struct {
		const char *in, *want; /* NULL: no time */
	} cases[] = {
	    {"2024-07-31T14:23:46Z", "2024-07-31T14:23:46Z"},
	    {"2024-07-31T14:23:46.120Z", "2024-07-31T14:23:46.120Z"},
	    {"2024-07-31T14:23:46.123456789Z",
		"2024-07-31T14:23:46.123456789Z"},
	    {"2024-07-31t14:23:46z", "2024-07-31T14:23:46Z"},
	    {"2024-07-31 14:23:46", "2024-07-31T14:23:46Z"},
	    {"2024-07-31T14:23:46,5Z", "2024-07-31T14:23:46.5Z"},
	    {"2024-07-31T14:23:46+00:00", "2024-07-31T14:23:46Z"},
	    {"2024-07-31T23:30:00.10-0130", "2024-08-01T01:00:00.10Z"},
	    {"2024-03-01T00:30:00+01", "2024-02-29T23:30:00Z"},
	    {"2024-02-30T00:00:00Z", NULL},
	    {"2024-07-31T24:00:00Z", "2024-08-01T00:00:00Z"},
	    {"2024-07-31", NULL},
	    {"2024-07-31T14:23:46.Z", NULL},
	    {"2024-07-31T14:23:46+1", NULL},
	    {"2024-07-31T14:23:46Zx", NULL},
	    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
	    {"0000-12-31T23:59:59Z", NULL},
	    {"0001-01-01T00:00:00+01:00", NULL},
	    {"9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59.9Z"},
	    {"9999-12-31T23:59:59-01:00", NULL},
	    {"9999-12-31T23:59:60Z", NULL},
	    {"2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5Z"},
	    {"now", NULL},
	    {"", NULL},
	};
	struct buf b = BUF_INIT(100);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		buf_reset(&b);
		if (cases[i].want == NULL) {
			OK(!times_iso(&b, cases[i].in, strlen(cases[i].in)) &&
				b.len == 0,
			    cases[i].in);
		} else {
			OK(times_iso(&b, cases[i].in, strlen(cases[i].in)),
			    cases[i].in);
			IS(b.p, cases[i].want, "  in UTC");
		}
	}
	buf_clear(&b);
	check(COLUMN_DATETIME, "\"2024-07-31T14:23:46Z\"", VALUE_OK,
	    "\"2024-07-31T14:23:46Z\"");
	check(COLUMN_DATETIME, "\"2024-07-31T14:23:4\\u0036Z\"", VALUE_OK,
	    "\"2024-07-31T14:23:46Z\"");
	check(COLUMN_DATETIME, "1722435826", VALUE_MISFIT, "");
	check(COLUMN_DATETIME, "\"soon\"", VALUE_MISFIT, "");
}

static void
long_others(void)
{
	static char in[200000];
	struct buf b = BUF_INIT(1 << 20);
	struct value_counts c = {0};
	struct json_val v = {in, 100000, JSON_NUMBER, 0};

	memset(in, '7', sizeof(in));
	OK(value_add(&b, COLUMN_STRING, &v, &c) == VALUE_OK && c.cut == 1 &&
		b.len == VALUE_STRING_MAX + 2 &&
		memcmp(b.p + b.len - 10, "7...[cut]\"", 10) == 0,
	    "a long number as text is cut");
	buf_reset(&b);
	OK(value_add(&b, COLUMN_DYNAMIC, &v, &c) == VALUE_MISFIT && b.len == 0,
	    "as a number it does not fit");
	buf_clear(&b);
}

/* The length of what stands between the quotes once read as JSON. */
static size_t
decoded(const struct buf *b, struct buf *text)
{
	struct json_val v;
	struct json j;

	json_init(&j, b->p, b->len);
	buf_reset(text);
	return json_value(&j, &v) && json_done(&j) && json_text(text, &v) == 0
		   ? text->len
		   : 0;
}

static void
long_strings(void)
{
	static char in[200000];
	struct buf b = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
	struct value_counts c = {0};
	struct json_val v = {in, 0, JSON_STRING, 0};

	memset(in, 'a', sizeof(in));
	in[0] = '"';
	in[VALUE_STRING_MAX + 1] = '"';
	v.n = VALUE_STRING_MAX + 2;
	(void)value_add(&b, COLUMN_STRING, &v, &c);
	OK(c.cut == 0 && decoded(&b, &text) == VALUE_STRING_MAX,
	    "64 KiB are not cut");
	in[VALUE_STRING_MAX + 1] = 'a';
	in[VALUE_STRING_MAX + 2] = '"';
	v.n++;
	buf_reset(&b);
	(void)value_add(&b, COLUMN_STRING, &v, &c);
	OK(c.cut == 1 && decoded(&b, &text) == VALUE_STRING_MAX,
	    "a byte more is");
	IS(text.p + text.len - 9, "a...[cut]", "with its mark");
	/* Escapes count as what they stand for. */
	for (size_t i = 1; i < 1 + 6 * 20000; i += 6)
		memcpy(in + i, "\\u20ac", 6);
	in[1 + 6 * 20000] = '"';
	v.n = 2 + 6 * 20000;
	v.flags = JSON_ESCAPES;
	buf_reset(&b);
	(void)value_add(&b, COLUMN_STRING, &v, &c);
	OK(c.cut == 1 && decoded(&b, &text) == 60000, "by decoded length");
	/* Cut between characters. */
	for (size_t i = 1; i < 1 + 3 * 30000; i += 3)
		memcpy(in + i, "\xe2\x82\xac", 3);
	in[1 + 3 * 30000] = '"';
	v.n = 2 + 3 * 30000;
	v.flags = JSON_HIGH;
	buf_reset(&b);
	(void)value_add(&b, COLUMN_STRING, &v, &c);
	OK(c.cut == 2 && decoded(&b, &text) == 65526 + 8 && c.replaced == 0,
	    "between characters");
	buf_clear(&b);
	buf_clear(&text);
}

int
main(void)
{
	types();
	times();
	long_strings();
	long_others();
	return tap_done();
}
