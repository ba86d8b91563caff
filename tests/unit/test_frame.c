/* logparse/frame: records and rejects, however the bytes are cut. */
#include <stdlib.h>

#include "buf.h"
#include "cuts.h"
#include "logparse/frame.h"
#include "tap.h"

static const char format_text[] = "format t 1\ntable T\nframe json Records\n"
				  "start v\nrequire name id\n"
				  "column TimeGenerated datetime time\n"
				  "column Name string name\n"
				  "column Id string id\n"
				  "column V string v\n";

static struct format *format;
static size_t limit; /* of a record; 0: the real one */

/* Append what the framer says of one event. */
static void
note(struct buf *b, enum frame_kind_of kind, const struct frame_event *ev)
{
	if (kind == FRAME_RECORD)
		buf_addf(b, "+%.*s ", (int)ev->n, ev->p);
	else
		buf_addf(b, "-%s@%llu:%.*s%s ", ev->why,
		    (unsigned long long)ev->at, (int)ev->n, ev->p,
		    ev->more ? "..." : "");
}

/* Feed text in steps of the given size; what comes out goes to b. */
static void
run(struct buf *b, const char *text, size_t n, size_t step)
{
	static struct capture c;
	struct framer f;
	struct frame_event ev;
	enum frame_kind_of kind;
	size_t start = 0, end = 0, pos;

	capture_free(&c);
	capture_init(&c, &format->tree);
	frame_init(&f, format);
	if (limit > 0) {
		f.limit = limit;
		f.part = limit / 2;
	}
	for (;;) {
		end = end + step < n ? end + step : n;
		/* A copy, so that a read past the window is seen. */
		char *window = malloc(end - start + 1);

		memcpy(window, text + start, end - start);
		pos = 0;
		do {
			kind = frame_next(
			    &f, &c, window, end - start, &pos, end == n, &ev);
			if (kind == FRAME_RECORD || kind == FRAME_REJECT)
				note(b, kind, &ev);
		} while (kind == FRAME_RECORD || kind == FRAME_REJECT);
		free(window);
		frame_consumed(&f, pos);
		start += pos;
		if (end == n)
			break;
	}
	if (start != n)
		buf_adds(b, "LEFT OVER");
	capture_free(&c);
}

static void
check(const char *text, const char *want)
{
	check_cuts(run, text, strlen(text), want);
}

static void
good_input(void)
{
	check("", "");
	check("  \n\t ", "");
	check("\xef\xbb\xbf", "");
	check("{\"Records\":[]}", "");
	check("[]", "");
	check("{\"Records\":[{\"id\":1},{\"id\":2}]}",
	    "+{\"id\":1} +{\"id\":2} ");
	check("\xef\xbb\xbf{ \"Records\" : [ { \"id\" : 1 } ] }\n",
	    "+{ \"id\" : 1 } ");
	check("{\"a\":{\"Records\":[1]},\"b\":[[]],\"Records\":[{\"id\":1}],"
	      "\"c\":{\"d\":[{}]},\"e\":\"]}\"}",
	    "+{\"id\":1} ");
	check("{\"Records\":[{\"id\":1}]}{\"Records\":[{\"id\":2}]}",
	    "+{\"id\":1} +{\"id\":2} ");
	check("{\"Records\":[{\"id\":1}],\"Records\":[{\"id\":2}]}",
	    "+{\"id\":1} +{\"id\":2} ");
	check("\xef\xbb\xbf[{\"id\":1}]\xef\xbb\xbf\xef\xbb\xbf[{\"id\":2}]\n"
	      "\xef\xbb\xbf{\"Records\":[{\"id\":3}]}\xef\xbb\xbf",
	    "+{\"id\":1} +{\"id\":2} +{\"id\":3} ");
	check("{\"id\":1}\xef\xbb", "+{\"id\":1} -bad-json@8:\xef\xbb ");
	check(
	    "[\xef\xbb\xbf{\"id\":1}]", "-bad-json@1:\xef\xbb\xbf{\"id\":1} ");
	check("[{\"id\":1},\n{\"id\":2}]", "+{\"id\":1} +{\"id\":2} ");
	check("{\"id\":1}\n{\"id\":2}\r\n\n{\"id\":3}",
	    "+{\"id\":1} +{\"id\":2} +{\"id\":3} ");
	check("{\n  \"id\": 1,\n  \"v\": {}\n}\n{\n  \"id\": 2\n}\n",
	    "+{\n  \"id\": 1,\n  \"v\": {}\n} +{\n  \"id\": 2\n} ");
	/* A member of that name that is no array belongs to the record. */
	check("{\"Records\":{\"x\":1},\"id\":1}",
	    "+{\"Records\":{\"x\":1},\"id\":1} ");
	check("{\"Records\":[{\"Records\":[{\"id\":3}],\"id\":1}]}",
	    "+{\"Records\":[{\"id\":3}],\"id\":1} ");
}

