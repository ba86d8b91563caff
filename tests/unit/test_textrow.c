/* logparse/textrow: the short ways from fields to columns say what the long one
 * says, whatever is in the fields and however little memory is behind them. */
#include <stdlib.h>

#include "logparse/convert.h"
#include "logparse/textrecord.h"
#include "logparse/textrow.h"
#include "logparse/times.h"
#include "rnd.h"
#include "tap.h"

static const char format_text[] =
    "format t 1\ntable T\nframe delimited space\n"
    "fields a b c d e f g h i j k\n"
    "column TimeGenerated datetime a as epoch\n"
    "column Text string b\n"
    "column Int int c\n"
    "column Long long d\n"
    "column Time datetime e\n"
    "column Ip string f as ip\n"
    "column Host string g as host\n"
    "column Port int g as port\n"
    "column Const string = \"c\"\n"
    "column Real real h\n"
    "column Bool bool i\n"
    "column Ms datetime j as epoch-ms\n"
    "column Start datetime a as epoch\n"
    "column TextPort string g as port\n"
    "column AVeryLongNameOfColumnAsLongAsTheyMayBeXXXXX string k\n";

/* Values that are near what the short ways take. */
static const char *const values[] = {"", "-", "0", "00", "01", "7", "-7", "255",
    "256", "65535", "65536", "99999", "999999999", "1000000000", "2147483647",
    "2147483648", "9999999999999999", "10000000000000000",
    "9223372036854775807", "9223372036854775808", "1e3", "1.5", "0.0",
    "1763632500", "1763632560", "0000000000", "9999999999", "176363250",
    "17636325000", "176363250a", "a763632500", "1763632500.5", "10.0.0.1",
    "255.255.255.255", "256.1.1.1", "1.256.1.1", "1.1.1.256", "01.1.1.1",
    "1.1.1.01", "1.1.1", "1.1.1.", ".1.1.1", "1..1.1", "1.1.1.1.", "1.1.1.1.1",
    "1.1.1.1111", "1234.1.1.1", "0.0.0.0", "100.099.1.1", "1,1.1.1", "a.1.1.1",
    "2001:db8::1", "::", "[::1]:80", "[2001:db8::1]:443", "1.2.3.4:80",
    "1.2.3.4:0", "1.2.3.4:00", "1.2.3.4:65535", "1.2.3.4:65536",
    "1.2.3.4:99999", "1.2.3.4:123456", "1.2.3.4:", "1.2.3.4:8a", ":80",
    "host:80", "255.255.255.255:65535", "256.1.1.1:1", "1.2.3.4:-1",
    "2026-11-20T09:00:00Z", "2026-11-20T09:00:00.1Z",
    "2026-11-20T09:00:00.123456Z", "2026-11-20T09:00:00.123456789Z",
    "2026-11-20T09:00:00.1234567890123Z", "2026-11-20T09:00:00.Z",
    "2026-11-20T09:00:00.1z", "2026-11-20T09:00:00z", "2026-11-20T09:00:00",
    "2026-11-20T09:00:00+02:00", "2026-11-20T24:00:00Z", "2026-11-20T23:60:00Z",
    "2026-11-20T23:59:60Z", "2026-11-31T09:00:00Z", "2026-11-30T09:00:00Z",
    "2026-02-29T09:00:00Z", "2024-02-29T09:00:00Z", "2026-13-01T09:00:00Z",
    "2026-00-01T09:00:00Z", "2026-01-00T09:00:00Z", "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z", "0999-01-01T00:00:00Z", "9999-12-28T00:00:00Z",
    "2026-1a-20T09:00:00Z", "2026-11-20t09:00:00Z", "2026-11-20T09:00:00Zx",
    "2026-11-20T09:00:00.1", "true", "false", "a\"b", "a\\b", "caf\xc3\xa9",
    "\xff", "a\tb", "\x01",
    "a text that is longer than one vector and than two of them, and so on",
    "exactly 31 bytes of text, so...", "exactly 32 bytes of text, so...."};
enum { VALUES = sizeof(values) / sizeof(*values), FIELDS = 11 };

static struct format *format;
static struct capture capture;

/* The row the long way: each field by itself. */
static uint64_t
long_way(struct buf *b, const struct split *s, struct value_counts *counts)
{
	const struct header *h = format->text.names;
	const struct column *c;
	enum value_result r;
	struct json_val v;
	uint64_t misfits = 0;
	size_t start;

	for (size_t i = 0; i < h->ncolumns; i++) {
		c = h->columns[i].column;
		start = b->len;
		buf_add(b, c->label, c->label_len);
		if (c->node == NULL) {
			buf_add(b, c->constant, c->constant_len);
			continue;
		}
		r = VALUE_ABSENT;
		if (s->field[h->columns[i].field].n > 0) {
			text_value(&v, &s->field[h->columns[i].field]);
			r = convert_add(b, c, &v, counts);
		}
		if (r != VALUE_OK)
			buf_cut(b, start);
		misfits += r == VALUE_MISFIT;
	}
	return misfits;
}

