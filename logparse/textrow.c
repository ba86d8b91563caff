/*
 * Fields of a line to the columns of a row.  Most values are short and plain:
 * those are looked at and copied in whole vectors; the others go the long way,
 * as JSON strings.
 */
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "convert.h"
#include "scan.h"
#include "textrecord.h"
#include "textrow.h"
#include "times.h"

enum {
	PLAIN_MAX = 4096, /* bytes of a line that is taken the short way */
	SPARE = 64,       /* that a copy may write behind what it copies */
	VECTOR = 16,
	PORT_DIGITS = 5,
	PORT_MAX = 65535,
	TIME_TEXT = TIMES_PLAIN_MAX + 2 + SPARE /* a time, its quotes */
};

/* A field of the record; NULL when it has none, or nothing in it. */
static inline const struct field *
field_of(const struct split *s, int i)
{
	return i >= 0 && s->field[i].n > 0 ? &s->field[i] : NULL;
}

/* The long way.  By itself, so that what it needs is not set up for each row.
 */
static __attribute__((noinline)) enum value_result
convert(struct buf *b, const struct column *c, const struct field *f,
    struct value_counts *counts)
{
	struct json_val v;

	text_value(&v, f);
	return convert_add(b, c, &v, counts);
}

#if defined(__SSE2__)
/* The bits of the first n of 16 bytes; any when n is more. */
static inline unsigned
first_bits(size_t n)
{
	return (1u << (n & 31)) - 1;
}

/* Which of 16 bytes are digits. */
static inline unsigned
digit_bits(const char *p)
{
	__m128i v = _mm_sub_epi8(scan_load(p), _mm_set1_epi8('0'));
	__m128i nine = _mm_set1_epi8(9);

	return (unsigned)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(_mm_min_epu8(v, nine), v));
}

/* Which of 16 bytes are that number. */
static inline unsigned
equal_bits(__m128i v, char number)
{
	return (unsigned)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(v, _mm_set1_epi8(number)));
}

/* Which of 16 bytes are more, and less than 128. */
static inline unsigned
over_bits(__m128i v, char number)
{
	return (unsigned)_mm_movemask_epi8(
	    _mm_cmpgt_epi8(v, _mm_set1_epi8(number)));
}

static inline bool
all_digits(const char *p, size_t n)
{
	return (digit_bits(p) & first_bits(n)) == first_bits(n);
}

/* Without the lowest bit that is set. */
static inline unsigned
others(unsigned bits)
{
	return bits & (bits - 1);
}

/*
 * The same as address_valid() of IPv4, of bytes behind which 16 and more can be
 * read.  All four parts are looked at together, a bit for each byte.
 */
static inline bool
quick_ipv4(const char *p, size_t n)
{
	const __m128i v = _mm_sub_epi8(scan_load(p), _mm_set1_epi8('0'));
	const unsigned all = first_bits(n), digits = digit_bits(p) & all;
	const unsigned dots = equal_bits(v, '.' - '0') & all;
	const unsigned over5 = over_bits(v, 5);
	/* The parts' first digits, and those with one and two behind them. */
	const unsigned first = dots << 1 | 1, two = first & digits >> 1;
	const unsigned three = two & digits >> 2;
	const unsigned over55 =
	    over5 >> 1 | (equal_bits(v, 5) >> 1 & over5 >> 2);
	const unsigned over255 = over_bits(v, 2) | (equal_bits(v, 2) & over55);

	return n < VECTOR && (dots | digits) == all &&
	       others(others(dots)) != 0 && others(others(others(dots))) == 0 &&
	       ((first & ~digits) | (two & equal_bits(v, 0)) |
		   (three & (digits >> 3 | over255))) == 0;
}

#else
static inline bool
all_digits(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= '0' && p[i] <= '9')
		i++;
	return i == n;
}

static inline bool
quick_ipv4(const char *p, size_t n)
{
	return n < VECTOR && address_valid(p, n);
}
#endif

/* Append a value behind its opening quote, and the closing one. */
static inline char *
quote(char *to, const char *p, size_t n)
{
	scan_copy(to, p, n);
	to += n;
	*to++ = '"';
	return to;
}

