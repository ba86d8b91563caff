/* Times of logs to RFC 3339; see times.h. */
#include <endian.h>
#include <string.h>

#include "timefmt.h"
#include "times.h"

/* Years 1 to 9999, in ms since 1970: what a datetime column takes. */
#define TIME_FIRST INT64_C(-62135596800000)
#define TIME_END   INT64_C(253402300800000)

enum {
	DAY = 24 * 60 * 60,
	SECONDS = 19,      /* 2026-01-02T03:04:05 */
	MINUTE = 16,       /* without :05 */
	BASIC_MINUTE = 13, /* 20260102T0304 */
	TEXT_MAX = 64,     /* of all of it */
	EPOCH_DIGITS = 12, /* of seconds up to the year 9999 */
	NANO = 9,
	ZONE = 6,      /* +00:00 */
	DECIMALS = 40, /* of an epoch's */
	EXPONENT = 30, /* of one's, at most */
	LATE = 64      /* minutes that are remembered: a file spans few */
};

/* What a written time says, its fraction as text. */
struct written_time {
	int64_t ms; /* whole seconds, UTC */
	const char *fraction;
	size_t fraction_len; /* digits */
	bool plain;          /* it is RFC 3339 in UTC as it stands */
};

/* How many of the n bytes at s are digits, from the first on. */
static size_t
digits(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

/* Does s have the form of the pattern, in which 0 is any digit? */
static bool
has_form(const char *s, size_t n, const char *pattern)
{
	size_t i;

	for (i = 0; pattern[i] != '\0'; i++)
		if (i == n || (pattern[i] == '0' ? digits(s + i, 1) == 0
						 : s[i] != pattern[i]))
			return false;
	return true;
}

/* Date and time of day, as 2026-01-02T03:04:05 to text: how many bytes of s
 * they are, 0 when there are too few.  ISO 8601 has a basic form, too, and may
 * leave out the seconds; what is no digit is found later. */
static size_t
read_seconds(char text[SECONDS], const char *s, size_t n)
{
	const bool basic = has_form(s, n, "00000000T0000");

	memcpy(text, "yyyy-mm-ddThh:mm:00", SECONDS);
	if (!basic && n < MINUTE)
		return 0;
	if (!basic) {
		memcpy(text, s, MINUTE);
		if (n < SECONDS || s[MINUTE] != ':')
			return MINUTE;
		memcpy(text + MINUTE, s + MINUTE, 3);
		return SECONDS;
	}
	memcpy(text, s, 4);
	memcpy(text + 5, s + 4, 2);
	memcpy(text + 8, s + 6, 2);
	memcpy(text + 11, s + 9, 2);
	memcpy(text + 14, s + 11, 2);
	if (digits(s + BASIC_MINUTE, n - BASIC_MINUTE) != 2)
		return BASIC_MINUTE;
	memcpy(text + 17, s + BASIC_MINUTE, 2);
	return BASIC_MINUTE + 2;
}

/* The zone that is all of s, as +hh:mm or Z; 0: it is none. */
static size_t
read_zone(char text[ZONE], const char *s, size_t n)
{
	static const char *const names[] = {"UTC", "GMT", "Z", "z"};
	size_t i;

	if (n > 1 && s[0] == ' ') {
		s++;
		n--;
	}
	/* As Go writes it: +0000 UTC. */
	if (n > 4 && s[0] == '+' && memcmp(s + n - 4, " UTC", 4) == 0)
		n -= 4;
	text[0] = 'Z';
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (n == strlen(names[i]) && memcmp(s, names[i], n) == 0)
			return 1;
	if (n == 0)
		return 1;
	if (n != 3 && n != 5 && n != 6)
		return 0;
	memcpy(text, s, n);
	if (n == 3)
		memcpy(text + 3, ":00", 3);
	return n == 3 ? 6 : n;
}

/* A fraction of seconds at s: its bytes with the mark before it, 0 when there
 * is none. */
static size_t
read_fraction(struct written_time *t, const char *s, size_t n)
{
	if (n < 2 || (s[0] != '.' && s[0] != ','))
		return 0;
	t->fraction = s + 1;
	t->fraction_len = digits(s + 1, n - 1);
	return t->fraction_len > 0 ? 1 + t->fraction_len : 0;
}

/* The end of a day is the beginning of the next one. */
static bool
is_midnight(const char *text, const struct written_time *t)
{
	for (size_t i = 0; i < t->fraction_len; i++)
		if (t->fraction[i] != '0')
			return false;
	return memcmp(text + 11, "24:00:00", 8) == 0;
}

static bool
read_time(const char *s, size_t n, struct written_time *t)
{
	char text[SECONDS + ZONE];
	size_t i, zone;
	bool end;

	if (n > TEXT_MAX || (i = read_seconds(text, s, n)) == 0)
		return false;
	t->fraction_len = 0;
	if (i == SECONDS || i == BASIC_MINUTE + 2)
		i += read_fraction(t, s + i, n - i);
	end = is_midnight(text, t);
	if (end)
		memcpy(text + 11, "00", 2);
	zone = read_zone(text + SECONDS, s + i, n - i);
	if (zone == 0 || !timefmt_parse(text, SECONDS + zone, &t->ms))
		return false;
	if (end)
		t->ms += INT64_C(1000) * DAY;
	t->plain = i + 1 == n && s[i] == 'Z' && s[10] == 'T' && i != MINUTE &&
		   memcmp(text, s, SECONDS) == 0 && s[17] < '6' &&
		   (t->fraction_len == 0 || s[SECONDS] == '.');
	return t->ms >= TIME_FIRST && t->ms < TIME_END;
}

/* Append whole seconds and a fraction that comes in two pieces of digits. */
static void
write_time(struct buf *b, const char seconds[SECONDS], const char *fraction,
    size_t n, const char *more, size_t nmore)
{
	buf_add(b, seconds, SECONDS);
	if (n + nmore > 0) {
		buf_addc(b, '.');
		buf_add(b, fraction, n);
		buf_add(b, more, nmore);
	}
	buf_addc(b, 'Z');
}

/* The number of two digits; over 99 when they are none. */
static inline unsigned
two(const char *s)
{
	unsigned a = (unsigned char)s[0] - (unsigned)'0';
	unsigned b = (unsigned char)s[1] - (unsigned)'0';

	return a > 9 || b > 9 ? 100 : a * 10 + b;
}

bool
times_is_plain(const char *s, size_t n)
{
	size_t i = SECONDS;

	/* Any month has 28 days; years before 1000 are the other way's. */
	if (n <= SECONDS || n > TIMES_PLAIN_MAX || s[4] != '-' || s[7] != '-' ||
	    s[10] != 'T' || s[13] != ':' || s[16] != ':' || two(s) - 10 > 89 ||
	    two(s + 2) > 99 || two(s + 5) - 1 > 11 || two(s + 8) - 1 > 27 ||
	    two(s + 11) > 23 || two(s + 14) > 59 || two(s + 17) > 59)
		return false;
	if (s[i] == '.') {
		i += 1 + digits(s + i + 1, n - i - 1);
		if (i == SECONDS + 1)
			return false;
	}
	return i + 1 == n && s[i] == 'Z';
}

bool
times_iso(struct buf *b, const char *s, size_t n)
{
	struct written_time t = {0};
	char text[TIMEFMT_MAX];

	if (times_is_plain(s, n)) {
		buf_add(b, s, n);
		return true;
	}
	if (!read_time(s, n, &t))
		return false;
	if (t.plain) {
		buf_add(b, s, n);
		return true;
	}
	timefmt_rfc3339(text, t.ms, false);
	write_time(b, text, t.fraction, t.fraction_len, "", 0);
	return true;
}

/* Two digits each of hours, minutes, seconds. */
static const char two_text[] = "000102030405060708091011121314151617181920"
			       "212223242526272829303132333435363738394041"
			       "42434445464748495051525354555657585960";

/* Seconds since 1970 as text.  Records are near each other: the day's text is
 * that of the last one, mostly. */
static void
epoch_text(char out[SECONDS], int64_t s)
{
	static char day_text[TIMEFMT_MAX];
	static int64_t day = -1;
	unsigned rest;

	if (day < 0 || s < day || s - day >= DAY) {
		day = s / DAY * DAY;
		timefmt_rfc3339(day_text, day * 1000, false);
	}
	rest = (unsigned)(s - day);
	memcpy(out, day_text, SECONDS);
	memcpy(out + 11, two_text + 2 * (rest / 3600), 2);
	memcpy(out + 14, two_text + 2 * (rest / 60 % 60), 2);
	memcpy(out + 17, two_text + 2 * (rest % 60), 2);
}

/* The number of eight digits: of all pairs, then of fours, at once. */
static inline unsigned
eight_digits(const char *s)
{
	uint64_t v;

	/* Each digit's byte is below that of the next one. */
	memcpy(&v, s, sizeof(v));
	v = le64toh(v) & 0x0f0f0f0f0f0f0f0f;
	v = (v * 10 + (v >> 8)) & 0x00ff00ff00ff00ff;
	v = (v * 100 + (v >> 16)) & 0x0000ffff0000ffff;
	return (unsigned)(v * 10000 + (v >> 32));
}

/* The minutes of late, as text: each has its place. */
static struct late {
	unsigned minute; /* and 1: none is 0 */
	char text[TIMES_TEN_TEXT];
} late[LATE];

/* Have a minute there.  By itself, as it is rare. */
static __attribute__((noinline)) void
remember(struct late *l, unsigned minute)
{
	epoch_text(l->text, (int64_t)minute * 60);
	l->text[SECONDS] = 'Z';
	l->minute = minute + 1;
}

void
times_ten(char out[TIMES_TEN_TEXT], const char s[TIMES_TEN])
{
	const uint64_t all = (uint64_t)eight_digits(s) * 100 +
			     ((unsigned char)s[8] - (unsigned)'0') * 10 +
			     ((unsigned char)s[9] - (unsigned)'0');
	const unsigned minute = (unsigned)(all / 60);
	struct late *l = &late[minute % LATE];

	if (l->minute != minute + 1)
		remember(l, minute);
	memcpy(out, l->text, TIMES_TEN_TEXT);
	memcpy(out + 17, two_text + 2 * (all - minute * UINT64_C(60)), 2);
}

/* Units without an exponent. */
static bool
epoch_plain(struct buf *b, const char *s, size_t n, unsigned unit)
{
	size_t whole = digits(s, n), seconds, i;
	size_t more = whole < n ? n - whole - 1 : 0;
	char padded[NANO], text[SECONDS];
	int64_t value = 0;

	if (whole == 0 || whole > EPOCH_DIGITS + unit || more > DECIMALS ||
	    (whole < n && (s[whole] != '.' || more == 0 ||
			      digits(s + whole + 1, more) != more)))
		return false;
	/* Of fewer digits than the unit has, all are of the fraction. */
	seconds = whole > unit ? whole - unit : 0;
	for (i = 0; i < seconds; i++)
		value = value * 10 + (s[i] - '0');
	if (value >= TIME_END / 1000)
		return false;
	memset(padded, '0', sizeof(padded));
	i = whole < unit ? unit - whole : 0;
	memcpy(padded + i, s + seconds, whole - seconds);
	epoch_text(text, value);
	write_time(b, text, padded, unit, s + n - more, more);
	return true;
}

/* The exponent that all of s is, behind its e; over EXPONENT when it is none.
 */
static int
read_exponent(const char *s, size_t n)
{
	const bool minus = n > 0 && s[0] == '-';
	int e = 0;

	if (n > 0 && (s[0] == '-' || s[0] == '+')) {
		s++;
		n--;
	}
	if (n == 0 || n > 4 || digits(s, n) != n)
		return EXPONENT + 1;
	for (size_t i = 0; i < n; i++)
		e = e * 10 + (s[i] - '0');
	return e > EXPONENT ? e : minus ? -e : e;
}

/* Append the number 1.5415343951E9 without its exponent: the point where it
 * belongs.  False when it is none, or too long. */
static bool
move_point(struct buf *b, const char *s, size_t n)
{
	const size_t whole = digits(s, n), dot = whole < n && s[whole] == '.';
	const size_t more = digits(s + whole + dot, n - whole - dot);
	const size_t e = whole + dot + more;
	int point, all = (int)(whole + more);

	if (whole == 0 || more < dot || e == n || (s[e] != 'e' && s[e] != 'E'))
		return false;
	point = read_exponent(s + e + 1, n - e - 1);
	if (point > EXPONENT || n > TEXT_MAX)
		return false;
	point += (int)whole;
	if (point <= 0)
		buf_adds(b, "0.");
	for (int i = point; i < 0; i++)
		buf_addc(b, '0');
	for (int i = 0; i < all || i < point; i++) {
		if (i > 0 && i == point)
			buf_addc(b, '.');
		buf_addc(b, i >= all
				? '0'
				: s[(size_t)i + (i >= (int)whole ? dot : 0)]);
	}
	return b->err == 0;
}

bool
times_epoch(struct buf *b, const char *s, size_t n, unsigned unit)
{
	struct buf text = BUF_INIT(3 * TEXT_MAX);
	bool ok = epoch_plain(b, s, n, unit);

	if (!ok && n > 0)
		ok = move_point(&text, s, n) &&
		     epoch_plain(b, text.p, text.len, unit);
	buf_clear(&text);
	return ok;
}

bool
times_apache(struct buf *b, const char *s, size_t n)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char iso[26] = "yyyy-mm-ddThh:mm:ss+hh:mm", *to = iso;
	const char *month;

	if (n > 2 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	/* 06/Feb/2019:00:00:38 +0000 */
	if (n != 26 || s[2] != '/' || s[6] != '/' || s[11] != ':' ||
	    s[20] != ' ' || digits(s + 22, 4) != 4)
		return false;
	month = memmem(months, sizeof(months) - 1, s + 3, 3);
	if (month == NULL || (month - months) % 3 != 0)
		return false;
	memcpy(to, s + 7, 4);
	to[5] = (char)('0' + ((month - months) / 3 + 1) / 10);
	to[6] = (char)('0' + ((month - months) / 3 + 1) % 10);
	memcpy(to + 8, s, 2);
	memcpy(to + 11, s + 12, 8);
	memcpy(to + 19, s + 21, 3);
	memcpy(to + 23, s + 24, 2);
	return times_iso(b, iso, 25);
}

/* The length of the zone at s, as read_time() takes it. */
static size_t
zone_len(const char *s, size_t n)
{
	static const char *const forms[] = {
	    "+00:00", "-00:00", "+0000", "-0000", "+00", "-00", "Z"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if (has_form(s, n, forms[i]))
			return strlen(forms[i]);
	return 0;
}

/* 20190206 00:00:38, as MariaDB's audit plugin writes it, or of MySQL, before
 * it had full years, 190206  0:00:38. */
static bool
short_time(struct buf *b, const char *s, size_t n)
{
	char iso[] = "20yy-mm-ddThh:mm:ss";

	if (has_form(s, n, "00000000 00:00:00")) {
		memcpy(iso, s, 2);
		s += 2;
	} else if (!has_form(s, n, "000000 00:00:00") &&
		   !has_form(s, n, "000000  0:00:00")) {
		return false;
	}
	memcpy(iso + 2, s, 2);
	memcpy(iso + 5, s + 2, 2);
	memcpy(iso + 8, s + 4, 2);
	memcpy(iso + 11, s + 7, 8);
	if (iso[11] == ' ')
		iso[11] = '0';
	return times_iso(b, iso, SECONDS);
}

bool
times_leading(struct buf *b, const char *s, size_t n)
{
	static const char slow[] = "# Time: "; /* of MySQL's slow queries */
	size_t len = SECONDS, fraction;

	if (n >= sizeof(slow) && memcmp(s, slow, sizeof(slow) - 1) == 0) {
		s += sizeof(slow) - 1;
		n -= sizeof(slow) - 1;
	} else if (n > 0 && s[0] == '[') {
		s++;
		n--;
	} else if (has_form(s, n, "0000000000000000,")) {
		/* Aurora's audit logs: microseconds. */
		return times_epoch(b, s, 16, 6);
	}
	if (short_time(b, s, n))
		return true;
	if (!has_form(s, n, "0000-00-00T00:00:00") &&
	    !has_form(s, n, "0000-00-00 00:00:00"))
		return false;
	if (len < n && (s[len] == '.' || s[len] == ',')) {
		fraction = digits(s + len + 1, n - len - 1);
		len += fraction > 0 ? fraction + 1 : 0;
	}
	return times_iso(b, s, len + zone_len(s + len, n - len));
}