static void
bad_input(void)
{
	/* One bad record among good ones, in each way of framing. */
	check("{\"Records\":[{\"id\":1},{\"id\":tru},{\"id\":3}]}",
	    "+{\"id\":1} -bad-json@21:{\"id\":tru} +{\"id\":3} ");
	check("{\"id\":1}\n{\"id\":tru}\n{\"id\":3}\n",
	    "+{\"id\":1} -bad-json@9:{\"id\":tru} +{\"id\":3} ");
	check("{\n \"id\":1\n}\n{\n \"id\":tru\n}\n{\n \"id\":3\n}",
	    "+{\n \"id\":1\n} -bad-json@12:{\n \"id\":tru\n} "
	    "+{\n \"id\":3\n} ");
	/* An open string swallows the next beginning, which is found. */
	check("[{\"id\":\"1},{\"id\":\"2\"},{\"id\":\"3\"}]",
	    "-bad-json@1:{\"id\":\"1} +{\"id\":\"2\"} +{\"id\":\"3\"} ");
	check("[{\"id\":{\"1\"},{\"id\":2}]",
	    "-bad-json@1:{\"id\":{\"1\"} +{\"id\":2} ");
	/* Nested objects that look like one are no beginning. */
	check("[{\"id\":x,\"v\":{\"id\":1},\"w\":[{\"q\":1}]},{\"id\":2}]",
	    "-bad-json@1:{\"id\":x,\"v\":{\"id\":1},\"w\":[{\"q\":1}]} "
	    "+{\"id\":2} ");
	/* Two bad ones in a row stay two when the format knows a beginning. */
	check("[{\"v\":1,\"id\":x},{\"v\":1,\"id\":y},{\"v\":1,\"id\":3}]",
	    "-bad-json@1:{\"v\":1,\"id\":x} -bad-json@16:{\"v\":1,\"id\":y} "
	    "+{\"v\":1,\"id\":3} ");
	check("[{\"id\":tru},7,{\"id\":2}]",
	    "-bad-json@1:{\"id\":tru} -not-object@12:7 +{\"id\":2} ");
	/* The last one is bad, the array's end with it. */
	check("{\"Records\":[{\"id\":1},{\"id\":]}",
	    "+{\"id\":1} -bad-json@21:{\"id\":]} ");
	/* Values that are no objects. */
	check("{\"Records\":[1,\"x\",null,[{\"id\":1}],{\"id\":2}]}",
	    "-not-object@12:1 -not-object@14:\"x\" -not-object@18:null "
	    "-not-object@23:[{\"id\":1}] +{\"id\":2} ");
	check("garbage\n{\"id\":1}\nmore garbage\nand more\n{\"id\":2}",
	    "-bad-json@0:garbage +{\"id\":1} -bad-json@17:more garbage "
	    "-bad-json@30:and more +{\"id\":2} ");
	/* Cut off. */
	check("{\"Records\":[{\"id\":1},{\"id\":\"ab",
	    "+{\"id\":1} -truncated@21:{\"id\":\"ab ");
	check("{\"id\":1}\n{\"id\":", "+{\"id\":1} -truncated@9:{\"id\": ");
	check("{", "-truncated@0:{ ");
	check("]", "-bad-json@0:] ");
	check("{\"id\":1}]\n{\"id\":2}",
	    "+{\"id\":1} -bad-json@8:] +{\"id\":2} ");
	check("{\"id\":\"\x01\"}\n{\"id\":2}",
	    "-bad-json@0:{\"id\":\"\x01\"} +{\"id\":2} ");
	/* Behind the records. */
	check("{\"Records\":[{\"id\":1}],\"x\":nul}\n{\"id\":2}",
	    "+{\"id\":1} -bad-json@21:,\"x\":nul} +{\"id\":2} ");
}