/* Append a whole number of at most so many digits, up to VECTOR, and at least
 * one. */
static inline char *
number(char *to, const char *p, size_t n, size_t most)
{
	if (n - 1 >= most || (p[0] == '0' && n > 1) || !all_digits(p, n))
		return NULL;
	memcpy(to, p, VECTOR);
	return to + n;
}

/* Where the port of n bytes, an IPv4 address and a port, begins; 0: they are
 * none. */
static inline size_t
port_of(const char *p, size_t n)
{
	size_t i = n;

	while (i > 1 && n - i < PORT_DIGITS && p[i - 1] != ':')
		i--;
	return i > 1 && i < n && p[i - 1] == ':' && quick_ipv4(p, i - 1) ? i
									 : 0;
}

/* Append a port. */
static inline char *
port(char *to, const char *p, size_t n)
{
	unsigned value = 0;
	size_t i = port_of(p, n);
	char *end = i > 0 ? number(to, p + i, n - i, PORT_DIGITS) : NULL;

	for (; end != NULL && i < n; i++)
		value = value * 10 + (unsigned)(p[i] - '0');
	return value <= PORT_MAX ? end : NULL;
}

/* Where in the buffer the time of the row stands, behind its opening quote,
 * when it was ten digits; or 0. */
static size_t row_time;

/* Append it once more, from there, and its closing quote. */
static inline char *
time_again(char *to, const char *time)
{
	if (time == NULL)
		return NULL;
	memcpy(to, time, TIMES_TEN_TEXT + 1);
	return to + TIMES_TEN_TEXT + 1;
}

/* Append a time, without its opening quote, as a column has it. */
static inline char *
when(char *to, enum header_how how, const char *p, size_t n)
{
	if (how == HOW_TIME)
		return times_is_plain(p, n) ? quote(to, p, n) : NULL;
	if (n != TIMES_TEN || !all_digits(p, n))
		return NULL;
	times_ten(to, p);
	to[TIMES_TEN_TEXT] = '"';
	return to + TIMES_TEN_TEXT + 1;
}

/* Append the value of a column that is neither text nor number. */
static inline char *
other(char *to, const struct header_column *h, const struct field *f,
    const char *time)
{
	size_t i;

	switch (h->how) {
	case HOW_EPOCH_AGAIN:
		return time_again(to, time);
	case HOW_EPOCH:
	case HOW_TIME:
		return when(to, h->how, f->p, f->n);
	case HOW_IP:
		return quick_ipv4(f->p, f->n) ? quote(to, f->p, f->n) : NULL;
	case HOW_HOST:
		i = port_of(f->p, f->n);
		return i > 0 ? quote(to, f->p, i - 1) : NULL;
	case HOW_PORT:
		return port(to, f->p, f->n);
	case HOW_TEXT:
	case HOW_NUMBER:
	case HOW_LONG:
	case HOW_CONSTANT:
		break;
	}
	return NULL;
}

/*
 * Append a column's label and its value, of a field of a line without escapes,
 * behind which SCAN_COPY bytes can be read; there is room for it and SPARE
 * more. NULL: not this way.
 */
static inline char *
plain(char *to, const struct header_column *h, const struct field *f,
    const char *time)
{
	const size_t label_len = h->label_len;

	scan_copy(to, h->label, label_len);
	to += label_len;
	if (h->how == HOW_TEXT)
		return f->n > 0 ? quote(to, f->p, f->n) : NULL;
	if (h->how == HOW_NUMBER)
		return number(to, f->p, f->n, h->most);
	return other(to, h, f, time);
}

/* A column the long way; 1 when its value does not fit.  By itself, too. */
static __attribute__((noinline)) unsigned
slow(struct buf *b, const struct header_column *h, const struct field *fields,
    struct value_counts *counts)
{
	const struct column *c = h->column;
	size_t start = b->len;
	enum value_result r = VALUE_OK;

	buf_add(b, c->label, c->label_len);
	if (h->how != HOW_CONSTANT)
		r = convert(b, c, &fields[h->field], counts);
	else
		buf_add(b, c->constant, c->constant_len);
	if (r != VALUE_OK)
		buf_cut(b, start);
	return r == VALUE_MISFIT;
}

