/*
 * Values of columns, of any JSON.  Invariants: what is appended is one JSON
 * value in UTF-8 of the column's kind and within the limit, or nothing is;
 * numbers keep their text; a string that needs no mending is as it came; JSON
 * that is cut is JSON still.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "logparse/jsoncut.h"
#include "logparse/value.h"
#include "utf8.h"

#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { OUT_MAX = 1 << 24, CUT = 2200 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_type(
    enum column_type type, const struct json_val *v, const struct json_val *got)
{
	switch (type) {
	case COLUMN_STRING:
	case COLUMN_DATETIME:
		CHECK(got->type == JSON_STRING);
		break;
	case COLUMN_BOOL:
		CHECK(got->type == JSON_TRUE || got->type == JSON_FALSE);
		break;
	case COLUMN_INT:
	case COLUMN_LONG:
	case COLUMN_REAL:
		CHECK(got->type == JSON_NUMBER);
		CHECK(memmem(v->p, v->n, got->p, got->n) != NULL);
		break;
	case COLUMN_DYNAMIC:
		CHECK(got->type == v->type);
		break;
	}
}

static void
check_value(enum column_type type, const struct json_val *v)
{
	struct buf b = BUF_INIT(OUT_MAX), text = BUF_INIT(OUT_MAX);
	struct value_counts c = {0};
	struct json_val got;
	struct json j;

	buf_adds(&b, "before");
	if (value_add(&b, type, v, &c) != VALUE_OK) {
		CHECK(b.len == 6);
	} else {
		json_init(&j, b.p + 6, b.len - 6);
		CHECK(json_value(&j, &got) && j.p == b.p + b.len);
		CHECK(utf8_valid(b.p, b.len) == b.len);
		check_type(type, v, &got);
		CHECK(json_text(&text, &got) == 0);
		CHECK(text.len <= VALUE_STRING_MAX);
		if (type == COLUMN_STRING && v->type == JSON_STRING &&
		    c.replaced == 0)
			CHECK(got.n == v->n && memcmp(got.p, v->p, v->n) == 0);
	}
	buf_clear(&b);
	buf_clear(&text);
}

static void
check_cut(const struct json_val *v)
{
	struct buf in = BUF_INIT(OUT_MAX), out = BUF_INIT(OUT_MAX);
	struct json_val got;
	struct json j;

	if (v->type == JSON_OBJECT || v->type == JSON_ARRAY)
		json_compact(&in, v->p, v->n);
	if (in.len > CUT && utf8_valid(in.p, in.len) == in.len) {
		jsoncut_container(&out, in.p, in.len, CUT);
		json_init(&j, out.p, out.len);
		CHECK(json_value(&j, &got) && json_done(&j));
		CHECK(out.len <= CUT && got.type == v->type);
		CHECK(utf8_valid(out.p, out.len) == out.len);
	}
	buf_clear(&in);
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *copy = malloc(n + 1);
	struct json_val v;
	struct json j;

	CHECK(copy != NULL);
	memcpy(copy, data, n);
	json_init(&j, copy, n);
	if (json_value(&j, &v)) {
		for (int type = COLUMN_STRING; type <= COLUMN_DYNAMIC; type++)
			check_value((enum column_type)type, &v);
		check_cut(&v);
	}
	free(copy);
	return 0;
}
