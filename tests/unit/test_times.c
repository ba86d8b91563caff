/* logparse/times, address and convert: times and addresses of logs. */
#include <stdint.h>
#include <string.h>

#include "logparse/address.h"
#include "logparse/convert.h"
#include "logparse/times.h"
#include "tap.h"

struct epoch_case {
	const char *in;
	unsigned unit;
	const char *want; /* NULL: it is none */
};

static void
epoch(void)
{
	static const struct epoch_case cases[] = {
	    {"0", 0, "1970-01-01T00:00:00Z"},
	    {"1669842701", 0, "2022-11-30T21:11:41Z"},
	    {"1541534395.123", 0, "2018-11-06T19:59:55.123Z"},
	    {"1693457862729", 3, "2023-08-31T04:57:42.729Z"},
	    {"1693457862000", 3, "2023-08-31T04:57:42.000Z"},
	    {"1693457862729.5", 3, "2023-08-31T04:57:42.7295Z"},
	    {"5", 3, "1970-01-01T00:00:00.005Z"},
	    {"1489703808123456", 6, "2017-03-16T22:36:48.123456Z"},
	    {"1489703808123456789", 9, "2017-03-16T22:36:48.123456789Z"},
	    {"148970380812345678", 9, "1974-09-21T04:39:40.812345678Z"},
	    {"0", 9, "1970-01-01T00:00:00.000000000Z"},
	    {"253402300799", 0, "9999-12-31T23:59:59Z"},
	    {"253402300800", 0, NULL},
	    {"-1", 0, NULL},
	    {"", 0, NULL},
	    {"1.", 0, NULL},
	    {".5", 0, NULL},
	    {"1.5.5", 0, NULL},
	    {"1e9", 0, "2001-09-09T01:46:40Z"},
	    {"1.5415343951E9", 0, "2018-11-06T19:59:55.1Z"},
	    {"1.541534395123E+12", 3, "2018-11-06T19:59:55.123Z"},
	    {"1.5415343951234567e12", 3, "2018-11-06T19:59:55.1234567Z"},
	    {"154153439512300e-2", 3, "2018-11-06T19:59:55.12300Z"},
	    {"1541534395123e-3", 0, "2018-11-06T19:59:55.123Z"},
	    {"0.15e10", 0, "2017-07-14T02:40:00Z"},
	    {"1e12", 3, "2001-09-09T01:46:40.000Z"},
	    {"1.5e1", 6, "1970-01-01T00:00:00.000015Z"},
	    {"5e-1", 0, "1970-01-01T00:00:00.5Z"},
	    {"5e-2", 3, "1970-01-01T00:00:00.00005Z"},
	    {"5e-10", 0, "1970-01-01T00:00:00.0000000005Z"},
	    {"1541534395.12300002574920654", 0,
		"2018-11-06T19:59:55.12300002574920654Z"},
	    {"1e30", 0, NULL},
	    {"1e99999999999", 0, NULL},
	    {"1e", 0, NULL},
	    {"e9", 0, NULL},
	    {"1e+", 0, NULL},
	    {"1.e9", 0, NULL},
	    {"1e9 ", 0, NULL},
	    {"1e9.5", 0, NULL},
	    {"-1e9", 0, NULL},
	    {"12345678901234567890", 0, NULL},
	    {"1669842701 ", 0, NULL},
	};
	struct buf b = BUF_INIT(100);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct epoch_case *c = &cases[i];
		bool got;

		buf_reset(&b);
		buf_addc(&b, '<');
		got = times_epoch(&b, c->in, strlen(c->in), c->unit);
		OK(got == (c->want != NULL), c->in);
		IS(b.p + 1, got ? c->want : "", "  as expected");
	}
	buf_clear(&b);
}

/* Ten digits the quick way, which remembers minutes, as the other has them:
 * near each other, where two minutes have one place, and anywhere. */
