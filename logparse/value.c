/* Conversions of slices to column values; see value.h. */
#include <string.h>

#include "jsoncut.h"
#include "jsonw.h"
#include "log.h"
#include "timefmt.h"
#include "value.h"

/* A record is at most 4 MiB (frame.h); U+FFFD makes three bytes of one. */
enum { VALUE_TEXT_MAX = 16 * 1024 * 1024, TEXT_KEPT = 1024 * 1024 };

/* Text of a value on its way to the column, and with what was bad replaced. */
static struct buf compact = BUF_INIT(VALUE_TEXT_MAX);
static struct buf mended = BUF_INIT(VALUE_TEXT_MAX);

/* Their errors are b's, and their memory nobody's when it is much. */
static void
done(struct buf *b, struct buf *used)
{
	if (used->err != 0)
		b->err = used->err;
	if (used->cap > TEXT_KEPT)
		buf_clear(used);
	buf_reset(used);
}

/* A string slice (between its quotes) that needs more than copying. */
static void
slow_string(struct buf *b, const struct json_val *v, struct value_counts *c)
{
	const char *s = v->p + 1;
	size_t n = v->n - 2;

	if (json_mendable(s, n, v->flags)) {
		c->replaced += json_mend(&mended, s, n);
		s = mended.p;
		n = mended.len;
	}
	c->cut += jsoncut_string(b, s, n, VALUE_STRING_MAX);
	done(b, &mended);
}

bool
value_is_plain(const struct json_val *v)
{
	return v->type == JSON_STRING && v->n - 2 <= VALUE_STRING_MAX &&
	       (v->flags == 0 || !json_mendable(v->p + 1, v->n - 2, v->flags));
}

static void
add_string(struct buf *b, const struct json_val *v, struct value_counts *c)
{
	if (value_is_plain(v)) {
		buf_add(b, v->p, v->n);
		return;
	}
	buf_addc(b, '"');
	slow_string(b, v, c);
	buf_addc(b, '"');
}

/* The JSON of an object or array, compact and within the limit. */
static void
add_json(struct buf *b, const struct json_val *v, struct value_counts *c)
{
	size_t start = b->len;
	const char *p = v->p;
	size_t n = v->n;

	if (json_mendable(p, n, v->flags)) {
		c->replaced += json_mend(&mended, p, n);
		p = mended.p;
		n = mended.len;
	}
	json_compact(b, p, n);
	done(b, &mended);
	if (b->err != 0 || b->len - start <= VALUE_STRING_MAX)
		return;
	buf_add(&mended, b->p + start, b->len - start);
	buf_cut(b, start);
	jsoncut_container(b, mended.p, mended.len, VALUE_STRING_MAX);
	c->cut++;
	done(b, &mended);
}

/* The same as text. */
static void
add_json_text(struct buf *b, const struct json_val *v, struct value_counts *c)
{
	buf_addc(b, '"');
	if ((v->flags & JSON_SPACES) == 0 && v->n <= VALUE_STRING_MAX &&
	    !json_mendable(v->p, v->n, v->flags)) {
		jsonw_escape_valid(b, v->p, v->n);
	} else {
		add_json(&compact, v, c);
		jsonw_escape_valid(b, compact.p, compact.len);
		done(b, &compact);
	}
	buf_addc(b, '"');
}

/* A number, true or false as text. */
static void
add_scalar_text(struct buf *b, const struct json_val *v, struct value_counts *c)
{
	buf_addc(b, '"');
	c->cut += jsoncut_string(b, v->p, v->n, VALUE_STRING_MAX);
	buf_addc(b, '"');
}

/* --- times -------------------------------------------------------------- */

/* Years 1 to 9999, in ms since 1970: what a datetime column takes. */
#define TIME_FIRST INT64_C(-62135596800000)
#define TIME_END   INT64_C(253402300800000)

/* What a written time says, its fraction as text. */
struct written_time {
	int64_t ms; /* whole seconds, UTC */
	const char *fraction;
	size_t fraction_len; /* digits */
	bool plain;          /* it is RFC 3339 in UTC as it stands */
};

static bool
digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

static bool
read_time(const char *s, size_t n, struct written_time *t)
{
	char text[TIMEFMT_MAX];
	size_t i = 19, zone, len;

	/* 2026-01-02T03:04:05 is 19 characters; fraction and zone follow. */
	if (n < 19 || n > 64)
		return false;
	if (i < n && (s[i] == '.' || s[i] == ',')) {
		t->fraction = s + ++i;
		while (i < n && digits(s + i, 1))
			i++;
		t->fraction_len = (size_t)(s + i - t->fraction);
		if (t->fraction_len == 0)
			return false;
	} else {
		t->fraction_len = 0;
	}
	zone = n - i;
	if (zone > 6)
		return false;
	memcpy(text, s, 19);
	len = 19;
	if (zone == 0) {
		text[len++] = 'Z';
	} else if (zone == 3) {
		memcpy(text + len, s + i, 3);
		memcpy(text + len + 3, ":00", 3);
		len += 6;
	} else {
		memcpy(text + len, s + i, zone);
		len += zone;
	}
	t->plain = zone == 1 && s[i] == 'Z' && s[10] == 'T' && s[17] < '6' &&
		   (t->fraction_len == 0 || s[19] == '.');
	return timefmt_parse(text, len, &t->ms) && t->ms >= TIME_FIRST &&
	       t->ms < TIME_END;
}

