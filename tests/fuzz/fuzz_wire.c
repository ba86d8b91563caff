/*
 * Lines of the wire, taken in two ways that agree: any line is taken apart or
 * refused; an object goes through an open line unchanged; any bytes go through
 * chunk lines and come out as they were, in lines within their limit.
 */
#include <stdlib.h>
#include <string.h>

#include "utf8.h"
#include "wire.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { OUT_MAX = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A missing member, or a slice of the line. */
static void
check_slice(const struct wire_line *w, const struct json_val *v)
{
	CHECK(v->p == NULL ||
	      (v->p >= w->line && v->n > 0 && v->p + v->n <= w->line + w->len));
}

/* The quick way with chunks says what the other one does. */
static void
check_quick(const char *line, size_t n)
{
	struct buf quick = BUF_INIT(OUT_MAX), slow = BUF_INIT(OUT_MAX);
	struct wire_chunk_text c;
	struct wire_line w;
	const char *why;
	char id[WIRE_ID_LEN + 1];
	uint64_t at;

	if (wire_chunk_text(&c, line, n) &&
	    json_unescape_strict(&quick, c.text, c.len)) {
		CHECK(wire_parse(&w, line, n, &why) && w.kind == WIRE_CHUNK);
		CHECK(wire_id(&w, id) && strcmp(id, c.id) == 0);
		CHECK(json_uint(&w.at, &at) && at == c.at);
		CHECK(json_text(&slow, &w.text) == 0);
		CHECK(
		    slow.len == quick.len &&
		    (slow.len == 0 || memcmp(slow.p, quick.p, slow.len) == 0));
	}
	buf_clear(&quick);
	buf_clear(&slow);
}

static void
check_object(const char *line, size_t n)
{
	struct buf open = BUF_INIT(OUT_MAX), a = BUF_INIT(OUT_MAX);
	struct buf b = BUF_INIT(OUT_MAX);
	const struct json_val whole = {line, n, JSON_OBJECT, 0};
	struct wire_object o, back;
	struct wire_line w;
	const char *why;
	char id[WIRE_ID_LEN + 1], got[WIRE_ID_LEN + 1], x[17], y[17];

	if (!wire_object(&o, &whole, &why)) {
		CHECK(why != NULL);
		return;
	}
	if (!wire_new_id(&o, id))
		return;
	wire_open(&open, id, line, n, n % 2 == 0);
	CHECK(open.err == 0 && wire_parse(&w, open.p, open.len, &why));
	CHECK(w.kind == WIRE_OPEN && wire_id(&w, got) && strcmp(got, id) == 0);
	CHECK(wire_object(&back, &w.object, &why));
	CHECK(wire_object_id(&o, x) && wire_object_id(&back, y) &&
	      strcmp(x, y) == 0 && memcmp(x, id, 16) == 0);
	CHECK(wire_object_key(&o, &a) == wire_object_key(&back, &b));
	CHECK(a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0));
	buf_clear(&open);
	buf_clear(&a);
	buf_clear(&b);
}

static void
check_chunks(const char *p, size_t n, size_t at_once)
{
	struct buf line = BUF_INIT(OUT_MAX), all = BUF_INIT(OUT_MAX);
	struct wire_line w;
	const char *why;
	uint64_t at = 0, told;
	size_t taken, have;

	while (at < n) {
		have = n - at < at_once ? n - at : at_once;
		buf_reset(&line);
		taken = wire_chunk(&line, "0123456789abcdef-0123", at, p + at,
		    have, at + have == n);
		if (taken == 0) { /* a beginning of a character */
			CHECK(at + have < n && line.len == 0 && have < 4);
			at_once++;
			continue;
		}
		CHECK(taken <= have && line.len < WIRE_CHUNK_LINE_MAX);
		CHECK(utf8_valid(line.p, line.len) == line.len);
		CHECK(wire_parse(&w, line.p, line.len, &why));
		CHECK(w.kind == WIRE_CHUNK && json_uint(&w.at, &told) &&
		      told == at);
		check_quick(line.p, line.len);
		if (w.text.p != NULL)
			CHECK(json_text(&all, &w.text) == 0);
		else
			CHECK(json_base64(&all, w.b64.p + 1, w.b64.n - 2));
		at += taken;
		CHECK(all.len == at);
	}
	CHECK(n == 0 || memcmp(all.p, p, n) == 0);
	buf_clear(&line);
	buf_clear(&all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + (size == 0));
	char id[WIRE_ID_LEN + 1];
	const char *why = NULL;
	struct wire_counts c;
	struct wire_line w;

	CHECK(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	if (wire_parse(&w, text, size, &why)) {
		check_slice(&w, &w.id);
		check_slice(&w, &w.row);
		check_slice(&w, &w.text);
		check_slice(&w, &w.object);
		if (wire_id(&w, id))
			CHECK(strlen(id) == WIRE_ID_LEN);
		if (w.mark.p != NULL)
			wire_counts(&w.mark, &c);
		if (w.kind == WIRE_DONE)
			(void)wire_done_code(&w);
		if (w.kind == WIRE_OBJECT)
			check_object(text, size);
	} else {
		CHECK(why != NULL);
	}
	check_quick(text, size);
	check_chunks(text, size, 1 + size % 50);
	free(text);
	return 0;
}
