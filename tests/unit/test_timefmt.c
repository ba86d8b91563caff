/* common/timefmt, beside the C library's calendar. */
#include <time.h>

#include "tap.h"
#include "timefmt.h"

static const struct {
	const char *text;
	int64_t ms;
	int ok;
} times[] = {
    {"1970-01-01T00:00:00Z", 0, 1},
    {"1970-01-01", 0, 1},
    {"2026-11-23T09:13:15Z", 1795425195000, 1},
    {"2026-11-23t09:13:15z", 1795425195000, 1},
    {"2026-11-23 09:13:15Z", 1795425195000, 1},
    {"2026-11-23T09:13:15.5Z", 1795425195500, 1},
    {"2026-11-23T09:13:15.123456789Z", 1795425195123, 1},
    {"2026-11-23T09:13:15.0009Z", 1795425195000, 1},
    {"2026-11-23T10:43:15+01:30", 1795425195000, 1},
    {"2026-11-23T01:13:15-0800", 1795425195000, 1},
    {"2026-11-23T09:13:15+00:00", 1795425195000, 1},
    {"1969-12-31T23:59:59.999Z", -1, 1},
    {"2024-02-29T00:00:00Z", 1709164800000, 1},
    {"2000-02-29", 951782400000, 1},
    {"2016-12-31T23:59:60Z", 1483228800000, 1}, /* a leap second */
    {"0000-01-01T00:00:00Z", -62167219200000, 1},
    {"9999-12-31T23:59:59Z", 253402300799000, 1},
    {"", 0, 0},
    {"2026", 0, 0},
    {"2026-11", 0, 0},
    {"2026-11-2", 0, 0},
    {"2026-13-01", 0, 0},
    {"2026-00-01", 0, 0},
    {"2026-01-00", 0, 0},
    {"2026-01-32", 0, 0},
    {"2026-04-31", 0, 0},
    {"2026-02-29", 0, 0},
    {"1900-02-29", 0, 0},
    {"2026-11-23T", 0, 0},
    {"2026-11-23T09:13:15", 0, 0},
    {"2026-11-23T09:13Z", 0, 0},
    {"2026-11-23T24:00:00Z", 0, 0},
    {"2026-11-23T09:60:00Z", 0, 0},
    {"2026-11-23T09:13:61Z", 0, 0},
    {"2026-11-23T09:13:15.Z", 0, 0},
    {"2026-11-23T09:13:15.5", 0, 0},
    {"2026-11-23T09:13:15ZZ", 0, 0},
    {"2026-11-23T09:13:15+24:00", 0, 0},
    {"2026-11-23T09:13:15+1:00", 0, 0},
    {"2026-11-23T09:13:15+01:60", 0, 0},
    {"2026-11-23T09:13:15 Z", 0, 0},
    {"2026-11-23T9:13:15Z", 0, 0},
    {"+026-11-23", 0, 0},
    {"2026/11/23", 0, 0},
    {"-001-11-23", 0, 0},
    {"-11-23", 0, 0},
    {"20:6-11-23", 0, 0},
    {"2026--23", 0, 0},
    {"2026-11-", 0, 0},
    {"2026-11-23T:13:15Z", 0, 0},
    {"2026-11-23T09::15Z", 0, 0},
    {"2026-11-23T09:13:Z", 0, 0},
    {"2026-11-23T09:13:15.", 0, 0},
    {"2026-11-23T09:13:15.:Z", 0, 0},
    {"2026-11-23T09:13:15.5:", 0, 0},
    {"2026-11-23T09:13:15+:30", 0, 0},
    {"2026-11-23T09:13:15+01:", 0, 0},
    {"2026-11-23T09:13:15+", 0, 0},
};

