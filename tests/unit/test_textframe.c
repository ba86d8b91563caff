/* logparse/textframe, textrecord, textsplit, header: lines to records, however
 * the bytes are cut. */
#include <stdlib.h>

#include "buf.h"
#include "cuts.h"
#include "logparse/frame.h"
#include "logparse/header.h"
#include "logparse/textrecord.h"
#include "tap.h"

static struct format *format;
static size_t limit; /* of a record; 0: the real one */

/* Append what is said of one event: a record's values, in the order of
 * columns, and the names that have none. */
static void
note(struct buf *b, enum frame_kind_of kind, const struct frame_event *ev,
    const struct capture *c)
{
	if (kind != FRAME_RECORD) {
		buf_addf(b, "-%s@%llu:%.*s%s ", ev->why,
		    (unsigned long long)ev->at, (int)ev->n, ev->p,
		    ev->more ? "..." : "");
		return;
	}
	buf_addc(b, '+');
	for (size_t i = 1; i < format->n; i++) {
		const struct json_val *v =
		    &c->slot[format->columns[i].node->slot];

		if (v->p == NULL)
			buf_addc(b, '~');
		else
			buf_add(b, v->p + 1, v->n - 2);
		buf_addc(b, i + 1 < format->n ? '|' : ' ');
	}
	for (size_t i = 0; i < c->nunmapped; i++)
		buf_addf(b, "?%.*s ", (int)c->unmapped[i].key.n - 2,
		    c->unmapped[i].key.p + 1);
}

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
	do {
		end = end + step < n ? end + step : n;
		/* A copy, so that a read past the window is seen. */
		char *window = malloc(end - start + 1);

		memcpy(window, text + start, end - start);
		pos = 0;
		while ((kind = frame_next(&f, &c, window, end - start, &pos,
			    end == n, &ev)) < FRAME_NEED)
			note(b, kind, &ev, &c);
		free(window);
		frame_consumed(&f, pos);
		start += pos;
	} while (end < n);
	if (start != n)
		buf_adds(b, "LEFT OVER");
	frame_free(&f);
	capture_free(&c);
}

static void
check(const char *text, const char *want)
{
	check_cuts(run, text, strlen(text), want);
}

/* The format that a frame statement and what follows make. */
static void
with(const char *frame)
{
	struct buf b = BUF_INIT(4096);
	struct fault f = {0};

	format_free(format);
	buf_addf(&b,
	    "format t 1\ntable T\n%s\n"
	    "column TimeGenerated datetime object-time\n"
	    "column A string a\ncolumn B string b-x\ncolumn C string c\n",
	    frame);
	format = format_read("t", b.p, b.len, &f);
	if (format == NULL) {
		OK(0, f.text);
		exit(tap_done());
	}
	/* Its values are looked at in the slots. */
	format->text.direct = false;
	buf_clear(&b);
}

static void
lines(void)
{
	struct fault f = {0};
	static const char text[] = "format t 1\ntable T\nframe lines\n"
				   "column TimeGenerated datetime object-time\n"
				   "column L string line\n";

	format_free(format);
	format = format_read("t", text, strlen(text), &f);
	format->text.direct = false;
	check("", "");
	check("\n \n\r\n", "");
	check("one\ntwo\r\nthree", "+one +two +three ");
	check("\xef\xbb\xbfone\n", "+one ");
	check("a\tb \"c\" \\\r\r\n", "+a\\tb \\\"c\\\" \\\\\\r ");
	check_cuts(run, "a\0b\n", 4, "+a\\u0000b ");
	check("\xff\n", "+\xff ");
	limit = 8;
	check("12345678\n123456789\n1\n",
	    "+12345678 -too-long@9:1234... -too-long@9:5678... "
	    "-too-long@9:9 +1 ");
	check("12345678", "+12345678 ");
	check("123456789", "-too-long@0:1234... -too-long@0:5678... "
			   "-too-long@0:9 ");
	check("1234567\r\n12345678\r\n",
	    "+1234567 -too-long@9:1234... -too-long@9:5678... "
	    "-too-long@9:\r ");
	limit = 0;
}

