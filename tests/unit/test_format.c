/* logparse/format: what the language takes, and how it refuses the rest. */
#include "logparse/builtin.h"
#include "logparse/detect.h"
#include "logparse/format.h"
#include "logparse/rule.h"
#include "tap.h"

#define HEAD                                     \
	"format x-1 2\ntable T_CL\nframe json\n" \
	"column TimeGenerated datetime t\n"

static void
refused(const char *text, const char *want)
{
	struct fault fault = {0};
	struct format *f = format_read("f", text, strlen(text), &fault);

	OK(f == NULL && fault.code == EXIT_BADCONFIG, want);
	OK(strstr(fault.text, want) != NULL, fault.text);
	format_free(f);
}

/* head, n times the words with a number for '#', tail. */
static void
refused_many(const char *head, const char *words, int n, const char *tail,
    const char *want)
{
	struct buf b = BUF_INIT(1 << 20);

	buf_adds(&b, head);
	for (int i = 0; i < n; i++)
		for (const char *p = words; *p != '\0'; p++)
			if (*p == '#')
				buf_addf(&b, "%d", i);
			else
				buf_addc(&b, *p);
	buf_adds(&b, tail);
	refused(b.p, want);
	buf_clear(&b);
}

static void
too_many(void)
{
	/* Those with two dots take a slot more: a, t, ..a and 510 others. */
	refused_many("format x-1 2\ntable T_CL\nframe json\ninside a\n"
		     "column TimeGenerated datetime t | ..a\n",
	    "column C# string join \"-\" m#.a m#.b m#.c\n", 170, "",
	    "no more than 512 paths");
	refused_many("key", " k#", 17, "\n", "no more than 16 of these");
	refused_many("", "require r#\n", 65, "", "line 65: expected no more");
	refused_many("require", " r#", 17, "\n", "no more than 16 paths");
	refused_many("allowed a", " v#", 65, "\n", "no more than 64 values");
	refused_many(HEAD "column A string a", " | a", 8, "\n",
	    "no more than 8 sources");
	refused_many(HEAD "column A string join \",\"", " a", 17, "\n",
	    "no more than 16 paths");
	refused_many(HEAD "column A string object", " a=b", 17, "\n",
	    "no more than 16 paths");
	refused_many(
	    HEAD, "column C# string a\n", 500, "", "no more than 500 columns");
	refused_many("require", " a.b#", 15, " c..d\n", "path 'c..d'");
	refused("frame json a.\n", "path 'a.'");
	refused("require []\n", "expected a member name");
	refused_many("require ", "n", 256, "\n", "expected a member name");
	refused_many("require [\"", "n", 256, "\"]\n", "expected a member");
	refused("require [12345]\n", "expected a member name");
	refused("require a[\"\"]\n", "expected a member name");
}

/* What rows of tables of one's own have in any case, and what these cannot. */
static void
taken(void)
{
	static const char *const names[] = {"SourceBucket", "SourceKey",
	    "SourceRecord", "EventHash", "AdditionalFields", "id", "UniqueId",
	    "Title"};
	struct fault fault = {0};
	struct buf b = BUF_INIT(1000);
	struct format *f;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		buf_reset(&b);
		buf_addf(&b,
		    HEAD "column A string a\ncolumn %s string b\n# x\n",
		    names[i]);
		refused(b.p, "line 6: expected another name for a column");
	}
	buf_reset(&b);
	buf_adds(&b, "format x-1 2\ntable T\nframe json\n"
		     "column TimeGenerated datetime t\ncolumn Title string a\n"
		     "column SourceKey string b\n");
	f = format_read("f", b.p, b.len, &fault);
	OK(f != NULL, "tables of the service may have them");
	OK(f != NULL && format_has_column(f, "Title") &&
		!format_has_column(f, "Titl"),
	    "columns by name");
	format_free(f);
	buf_clear(&b);
}

