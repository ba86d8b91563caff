/*
 * Framing of JSON, on any bytes cut anywhere.  Invariants: the events are
 * the same however the bytes are cut, with limits of every size; records and
 * rejects come in order and do not overlap; every byte that is no separator is
 * in one of them or in an envelope; a record is JSON; a reject over the limit
 * comes in parts that follow each other.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "logparse/detect.h"
#include "logparse/frame.h"
#include "trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
note(struct trace *t, enum frame_kind_of kind, const struct frame_event *ev,
    const char *data)
{
	struct json_val v;
	struct json j;
	uint64_t at;

	if (ev->at < t->end)
		abort();
	if (kind == FRAME_RECORD) {
		json_init(&j, ev->p, ev->n);
		if (!json_value(&j, &v) || !json_done(&j))
			abort();
	}
	at = t->part > 0 ? t->part : ev->at;
	/* A missing end has no bytes. */
	if (ev->n == 0 && (kind != FRAME_REJECT || ev->more ||
			      strcmp(ev->why, "truncated") != 0))
		abort();
	if (memcmp(data + at, ev->p, ev->n) != 0 ||
	    (ev->more && kind == FRAME_RECORD))
		abort();
	t->part = ev->more ? at + ev->n : 0;
	if (!ev->more)
		t->end = at + ev->n;
	mix(t, &kind, sizeof(kind));
	mix(t, &ev->at, sizeof(ev->at));
	mix(t, ev->p, ev->n);
	mix(t, &ev->bad_at, sizeof(ev->bad_at));
	mix(t, ev->why != NULL ? ev->why : "none", 4);
	mix(t, &ev->filtered, sizeof(ev->filtered));
	t->events++;
}

/* What is kept around the record is JSON, and the same, too. */
static void
around(struct trace *t, const struct framer *f)
{
	struct buf b = BUF_INIT(1 << 24);
	struct json_val v;
	struct json j;

	if (context_slots(&f->context) == NULL)
		return;
	context_write(&f->context, &b);
	json_init(&j, b.p, b.len);
	if (!json_value(&j, &v) || !json_done(&j))
		abort();
	mix(t, b.p, b.len);
	buf_clear(&b);
}

static struct trace
run(const struct formats *all, int place, const char *data, size_t n,
    size_t step, size_t limit)
{
	const struct format *format = all->v[place].format;
	struct capture *c = all->v[place].capture;
	struct trace t = {.hash = TRACE_BEGIN};
	size_t start = 0, end = 0, pos, held = 0;
	enum frame_kind_of kind;
	struct frame_event ev;
	struct framer f;
	char *window;

	frame_init(&f, format);
	if (all->v[place].outer != NULL)
		frame_around(&f, all->v[place].outer, &held);
	if (limit > 0) {
		f.limit = limit;
		f.part = limit / 4;
	}
	do {
		end = step < n - end ? end + step : n;
		/* Memory of its own, so that reading past it is seen. */
		window = malloc(end - start + 1);
		if (window == NULL)
			abort();
		memcpy(window, data + start, end - start);
		pos = 0;
		while ((kind = frame_next(&f, c, window, end - start, &pos,
			    end == n, &ev)) < FRAME_NEED)
			around(&t, &f), note(&t, kind, &ev, data);
		free(window);
		frame_consumed(&f, pos);
		start += pos;
	} while (end < n);
	frame_free(&f);
	if (start != n || held != 0)
		abort();
	return t;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* One for each 61 values of the first byte. */
	static const char *const names[] = {
	    "cloudtrail", "json", "securityhub", "cloudwatch", "json"};
	static struct formats all;
	struct trace whole, cut;
	size_t step, limit;
	int ours;

	if (all.n == 0)
		formats_init(&all);
	if (n < 2)
		return 0;
	step = (size_t)data[0] % 61 + 1;
	limit = data[1] < 32 ? 0 : data[1];
	data += 2;
	n -= 2;
	ours = formats_find(
	    &all, names[data[-2] / 61], strlen(names[data[-2] / 61]));
	if (ours < 0)
		abort();
	formats_use(&all, ours);
	whole = run(&all, ours, (const char *)data, n, n + 1, limit);
	cut = run(&all, ours, (const char *)data, n, step, limit);
	if (whole.hash != cut.hash || whole.events != cut.events)
		abort();
	return 0;
}