static enum value_result
long_time(struct buf *b, const struct split *s, struct value_counts *counts)
{
	struct json_val v;

	if (s->field[0].n == 0)
		return VALUE_ABSENT;
	text_value(&v, &s->field[0]);
	return convert_add(b, &format->columns[0], &v, counts);
}

/* Does each column begin where it is said to, those left out too? */
static bool
starts_right(const struct buf *row, const size_t *starts)
{
	const struct column *c = format->columns;
	size_t len;
	bool ok = starts[format->n] == row->len;

	for (size_t i = 1; i < format->n && ok; i++) {
		len = starts[i + 1] - starts[i];
		ok = starts[i] <= starts[i + 1] &&
		     (len == 0 || (len > c[i].label_len &&
				      memcmp(row->p + starts[i], c[i].label,
					  c[i].label_len) == 0));
	}
	return ok;
}

/* Both ways of a line in memory of its own, with so much behind it. */
static bool
same(const char *line, size_t n, size_t behind)
{
	struct buf quick = BUF_INIT(65536), slow = BUF_INIT(65536);
	struct value_counts a = {0}, b = {0};
	size_t starts[FIELDS * 2];
	const char *detail;
	char *p = malloc(n + behind);
	bool ok;

	if (p == NULL)
		abort();
	memcpy(p, line, n);
	memset(p + n, '9', behind);
	if (text_record(&capture, format->text.names, p, n, p + n + behind,
		&detail) != NULL)
		abort();
	ok = textrow_time(&quick, format, format->text.names, &a) ==
		 long_time(&slow, text_split(), &b) &&
	     textrow_columns(&quick, format->text.names, &a, starts) ==
		 long_way(&slow, text_split(), &b) &&
	     quick.len == slow.len &&
	     (slow.len == 0 || memcmp(quick.p, slow.p, slow.len) == 0) &&
	     memcmp(&a, &b, sizeof(a)) == 0 && starts_right(&quick, starts);
	if (!ok)
		fprintf(stderr, "# line: %.*s\n# got: %s\n# want: %s\n", (int)n,
		    line, quick.p, slow.p);
	buf_clear(&quick);
	buf_clear(&slow);
	free(p);
	return ok;
}

static bool
same_both(const struct buf *line)
{
	return same(line->p, line->len, 0) && same(line->p, line->len, 200);
}

/* Each value in each field, and the others as they are mostly. */
static void
each_value(void)
{
	static const char *const usual[FIELDS] = {"1763632500", "text", "443",
	    "40", "2026-11-20T09:00:00Z", "10.0.0.1", "10.0.0.1:8080", "0.5",
	    "true", "1763632500123", "last"};
	struct buf line = BUF_INIT(4096);
	bool ok = true;

	for (size_t f = 0; f < FIELDS; f++)
		for (size_t v = 0; v < VALUES; v++) {
			buf_reset(&line);
			for (size_t i = 0; i < FIELDS; i++) {
				if (i > 0)
					buf_addc(&line, ' ');
				buf_adds(&line, i == f ? values[v] : usual[i]);
			}
			ok = same_both(&line) && ok;
		}
	OK(ok, "each value in each field");
	buf_clear(&line);
}

static size_t
below(size_t n)
{
	uint32_t r;

	rnd_bytes(&r, sizeof(r));
	return r % n;
}

/* Values of their own, some with a byte changed. */
static void
random_lines(void)
{
	struct buf line = BUF_INIT(65536);
	const char *v;
	bool ok = true;

	for (size_t k = 0; k < 20000; k++) {
		buf_reset(&line);
		for (size_t i = 0; i < FIELDS; i++) {
			if (i > 0)
				buf_addc(&line, ' ');
			v = values[below(VALUES)];
			buf_adds(&line, v);
			if (*v != '\0' && below(4) == 0)
				line.p[line.len - 1 - below(strlen(v))] =
				    "0123456789.:-TZ/x"[below(17)];
		}
		ok = same_both(&line) && ok;
	}
	OK(ok, "lines of any of them");
	buf_reset(&line);
	buf_adds(&line, "1763632500 ");
	for (size_t i = 0; i < 5000; i++)
		buf_addc(&line, 'x');
	buf_adds(&line, " 1 2 3 1.2.3.4 1.2.3.4:5 6 7 8 9");
	OK(same_both(&line), "a line that is long");
	buf_clear(&line);
}

int
main(void)
{
	struct fault fault = {0};

	format = format_read("t", format_text, sizeof(format_text) - 1, &fault);
	OK(format != NULL && format->text.direct, fault.text);
	capture_init(&capture, &format->tree);
	each_value();
	random_lines();
	format_free(format);
	capture_free(&capture);
	return tap_done();
}