/* Records of several lines. */
static void
beginnings(void)
{
	with("frame delimited space\nfields a b-x ...\nbegin [0-9]*");
	check("1 one\n2 two\n", "+1|one|~ +2|two|~ ");
	check("1 one\n more\r\n\n\tlast\r\n\n \n\n2 two",
	    "+1|one\\n more\\r\\n\\n\\tlast|~ +2|two|~ ");
	check("x y\nz\n1 one\n\n", "+x|y\\nz|~ +1|one|~ ");
	check("1 \"a\n2 b\"\n", "+1|\\\"a|~ +2|b\\\"|~ ");
	check("1\n", "+1|~|~ ");
	check("\n\n1 a\n", "+1|a|~ ");
	limit = 8;
	check("1 34567\n2 4\nxy\n3 a\nabcd\nz\n4 b\n",
	    "+1|34567|~ +2|4\\nxy|~ -too-long@15:3 a\n... -too-long@15:abcd... "
	    "-too-long@15:\nz +4|b|~ ");
	limit = 0;
}

static void
delimited(void)
{
	with("frame delimited space\nfields a b-x c\nleast 2");
	check("1 2 3\n4 5 6\n", "+1|2|3 +4|5|6 ");
	check("1 2\n", "+1|2|~ ");
	check("1\n2 3 4\n", "-missing-field@0:1 +2|3|4 ");
	check("1 2 3 4 5\n", "+1|2|3 ?field4 ?field5 ");
	check("1  3\n", "+1|~|3 ");
	check("1 2 3 \n", "+1|2|3 ");
	check(" 2 3\n", "+~|2|3 ");
	check("\"1 2\" 3\n", "+\\\"1|2\\\"|3 ");
	/* The last line may have been cut. */
	check("1 2 3\n4 5", "+1|2|3 -truncated@6:4 5 ");
	check("1 2 3\n4 5 6", "+1|2|3 +4|5|6 ");
	check("1", "-truncated@0:1 ");
	check("1 2", "+1|2|~ ");
	with("frame delimited pipe\nfields - c ...");
	check("1|2|3|4\n", "+~|~|2|3|4 ?- ");
	check("1|\n", "+~|~|~ ?- ");
}

static void
quotes(void)
{
	with("frame delimited space quotes\nfields a b-x c\nleast 2");
	check("\"1 2\" \"\" 3\n", "+1 2|~|3 ");
	check("\"- http://host:80- \" \"-\" -\n", "+- http://host:80- |-|- ");
	check("\"a\"b\" 2 3\n", "+a\\\"b|2|3 ");
	check("\"a\\\" b\" 2 3\n", "+a\\\\\\\" b|2|3 ");
	check("\"a\\\" 2 3\n", "+a\\\\|2|3 ");
	check("\"a\\\\\" 2 3\n", "+a\\\\\\\\|2|3 ");
	check("x\"y 2 \"z\"\n", "+x\\\"y|2|z ");
	/* Quotes inside, in pairs or alone, and a backslash at the end. */
	check("\"a \"b c\" d\" 2 \"x\"\n", "+a \\\"b c\\\" d|2|x ");
	check("\"5\" screen\" 2 \"x\"\n", "+5\\\" screen|2|x ");
	check("\"GET /?x=\"y z\" 1\" 2 \"a\"\n", "+GET /?x=\\\"y z\\\" 1|2|a ");
	check("\"GET /?x=\"y z\" 1\" 2 \"a\" w\"\n",
	    "-bad-quotes@0:\"GET /?x=\"y z\" 1\" 2 \"a\" w\" ");
	check("\"ends in \\\" 2 \"x\"\n", "+ends in \\\\|2|x ");
	/* Its quote is missing: not shifted, but set aside. */
	check("\"a 2 \"x\" \"y\" 3\n", "-bad-quotes@0:\"a 2 \"x\" \"y\" 3 ");
	check("1 \"2\n3 4 5\n", "-bad-quotes@0:1 \"2 +3|4|5 ");
	check("1 2 3\n1 \"2 ", "+1|2|3 -truncated@6:1 \"2  ");
	check("\"a\x80\x01\" 2 3\n", "+a\x80\\u0001|2|3 ");
	with("frame delimited space kept-quotes\nfields a b-x c");
	check("\"h2\",\"http/1.1\" - 3\n", "+\\\"h2\\\",\\\"http/1.1\\\"|-|3 ");
	check("\"h2\", \"x\" - 3\n", "+\\\"h2\\\", \\\"x\\\"|-|3 ");
	with("frame delimited space quotes brackets\nfields a b-x c");
	check("[06/Feb/2019:00:00:38 +0000] \"[x y]\" [z\n",
	    "+06/Feb/2019:00:00:38 +0000|[x y]|[z ");
	check("[::1]:80 [] []x\n", "+[::1]:80|~|[]x ");
}

