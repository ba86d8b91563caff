/* logparse/source and rule: values of columns, and what is asked of records. */
#include "logparse/capture.h"
#include "logparse/format.h"
#include "logparse/source.h"
#include "tap.h"

static const char format_text[] =
    "format t 1\ntable T\nframe json list\n"
    "column TimeGenerated datetime t | u | ^when\n"
    "column First string a | b.c | = \"none\"\n"
    "column Part string part \":\" 2 arn\n"
    "column Last string part \"::\" -1 arn | part \":\" -2 arn\n"
    "column Joined string join \"/\" j.x j.y j.z\n"
    "column Whole int whole w\n"
    "column Made dynamic object a=a n=w j=$Joined d=dyn\n"
    "column Pick string groups[?hit].id\n"
    "column Deep string groups[?hit].hit.name\n"
    "column Port int part \":\" 1 host\n"
    "column Outer string ^owner | owner\n"
    "column All string .\n"
    "column ByKey string key *GLB* \"G\" | key a/* \"A\"\n"
    "column NoKey string key *NLB* \"N\"\n"
    "require t a b.c arn j w groups host dyn\n"
    "allowed kind x \"y z\" 3 true\n"
    "range w -1.5 1e3\n"
    "filter drop yes\n"
    "when type one two\n";

static struct format *format;
static struct capture c, outer;

/* The column of that name of the record; "-" when it has none, "!" when the
 * value does not fit. */
static void
value(
    const char *name, const char *record, const char *around, const char *want)
{
	struct record rec = {.slots = c.slot,
	    .outer = around != NULL ? outer.slot : NULL,
	    .key = "a/GLB/b",
	    .nkey = 7};
	struct value_counts counts = {0};
	struct buf b = BUF_INIT(1 << 20);
	enum value_result r = VALUE_ABSENT;
	const struct column *col = format->columns;
	unsigned depth;
	struct json j;

	while (strcmp(col->name, name) != 0)
		col++;
	json_init(&j, record, strlen(record));
	(void)capture_record(&c, &j, false, &depth);
	if (around != NULL) {
		json_init(&j, around, strlen(around));
		(void)capture_record(&outer, &j, false, &depth);
	}
	r = col->nsources > 0
		? source_add(&b, format, col, &rec, &counts, NULL)
		: value_add(&b, col->type, &c.slot[col->node->slot], &counts);
	if (r != VALUE_OK)
		buf_adds(&b, r == VALUE_MISFIT ? "!" : "-");
	IS(b.p, want, record);
	buf_clear(&b);
}

static void
first_of(void)
{
	value("TimeGenerated", "{\"t\":\"x\",\"u\":\"2026-01-02T03:04:05Z\"}",
	    NULL, "\"2026-01-02T03:04:05Z\"");
	value("TimeGenerated", "{\"t\":\"x\"}", NULL, "!");
	value("TimeGenerated", "{}", NULL, "-");
	value("TimeGenerated", "{\"t\":null}",
	    "{\"when\":\"2026-01-02T03:04:05Z\"}", "\"2026-01-02T03:04:05Z\"");
	value("First", "{\"b\":{\"c\":2},\"a\":1}", NULL, "\"1\"");
	value("First", "{\"b\":{\"c\":2},\"a\":null}", NULL, "\"2\"");
	value("First", "{}", NULL, "\"none\"");
	value("ByKey", "{}", NULL, "\"G\"");
	value("NoKey", "{}", NULL, "-");
	value("Outer", "{\"owner\":\"in\"}", "{\"owner\":\"out\"}", "\"out\"");
	value("Outer", "{\"owner\":\"in\"}", "{}", "\"in\"");
	value("Outer", "{\"owner\":\"in\"}", NULL, "\"in\"");
}

static void
parts(void)
{
	value("Part", "{\"arn\":\"a:b:c:d\"}", NULL, "\"c\"");
	value("Part", "{\"arn\":\"a:b:c\"}", NULL, "\"c\"");
	value("Part", "{\"arn\":\"a:b\"}", NULL, "-");
	value("Part", "{\"arn\":\"a:b:\"}", NULL, "-");
	value("Part", "{\"arn\":\"\"}", NULL, "-");
	value("Part", "{\"arn\":[1,2]}", NULL, "-");
	value("Part", "{\"arn\":\"\\u003a:\\u0022\\n\"}", NULL, "\"\\\"\\n\"");
	value("Last", "{\"arn\":\"a:b::c\"}", NULL, "\"c\"");
	value("Last", "{\"arn\":\"a:b::\"}", NULL, "-");
	value("Last", "{\"arn\":\"ab\"}", NULL, "\"ab\"");
	value("Port", "{\"host\":\"a:80\"}", NULL, "80");
	value("Port", "{\"host\":\"a:x\"}", NULL, "!");
	value("Joined", "{\"j\":{\"z\":3,\"x\":\"1\"}}", NULL, "\"1/3\"");
	value("Joined", "{\"j\":{\"x\":\"\",\"y\":\"\\t\"}}", NULL, "\"\\t\"");
	value("Joined", "{\"j\":{}}", NULL, "-");
}