/* Quotes that nothing closes; those inside of texts need no more. */
static void
unclosed(void)
{
	static const char *const lines[] = {"column A string = \"x",
	    "column A string a[\"x]", "column A string = \"x\\\"",
	    "column A string part \",\" 1 \"a b", "require \"a b",
	    "allowed a \"b", "allowed a \"b\" \"c # \"d\" e", "key \"a",
	    "column A string a[\"b\"] | c[\"d]"};
	static const char fine[] =
	    "about a 12\" disk\n" HEAD
	    "column A string = \"x\\\"y # z\" # \"a\n"
	    "column B string = \"\\\\\" # a\n"
	    "column C string a[\"b c\"]\nallowed c \"d e\"\n";
	struct fault fault = {0};
	struct buf b = BUF_INIT(1000);
	struct format *f;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		buf_reset(&b);
		buf_addf(&b, HEAD "# \"\n%s\ncolumn Z string z\n", lines[i]);
		refused(b.p, "line 6: expected a closing quote");
	}
	f = format_read("f", fine, sizeof(fine) - 1, &fault);
	OK(f != NULL, fault.text);
	OK(f != NULL && strcmp(f->columns[1].constant, "\"x\\\"y # z\"") == 0,
	    "a constant with a quote and a number sign");
	OK(f != NULL && strcmp(f->columns[2].constant, "\"\\\\\"") == 0,
	    "one that ends in a backslash");
	format_free(f);
	buf_clear(&b);
}

static void
errors(void)
{
	refused("", "line 1: expected a 'format' statement");
	refused("\n\n", "line 2: expected a 'format' statement");
	refused("format x 1\n", "expected a 'table' statement");
	refused("format x 1\ntable T\n", "expected a 'frame' statement");
	refused("format x 1\ntable T\nframe json\n",
	    "expected a 'column' statement");
	refused("format 1x 1\n", "line 1: expected a name");
	refused("format x\n", "line 1: expected a version");
	refused("format x 1a\n", "line 1: expected a version");
	refused("format x 1 y\n", "line 1: expected the end of the line");
	refused("# x\n\nformats x 1\n", "line 3: expected format, about");
	refused("format x 1\nabout\n", "line 2: expected a text");
	refused("table T\ntable T\n", "line 2: expected this once only");
	refused("about a\nabout b\n", "line 2: expected this once only");
	refused("format x 1\nformat y 1\n", "line 2: expected this once only");
	refused("frame json a\nframe json b\n", "line 2: expected this once");
	refused("table\n", "line 1: expected a table's name");
	refused("table T:1\n", "line 1: expected a table's name");
	refused("table T U\n", "line 1: expected the end of the line");
	refused("frame csv\n", "line 1: expected 'json', 'values', 'lines', "
			       "'delimited' or 'w3c'");
	refused("frame values a\n", "line 1: expected the end of the line");
	refused("group a\ngroup b\n", "line 2: expected this once only");
	refused("group\n", "line 1: expected a name");
	refused("allowed\n", "line 1: expected a path");
	refused("allowed a\n", "line 1: expected a value");
	refused("range a 1\n", "line 1: expected a number");
	refused("range a 1 x\n", "line 1: expected a number");
	refused("range a 2 1\n", "line 1: expected the smaller number first");
	refused("range a 1 2 3\n", "line 1: expected the end of the line");
	refused("when\n", "line 1: expected a path");
	refused("keep\n", "line 1: expected a path");
	refused("require ^a\n", "expected a frame with a path before");
	refused("frame json r\nrequire ^a[0]\n", "nothing but names");
	refused("require a[?]\n", "expected a member name");
	refused("require a[?b]c\n", "expected a member name");
	refused("require a[?b].c a[0]\n", "picked in one way");
	refused("require a[0] a[?b].c\n", "picked in one way");
	refused("require a[?b].c a[?c].c\n", "picked in one way");
	refused(HEAD "column A string part a\n", "a separator in quotes");
	refused(HEAD "column A string part \"\" 0 a\n", "a separator in");
	refused(HEAD "column A string part \",\" x a\n", "number of a part");
	refused(HEAD "column A string part \",\" 12345 a\n", "number of a");
	refused(
	    HEAD "column A string part \",\" 1\n", "line 5: expected a path");
	refused(HEAD "column A string join \",\"\n", "line 5: expected a path");
	refused(HEAD "column A string join x\n", "a separator in quotes");
	refused(HEAD "column A int whole a..b\n", "path 'a..b'");
	refused(HEAD "column A dynamic object a\n", "expected NAME=PATH");
	refused(HEAD "column A dynamic object a=\n", "expected NAME=PATH");
	refused(HEAD "column A dynamic object =a\n", "expected NAME=PATH");
	refused(HEAD "column A dynamic object a=$A\n", "a column before this");
	refused(HEAD "column A string a |\n", "expected a path, or =");
	refused(HEAD "column A string a b\n", "expected the end of the line");
	refused("frame json a b\n", "line 1: expected the end of the line");
	refused("key\n", "line 1: expected a word");
	refused("key a[b\n", "line 1: expected a pattern that is complete");
	refused("when a [b\n", "line 1: expected a pattern that is complete");
	refused("begin a\n", "line 1: expected a 'frame' of lines before");
	refused("frame delimited comma csv\nbegin a\n",
	    "line 2: expected a 'frame' of lines before");
	refused("most 0\n", "line 1: expected a number of fields");
	refused("inside a\n", "line 1: expected this once, after 'frame'");
	refused("frame json\ninside\n", "line 2: expected a path");
	refused("frame json\ninside a\ninside b\n", "line 3: expected this");
	refused(HEAD "inside a\n", "line 5: expected this once, after 'frame'");
	refused("frame json\nrequire ..a\n",
	    "line 2: expected 'inside' before a path with ..");
	refused("frame json\ninside a\nrequire ..a..b\n", "path 'a..b'");
	refused("frame json\ninside a\nrequire ..0 ..1 ..2 ..3 ..4 ..5 ..6 ..7 "
		"..8 ..9 ..a ..b ..c ..d ..e ..f ..g\n",
	    "no more than 16 paths");
	refused("frame json\ninside x\nrequire ..0 ..1 ..2 ..3 ..4 ..5 ..6 ..7 "
		"..8 ..9 ..a ..b ..c ..d ..e ..f\nrequire ..g\n",
	    "no more than 16 paths with ..");
	refused("require\n", "line 1: expected a path");
	refused("filter\n", "line 1: expected a path");
	refused("column A string a\n", "TimeGenerated as the first column");
	refused("column TimeGenerated string a\n", "to be a datetime");
	refused(HEAD "column TenantId string a\n",
	    "line 5: expected a column that is not the service's");
	refused(HEAD "column 1A string a\n", "line 5: expected a column");
	refused(HEAD "column TimeGenerated string a\n",
	    "line 5: expected a column that is not there yet");
	refused(HEAD "column A text a\n", "line 5: expected string, datetime");
	refused(HEAD "column A string\n", "line 5: expected a path, or =");
	refused(HEAD "column A string = 1\n", "line 5: expected a constant");
	refused(HEAD "column _ResourceId string a\n",
	    "line 5: expected a column's name");
	taken();
	unclosed();
	refused(
	    HEAD "column A string a..b\n", "line 5: path 'a..b', character");
	refused(HEAD "column A string a[\n", "line 5: path 'a['");
	refused(HEAD "column A string a[x]\n", "line 5: path 'a[x]'");
	refused(HEAD "column A string a.b\ncolumn B string a[0]\n",
	    "names and positions at one place");
	refused(HEAD "column A string a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q\n",
	    "too many steps");
	refused(HEAD
	    "column A234567890123456789012345678901234567890123456 string a\n",
	    "line 5: expected a column");
}