/* The array around records, and the object around it, are strict JSON, too. */
static void
strict(void)
{
	check("[{\"id\":1},{\"id\":2},]",
	    "+{\"id\":1} +{\"id\":2} -bad-json@19:] ");
	check("[{\"id\":1},,{\"id\":2}]",
	    "+{\"id\":1} -bad-json@10:, +{\"id\":2} ");
	check("[,{\"id\":1}]", "-bad-json@1:, +{\"id\":1} ");
	check("[,]", "-bad-json@1:, ");
	check("[{\"id\":1} {\"id\":2},{\"id\":3}]",
	    "+{\"id\":1} -bad-json@10:{\"id\":2} +{\"id\":3} ");
	check("{\"Records\":[{\"id\":1},],\"x\":1}\n{\"id\":2}",
	    "+{\"id\":1} -bad-json@21:] +{\"id\":2} ");
	check("{\"Records\":[{\"id\":1}{\"id\":2},{\"id\":3}]}",
	    "+{\"id\":1} -bad-json@20:{\"id\":2} +{\"id\":3} ");
	check("{\"Records\":[{\"id\":1}],\"Records\":[,{\"id\":2}]}",
	    "+{\"id\":1} -bad-json@33:, +{\"id\":2} ");
	/* A bad record is one reject, its comma is none. */
	check("[{\"id\":x},{\"id\":2},{\"id\":3}]",
	    "-bad-json@1:{\"id\":x} +{\"id\":2} +{\"id\":3} ");
	check("[{\"id\":x}]", "-bad-json@1:{\"id\":x} ");
	check("[{\"id\":1},7,,null]",
	    "+{\"id\":1} -not-object@10:7 -bad-json@12:, -not-object@13:null ");
	/* Cut off: nothing is left of what is missing. */
	check("[{\"id\":1}", "+{\"id\":1} -truncated@9: ");
	check("[{\"id\":1},", "+{\"id\":1} -truncated@10: ");
	check("[", "-truncated@1: ");
	check("[\"a\"", "-not-object@1:\"a\" -truncated@4: ");
	check("[\"\x01\",\"a\"",
	    "-bad-json@1:\"\x01\" -not-object@5:\"a\" -truncated@8: ");
	check("[12", "-not-object@1:12 -truncated@3: ");
	check("{\"Records\":[{\"id\":1}", "+{\"id\":1} -truncated@20: ");
	check("{\"Records\":[{\"id\":1}\n", "+{\"id\":1} -truncated@21: ");
	check("{\"Records\":[{\"id\":1},", "+{\"id\":1} -truncated@21: ");
	check("{\"Records\":[{\"id\":1}]", "+{\"id\":1} -truncated@21: ");
	check(
	    "{\"Records\":[{\"id\":1}],\"x\":1", "+{\"id\":1} -truncated@27: ");
	check("{\"Records\":[{\"id\":1}],\"x\":\"y",
	    "+{\"id\":1} -truncated@21:,\"x\":\"y ");
	check("{\"Records\":[", "-truncated@12: ");
}