static void
csv(void)
{
	with("frame delimited comma csv\nfields a b-x c");
	check(
	    "1,\"2,\"\"x\"\"\ny\",3\n4,5,6\n", "+1|2,\\\"x\\\"\\ny|3 +4|5|6 ");
	check("\"\",\"\"\"\",\"a\"\"\"\n", "+~|\\\"|a\\\" ");
	check("\"a\"b,2,3\n", "+\\\"a\\\"b|2|3 ");
	check("a\"b\",2\n", "+a\\\"b\\\"|2|~ ");
	/* Quotes that do not close: the line alone. */
	check("1,\"2\n3,4,5\n", "-bad-quotes@0:1,\"2 +3|4|5 ");
	check("1,2,3\n4,\"5", "+1|2|3 -truncated@6:4,\"5 ");
	limit = 16;
	check("1,\"2\n3,4,5\n6,7,8\n9,10,11\n",
	    "-bad-quotes@0:1,\"2 +3|4|5 +6|7|8 +9|10|11 ");
	check("1,\"2\n3\",4\n\"67890123456789012\",1\n2,3\n",
	    "+1|2\\n3|4 -too-long@10:\"6789012... -too-long@10:34567890... "
	    "-too-long@10:12\",1 +2|3|~ ");
	limit = 0;
}

static void
headers(void)
{
	with("frame delimited space header\nfields a b-x c d\nleast 3");
	check("1 2 3 4\n", "+1|2|3 ?d ");
	check("c a b-x\n3 1 2\n", "+1|2|3 ");
	/* With _ for -; with a name that is not known; half of them is. */
	check("new b_x a\nn 2 1\n", "+1|2|~ ?new ");
	check("x y a\n1 2 3\n", "+x|y|a +1|2|3 ");
	/* Once more inside, and another one. */
	check("a c\n1 3\na c\n4 6\nc a b-x\n9 7 8\na c\n1 3\n",
	    "+1|~|3 +4|~|6 +7|8|9 +1|~|3 ");
	/* As many fields as there are names. */
	check("a c x\n1 3\n", "-missing-field@6:1 3 ");
	/* A record that looks a bit like one. */
	check("a 2 3\n", "+a|2|3 ");
	check("\xef\xbb\xbf"
	      "a c\r\n1 3\r\n",
	    "+1|~|3 ");
	with("frame delimited comma csv first-line");
	check(
	    "n,\"a\",b-x\n1,2,3\nn,\"a\",b-x\n4,5,6\n", "+2|3|~ ?n +5|6|~ ?n ");
	check("a,a\n1,2\n", "+2|~|~ ");
	/* A first line that has no names is no header. */
	check("\"a\nb,c\n1,2\n", "-bad-quotes@0:\"a +~|~|~ ?field1 ?field2 "
				 "+~|~|~ ?field1 ?field2 ");
	check("a,c\n1\n1,2,3\n", "+1|~|~ +1|~|2 ?field3 ");
	with("frame w3c tab\nfields a b-x c");
	check(
	    "#Version: 1.0\n#Fields: c a\n1\t2\n# no\n#Fields: a\tb-x\n3\t4\n",
	    "+2|~|1 +3|4|~ ");
	check("1\t2\t3\n", "+1|2|3 ");
	check("a\tb-x\n1\t2\n", "+1|2|~ ");
	check("#Fields:\n1\t2\n#Fields: \n3\t\n", "+1|2|~ +3|~|~ ");
}