static void
accepted(void)
{
	static const char text[] =
	    HEAD "\t# a comment \"with\n"
		 "about  A thing # and why\n"
		 "column A string a.b[\"c.d\"][12]  # inferred\r\n"
		 "column B int a.b.e\n"
		 "column C string = \"# \\\"q\\\"\"\n"
		 "require a.b x\nrequire y\nfilter z\nstart s t";
	struct fault fault = {0};
	struct format *f = format_read("f", text, sizeof(text) - 1, &fault);
	struct json_val slots[16] = {{0}}, some = {"1", 1, JSON_NUMBER, 0};
	const struct record rec = {.slots = slots};

	OK(f != NULL, fault.text);
	if (f == NULL)
		return;
	IS(f->id, "x-1/2", "name and version");
	IS(f->about, "A thing", "about, without the comment");
	OK(f->n == 4 && f->columns[1].node != NULL &&
		f->columns[3].node == NULL,
	    "columns");
	IS(f->columns[3].constant, "\"# \\\"q\\\"\"", "a constant with a #");
	IS(rule_broken(f, &rec)->text, "a.b x", "the first requirement");
	slots[f->rules[0].place[1].node->slot] = some;
	IS(rule_broken(f, &rec)->text, "y", "one of it is enough");
	slots[f->rules[1].place[0].node->slot] = some;
	OK(rule_broken(f, &rec) == NULL, "all met");
	OK(!rule_filters(f, &rec), "not filtered");
	slots[f->rules[2].place[0].node->slot] = some;
	OK(rule_filters(f, &rec), "filtered");
	OK(format_is_start(f, "t", 1) && !format_is_start(f, "u", 1),
	    "beginnings");
	format_free(f);
}