/* What is behind the limit does not count, even when it is there already. */
static void
limits(void)
{
	limit = 24;
	check("[{\"id\":\"aaaaaaaaaaaaaa\"}]", "+{\"id\":\"aaaaaaaaaaaaaa\"} ");
	check("[{\"id\":\"aaaaaaaaaaaaaaaaa\"},{\"id\":2}]",
	    "-too-long@1:{\"id\":\"aaaaa... -too-long@1:aaaaaaaaaaaa... "
	    "-too-long@1:\"} +{\"id\":2} ");
	/* No JSON, before and behind the limit. */
	check("[{\"id\":tru,\"aaaaaaaaaaaa\":2},{\"id\":2}]",
	    "-bad-json@1:{\"id\":tru,\"a... -bad-json@1:aaaaaaaaaaa\"... "
	    "-bad-json@1::2} +{\"id\":2} ");
	check("[{\"id\":\"aaaaaaaaaaaaaaaaaa\",x},{\"id\":2}]",
	    "-too-long@1:{\"id\":\"aaaaa... -too-long@1:aaaaaaaaaaaa... "
	    "-too-long@1:a\",x} +{\"id\":2} ");
	/* What looks like a beginning is a record only within the limit. */
	check("[{\"a\":x,{\"id\":\"bbbbbbbbbbbbb\"},{\"id\":2}]",
	    "-bad-json@1:{\"a\":x +{\"id\":\"bbbbbbbbbbbbb\"} "
	    "+{\"id\":2} ");
	check("[{\"a\":x,{\"id\":\"bbbbbbbbbbbbbbbbbb\"},{\"id\":2}]",
	    "-bad-json@1:{\"a\":x,{\"id\"... -bad-json@1::\"bbbbbbbbbb... "
	    "-bad-json@1:bbbbbbbb\"} +{\"id\":2} ");
	/* Before and behind the records. */
	check("{\"x\":\"aaaaaaaaaaaaaaaaaaaaaaaaa\",\"Records\":[{\"id\":1}]}",
	    "-too-long@0:{\"x\":\"aaaaaa... -too-long@0:aaaaaaaaaaaa... "
	    "-too-long@0:aaaaaaa\",\"Re... -too-long@0:cords\":[{\"id... "
	    "-too-long@0:\":1}]} ");
	check("{\"Records\":[{\"id\":1}],\"x\":\"aaaaaaaaaaaaaaaaaaaaa\"}",
	    "+{\"id\":1} -too-long@21:,\"x\":\"aaaaaa... "
	    "-too-long@21:aaaaaaaaaaaa... -too-long@21:aaa\" ");
	limit = 0;
}

/* White space without end is not waited for: here 100,000 bytes of it stand
 * where a beginning and an end are looked for. */
static void
spaces(void)
{
	static char gap[100001], text[100200], want[300200];

	memset(gap, ' ', sizeof(gap) - 1);
	snprintf(text, sizeof(text), "[{\"id\":x}%s,{\"id\":2}]", gap);
	check(text, "-bad-json@1:{\"id\":x} +{\"id\":2} ");
	snprintf(text, sizeof(text), "[{\"id\":{x},{%s\"v\":1}}]", gap);
	snprintf(
	    want, sizeof(want), "-bad-json@1:{\"id\":{x},{%s\"v\":1}} ", gap);
	check(text, want);
	snprintf(text, sizeof(text), "[{\"id\":{x},%s{\"v\":1}]", gap);
	snprintf(want, sizeof(want), "-bad-json@1:{\"id\":{x} +{\"v\":1} ");
	check(text, want);
}

/* While memory is short, a spilled record goes out as it comes. */
static void
squeezed(void)
{
	static struct capture c;
	static char text[100000];
	struct frame_event ev;
	struct framer f;
	size_t pos = 0, n = 0, parts = 0;

	memset(text, 'a', sizeof(text));
	memcpy(text, "[{\"id\":x,\"", 10);
	memcpy(text + 50000, ",{\"id\":[", 8); /* may be a beginning */
	capture_free(&c);
	capture_init(&c, &format->tree);
	frame_init(&f, format);
	OK(frame_next(&f, &c, text, sizeof(text), &pos, false, &ev) ==
		    FRAME_NEED &&
		pos == 1,
	    "a bad record is waited for");
	f.squeeze = true;
	while (frame_next(&f, &c, text, sizeof(text), &pos, false, &ev) ==
	       FRAME_REJECT) {
		parts += ev.more;
		n += ev.n;
	}
	OK(parts > 0 && n == pos - 1 && sizeof(text) - pos <= 2048,
	    "but not when memory is short");
}

