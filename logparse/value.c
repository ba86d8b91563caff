/* Conversions of slices to column values; see value.h. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "jsoncut.h"
#include "jsonw.h"
#include "log.h"
#include "times.h"
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

/* --- scalars and times ------------------------------------------------ */

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
		ok = times_iso(b, v->p + 1, v->n - 2);
	} else {
		(void)json_unescape(&text, v->p + 1, v->n - 2);
		ok = text.err == 0 && times_iso(b, text.p, text.len);
		buf_clear(&text);
	}
	buf_addc(b, '"');
	if (!ok)
		buf_cut(b, start);
	return ok ? VALUE_OK : VALUE_MISFIT;
}

static enum value_result
add_bool(struct buf *b, const struct json_val *v)
{
	if (v->type == JSON_TRUE || json_is(v, "true") || json_is(v, "True") ||
	    json_is(v, "TRUE"))
		buf_adds(b, "true");
	else if (v->type == JSON_FALSE || json_is(v, "false") ||
		 json_is(v, "False") || json_is(v, "FALSE"))
		buf_adds(b, "false");
	else
		return VALUE_MISFIT;
	return VALUE_OK;
}

bool
value_number(const struct json_val *v, struct json_val *number)
{
	const char *p = v->p + 1;
	size_t n = v->n - 2;
	struct json j;

	if (v->type == JSON_NUMBER) {
		*number = *v;
		return true;
	}
	if (v->type != JSON_STRING || (v->flags & JSON_ESCAPES) != 0)
		return false;
	/* Text may have zeros in front: 000 is 0, 007 is 7. */
	while (n > 1 && p[0] == '0' && p[1] >= '0' && p[1] <= '9') {
		p++;
		n--;
	}
	json_init(&j, p, n);
	return n > 0 && json_value(&j, number) && json_done(&j) &&
	       number->type == JSON_NUMBER && number->n == n;
}

/* Is it a number that a double has?  The service's readers may fail on others,
 * and on the rows that came with them. */
static bool
fits_double(struct buf *b, const struct json_val *number)
{
	bool fits;

	/* A double goes up to 1.8e308. */
	if (number->n < DBL_MAX_10_EXP &&
	    memchr(number->p, 'e', number->n) == NULL &&
	    memchr(number->p, 'E', number->n) == NULL)
		return true;
	buf_add(&compact, number->p, number->n);
	fits = compact.err != 0 || isfinite(strtod(compact.p, NULL));
	done(b, &compact);
	return fits;
}

static enum value_result
add_number(struct buf *b, enum column_type type, const struct json_val *v)
{
	struct json_val number;
	int64_t i;

	if (!value_number(v, &number))
		return VALUE_MISFIT;
	if (type == COLUMN_REAL && !fits_double(b, &number))
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