static void
detection(void)
{
	static const struct {
		const char *key, *text;
		bool final;
		const char *want; /* NULL: none */
		unsigned sure;
	} cases[] = {
	    {"a/AWSLogs/1/CloudTrail/x.gz", "{\"Records\":[", true,
		"cloudtrail", SURE_KEY},
	    {"a/AWSLogs/1/CloudTrail/x.gz", "", true, "cloudtrail", SURE_KEY},
	    {"a/AWSLogs/1/CloudTrail/x.gz", "plain text", true, "raw",
		SURE_GENERIC},
	    {"a/AWSLogs/1/CloudTrail/x.gz", "[2026-11-20] INFO x", true, "raw",
		SURE_GENERIC},
	    {"a/AWSLogs/1/CloudTrail/x.gz", "{", false, "more", 0},
	    {"a/AWSLogs/1/CloudTrail/x.gz",
		"{\"eventVersion\":1,\"eventID\":0,\"eventSource\":2,"
		"\"eventTime\":3",
		false, "cloudtrail", SURE_BOTH},
	    {"x",
		"{\"eventVersion\":\"1\",\"eventSource\" "
		":2,\"userAgent\":\"\",\"eventTime\"\n:3}",
		false, "cloudtrail", SURE_CONTENT},
	    {"x",
		"\xef\xbb\xbf\r\n {\"Records\":[{\"eventVersion\":\"1\","
		"\"eventID\":0,\"eventSource\":2,\"eventTime\":3,\"a\":\"",
		false, "cloudtrail", SURE_CONTENT},
	    {"x", "{\"eventVersion\":1,\"eventSource\":2,\"eventTime\":3}",
		true, "json", SURE_GENERIC},
	    /* Names in strings, or too deep, are of something else. */
	    {"x",
		"{\"m\":\"{\\\"eventVersion\\\":1,\\\"eventID\\\":1,"
		"\\\"eventSource\\\":2,"
		"\\\"eventTime\\\":3}\"}",
		true, "json", SURE_GENERIC},
	    {"x",
		"{\"a\":{\"b\":{\"c\":{\"eventVersion\":1,\"eventID\":1,"
		"\"eventSource\":2,"
		"\"eventTime\":3}}}}",
		true, "json", SURE_GENERIC},
	    /* Of two, the one whose members are the record's own. */
	    {"x",
		"{\"d\":{\"eventVersion\":1,\"eventID\":1,\"eventSource\":2,"
		"\"eventTime\":3},"
		"\"query_timestamp\":1,\"query_name\":2,\"query_type\":3,"
		"\"vpc_id\":4}",
		true, "route53", SURE_CONTENT},
	    /* The content wins over the key. */
	    {"a/WAFLogs/x",
		"{\"eventVersion\":1,\"eventID\":0,\"eventSource\":2,"
		"\"eventTime\":3}",
		true, "cloudtrail", SURE_CONTENT},
	    {"x", "\"eventVersion\",\"eventSource\",\"eventTime\"", true, "raw",
		SURE_GENERIC},
	    {"x", "[1,2]", true, "json", SURE_GENERIC},
	    {"x", "[", true, "json", SURE_GENERIC},
	    {"x", "{}", true, "json", SURE_GENERIC},
	    {"x", "{\"a\":1,}", true, "json", SURE_GENERIC},
	    {"x", "{ \"a", true, "json", SURE_GENERIC},
	    {"x", "{braces}", true, "raw", SURE_GENERIC},
	    {"x", "[2025-07-04 11:57:55,836] INFO x", true, "raw",
		SURE_GENERIC},
	    {"x", "[INFO] x", true, "raw", SURE_GENERIC},
	    {"x", "caf\xc3", true, "raw", SURE_GENERIC},
	    {"x", "caf\xc3 x", true, NULL, 0},
	    {"x",
		"\x7f"
		"ELF\x02\xff",
		true, NULL, 0},
	    {"x", "", true, NULL, 0},
	};
	struct formats all;
	struct detection d;
	const char *got;

	formats_init(&all);
	OK(all.n > 0 && formats_find(&all, "cloudtrail/7", 12) >= 0 &&
		formats_find(&all, "cloud", 5) == -1,
	    "the built-in formats read");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		d = detect_format(&all, cases[i].key, strlen(cases[i].key),
		    cases[i].text, strlen(cases[i].text), cases[i].final);
		got = d.place >= 0             ? all.v[d.place].format->name
		      : d.place == DETECT_MORE ? "more"
					       : "none";
		IS(got, cases[i].want != NULL ? cases[i].want : "none",
		    cases[i].text);
		OK(d.sure == cases[i].sure, "  so sure");
	}
	formats_free(&all);
}