bool
value_time(struct buf *b, const char *s, size_t n)
{
	struct written_time t;
	char text[TIMEFMT_MAX];

	if (!read_time(s, n, &t))
		return false;
	if (t.plain) {
		buf_add(b, s, n);
		return true;
	}
	timefmt_rfc3339(text, t.ms, false);
	buf_add(b, text, 19);
	if (t.fraction_len > 0) {
		buf_addc(b, '.');
		buf_add(b, t.fraction, t.fraction_len);
	}
	buf_addc(b, 'Z');
	return true;
}

static enum value_result
add_time(struct buf *b, const struct json_val *v)
{
	struct buf text = BUF_INIT(256);
	size_t start = b->len;
	bool ok;

	if (v->type != JSON_STRING)
		return VALUE_MISFIT;
	buf_addc(b, '"');
	if ((v->flags & JSON_ESCAPES) == 0) {
		ok = value_time(b, v->p + 1, v->n - 2);
	} else {
		(void)json_unescape(&text, v->p + 1, v->n - 2);
		ok = text.err == 0 && value_time(b, text.p, text.len);
		buf_clear(&text);
	}
	buf_addc(b, '"');
	if (!ok)
		buf_cut(b, start);
	return ok ? VALUE_OK : VALUE_MISFIT;
}

/* --- scalars ------------------------------------------------------------ */

static enum value_result
add_bool(struct buf *b, const struct json_val *v)
{
	if (v->type == JSON_TRUE || json_is(v, "true") || json_is(v, "True"))
		buf_adds(b, "true");
	else if (v->type == JSON_FALSE || json_is(v, "false") ||
		 json_is(v, "False"))
		buf_adds(b, "false");
	else
		return VALUE_MISFIT;
	return VALUE_OK;
}

/* A number, or a string that holds nothing but one. */
static bool
number_of(const struct json_val *v, struct json_val *number)
{
	struct json j;

	if (v->type == JSON_NUMBER) {
		*number = *v;
		return true;
	}
	if (v->type != JSON_STRING || (v->flags & JSON_ESCAPES) != 0)
		return false;
	json_init(&j, v->p + 1, v->n - 2);
	return v->n > 2 && json_value(&j, number) && json_done(&j) &&
	       number->type == JSON_NUMBER && number->n == v->n - 2;
}

static enum value_result
add_number(struct buf *b, enum column_type type, const struct json_val *v)
{
	struct json_val number;
	int64_t i;

	if (!number_of(v, &number))
		return VALUE_MISFIT;
	if (type != COLUMN_REAL &&
	    (!json_int(&number, &i) ||
		(type == COLUMN_INT && (i < INT32_MIN || i > INT32_MAX))))
		return VALUE_MISFIT;
	buf_add(b, number.p, number.n);
	return VALUE_OK;
}

static enum value_result
add_dynamic(struct buf *b, const struct json_val *v, struct value_counts *c)
{
	if (v->type == JSON_STRING)
		add_string(b, v, c);
	else if (v->type == JSON_OBJECT || v->type == JSON_ARRAY)
		add_json(b, v, c);
	else if (v->n <= VALUE_STRING_MAX)
		buf_add(b, v->p, v->n);
	else
		return VALUE_MISFIT;
	return VALUE_OK;
}

static enum value_result
add_text(struct buf *b, const struct json_val *v, struct value_counts *c)
{
	if (v->type == JSON_STRING)
		add_string(b, v, c);
	else if (v->type == JSON_OBJECT || v->type == JSON_ARRAY)
		add_json_text(b, v, c);
	else
		add_scalar_text(b, v, c);
	return VALUE_OK;
}

enum value_result
value_add(struct buf *b, enum column_type type, const struct json_val *v,
    struct value_counts *c)
{
	if (v->p == NULL || v->type == JSON_NULL)
		return VALUE_ABSENT;
	if (type != COLUMN_STRING && json_is(v, "-"))
		return VALUE_ABSENT;
	switch (type) {
	case COLUMN_STRING:
		return add_text(b, v, c);
	case COLUMN_DATETIME:
		return add_time(b, v);
	case COLUMN_BOOL:
		return add_bool(b, v);
	case COLUMN_INT:
	case COLUMN_LONG:
	case COLUMN_REAL:
		return add_number(b, type, v);
	case COLUMN_DYNAMIC:
		return add_dynamic(b, v, c);
	}
	log_bug(__FILE__, __LINE__, "a column's type");
}