static void
ten_digits(void)
{
	static const uint64_t last = 9999999999, about = 1763632500;
	struct buf b = BUF_INIT(100);
	char digits[TIMES_TEN + 1], text[TIMES_TEN_TEXT];
	bool ok = true;

	for (unsigned i = 0; i < 40000; i++) {
		uint64_t s = i % 4 == 0 ? i / 4
			     : i % 4 == 1
				 ? about + i % 3 * UINT64_C(64) * 60 + i / 9
			     : i % 4 == 2 ? last - i * UINT64_C(200003)
					  : i * UINT64_C(249989);

		(void)snprintf(
		    digits, sizeof(digits), "%010llu", (unsigned long long)s);
		times_ten(text, digits);
		buf_reset(&b);
		ok = ok && times_epoch(&b, digits, TIMES_TEN, 0) &&
		     b.len == sizeof(text) &&
		     memcmp(b.p, text, sizeof(text)) == 0;
	}
	OK(ok, "ten digits the quick way");
	buf_clear(&b);
}

struct text_case {
	const char *in, *want;
};

static void
texts(
    bool (*read)(struct buf *, const char *, size_t), const struct text_case *c)
{
	struct buf b = BUF_INIT(100);

	for (; c->in != NULL; c++) {
		bool got;

		buf_reset(&b);
		buf_addc(&b, '<');
		got = read(&b, c->in, strlen(c->in));
		OK(got == (c->want != NULL), c->in);
		IS(b.p + 1, got ? c->want : "", "  as expected");
	}
	buf_clear(&b);
}

static const struct text_case apache[] = {
    {"06/Feb/2019:00:00:38 +0000", "2019-02-06T00:00:38Z"},
    {"[06/Feb/2019:00:00:38 +0000]", "2019-02-06T00:00:38Z"},
    {"31/Dec/2025:23:30:00 -0130", "2026-01-01T01:00:00Z"},
    {"29/Feb/2023:00:00:00 +0000", NULL},
    {"06/feb/2019:00:00:38 +0000", NULL},
    {"06/anF/2019:00:00:38 +0000", NULL},
    {"06/Feb/2019:00:00:38", NULL},
    {"06/Feb/2019 00:00:38 +0000", NULL},
    {"06/Feb/2019:25:00:38 +0000", NULL},
    {"6/Feb/2019:00:00:38 +00000", NULL},
    {"", NULL},
    {NULL, NULL},
};