static void
numbers(void)
{
	value("Whole", "{\"w\":5.9}", NULL, "5");
	value("Whole", "{\"w\":\"-5.9\"}", NULL, "-5");
	value("Whole", "{\"w\":-0.5}", NULL, "0");
	value("Whole", "{\"w\":12}", NULL, "12");
	value("Whole", "{\"w\":1.55e1}", NULL, "15");
	value("Whole", "{\"w\":1e300}", NULL, "!");
	value("Whole", "{\"w\":-1e-300}", NULL, "0");
	value("Whole", "{\"w\":2147483648.1}", NULL, "!");
	value("Whole", "{\"w\":\"x\"}", NULL, "!");
	value("Whole", "{\"w\":null}", NULL, "-");
}

static void
structures(void)
{
	value("Made", "{}", NULL, "-");
	value("Made", "{\"w\":1.50,\"dyn\":[ 1, {\"b\" :2}],\"j\":{\"x\":1}}",
	    NULL, "{\"n\":1.50,\"j\":\"1\",\"d\":[1,{\"b\":2}]}");
	value("Pick",
	    "{\"groups\":[{\"id\":1,\"hit\":null},{\"hit\":{},\"id\":2},"
	    "{\"id\":3,\"hit\":{}}]}",
	    NULL, "\"2\"");
	value("Deep",
	    "{\"groups\":[{\"id\":1,\"hit\":null},"
	    "{\"hit\":{\"name\":\"n\"},\"id\":2},3]}",
	    NULL, "\"n\"");
	value("Pick", "{\"groups\":[{\"id\":1,\"hit\":null},{\"id\":2}]}", NULL,
	    "-");
	value("Pick", "{\"groups\":[]}", NULL, "-");
	value("Pick", "{\"groups\":[5,\"x\",[]]}", NULL, "-");
	value("All", "{\"a\": 1}", NULL, "\"{\\\"a\\\":1}\"");
	value("All", "42", NULL, "\"42\"");
}

/* The reason and the rule that the record breaks, "" when there is none. */
static void
broken(const char *record, const char *reason, const char *text)
{
	struct record rec = {.slots = c.slot};
	const struct rule *rule;
	unsigned depth;
	struct json j;

	json_init(&j, record, strlen(record));
	(void)capture_record(&c, &j, false, &depth);
	rule = rule_broken(format, &rec);
	IS(rule != NULL ? rule_reason(rule) : "", reason, record);
	IS(rule != NULL ? rule->text : "", text, "  by that rule");
}

static void
rules(void)
{
	struct record rec = {.slots = c.slot};

	broken("{}", "missing-member", "t a b.c arn j w groups host dyn");
	broken("{\"t\":null}", "missing-member",
	    "t a b.c arn j w groups host dyn");
	broken("{\"t\":1}", "", "");
	broken("{\"t\":1,\"kind\":\"x\"}", "", "");
	broken("{\"t\":1,\"kind\":\"\\u0078\"}", "", "");
	broken("{\"t\":1,\"kind\":\"y z\"}", "", "");
	broken("{\"t\":1,\"kind\":3}", "", "");
	broken("{\"t\":1,\"kind\":true}", "", "");
	broken("{\"t\":1,\"kind\":null}", "", "");
	broken(
	    "{\"t\":1,\"kind\":\"y\"}", "not-allowed", "kind x \"y z\" 3 true");
	broken("{\"w\":-1.5}", "", "");
	broken("{\"w\":\"1000\"}", "", "");
	broken("{\"w\":1000.1}", "out-of-range", "w -1.5 1e3");
	broken("{\"w\":\"many\"}", "out-of-range", "w -1.5 1e3");
	broken("{\"w\":1,\"drop\":\"no\",\"type\":\"three\"}", "", "");
	OK(!rule_filters(format, &rec), "filtered by another value");
	OK(!rule_applies(format, &rec), "of another type");
	broken("{\"w\":1,\"drop\":\"yes\",\"type\":\"two\"}", "", "");
	OK(rule_filters(format, &rec), "filtered by this value");
	OK(rule_applies(format, &rec), "of this type");
}

int
main(void)
{
	struct fault fault = {0};

	format = format_read("t", format_text, sizeof(format_text) - 1, &fault);
	OK(format != NULL, fault.text);
	if (format == NULL)
		return tap_done();
	capture_init(&c, &format->tree);
	capture_init(&outer, &format->outer);
	first_of();
	parts();
	numbers();
	structures();
	rules();
	format_free(format);
	return tap_done();
}
