/*
 * logparse/expr: expressions asked without libjq say what libjq says.  A table
 * of them, then random ones on random rows: EXPR_RUNS of them, from EXPR_SEED.
 */
#include <stdint.h>
#include <stdlib.h>

#include "logparse/expr.h"
#include "logparse/jqrun.h"
#include "logparse/pattern.h"
#include "tap.h"

/* Compiling costs libjq more than all rows: so many share a program. */
enum { ROWS = 60, DEPTH = 4, ROW_MAX = 64 * 1024, TOGETHER = 16 };

static const char *const names[] = {"A", "B", "C", "D", "Long_Name"};

/* A row and where the values of its columns are. */
struct row {
	struct buf text;
	struct json_val values[5];
};

static uint64_t state;
static unsigned long runs;

static unsigned
rnd(unsigned below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

#define PICK(list) list[rnd(sizeof(list) / sizeof((list)[0]))]

/* --- asking both
 * -------------------------------------------------------------- */

/* The values of the columns in their order of names[]; "" for none.  which: see
 * some_add(). */
static void
row_make(struct row *r, size_t which, const char *const *json)
{
	struct buf *b = &r->text;
	size_t at[5];

	buf_reset(b);
	buf_addf(b, "{\"TimeGenerated\":\"2026-11-20T09:00:00Z\",\"Which\":%zu",
	    which);
	for (size_t i = 0; i < 5; i++) {
		r->values[i].n = strlen(json[i]);
		if (json[i][0] == '\0')
			continue;
		buf_addf(b, ",\"%s\":", names[i]);
		at[i] = b->len;
		buf_adds(b, json[i]);
	}
	buf_adds(b, "}");
	for (size_t i = 0; i < 5; i++)
		r->values[i].p = r->values[i].n > 0 ? b->p + at[i] : NULL;
}

static enum expr_answer
ask_quick(const struct expr *e, const struct row *r)
{
	const struct json_val row = {r->text.p, r->text.len, JSON_OBJECT, 0};
	struct json_val values[EXPR_COLUMNS_MAX] = {0};
	const char *const *wanted;
	size_t n;

	wanted = expr_columns(e, &n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < 5; k++)
			if (strcmp(wanted[i], names[k]) == 0)
				values[i] = r->values[k];
	return expr_ask(e, &row, values);
}

static enum jqrun_result
ask_jq(struct jqrun *jq, const struct row *r)
{
	struct jqrun_error e;
	enum jqrun_result result;

	jqrun_row(r->text.p, r->text.len);
	result = jqrun_any(jq, &e);
	(void)jqrun_tidy(jq);
	jqrun_end();
	return result;
}

/* Do both say the same of the row, or does one not know? */
static bool
agree(const struct expr *e, struct jqrun *jq, const struct row *r,
    unsigned long *sure)
{
	enum expr_answer quick = ask_quick(e, r);

	*sure += quick != EXPR_UNSURE;
	if (quick == EXPR_UNSURE)
		return true;
	return ask_jq(jq, r) == (quick == EXPR_YES ? JQRUN_YES : JQRUN_NO);
}

/* --- a table
 * --------------------------------------------------------------------- */

static const char *const table_row[] = {"\"a\\/b\\u0041\\n\"", "12.50",
    "{\"b\":1,\"x\":{\"y\":null},\"b\":\"two\",\"\\u0065\":true}",
    "[1,{\"b\":2}]", ""};

/* y, n: what they say; ?: libjq is to be asked; -: always. */
static const struct {
	const char *say, *text;
} table[] = {{"y", "."}, {"y", ".A"}, {"n", ".Long_Name"}, {"n", ".None"},
    {"y", ".A == \"a/bA\\n\""}, {"y", ".A == \"a\\/b\\u0041\\n\""},
    {"n", ".A != \"a/bA\\n\""}, {"y", ".B == 12.5"}, {"y", ".B == 125e-1"},
    {"y", ".B > -1 and .B<=12.5"}, {"y", "-1 < .B"}, {"n", ".B == \"12.5\""},
    {"y", ".B < \"\""}, {"y", ".C.b == \"two\""}, {"y", ".C.e"},
    {"n", ".C.x.y"}, {"n", ".C.x.y.z.w"}, {"y", ".C[\"x\"] != null"},
    {"y", ".\"C\".\"b\""}, {"y", ".[\"C\"][\"e\"] == true"}, {"?", ".A.b"},
    {"?", ".D.b"}, {"?", ".B.b"}, {"y", ".D > .A"}, {"?", ".D == .D"},
    {"y", ".C != .D"}, {"y", ".Long_Name | not"}, {"n", ".A == 1 | not | not"},
    {"y", ".A | not | not"}, {"y", "(.Long_Name // \"x\") == \"x\""},
    {"y", ".Long_Name // .C.x"}, {"n", "null // false"},
    {"y", ".A | startswith(\"a/b\")"}, {"y", ".A|endswith(\"A\\n\")"},
    {"n", ".A | startswith(\"a/bAAAAAAAAA\")"}, {"?", ".B|startswith(\"1\")"},
    {"?", ".None | test(\"a\")"}, {"y", ".A | contains(\"/b\")"},
    {"y", ".A | test(\"^a.bA$\")"}, {"y", ".A | test(\"B\"; \"i\")"},
    {"y", ".A | test(\"^A/BA$\"; \"i\")"}, {"n", ".A | test(\"B\")"},
    {"y", ".B | IN(1, 12.5)"}, {"n", ".B | IN(\"12.5\", null)"},
    {"y", ".C.b | in({\"one\": 1, \"two\": null})"},
    {"?", ".B | in({\"one\": 1})"}, {"y", "select(.B > 1 and .C.e)"},
    {"n", "select(.B < 1 or (.C.e | not))"}, {"y", "true"}, {"n", "false"},
    {"n", "null"}, {"y", "0"}, {"y", "\"\""}, {"n", "false and .A.b"},
    {"y", "true or .A.b"}, {"?", "true and .A.b"}, {"y", ". > .D"},
    {"?", ". == .C"}, {"y", ".C | .b == \"two\" and .e"}, {"y", " .C\n|\t.e "},
    {"y", "((((.B))))"},
    /* what is libjq's */
    {"-", ""}, {"-", ".A.b?"}, {"-", ".A?"}, {"-", ".D[0]"}, {"-", ".D[]"},
    {"-", ".A, .B"}, {"-", ".A + .B"}, {"-", ".A | length"}, {"-", "empty"},
    {"-", ".A == .B == .C"}, {"-", ".A | test(\"a\"; \"gi\")"},
    {"-", ".A | test(\"\\\\d\")"}, {"-", ".A | test(.B)"},
    {"-", "\"\\(.A)\" == \"a\""}, {"-", "1.2.3"}, {"-", ".B == 1."},
    {"-", ".B == 9007199254740993"}, {"-", ".B == 1e400"}, {"-", ".. == 1"},
    {"-", ".A == 1 # x"}, {"-", ".A as $x | $x"}, {"-", "$x"}, {"-", ".A."},
    {"-", ".["}, {"-", "("}, {"-", ")"}, {"-", ".A ="}, {"-", ".A = 1"},
    {"-", "if .A then 1 else 2 end"}, {"-", ".A .."}, {"-", ". .A"},
    {"-", "(.C).b"}, {"-", ".A\r== 1"}, {"-", "\"\\x\" == .A"},
    {"-", "\"\\ud800\" == .A"}, {"-", "\"a\nb\" == .A"}, {"-", "not(.A)"},
    {"-", ".A | IN()"}, {"-", ".A | in({a: 1})"}, {"-", "test(\"(\")"},
    {"-", ".B == - 1 - 1"}, {"-", "--1 == .B"}, {"-", "\"\xff\" == .A"},
    {"-", ".E0"}, {"-", ".A | .e10"}, {"n", ".E0x"}, {"n", ".E"}};

static void
from_table(void)
{
	struct row r = {.text = BUF_INIT(ROW_MAX)};
	unsigned long sure = 0;
	struct jqrun *jq;
	struct fault f;
	struct expr *e;
	char say[2] = "";

	row_make(&r, 0, table_row);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		e = expr_new(table[i].text);
		say[0] = e == NULL ? '-' : "yn?"[ask_quick(e, &r)];
		IS(say, table[i].say,
		    strchr(table[i].text, '\n') == NULL ? table[i].text
							: "line feeds");
		jq = e != NULL ? jqrun_new("--where", table[i].text, &f) : NULL;
		if (jq != NULL)
			OK(agree(e, jq, &r, &sure), "  as libjq");
		else
			OK(e == NULL, "  and libjq takes it");
		jqrun_free(jq);
		expr_free(e);
	}
	buf_clear(&r.text);
}

