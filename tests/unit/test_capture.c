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
	IS(b.p, "{\"unmapped\":{\"x\":3,\"d1.y\":3,\"others\":6}}",
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
	counts();
	format_free(format);
	return tap_done();
}
