/* logparse/capture: wanted slices, what no column takes, what came twice. */
#include <stdlib.h>

#include "logparse/capture.h"
#include "logparse/format.h"
#include "logparse/unmapped.h"
#include "tap.h"

static const char format_text[] =
    "format t 1\ntable T\nframe json Records\n"
    "column TimeGenerated datetime time\n"
    "column Name string name\n"
    "column Whole string whole\n"
    "column Inner string whole.inner\n"
    "column Port string list[0].port\n"
    "column Second string list[2]\n"
    "column Odd string [\"a.b c\"][\"\xc3\xa9\"]\n"
    "column Deep string d1.d2.d3\n";

static struct format *format;
static struct capture c;

static enum capture_result
run(const char *text)
{
	struct json j;
	unsigned depth;

	json_init(&j, text, strlen(text));
	return capture_record(&c, &j, true, &depth);
}

/* The columns' slices of text, then what has no column. */
static void
check(const char *text, const char *want)
{
	struct buf b = BUF_INIT(10000);

	OK(run(text) == CAPTURE_OK, text);
	for (size_t i = 1; i < format->n; i++) {
		const struct json_val *v =
		    &c.slot[format->columns[i].node->slot];

		if (v->p != NULL)
			buf_addf(&b, "%s=%.*s ", format->columns[i].name,
			    (int)v->n, v->p);
	}
	for (size_t i = 0; i < c.nunmapped; i++)
		buf_addf(&b, "-%.*s ", (int)c.unmapped[i].key.n,
		    c.unmapped[i].key.p);
	if (c.duplicates > 0)
		buf_addf(&b, "twice %d ", (int)c.duplicates);
	IS(b.p != NULL ? b.p : "", want, "  as expected");
	buf_clear(&b);
}

static void
slices(void)
{
	check("{}", "");
	check("{\"name\":\"x\",\"whole\":{\"inner\":[1, 2]}}",
	    "Name=\"x\" Whole={\"inner\":[1, 2]} Inner=[1, 2] ");
	check("{\"list\":[{\"port\":1e0},5,{\"port\":3}]}",
	    "Port=1e0 Second={\"port\":3} ");
	check("{\"list\":[5,{\"port\":3}]}", "");
	check("{\"list\":[]}", "");
	check("{\"a.b c\":{\"\xc3\xa9\":true}}", "Odd=true ");
	/* Names are compared without their escapes. */
	check("{\"n\\u0061me\":1,\"a\\u002eb c\":{\"\\u00e9\":2}}",
	    "Name=1 Odd=2 ");
	check("{\"\\u0000name\":1,\"\":2,\"nam\":3}",
	    "-\"\\u0000name\" -\"\" -\"nam\" ");
	check("{\"name\":null}", "Name=null ");
}

static void
leftovers(void)
{
	check("{\"x\":1,\"d1\":{\"y\":{\"z\":1},\"d2\":{\"d3\":1,\"w\":2}}}",
	    "Deep=1 -\"x\" -\"y\" -\"w\" ");
	/* What a column takes as a whole has no members of its own. */
	check("{\"whole\":{\"x\":1,\"inner\":2}}",
	    "Whole={\"x\":1,\"inner\":2} Inner=2 ");
	/* A value of another kind than its place in a path. */
	check("{\"d1\":5}", "-\"d1\" ");
	check("{\"d1\":[{\"d2\":1}],\"list\":{\"port\":1}}",
	    "-\"d1\" -\"list\" ");
	check("{\"d1\":{\"d2\":\"text\"}}", "-\"d2\" ");
	check("{\"d1\":null,\"list\":null}", "");
	check("{\"d1\":{},\"list\":[]}", "");
}

static void
twice(void)
{
	check("{\"name\":1,\"name\":2}", "Name=2 twice 1 ");
	check("{\"whole\":{\"inner\":1},\"whole\":{}}", "Whole={} twice 1 ");
	check("{\"d1\":{\"d2\":{\"d3\":1}},\"d1\":null}", "twice 1 ");
	check("{\"d1\":{\"d2\":{\"d3\":1}},\"d1\":{\"d2\":{\"d3\":2}}}",
	    "Deep=2 twice 1 ");
	check("{\"d1\":{\"d2\":{\"d3\":1},\"d2\":{\"d3\":2,\"d3\":3}}}",
	    "Deep=3 twice 2 ");
}

static void
others(void)
{
	static const char *const cut[] = {"{\"list\":[1,",
	    "{\"list\":", "{\"d1\":{\"d2\"", "{\"whole\":[1,2", "{\"na"};
	struct json j;
	unsigned depth;
	bool ok = true;

	OK(run("[1]") == CAPTURE_NOT_OBJECT, "an array is no record");
	OK(run("\"x\"") == CAPTURE_NOT_OBJECT, "a string neither");
	OK(run("{\"x\":1,\"Records\":[") == CAPTURE_ENVELOPE,
	    "the array of records is an envelope");
	OK(run("{\"list\":[1,x]}") == CAPTURE_BAD, "no JSON in an array");
	OK(run("{\"list\":x}") == CAPTURE_BAD, "no JSON for one");
	OK(run("{\"d1\":{\"d2\":{\"d3\"}}}") == CAPTURE_BAD, "nor in a path");
	OK(run("") == CAPTURE_BAD, "nor nothing");
	for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++) {
		json_init(&j, cut[i], strlen(cut[i]));
		j.final = false;
		ok = ok && capture_record(&c, &j, true, &depth) == CAPTURE_MORE;
	}
	OK(ok, "what goes on is not complete");
}