/* --- random ones
 * -------------------------------------------------------------------- */

static const char *const strings[] = {"", "a", "b", "ab", "aab", "abc", "A",
    "aB\\nb", "\\n", "b\\n", "\\u0000", "a\\u0000b", "\\u00e9", "\xc3\xa9",
    "a\xc3\xa9z", "\xe2\x82\xac\xf0\x9f\x98\x80", "\\ud83d\\ude00",
    "\xef\xbf\xbd", "\\\"\\\\", "a/b", "a\\/b", "K\xe2\x84\xaa", "1", "null",
    ".", "a.b"};
static const char *const numbers[] = {"0", "-0", "1", "1.0", "10e-1", "-1", "2",
    "0.1", "1e2", "100", "123456789012345", "1234567890123456",
    "9007199254740992", "9007199254740993", "1e15", "1e300", "1e400", "1e-400",
    "0.1000000000000000055", "-12.5", "12.50"};
static const char *const others[] = {"", "null", "true", "false", "[]", "{}",
    "[1]", "{\"b\":1}", "{\"b\":{\"c\":\"a\"},\"c\":null}",
    "{\"b\":1,\"b\":\"a\"}", "{\"\\u0062\":true}", "[{\"b\":1}]"};

static void
add_literal(struct buf *b)
{
	switch (rnd(6)) {
	case 0:
		buf_adds(b, PICK(numbers));
		break;
	case 1:
		buf_adds(b, rnd(2) ? "true" : rnd(2) ? "false" : "null");
		break;
	default:
		buf_addf(b, "\"%s\"", PICK(strings));
	}
}