/* Are the fields such that they can be taken as plain() does? */
static bool
is_plain(const struct split *s)
{
	return !s->escapes && !s->high && s->len <= PLAIN_MAX &&
	       (size_t)(s->end - s->line) >= s->len + SCAN_COPY;
}

enum value_result
textrow_time(struct buf *b, const struct format *f, const struct header *h,
    struct value_counts *counts)
{
	const struct split *s = text_split();
	const struct field *field = field_of(s, h->time);
	const struct column *c = &f->columns[0];
	char *to, *end;

	row_time = 0;
	if (field == NULL)
		return VALUE_ABSENT;
	to = buf_room(b, TIME_TEXT);
	if (to != NULL && is_plain(s) && c->type == COLUMN_DATETIME &&
	    (c->as == AS_EPOCH || c->as == AS_IS)) {
		*to = '"';
		end = when(to + 1, c->as == AS_IS ? HOW_TIME : HOW_EPOCH,
		    field->p, field->n);
		if (end != NULL) {
			row_time = c->as == AS_EPOCH ? b->len + 1 : 0;
			buf_wrote(b, (size_t)(end - to));
			return VALUE_OK;
		}
	}
	return convert(b, c, field, counts);
}

/* The columns from *next up to this one begin there: those that are left out,
 * too. */
static inline void
begin(size_t *starts, size_t *next, size_t column, size_t at)
{
	while (starts != NULL && *next <= column)
		starts[(*next)++] = at;
}

/* The columns of one row. */
struct columns {
	const struct header_column *next, *last;
	const struct format *format;
	const struct field *fields;
	size_t *starts, began;
};

/* Does the next column have no field, or nothing in it, or '-' in what is no
 * text? */
static inline bool
is_absent(const struct columns *k)
{
	const struct header_column *c = k->next;
	const struct field *f = &k->fields[c->field];

	return c->how != HOW_CONSTANT &&
	       (f->n == 0 || (f->n == 1 && *f->p == '-' &&
				 c->column->type != COLUMN_STRING));
}

/* The next column, and those before it that were left out, begin there. */
static inline void
note_start(struct columns *k, size_t at)
{
	if (k->starts != NULL)
		begin(k->starts, &k->began,
		    (size_t)(k->next->column - k->format->columns), at);
}

/* Append columns the short way, behind what is in b, as long as that goes. */
static inline char *
plain_columns(char *to, const struct buf *b, struct columns *k)
{
	const char *time = row_time != 0 ? b->p + row_time : NULL;
	const struct field *fields = k->fields;
	char *end;

	for (; k->next < k->last; k->next++) {
		end = plain(to, k->next, &fields[k->next->field], time);
		if (end == NULL) {
			if (is_absent(k))
				continue;
			break;
		}
		note_start(k, (size_t)(to - b->p));
		to = end;
	}
	return to;
}

uint64_t
textrow_columns(struct buf *b, const struct header *h,
    struct value_counts *counts, size_t *starts)
{
	const struct split *s = text_split();
	const bool quick = is_plain(s);
	/* Of columns the short way; constants and others have their own. */
	const size_t room =
	    h->ncolumns * (COLUMN_LABEL + SPARE) + h->uses * PLAIN_MAX;
	struct columns k = {.next = h->columns,
	    .last = h->columns + h->ncolumns,
	    .format = h->format,
	    .fields = s->field,
	    .starts = starts,
	    .began = 1};
	uint64_t misfits = 0;
	char *to;

	for (; k.next < k.last; k.next++) {
		if (quick && (to = buf_room(b, room)) != NULL) {
			to = plain_columns(to, b, &k);
			buf_wrote(b, (size_t)(to - (b->p + b->len)));
			if (k.next == k.last)
				break;
		}
		if (is_absent(&k))
			continue;
		note_start(&k, b->len);
		misfits += slow(b, k.next, s->field, counts);
	}
	begin(starts, &k.began, h->format->n, b->len);
	return misfits;
}
