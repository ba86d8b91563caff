/*
 * Two readers of JSON written apart, the product's and the Sentinel
 * simulator's, must agree: on what is JSON, on its compact form, on what a
 * string says.  They may differ only where they say so: the product leaves
 * UTF-8 to others, and their limits of nesting are not the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* The simulator is no library: take the source. */
#include "../fakes/sentinelsim/strict.c"

#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { OUT_MAX = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
compare(const char *text, size_t n, const struct strict_value *theirs,
    const struct buf *compact)
{
	struct buf ours = BUF_INIT(OUT_MAX), a = BUF_INIT(OUT_MAX);
	struct buf b = BUF_INIT(OUT_MAX);
	struct json j;
	struct json_val v;

	json_init(&j, text, n);
	CHECK(json_value(&j, &v) && json_done(&j));
	json_compact(&ours, v.p, v.n);
	CHECK(ours.len == compact->len);
	CHECK(ours.len == 0 || memcmp(ours.p, compact->p, ours.len) == 0);
	CHECK((v.type == JSON_STRING) == (theirs->kind == STRICT_STRING));
	if (v.type == JSON_STRING) {
		(void)json_text(&a, &v);
		strict_decode(theirs, &b);
		CHECK(a.len == b.len && a.len == theirs->decoded);
		CHECK(a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
	}
	buf_clear(&ours);
	buf_clear(&a);
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf compact = BUF_INIT(OUT_MAX);
	struct strict_value v;
	struct strict s;
	struct json j;
	struct json_val ours;
	char *text = malloc(size + 1);
	bool good;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	strict_init(&s, text, size, &compact);
	good = strict_value(&s, &v);
	strict_flush(&s);
	if (good && strict_peek(&s) != -1)
		good = false;
	if (good) {
		compare(text, size, &v, &compact);
	} else if (s.error == NULL ||
		   (strcmp(s.error, "invalid UTF-8") != 0 &&
		       strcmp(s.error, "nested too deeply") != 0)) {
		json_init(&j, text, size);
		CHECK(!json_value(&j, &ours) || !json_done(&j));
	}
	buf_clear(&compact);
	free(text);
	return 0;
}
