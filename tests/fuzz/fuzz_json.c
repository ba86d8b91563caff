/*
 * The JSON reader and writer: passing over a value and walking through it
 * agree; no beginning of a document is called bad; a compact document is the
 * same one; text and base64 come back as they were.
 */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "jsonw.h"
#include "utf8.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { OUT_MAX = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Walk a value; what json_value() said of it is v. */
static bool
walk(struct json *j)
{
	struct json_val v;
	bool first, object;

	if (!json_space(j) || (*j->p != '{' && *j->p != '['))
		return json_value(j, &v);
	object = *j->p == '{';
	(void)json_enter(j, *j->p, &first);
	while (object ? json_member(j, &first, &v) : json_element(j, &first))
		if (!walk(j))
			return false;
	return j->err == JSON_FINE;
}

static void
check_prefix(const struct json_val *v, size_t cut)
{
	char *copy = malloc(cut + 1);
	struct json_val part;
	struct json j;

	CHECK(copy != NULL);
	memcpy(copy, v->p, cut);
	json_init(&j, copy, cut);
	j.final = false;
	CHECK(!json_value(&j, &part) && j.err == JSON_MORE);
	free(copy);
}

static void
check_compact(const struct json_val *v)
{
	struct buf once = BUF_INIT(OUT_MAX), twice = BUF_INIT(OUT_MAX);
	struct json_val again;
	struct json j;

	json_compact(&once, v->p, v->n);
	json_init(&j, once.p, once.len);
	CHECK(json_value(&j, &again) && json_done(&j));
	CHECK(again.n == once.len && again.type == v->type &&
	      again.flags == (v->flags & ~(unsigned)JSON_SPACES));
	json_compact(&twice, once.p, once.len);
	CHECK(twice.len == once.len && memcmp(twice.p, once.p, once.len) == 0);
	buf_clear(&once);
	buf_clear(&twice);
}

/* What a string says, written anew, says the same. */
static void
check_string(const struct json_val *v)
{
	struct buf text = BUF_INIT(OUT_MAX), json = BUF_INIT(OUT_MAX);
	struct buf back = BUF_INIT(OUT_MAX);

	(void)json_text(&text, v);
	CHECK(utf8_valid(text.p != NULL ? text.p : "", text.len) == text.len);
	CHECK(jsonw_escape(&json, text.p, text.len) == 0);
	CHECK(json_unescape(&back, json.p, json.len) == 0);
	CHECK(back.len == text.len);
	CHECK(text.len == 0 || memcmp(back.p, text.p, text.len) == 0);
	buf_clear(&text);
	buf_clear(&json);
	buf_clear(&back);
}

static void
check_base64(const char *p, size_t n)
{
	struct buf text = BUF_INIT(OUT_MAX), back = BUF_INIT(OUT_MAX);
	struct buf none = BUF_INIT(OUT_MAX);

	jsonw_add_base64(&text, p, n);
	CHECK(json_base64(&back, text.p != NULL ? text.p : "", text.len));
	CHECK(back.len == n && (n == 0 || memcmp(back.p, p, n) == 0));
	(void)json_base64(&none, p, n);
	buf_clear(&text);
	buf_clear(&back);
	buf_clear(&none);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + (size == 0));
	struct json_val v;
	struct json j, k;
	bool good;

	CHECK(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	json_init(&j, text, size);
	good = json_value(&j, &v);
	CHECK(good == (j.err == JSON_FINE) && j.err != JSON_MORE);
	CHECK(good || (j.why != NULL && j.p >= text && j.p <= text + size));
	json_init(&k, text, size);
	/* Each level of the walk takes stack: not deeper than the limit. */
	if (good || strcmp(j.why, "nested too deep") != 0)
		CHECK(walk(&k) == good);
	if (good) {
		CHECK(k.p == j.p);
		check_prefix(&v, size % 7 < v.n ? size % 7 : 0);
		check_prefix(&v, v.n / 2);
		if (v.type != JSON_NUMBER)
			check_prefix(&v, v.n - 1);
		check_compact(&v);
		if (v.type == JSON_STRING)
			check_string(&v);
	}
	check_base64(text, size);
	free(text);
	return 0;
}