/* Those built in are read in two steps, and the second one for the formats
 * that are needed alone: here all of them, and both ways. */
static void
built_in(void)
{
	struct fault fault = {0};
	struct formats all;
	struct format *f, *got;

	formats_init(&all);
	for (size_t i = 0; builtin_formats[i].name != NULL; i++) {
		f = format_read(builtin_formats[i].name,
		    builtin_formats[i].text, builtin_formats[i].len, &fault);
		OK(f != NULL, f != NULL ? builtin_formats[i].name : fault.text);
		if (f == NULL)
			continue;
		got = all.v[i].format;
		OK(got->n == 0 && all.v[i].capture == NULL,
		    "  its columns come when it is used");
		formats_use(&all, (int)i);
		formats_use(&all, (int)i);
		OK(got->n == f->n && got->nrules == f->nrules &&
			got->tree.slots == f->tree.slots &&
			got->outer.slots == f->outer.slots &&
			got->around == f->around &&
			got->text.direct == f->text.direct &&
			(got->text.names == NULL) == (f->text.names == NULL) &&
			all.v[i].capture->keep == f->custom &&
			(all.v[i].outer != NULL) == (f->envelope != NULL),
		    "  and are those of the whole text");
		format_free(f);
	}
	formats_free(&all);
}

/* Framing of text. */
#define TEXT "format x-1 2\ntable T_CL\nframe "

static void
text_errors(void)
{
	refused(TEXT "delimited\n",
	    "expected space, tab, comma, semicolon or pipe");
	refused(
	    TEXT "delimited colon\n", "expected space, tab, comma, semicolon");
	refused(TEXT "delimited space loose\n",
	    "expected quotes, kept-quotes, csv, brackets, header or");
	refused(TEXT "lines too\n", "line 3: ");
	refused("format x-1 2\ntable T_CL\ncolumn TimeGenerated datetime "
		"t\nframe lines\n",
	    "expected this before the first column");
	refused("fields a\n", "expected a 'frame' with fields before");
	refused(TEXT "lines\nfields a\n", "expected a 'frame' with fields");
	refused(TEXT "delimited tab\nfields\n", "expected names of fields");
	refused(TEXT "delimited tab\nfields ...\n", "line 4: ");
	refused(TEXT "delimited tab\nfields a ... b\n",
	    "expected nothing behind '...'");
	refused_many(TEXT "delimited tab\nfields", " f#", 1025, "\n",
	    "expected shorter names, 1,024 at most");
	refused_many(TEXT "delimited tab\nfields ", "n", 300, "\n",
	    "expected shorter names");
	refused("most\n", "expected a number of fields");
	refused("most 12345\n", "expected a number of fields");
	refused("most 1x\n", "expected a number of fields");
	refused("most -1\n", "expected a number of fields");
	refused("most 1025\n", "expected a number of fields, 1 to 1024");
	refused("begin x*\n", "expected a 'frame' of lines before");
	refused(
	    TEXT "delimited comma csv\nbegin x*\n", "'frame' of lines before");
	refused(TEXT "delimited tab\nfields a\nmatch\n", "expected a field");
	refused(TEXT "delimited tab\nfields a\nmatch b x*\n",
	    "expected a field of a 'fields' statement before");
	refused_many(TEXT "delimited tab\nfields a\n", "match a x#*\n", 17, "",
	    "expected no more than 16 of these");
}

int
main(void)
{
	errors();
	text_errors();
	built_in();
	too_many();
	accepted();
	detection();
	return tap_done();
}