static void
add_row_value(struct buf *b)
{
	if (rnd(3) == 0)
		buf_adds(b, PICK(others));
	else if (rnd(3) == 0)
		buf_adds(b, PICK(numbers));
	else
		buf_addf(b, "\"%s\"", PICK(strings));
}

static void
add_place(struct buf *b)
{
	static const char *const members[] = {
	    ".b", ".c", ".b.c", "[\"b\"]", ".\"c\""};

	if (rnd(12) == 0) {
		buf_adds(b, ".");
		return;
	}
	buf_addf(b, rnd(6) ? ".%s" : ".[\"%s\"]", PICK(names));
	if (rnd(4) == 0)
		buf_adds(b, PICK(members));
}

static void
add_pattern(struct buf *b, unsigned depth)
{
	static const char *const atoms[] = {"a", "b", "ab", ".", "[ab]", "[^a]",
	    "[a-c]", "\\\\.", "\xc3\xa9", "A", "/", "\xe2\x82\xac", "[^a-b.]",
	    "1", " "};
	static const char *const repeats[] = {"", "", "", "*", "+", "?"};

	for (unsigned n = 1 + rnd(3); n > 0; n--) {
		if (depth > 0 && rnd(4) == 0) {
			buf_adds(b, rnd(2) ? "(" : "(?:");
			add_pattern(b, depth - 1);
			if (rnd(2)) {
				buf_adds(b, "|");
				add_pattern(b, depth - 1);
			}
			buf_adds(b, ")");
		} else {
			buf_adds(b, PICK(atoms));
		}
		buf_adds(b, PICK(repeats));
	}
}