static const struct {
	const char *text;
	int64_t ms;
	int ok;
} dates[] = {
    {"Mon, 23 Nov 2026 09:13:15 GMT", 1795425195000, 1},
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0, 1},
    {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800000, 1},
    {"Mon, 23 Nov 2026 09:13:15 UTC", 0, 0},
    {"Mon, 23 nov 2026 09:13:15 GMT", 0, 0},
    {"Mon, 23 Abc 2026 09:13:15 GMT", 0, 0},
    {"Mon, 31 Feb 2026 09:13:15 GMT", 0, 0},
    {"Mon, 3 Nov 2026 09:13:15 GMT ", 0, 0},
    {"Monday, 23-Nov-26 09:13:15 GMT", 0, 0},
    {"Mon, 23 Nov 2026 25:13:15 GMT", 0, 0},
    {"Mon, 23 Nov 2026 09-13-15 GMT", 0, 0},
    {"", 0, 0},
    {"Mon; 23 Nov 2026 09:13:15 GMT", 0, 0},
    {"Mon, 23-Nov 2026 09:13:15 GMT", 0, 0},
    {"Mon, 23 Nov-2026 09:13:15 GMT", 0, 0},
    {"Mon, 23 Nov 2026-09:13:15 GMT", 0, 0},
    {"Mon, 23 Nov  09:13:15 0:0 GMT", 0, 0},
};

static const struct {
	const char *text;
	int64_t ms;
	int ok;
} spans[] = {
    {"0", 0, 1},
    {"7", 7000, 1},
    {"250ms", 250, 1},
    {"90s", 90000, 1},
    {"5m", 300000, 1},
    {"12h", 43200000, 1},
    {"7d", 604800000, 1},
    {"9999999d", 863999913600000, 1},
    {"", 0, 0},
    {"s", 0, 0},
    {"-1s", 0, 0},
    {"+1s", 0, 0},
    {" 1s", 0, 0},
    {"1 s", 0, 0},
    {"1S", 0, 0},
    {"1.5h", 0, 0},
    {"1w", 0, 0},
    {"1h30m", 0, 0},
    {"99999999999999999999", 0, 0},
    {"9223372036854775807d", 0, 0},
};

/* A day in every month from 0000 to 9999, both ways. */
static void
calendar(void)
{
	int wrong = 0;

	for (int64_t day = -719528; day < 2932897; day += 29) {
		time_t t = (time_t)(day * 86400 + day % 86400);
		char ours[TIMEFMT_MAX], theirs[TIMEFMT_MAX];
		struct tm tm;
		int64_t back = 0;

		if (gmtime_r(&t, &tm) == NULL)
			continue;
		(void)snprintf(theirs, sizeof(theirs),
		    "%04d-%02d-%02dT%02d:%02d:%02dZ",
		    (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday,
		    tm.tm_hour, tm.tm_min, tm.tm_sec);
		if (tm.tm_year < -1900 || tm.tm_year > 8099)
			continue;
		timefmt_rfc3339(ours, (int64_t)t * 1000, false);
		wrong += strcmp(ours, theirs) != 0 ||
			 !timefmt_parse(ours, strlen(ours), &back) ||
			 back != (int64_t)t * 1000;
	}
	OK(wrong == 0, "ten thousand years, as the C library has them");
}

int
main(void)
{
	char out[TIMEFMT_MAX];
	int64_t ms;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		ms = 42;
		OK(timefmt_parse(times[i].text, strlen(times[i].text), &ms) ==
			    (times[i].ok != 0) &&
			ms == (times[i].ok != 0 ? times[i].ms : 42),
		    times[i].text);
	}
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
		OK(timefmt_http(dates[i].text, strlen(dates[i].text), &ms) ==
			    (dates[i].ok != 0) &&
			(dates[i].ok == 0 || ms == dates[i].ms),
		    dates[i].text);
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		OK(timefmt_duration(spans[i].text, &ms) == (spans[i].ok != 0) &&
			(spans[i].ok == 0 || ms == spans[i].ms),
		    spans[i].text);
	timefmt_rfc3339(out, 1795425195007, true);
	IS(out, "2026-11-23T09:13:15.007Z", "with milliseconds");
	timefmt_rfc3339(out, -1, true);
	IS(out, "1969-12-31T23:59:59.999Z", "before 1970");
	timefmt_rfc3339(out, -1, false);
	IS(out, "1969-12-31T23:59:59Z", "rounded down");
	calendar();
	return tap_done();
}