/* What was not said is not made up: a date is no time. */
static const struct text_case iso[] = {
    {"2026-11-27T10:20:30Z", "2026-11-27T10:20:30Z"},
    {"2026-11-27 10:20:30.5+01:00", "2026-11-27T09:20:30.5Z"},
    {"2026-11-27T00:00:00", "2026-11-27T00:00:00Z"},
    {"2026-11-27", NULL},
    {"2026-11-27Z", NULL},
    {"2026-11-27T", NULL},
    {"2026-11-27T10", NULL},
    /* a minute is a moment as exact as others write it */
    {"2026-11-27T10:20", "2026-11-27T10:20:00Z"},
    {"2026-11-27T10:20Z", "2026-11-27T10:20:00Z"},
    {"2026-11-27 10:20+01:30", "2026-11-27T08:50:00Z"},
    {"2026-11-27T10:20z", "2026-11-27T10:20:00Z"},
    {"2026-11-27T10:20.5Z", NULL},
    {"2026-11-27T10:2Z", NULL},
    {"2026-11-27T10:20:3Z", NULL},
    {"2026-11-27T10:20:", NULL},
    /* the basic form */
    {"20261127T102030Z", "2026-11-27T10:20:30Z"},
    {"20261127T102030", "2026-11-27T10:20:30Z"},
    {"20261127T102030.25+0100", "2026-11-27T09:20:30.25Z"},
    {"20261127T102030,25Z", "2026-11-27T10:20:30.25Z"},
    {"20261127T1020Z", "2026-11-27T10:20:00Z"},
    {"20261127T1020-05", "2026-11-27T15:20:00Z"},
    {"20261127T10Z", NULL},
    {"20261127T10203Z", NULL},
    {"20261327T102030Z", NULL},
    {"20261127", NULL},
    {"2026-W48-5T10:20:30Z", NULL},
    {"2026-331T10:20:30Z", NULL},
    /* zones */
    {"2026-11-27t10:20:30z", "2026-11-27T10:20:30Z"},
    {"2026-11-27T10:20:30+0530", "2026-11-27T04:50:30Z"},
    {"2026-11-27T10:20:30+05", "2026-11-27T05:20:30Z"},
    {"2026-11-27T10:20:30.120+05:30", "2026-11-27T04:50:30.120Z"},
    {"2026-11-27T10:20:30-00:00", "2026-11-27T10:20:30Z"},
    {"2026-11-27T10:20:30 UTC", "2026-11-27T10:20:30Z"},
    {"2026-11-27 10:20:30UTC", "2026-11-27T10:20:30Z"},
    {"2026-11-27 10:20:30.5 GMT", "2026-11-27T10:20:30.5Z"},
    {"2026-11-27 10:20:30 +0200", "2026-11-27T08:20:30Z"},
    {"2026-11-27 10:20:30.000000001 +0000 UTC",
	"2026-11-27T10:20:30.000000001Z"},
    {"2026-11-27T10:20:30 Z", "2026-11-27T10:20:30Z"},
    {"2026-11-27T10:20:30 ", NULL},
    {"2026-11-27T10:20:30  Z", NULL},
    {"2026-11-27T10:20:30 CET", NULL},
    {"2026-11-27T10:20:30 UTC+1", NULL},
    {"2026-11-27T10:20:30+24:00", NULL},
    {"2026-11-27T10:20:30+05:60", NULL},
    {"2026-11-27T10:20:30+5:30", NULL},
    {"2026-11-27T10:20:30+05:3", NULL},
    {"2026-11-27T10:20:30Zx", NULL},
    {" 2026-11-27T10:20:30Z", NULL},
    /* fractions */
    {"2026-11-27T10:20:30,5Z", "2026-11-27T10:20:30.5Z"},
    {"2026-11-27T10:20:30.Z", NULL},
    {"2026-11-27T10:20:30.12345678901234567890Z",
	"2026-11-27T10:20:30.12345678901234567890Z"},
    {"2026-11-27T10:20:30.000Z", "2026-11-27T10:20:30.000Z"},
    {"2026-11-27T10:20:30.5.5Z", NULL},
    /* ends of days, years and time; leap seconds */
    {"2026-12-31T24:00:00Z", "2027-01-01T00:00:00Z"},
    {"2026-12-31T24:00Z", "2027-01-01T00:00:00Z"},
    {"20261231T240000.00Z", "2027-01-01T00:00:00.00Z"},
    {"2026-12-31T24:00:00.000+01:00", "2026-12-31T23:00:00.000Z"},
    {"2026-12-31T24:00:00.001Z", NULL},
    {"2026-12-31T24:00:01Z", NULL},
    {"2026-12-31T24:01:00Z", NULL},
    {"9999-12-31T24:00:00Z", NULL},
    {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
    {"2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5Z"},
    {"2017-01-01T05:29:60+05:30", "2017-01-01T00:00:00Z"},
    {"2016-12-31T23:59:61Z", NULL},
    {"2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z"},
    {"2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"},
    {"0000-01-01T00:00:00Z", NULL},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
    {"0001-01-01T00:30:00+01:00", NULL},
    {"9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59.9Z"},
    {"9999-12-31T23:59:59-00:01", NULL},
    {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
    {"2023-02-29T00:00:00Z", NULL},
    {"2026-11-31T00:00:00Z", NULL},
    {"2026-00-01T00:00:00Z", NULL},
    {"-2026-11-27T10:20:30Z", NULL},
    {"2026-11-27T10:20:30\xe2\x80\x93", NULL},
    {NULL, NULL},
};

static const struct text_case leading[] = {
    {"2023-05-04 12:00:00 UTC:10.0.0.1(5432):u@d:[1]:LOG:  x",
	"2023-05-04T12:00:00Z"},
    {"2023-05-04T12:00:00.123456Z 0 [Warning]", "2023-05-04T12:00:00.123456Z"},
    {"2023-05-04T12:00:00+02:00 x", "2023-05-04T10:00:00Z"},
    {"2023-05-04 12:00:00-0130", "2023-05-04T13:30:00Z"},
    {"[2025-07-04 11:57:55,836] INFO x", "2025-07-04T11:57:55.836Z"},
    {"20230504 12:00:00,host,u", "2023-05-04T12:00:00Z"},
    {"230504 12:00:00 [Note] x", "2023-05-04T12:00:00Z"},
    {"230504  9:00:01 [Note] x", "2023-05-04T09:00:01Z"},
    {"# Time: 2023-05-04T12:00:00.000001Z", "2023-05-04T12:00:00.000001Z"},
    {"# Time: 230504  9:00:01", "2023-05-04T09:00:01Z"},
    {"1683201600123456,host,u", "2023-05-04T12:00:00.123456Z"},
    {"1683201600123456", NULL},
    {"168320160012345,", NULL},
    {"# Time: ", NULL},
    {"231304 12:00:00", NULL},
    {"230504   9:00:01", NULL},
    {"2023-05-04 12:00:00", "2023-05-04T12:00:00Z"},
    {"2023-05-04 12:00:00, then", "2023-05-04T12:00:00Z"},
    {"2023-13-04 12:00:00", NULL},
    {"2023-05-04", NULL},
    {"at java.lang", NULL},
    {"[", NULL},
    {"", NULL},
    {NULL, NULL},
};

struct address_case {
	const char *in, *host, *port;
	bool valid;
};

static void
addresses(void)
{
	static const struct address_case cases[] = {
	    {"192.168.131.39:2817", "192.168.131.39", "2817", true},
	    {"[fe80::202:b3ff:fe1e:8329]:443", "fe80::202:b3ff:fe1e:8329",
		"443", true},
	    {"2001:db8::1", "2001:db8:", "1", false},
	    {"fe80::1:2:3", "fe80::1:2", "3", true},
	    {"::1", "::1", "", true},
	    {"[2001:db8::1]", "2001:db8::1", "", true},
	    {"10.0.0.1", "10.0.0.1", "", true},
	    {"10.0.0.256:80", "10.0.0.256", "80", false},
	    {"12.34.178.90.32:40860", "12.34.178.90.32", "40860", false},
	    {"010.0.0.1:80", "010.0.0.1", "80", false},
	    {"1.2.3:80", "1.2.3", "80", false},
	    {"host.example:80", "host.example", "80", false},
	    {":80", "", "80", false},
	    {"[]:80", "", "80", false},
	    {"[:80", "[", "80", false},
	    {"fe80::1%eth0", "fe80::1%eth0", "", true},
	    {"fe80::1%eth0:443", "fe80::1%eth0", "443", true},
	    {"[fe80::1%1]:443", "fe80::1%1", "443", true},
	    {"fe80::1%", "fe80:", "1%", false},
	    {"10.0.0.1%eth0", "10.0.0.1%eth0", "", false},
	    {"", "", "", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct address_case *c = &cases[i];
		struct address a = address_split(c->in, strlen(c->in));
		char text[200];

		(void)snprintf(text, sizeof(text), "%.*s|%.*s", (int)a.nhost,
		    a.nhost > 0 ? a.host : "", (int)a.nport,
		    a.nport > 0 ? a.port : "");
		if (i == 2) /* an address alone, though its end looks a port */
			IS(text, "2001:db8::1|", c->in);
		else
			OK(strlen(c->host) == a.nhost &&
				memcmp(a.host, c->host, a.nhost) == 0 &&
				strlen(c->port) == a.nport &&
				(a.nport == 0 ||
				    memcmp(a.port, c->port, a.nport) == 0),
			    text);
		OK(address_valid(a.host, a.nhost) == (c->valid || i == 2),
		    "  valid or not");
	}
	OK(address_valid("255.255.255.255", 15) && address_valid("0.0.0.0", 7),
	    "the ends of IPv4");
	OK(address_valid("::ffff:1.2.3.4", 14) &&
		!address_valid("1.2.3.4\0", 8),
	    "IPv4 in IPv6; no NUL");
}

/* One conversion of a JSON value, what it gives and how it is counted. */
static void
check(enum column_type type, enum column_as as, const char *json,
    enum value_result result, const char *want, unsigned bad_ip)
{
	struct buf b = BUF_INIT(1 << 20);
	struct column c = {.type = type, .as = as};
	struct value_counts counts = {0};
	struct json_val v;
	struct json j;

	json_init(&j, json, strlen(json));
	OK(json_value(&j, &v), json);
	buf_adds(&b, "<");
	OK(convert_add(&b, &c, &v, &counts) == result, "  result");
	IS(b.p + 1, want, "  as expected");
	OK(counts.bad_ip == bad_ip, "  counted");
	buf_clear(&b);
}

static void
conversions(void)
{
	check(COLUMN_DATETIME, AS_EPOCH, "1669842701", VALUE_OK,
	    "\"2022-11-30T21:11:41Z\"", 0);
	check(COLUMN_DATETIME, AS_EPOCH, "\"1669842701\"", VALUE_OK,
	    "\"2022-11-30T21:11:41Z\"", 0);
	check(COLUMN_DATETIME, AS_EPOCH_MS, "\"16934578\\u0036\\u0032729\"",
	    VALUE_OK, "\"2023-08-31T04:57:42.729Z\"", 0);
	check(COLUMN_DATETIME, AS_EPOCH, "\"-\"", VALUE_ABSENT, "", 0);
	check(COLUMN_DATETIME, AS_EPOCH, "null", VALUE_ABSENT, "", 0);
	check(COLUMN_DATETIME, AS_EPOCH, "true", VALUE_MISFIT, "", 0);
	check(COLUMN_DATETIME, AS_EPOCH, "\"\"", VALUE_MISFIT, "", 0);
	check(
	    COLUMN_STRING, AS_IP, "\"10.0.0.1\"", VALUE_OK, "\"10.0.0.1\"", 0);
	check(COLUMN_STRING, AS_IP, "\"nowhere\"", VALUE_OK, "\"nowhere\"", 1);
	check(COLUMN_STRING, AS_IP, "[1]", VALUE_OK, "\"[1]\"", 1);
	check(COLUMN_STRING, AS_IP, "\"-\"", VALUE_OK, "\"-\"", 0);
	check(COLUMN_STRING, AS_HOST, "\"[::1]:443\"", VALUE_OK, "\"::1\"", 0);
	check(COLUMN_STRING, AS_HOST, "\"a\\\"\\u0001\xff:1\"", VALUE_OK,
	    "\"a\\\"\\u0001\xef\xbf\xbd\"", 1);
	check(COLUMN_STRING, AS_HOST, "\"-\"", VALUE_OK, "\"-\"", 0);
	check(COLUMN_INT, AS_PORT, "\"[::1]:443\"", VALUE_OK, "443", 0);
	check(COLUMN_STRING, AS_PORT, "\"h:443\"", VALUE_OK, "\"443\"", 0);
	check(COLUMN_INT, AS_PORT, "\"h:65535\"", VALUE_OK, "65535", 0);
	check(COLUMN_INT, AS_PORT, "\"h:080\"", VALUE_OK, "80", 0);
	check(COLUMN_INT, AS_PORT, "\"h:00\"", VALUE_OK, "0", 0);
	check(COLUMN_STRING, AS_PORT, "\"h:0443\"", VALUE_OK, "\"443\"", 0);
	check(COLUMN_INT, AS_PORT, "\"h:65536\"", VALUE_MISFIT, "", 0);
	check(COLUMN_INT, AS_PORT, "\"h:x\"", VALUE_MISFIT, "", 0);
	check(COLUMN_INT, AS_PORT, "\"h:-1\"", VALUE_MISFIT, "", 0);
	check(COLUMN_INT, AS_PORT, "\"h:\"", VALUE_ABSENT, "", 0);
	check(COLUMN_INT, AS_PORT, "\"-\"", VALUE_ABSENT, "", 0);
}

int
main(void)
{
	epoch();
	ten_digits();
	texts(times_iso, iso);
	texts(times_apache, apache);
	texts(times_leading, leading);
	addresses();
	conversions();
	return tap_done();
}