static void
add_function(struct buf *b)
{
	switch (rnd(8)) {
	case 0:
		buf_addf(b, "startswith(\"%s\")", PICK(strings));
		break;
	case 1:
		buf_addf(b, "endswith(\"%s\")", PICK(strings));
		break;
	case 2:
		buf_addf(b, "contains(\"%s\")", PICK(strings));
		break;
	case 3:
		buf_adds(b, "IN(");
		add_literal(b);
		buf_adds(b, ", ");
		add_literal(b);
		buf_adds(b, ")");
		break;
	case 4:
		buf_addf(b, "in({\"%s\": 1, \"%s\":null})", PICK(strings),
		    PICK(strings));
		break;
	default:
		buf_adds(b, rnd(3) ? "test(\"" : "test(\"^");
		add_pattern(b, 2);
		buf_adds(b, rnd(3) ? "\"" : "$\"");
		buf_adds(b, rnd(4) ? ")" : "; \"i\")");
	}
}

static void
add_expr(struct buf *b, unsigned depth)
{
	static const char *const compares[] = {
	    " == ", "!=", "<", " <= ", ">", " >="};
	static const char *const joins[] = {
	    " and ", " or ", " | ", " // ", "|not|"};
	unsigned kind = depth == 0 ? rnd(3) : rnd(6);

	switch (kind) {
	case 0:
		add_place(b);
		buf_adds(b, PICK(compares));
		add_literal(b);
		break;
	case 1:
		add_place(b);
		buf_adds(b, rnd(3) ? " | " : " // \"a\" | ");
		add_function(b);
		break;
	case 2:
		if (rnd(2))
			add_literal(b);
		else
			add_place(b);
		buf_adds(b, PICK(compares));
		add_place(b);
		break;
	default:
		buf_adds(b, "(");
		add_expr(b, depth - 1);
		buf_adds(b, ")");
		buf_adds(b, PICK(joins));
		add_expr(b, depth - 1);
	}
}

static void
random_row(struct row *r, size_t which)
{
	struct buf v[5];
	const char *json[5];

	for (size_t i = 0; i < 5; i++) {
		v[i] = (struct buf)BUF_INIT(1024);
		add_row_value(&v[i]);
		json[i] = v[i].p != NULL ? v[i].p : "";
	}
	row_make(r, which, json);
	for (size_t i = 0; i < 5; i++)
		buf_clear(&v[i]);
}

/* Expressions that are asked without libjq, and the one program of it for all.
 */
struct some {
	struct expr *quick[TOGETHER];
	struct buf texts[TOGETHER], program;
	size_t n;
	unsigned long all, sure, wrong;
};

/* Each is a branch of the program, that the row chooses. */
static void
some_add(struct some *s, const char *text)
{
	struct expr *e = expr_new(text);

	if (e == NULL)
		return;
	buf_addf(&s->program, "%s .Which == %zu then (%s)\n",
	    s->n == 0 ? "if" : "elif", s->n, text);
	buf_reset(&s->texts[s->n]);
	buf_adds(&s->texts[s->n], text);
	s->quick[s->n++] = e;
}

/* One of them on many rows; false when the two differ. */
static bool
some_try(struct some *s, size_t i, struct jqrun *jq, struct row *r)
{
	bool fine = true;

	for (int k = 0; fine && k < ROWS; k++) {
		random_row(r, i);
		fine = agree(s->quick[i], jq, r, &s->sure);
	}
	if (!fine)
		printf("# %s\n# %s\n", s->texts[i].p, r->text.p);
	return fine;
}

static void
some_ask(struct some *s, struct row *r)
{
	struct fault f = {0};
	struct jqrun *jq;

	if (s->n == 0)
		return;
	buf_adds(&s->program, "else empty end");
	jq = jqrun_new("--where", s->program.p, &f);
	if (jq == NULL)
		printf("# %s\n", f.text);
	for (size_t i = 0; i < s->n; i++) {
		s->wrong += jq == NULL || !some_try(s, i, jq, r);
		expr_free(s->quick[i]);
	}
	jqrun_free(jq);
	buf_reset(&s->program);
	s->all += s->n;
	s->n = 0;
}

static unsigned long
setting(const char *name, unsigned long normal)
{
	const char *s = getenv(name);

	return s != NULL ? strtoul(s, NULL, 10) : normal;
}

