/* Times in rows, read apart from the product's reader; see when.h. */
#include "when.h"

struct cursor {
	const char *p, *end;
};

static bool
number(struct cursor *c, int digits, int min, int max, int *v)
{
	*v = 0;
	for (int i = 0; i < digits; i++, c->p++) {
		if (c->p == c->end || *c->p < '0' || *c->p > '9')
			return false;
		*v = *v * 10 + (*c->p - '0');
	}
	return *v >= min && *v <= max;
}

static bool
take(struct cursor *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

static int
days_in(int year, int month)
{
	static const int days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static int64_t
days_since_1970(int year, int month, int day)
{
	int64_t y = year - 1;
	int64_t days = y * 365 + y / 4 - y / 100 + y / 400;

	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	return days + day - 1 - 719162; /* 0001-01-01 to 1970-01-01 */
}

/* Decimals of a second: milliseconds of up to nine digits. */
static bool
fraction(struct cursor *c, int *ms)
{
	int n = 0, scale = 100;

	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, n++) {
		*ms += (*c->p - '0') * scale;
		scale /= 10;
	}
	return n >= 1 && n <= 9;
}

/* Minutes east of UTC. */
static bool
zone(struct cursor *c, int *offset)
{
	int h, m, sign;

	*offset = 0;
	if (c->p == c->end || take(c, 'Z') || take(c, 'z'))
		return c->p == c->end;
	sign = *c->p == '-' ? -1 : 1;
	if (!take(c, '+') && !take(c, '-'))
		return false;
	if (!number(c, 2, 0, 14, &h))
		return false;
	(void)take(c, ':');
	if (!number(c, 2, 0, 59, &m) || c->p != c->end)
		return false;
	*offset = sign * (h * 60 + m);
	return true;
}

bool
when_parse(const char *s, size_t n, int64_t *ms)
{
	struct cursor c = {s, s + n};
	int year, month, day, h = 0, m = 0, sec = 0, frac = 0, offset = 0;

	if (!number(&c, 4, 1, 9999, &year) || !take(&c, '-') ||
	    !number(&c, 2, 1, 12, &month) || !take(&c, '-') ||
	    !number(&c, 2, 1, days_in(year, month), &day))
		return false;
	if (c.p != c.end) {
		if (!take(&c, 'T') && !take(&c, 't') && !take(&c, ' '))
			return false;
		if (!number(&c, 2, 0, 23, &h) || !take(&c, ':') ||
		    !number(&c, 2, 0, 59, &m))
			return false;
		if (take(&c, ':') && !number(&c, 2, 0, 59, &sec))
			return false;
		if (take(&c, '.') && !fraction(&c, &frac))
			return false;
		if (!zone(&c, &offset))
			return false;
	}
	*ms = ((days_since_1970(year, month, day) * 24 + h) * 60 + m - offset) *
		  60000 +
	      sec * 1000 + frac;
	return true;
}