/* A record over the limit comes out in parts, the next one is found. */
static void
too_long(size_t step)
{
	enum { LONG = FRAME_RECORD_MAX + 1000 };
	static struct capture c;
	struct buf text = BUF_INIT(3 * LONG);
	struct framer f;
	struct frame_event ev;
	enum frame_kind_of kind;
	size_t start = 0, end = 0, pos, total = 0, parts = 0, records = 0;
	bool ok = true, last = false;

	buf_adds(&text, "{\"Records\":[{\"id\":\"");
	for (int i = 0; i < LONG; i += 4)
		buf_adds(&text, i % 16 == 0 ? "{}\\\"" : "\xc3\xa9]}");
	buf_adds(&text, "\"},{\"id\":2}]}");
	capture_free(&c);
	capture_init(&c, &format->tree);
	frame_init(&f, format);
	while (end < text.len) {
		end = end + step < text.len ? end + step : text.len;
		pos = 0;
		while ((kind = frame_next(&f, &c, text.p + start, end - start,
			    &pos, end == text.len, &ev)) < FRAME_NEED) {
			if (kind == FRAME_RECORD) {
				records++;
				continue;
			}
			ok = ok && !last && ev.at == 12 &&
			     ev.n <= FRAME_PART_MAX &&
			     strcmp(ev.why, "too-long") == 0 &&
			     memcmp(ev.p, text.p + 12 + total, ev.n) == 0;
			total += ev.n;
			parts++;
			last = !ev.more;
		}
		frame_consumed(&f, pos);
		start += pos;
		ok = ok && end - start <=
			       FRAME_RECORD_MAX + 2 * FRAME_PART_MAX + step;
	}
	OK(ok && last && total == text.len - 12 - 11, "a record over 4 MiB");
	OK(parts == 5 && records == 1, "  in five parts, and the next one");
	buf_clear(&text);
}

/* Depth without end costs neither stack nor time. */
static void
deep(void)
{
	enum { N = 100000 };
	struct buf text = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);

	buf_adds(&text, "{\"id\":");
	for (int i = 0; i < N; i++)
		buf_addc(&text, '[');
	buf_adds(&text, "\n{\"id\":2}\n");
	run(&out, text.p, text.len, 4096);
	OK(strncmp(out.p, "-bad-json@0:{\"id\":[[", 20) == 0 &&
		strcmp(out.p + out.len - 10, "+{\"id\":2} ") == 0,
	    "100,000 open brackets are one reject");
	buf_clear(&text);
	buf_clear(&out);
}

static void
reject_all(void)
{
	struct framer f;
	struct frame_event ev;
	size_t pos = 0;

	frame_init(&f, NULL);
	frame_reject_all(&f, "unknown-format");
	OK(frame_next(&f, NULL, "a\n{}\n", 5, &pos, false, &ev) == FRAME_NEED &&
		pos == 0,
	    "of an unknown format all is kept");
	OK(frame_next(&f, NULL, "a\n{}\n", 5, &pos, true, &ev) ==
		    FRAME_REJECT &&
		ev.n == 5 && !ev.more && strcmp(ev.why, "unknown-format") == 0,
	    "to the last byte");
	OK(frame_next(&f, NULL, "a\n{}\n", 5, &pos, true, &ev) == FRAME_END,
	    "once");
}

int
main(void)
{
	struct fault fault = {0};

	format = format_read("t", format_text, sizeof(format_text) - 1, &fault);
	if (format == NULL) {
		printf("Bail out! %s\n", fault.text);
		return 1;
	}
	good_input();
	bad_input();
	strict();
	limits();
	spaces();
	squeezed();
	too_long(SIZE_MAX / 2);
	too_long(100000);
	deep();
	reject_all();
	format_free(format);
	return tap_done();
}
