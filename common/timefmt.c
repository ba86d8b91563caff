/* RFC 3339, HTTP dates and durations to and from milliseconds. */
#include <string.h>

#include "timefmt.h"

enum { MS_DAY = 86400000, YEAR_MAX = 9999 };

/* Days from 1970-01-01 to the given day of the Gregorian calendar. */
static int64_t
days_from_civil(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
civil_from_days(int64_t days, int *y, int *m, int *d)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

/* n digits of v, which has no more. */
static char *
put(char *out, int v, int n)
{
	for (int i = n - 1; i >= 0; i--, v /= 10)
		out[i] = (char)('0' + v % 10);
	return out + n;
}

/* A handler of a signal may ask for it: no function of the library's. */
void
timefmt_rfc3339(char out[TIMEFMT_MAX], int64_t ms, bool with_ms)
{
	int64_t days = ms / MS_DAY, rest = ms % MS_DAY;
	int y, m, d, s;

	if (rest < 0) {
		rest += MS_DAY;
		days--;
	}
	civil_from_days(days, &y, &m, &d);
	s = (int)(rest / 1000);
	out = put(out, y < 0 || y > YEAR_MAX ? YEAR_MAX : y, 4);
	*out++ = '-';
	out = put(out, m, 2);
	*out++ = '-';
	out = put(out, d, 2);
	*out++ = 'T';
	out = put(out, s / 3600, 2);
	*out++ = ':';
	out = put(out, s / 60 % 60, 2);
	*out++ = ':';
	out = put(out, s % 60, 2);
	if (with_ms) {
		*out++ = '.';
		out = put(out, (int)(rest % 1000), 3);
	}
	*out++ = 'Z';
	*out = '\0';
}

/* Read exactly n digits at *s, not past end; -1 when they are not there. */
static int
number(const char **s, const char *end, int n)
{
	int v = 0;

	if (end - *s < n)
		return -1;
	for (; n > 0; n--, ++*s) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static bool
expect(const char **s, const char *end, char c)
{
	if (*s == end || **s != c)
		return false;
	++*s;
	return true;
}

/* Read 09:13:15; a part that is no number becomes -1. */
static bool
time_of_day(const char **s, const char *end, int *h, int *m, int *sec)
{
	*h = number(s, end, 2);
	if (!expect(s, end, ':'))
		return false;
	*m = number(s, end, 2);
	if (!expect(s, end, ':'))
		return false;
	*sec = number(s, end, 2);
	return true;
}

static int
month_days(int y, int m)
{
	static const signed char days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return m == 2 && (y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
		   ? 29
		   : days[m - 1];
}

static bool
civil(int y, int m, int d, int h, int min, int s, int64_t *ms)
{
	if (y < 0 || m < 1 || m > 12 || d < 1 || d > month_days(y, m) ||
	    h < 0 || h > 23 || min < 0 || min > 59 || s < 0 || s > 60)
		return false;
	*ms = days_from_civil(y, m, d) * MS_DAY +
	      ((int64_t)h * 3600 + min * 60 + s) * 1000;
	return true;
}

/* Read Z or an offset; *ms is moved to UTC. */
static bool
offset(const char **s, const char *end, int64_t *ms)
{
	int h, m;
	bool minus;

	if (expect(s, end, 'Z') || expect(s, end, 'z'))
		return true;
	if (*s == end || (**s != '+' && **s != '-'))
		return false;
	minus = *(*s)++ == '-';
	h = number(s, end, 2);
	(void)expect(s, end, ':');
	m = number(s, end, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return false;
	*ms += (minus ? 1 : -1) * (int64_t)(h * 60 + m) * 60000;
	return true;
}

bool
timefmt_parse(const char *s, size_t n, int64_t *ms)
{
	const char *end = s + n;
	int y, mo, d, h, mi, sec, scale = 100;
	int64_t t, fraction = 0;

	y = number(&s, end, 4);
	if (!expect(&s, end, '-'))
		return false;
	mo = number(&s, end, 2);
	if (!expect(&s, end, '-'))
		return false;
	d = number(&s, end, 2);
	if (s == end)
		return civil(y, mo, d, 0, 0, 0, ms);
	if (!expect(&s, end, 'T') && !expect(&s, end, 't') &&
	    !expect(&s, end, ' '))
		return false;
	if (!time_of_day(&s, end, &h, &mi, &sec))
		return false;
	if (expect(&s, end, '.')) {
		if (s == end || *s < '0' || *s > '9')
			return false;
		for (; s < end && *s >= '0' && *s <= '9'; s++, scale /= 10)
			fraction += (*s - '0') * scale;
	}
	if (!civil(y, mo, d, h, mi, sec, &t) || !offset(&s, end, &t) ||
	    s != end)
		return false;
	*ms = t + fraction;
	return true;
}

bool
timefmt_http(const char *s, size_t n, int64_t *ms)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *end = s + n;
	int d, mo = 0, y, h, mi, sec;

	/* Mon, 23 Nov 2026 09:13:15 GMT */
	if (n != 29 || s[3] != ',' || memcmp(end - 4, " GMT", 4) != 0)
		return false;
	s += 5;
	d = number(&s, end, 2);
	if (!expect(&s, end, ' '))
		return false;
	while (mo < 12 && memcmp(months + mo * 3, s, 3) != 0)
		mo++;
	s += 3;
	if (mo == 12 || !expect(&s, end, ' '))
		return false;
	y = number(&s, end, 4);
	if (!expect(&s, end, ' '))
		return false;
	if (!time_of_day(&s, end, &h, &mi, &sec))
		return false;
	return s == end - 4 && civil(y, mo + 1, d, h, mi, sec, ms);
}

bool
timefmt_duration(const char *s, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000},
	    {"h", 3600000}, {"d", MS_DAY}};
	int64_t v = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (v > INT64_MAX / MS_DAY / 10 - 10)
			return false;
		v = v * 10 + (*p - '0');
	}
	if (p == s)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(p, units[i].unit) == 0) {
			*ms = v * units[i].ms;
			return true;
		}
	return false;
}
