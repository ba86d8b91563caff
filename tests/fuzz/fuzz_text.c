/*
 * Framing of text, on any bytes cut anywhere.  Invariants: the events and the
 * values are the same however the bytes are cut, with limits of every size;
 * records and rejects come in order and do not overlap; values are JSON; every
 * byte that is no line break, header, directive or blank line is in an event.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "logparse/detect.h"
#include "logparse/frame.h"
#include "logparse/header.h"
#include "trace.h"

#define CHECK(cond) ((cond) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* One of each way to frame. */
static const char *const texts[] = {
    "format a 1\ntable T\nframe lines\n"
    "column TimeGenerated datetime object-time\ncolumn L string line\n",
    "format b 1\ntable T\nframe delimited space header\nfields a b c d\n"
    "least 3\nmatch a 1* 2*\ncolumn TimeGenerated datetime a as epoch\n"
    "column B string b\ncolumn C string c\n",
    "format c 1\ntable T\nframe delimited space quotes brackets\n"
    "fields a b c d\nleast 2\ncolumn TimeGenerated datetime a as apache\n"
    "column B string b\ncolumn C string c\ncolumn L string line\n",
    "format d 1\ntable T\nframe delimited comma csv first-line\nleast 2\n"
    "column TimeGenerated datetime a\ncolumn B string b\n",
    "format e 1\ntable T\nframe w3c tab\nfields a b c\n"
    "column TimeGenerated datetime join \" \" a b\ncolumn C string c\n",
    "format f 1\ntable T\nframe delimited semicolon kept-quotes\n"
    "fields a b ...\ncolumn TimeGenerated datetime a\ncolumn B string b\n",
};
enum { FORMATS = sizeof(texts) / sizeof(*texts) };

static struct format *formats[FORMATS];
static struct capture captures[FORMATS];

static void
values(struct trace *t, const struct capture *c)
{
	struct json_val v;
	struct json j;

	for (unsigned i = 0; i < c->tree->slots; i++) {
		if (c->slot[i].p == NULL)
			continue;
		json_init(&j, c->slot[i].p, c->slot[i].n);
		CHECK(json_value(&j, &v) && json_done(&j));
		CHECK(v.type == JSON_STRING);
		mix(t, c->slot[i].p, c->slot[i].n);
	}
	for (size_t i = 0; i < c->nunmapped; i++) {
		json_init(&j, c->unmapped[i].key.p, c->unmapped[i].key.n);
		CHECK(json_value(&j, &v) && json_done(&j));
		mix(t, v.p, v.n);
	}
}

static void
note(struct trace *t, enum frame_kind_of kind, const struct frame_event *ev,
    const struct capture *c, const char *data)
{
	uint64_t at = t->part > 0 ? t->part : ev->at;

	CHECK(ev->at >= t->end && ev->n > 0);
	CHECK(memcmp(data + at, ev->p, ev->n) == 0);
	CHECK(!ev->more || kind == FRAME_REJECT);
	t->part = ev->more ? at + ev->n : 0;
	if (!ev->more)
		t->end = at + ev->n;
	mix(t, &kind, sizeof(kind));
	mix(t, &ev->at, sizeof(ev->at));
	mix(t, ev->p, ev->n);
	mix(t, ev->why != NULL ? ev->why : "none", 4);
	if (kind == FRAME_RECORD)
		values(t, c);
	t->events++;
}

static struct trace
run(size_t k, const char *data, size_t n, size_t step, size_t limit)
{
	struct trace t = {.hash = TRACE_BEGIN};
	size_t start = 0, end = 0, pos;
	enum frame_kind_of kind;
	struct frame_event ev;
	struct framer f;
	char *window;

	frame_init(&f, formats[k]);
	if (limit > 0) {
		f.limit = limit;
		f.part = limit / 4;
	}
	do {
		end = step < n - end ? end + step : n;
		/* Memory of its own, so that reading past it is seen. */
		window = malloc(end - start + 1);
		CHECK(window != NULL);
		memcpy(window, data + start, end - start);
		pos = 0;
		while ((kind = frame_next(&f, &captures[k], window, end - start,
			    &pos, end == n, &ev)) < FRAME_NEED)
			note(&t, kind, &ev, &captures[k], data);
		free(window);
		frame_consumed(&f, pos);
		start += pos;
	} while (end < n);
	CHECK(start == n);
	frame_free(&f);
	return t;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fault fault = {0};
	struct trace whole, cut;
	size_t k, step, limit;

	for (k = 0; k < FORMATS && formats[FORMATS - 1] == NULL; k++) {
		formats[k] =
		    format_read("f", texts[k], strlen(texts[k]), &fault);
		CHECK(formats[k] != NULL);
		/* Values are looked at in the slots. */
		formats[k]->text.direct = false;
		capture_init(&captures[k], &formats[k]->tree);
	}
	if (n < 3)
		return 0;
	k = data[0] % FORMATS;
	step = (size_t)data[1] % 61 + 1;
	limit = data[2] < 32 ? 0 : data[2];
	data += 3;
	n -= 3;
	whole = run(k, (const char *)data, n, n + 1, limit);
	cut = run(k, (const char *)data, n, step, limit);
	CHECK(whole.hash == cut.hash && whole.events == cut.events);
	return 0;
}