static void
random_ones(void)
{
	struct row r = {.text = BUF_INIT(ROW_MAX)};
	struct buf text = BUF_INIT(ROW_MAX);
	struct some s = {.program = BUF_INIT(TOGETHER * ROW_MAX)};

	for (size_t i = 0; i < TOGETHER; i++)
		s.texts[i] = (struct buf)BUF_INIT(ROW_MAX);
	for (unsigned long i = 0; i < runs; i++) {
		buf_reset(&text);
		add_expr(&text, i % DEPTH);
		some_add(&s, text.p);
		if (s.n == TOGETHER || i + 1 == runs)
			some_ask(&s, &r);
	}
	printf("# %lu of %lu without libjq; %lu of %lu answers\n", s.all, runs,
	    s.sure, s.all * ROWS);
	OK(s.wrong == 0,
	    "random expressions say of random rows what libjq does");
	OK(s.all > runs / 3, "many are asked without it");
	OK(s.sure > s.all * ROWS / 5, "and many answers are sure");
	for (size_t i = 0; i < TOGETHER; i++)
		buf_clear(&s.texts[i]);
	buf_clear(&s.program);
	buf_clear(&text);
	buf_clear(&r.text);
}

/* What is none, or breaks off: not taken, whatever libjq says of it. */
static void
broken(void)
{
	static const char *const texts[] = {"", ".A |", "| .A",
	    ".A ==", ".A == [", ".[", ".[1]", ".[\"A\"", ".[\"\"]", ".\"\"",
	    "..", ".A?", ".A[\"b\"", ".A | .[\"b\"", "has", "has(", "has(\"A\"",
	    "has(.A)", "select", "select .A", "select(.A", "select(.A) | .B",
	    ".A | startswith", ".A | startswith(", ".A | startswith(\"a\"",
	    ".A | startswith(.B)", ".A | test(\"(\")", ".A | test(\"a\";",
	    ".A | test(\"a\"; \"x\")", ".A | test(\"[a]\"; \"i\")",
	    ".A | test(\"\xc3\x84\"; \"i\")", ".A | test(\"a\"; \"i\"",
	    ".A | IN", ".A | IN(", ".A | IN(\"a\"", ".A | IN(\"a\",",
	    ".A | IN(.B)", "(.A", ".A)", "not", ".A | (", "-.A", "-", ".A // ",
	    "// .A", ".A | in", ".A | in(", ".A | in({", ".A | in({\"a\"",
	    ".A | in({\"a\":", ".A | in({\"a\":1", ".A | in({\"a\":1}",
	    ".A | in({a:1})", ".A | in({\"a\":1,})", ".A and", "and .A",
	    ".A or", ".A == \"\\u0000\"", ".\"a\\u0000b\"", ".A \r", ".A # x",
	    ".A == \"\xff\""};
	struct buf b = BUF_INIT(1 << 20);
	struct expr *e;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		e = expr_new(texts[i]);
		OK(e == NULL || strcmp(texts[i], "not") == 0 ||
			strcmp(texts[i], ".A == \"\\u0000\"") == 0,
		    strpbrk(texts[i], "\r\xff#") ? "odd bytes" : texts[i]);
		expr_free(e);
	}
	/* Too many nodes; too many columns; too long a text. */
	for (int i = 0; i < 3; i++) {
		buf_reset(&b);
		buf_adds(&b, i == 2 ? ".A == \"" : ".A");
		for (int k = 0; k < (i == 2 ? 200000 : 2000); k++)
			if (i == 2)
				buf_addc(&b, 'x');
			else
				buf_addf(&b, " or .C%d", i == 1 ? k : 0);
		buf_adds(&b, i == 2 ? "\"" : "");
		e = expr_new(b.p);
		OK(e == NULL, "more than there is room for");
		expr_free(e);
	}
	buf_clear(&b);
}

int
main(void)
{
	/* The environment is emptied then. */
	runs = setting("EXPR_RUNS", 150);
	state = setting("EXPR_SEED", 1);
	jqrun_prepare();
	broken();
	from_table();
	random_ones();
	return tap_done();
}