/* Fields are found in lines of any length, by the word and by the byte. */
static void
long_lines(void)
{
	struct buf text = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
	char want[64];

	with("frame delimited space quotes\nfields a b-x c\nleast 2");
	for (size_t n = 60; n < 40000; n = n < 70 ? n + 1 : n * 2) {
		buf_reset(&text);
		buf_reset(&out);
		for (size_t i = 0; i < n; i++)
			buf_addc(&text, 'x');
		buf_adds(&text, " \"y z\" w\n");
		run(&out, text.p, text.len, text.len);
		(void)snprintf(want, sizeof(want), "|y z|w ");
		OK(out.len == n + 1 + strlen(want) &&
			strcmp(out.p + 1 + n, want) == 0,
		    "a long field");
	}
	/* More fields than are kept. */
	buf_reset(&text);
	buf_reset(&out);
	for (size_t i = 0; i < 3000; i++)
		buf_adds(&text, "1 ");
	run(&out, text.p, text.len, text.len);
	OK(strncmp(out.p, "+1|1|1 ?field4 ", 15) == 0, "3,000 fields");
	buf_clear(&text);
	buf_clear(&out);
}

static void
many_headers(void)
{
	struct buf out = BUF_INIT(1 << 16), text = BUF_INIT(1 << 16);
	struct header *h[2000];
	size_t n = 0, kept;

	with("frame delimited space header\nfields a b-x c");
	for (; n < 2000; n++) {
		char line[16 * 1024];

		memset(line, ' ', sizeof(line));
		for (size_t i = 0; i < sizeof(line); i += 2)
			line[i] = (char)('a' + (n >> i / 2 % 11 & 1));
		h[n] = header_line(format, line, sizeof(line));
		if (h[n] == NULL)
			break;
	}
	kept = n;
	OK(kept > 50 && kept < 2000, "headers have a limit together");
	/* One inside a line that there is no memory for: all behind that line
	 * is of names that are not known. */
	buf_adds(&text, "1 2 3");
	for (size_t i = 0; i < HEADER_LINE_MAX / 2; i++)
		buf_adds(&text, i == 0 ? "c" : " c");
	buf_adds(&text, "\n4 5 6\n");
	run(&out, text.p, text.len, text.len);
	OK(strncmp(out.p, "-joined-lines@0:1 2 3c c c ", 27) == 0 &&
		strstr(out.p, "c -memory@16389:4 5 6\n ") != NULL,
	    "nor for one that a line has inside");
	buf_clear(&text);
	buf_clear(&out);
	while (n-- > 0)
		header_release(h[n]);
	h[0] = header_line(format, "a c", 3);
	h[1] = header_line(format, "a c", 3);
	OK(h[0] != NULL && h[0] == h[1], "and the same one is shared");
	header_release(h[0]);
	header_release(h[1]);
}

static void
recognised(void)
{
	with("frame delimited space header\nfields a b-x c\nleast 3\n"
	     "match a 1* x*\nmatch c [0-9]");
#define MATCHES(text, final) text_match(format, text, strlen(text), final)
	OK(MATCHES("1 2 3\n", false), "a record");
	OK(MATCHES("\xef\xbb\xbf\r\n\nx 2 3\n", false), "behind blank lines");
	OK(!MATCHES("1 2 3", false) && MATCHES("1 2 3", true), "its end");
	OK(!MATCHES("2 2 3\n", false) && !MATCHES("1 2 33\n", false),
	    "another");
	OK(!MATCHES("1 2\n", false), "too few fields");
	OK(MATCHES("c a\n", false), "a header");
	OK(!MATCHES("", true) && !MATCHES("\n\n", true), "nothing");
	with("frame w3c tab\nfields a b-x c");
	OK(MATCHES("#Version: 1\n#Fields: a c\n", false), "a directive");
	OK(!MATCHES("#Fields: x y\n", false), "another one");
}

int
main(void)
{
	lines();
	beginnings();
	delimited();
	quotes();
	csv();
	headers();
	long_lines();
	many_headers();
	recognised();
	format_free(format);
	return tap_done();
}