/* What a record gives, as text. */
static void
given(struct buf *b, struct capture *from, const struct format *f,
    const char *text, size_t n)
{
	enum capture_result r;
	unsigned depth = 0;
	struct json j;

	json_init(&j, text, n);
	j.final = n == strlen(text);
	r = capture_record(from, &j, true, &depth);
	buf_addf(b, "%d %d %zu %u ", (int)r, (int)j.err, (size_t)(j.p - text),
	    depth);
	for (size_t i = 0; r == CAPTURE_OK && i < f->n; i++) {
		const struct json_val *v =
		    &from->slot[f->columns[i].node->slot];

		if (v->p != NULL)
			buf_addf(b, "%s=%.*s/%d/%u ", f->columns[i].name,
			    (int)v->n, v->p, (int)v->type, v->flags);
	}
	for (size_t i = 0; r == CAPTURE_OK && i < from->nunmapped; i++)
		buf_addf(b, "-%.*s ", (int)from->unmapped[i].key.n,
		    from->unmapped[i].key.p);
	buf_addf(b, "twice %d", (int)from->duplicates);
}

/* Which member comes next is guessed by the records before: that changes
 * nothing. */
static void
guessed(void)
{
	static const char *const texts[] = {
	    "{\"name\":\"x\",\"whole\":{\"inner\":\"y\"},\"time\":1}",
	    "{\"name\":1,\"whole\":{\"inner\":[]},\"time\":\"\"}",
	    "{\"name\":\"x\" ,\"whole\" :{ \"inner\":1},\"time\": \"a b\" }",
	    "{\"name\":\"x\",,\"whole\":1}",
	    "{,\"name\":\"x\"}",
	    "{\"name\":\"x\"\"whole\":1}",
	    "{\"name\":\"x\",\"whole\"}",
	    "{\"name\":\"x\",\"whole\":}",
	    "{\"name\":\"x\\n\",\"whole\":\"\xc3\xa9\"}",
	    "{\"name\":\"x\x01\",\"whole\":1}",
	    "{\"name\":\"x\\\"\",\"whol\\u0065\":1,\"time\":2}",
	    "{\"name\":1,\"name\":2,\"whole\":3,\"whole\":{\"inner\":1}}",
	    "{\"whole\":1,\"name\":2,\"names\":3,\"nam\":4,\"time\":5}",
	    "{\"time\":1,\"name\":\"a string of more than thirty-two "
	    "bytes..\"}",
	    "{\"d1\":{\"d2\":{\"d3\":\"x\"}},\"list\":[{\"port\":\"1\"},2,"
	    "\"3\"]}",
	    "{\"d1\":{\"d2\":\"x\"},\"list\":[{\"port\":1,\"port\":2}]}",
	    "{}",
	};
	const size_t n = sizeof(texts) / sizeof(*texts);
	struct buf fresh = BUF_INIT(10000), after = BUF_INIT(10000);
	struct fault fault = {0};
	struct capture mine;
	struct format *f;
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			for (size_t len = 0; len <= strlen(texts[k]); len++) {
				f = format_read("t", format_text,
				    sizeof(format_text) - 1, &fault);
				capture_init(&mine, &f->tree);
				buf_reset(&fresh);
				buf_reset(&after);
				given(&fresh, &mine, f, texts[k], len);
				given(&after, &c, format, texts[i],
				    strlen(texts[i]));
				buf_reset(&after);
				given(&after, &c, format, texts[k], len);
				if (strcmp(fresh.p, after.p) != 0)
					fprintf(stderr,
					    "# %s, %zu bytes, after %s\n# got: "
					    "%s\n# want: %s\n",
					    texts[k], len, texts[i], after.p,
					    fresh.p);
				ok = ok && strcmp(fresh.p, after.p) == 0;
				capture_free(&mine);
				format_free(f);
			}
	OK(ok, "records after others are what they are alone");
	buf_clear(&fresh);
	buf_clear(&after);
}

/* Counted over records, by name; those beyond the limits together. */
static void
counts(void)
{
	struct unmapped u = {0};
	struct buf b = BUF_INIT(100000), text = BUF_INIT(100000);
	struct jsonw w;

	for (int i = 0; i < 3; i++) {
		(void)run(
		    "{\"x\":1,\"d1\":{\"y\":1},\"n\\u0061\":1,\"\xc3\xa9\":"
		    "1}");
		unmapped_count(&u, &c);
	}
	jsonw_begin(&w, &b);
	unmapped_write(&u, &w);
	jsonw_end(&w);
	IS(b.p,
	    "{\"unmapped\":{\"x\":3,\"d1.y\":3,\"\xc3\xa9\":3,\"others\":3}}",
	    "names of fields without a column, counted");
	unmapped_free(&u);
	buf_adds(&text, "{\"long");
	for (int i = 0; i < 61; i++)
		buf_addc(&text, 'g');
	buf_adds(&text, "\":1");
	for (int i = 0; i < 70; i++)
		buf_addf(&text, ",\"x%d\":1", i);
	buf_adds(&text, "}");
	(void)run(text.p);
	OK(c.nunmapped == CAPTURE_UNMAPPED_MAX && c.others == 7,
	    "only so many of a record");
	for (int i = 0; i < 2; i++)
		unmapped_count(&u, &c);
	(void)run("{\"y1\":1,\"y2\":1,\"x0\":1}");
	unmapped_count(&u, &c);
	OK(u.n == UNMAPPED_NAMES && u.others == 2 * (7 + 1) + 1 &&
		u.v[0].count == 3,
	    "and of all");
	unmapped_free(&u);
	jsonw_begin(&w, &b);
	unmapped_write(&u, &w);
	jsonw_end(&w);
	IS(b.p, "{}", "none");
	buf_clear(&b);
	buf_clear(&text);
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
	capture_init(&c, &format->tree);
	slices();
	leftovers();
	twice();
	others();
	guessed();
	counts();
	format_free(format);
	return tap_done();
}
