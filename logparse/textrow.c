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
	INT_DIGITS = 9, /* of a number that fits without a look */
	LONG_DIGITS = 18,
	EPOCH_DIGITS = 10,
	EPOCH_SHOWN = 22, /* "2026-01-02T03:04:05Z" with its quotes: ten digits
			are of the years 1970 to 2286 */
	EPOCH_TEXT = 64
};

bool
textrow_can(const struct format *f, const struct header *h)
{
	return f->framing == FRAMING_TEXT && f->text.direct && h->direct;
}

/* A field of the record; NULL when it has none, or nothing in it. */
static inline const struct field *
field_of(const struct split *s, int i)
{
	return i >= 0 && (size_t)i < s->n && i < TEXT_FIELDS_MAX &&
		       s->field[i].n > 0
		   ? &s->field[i]
		   : NULL;
}

/* The long way. */
static enum value_result
convert(struct buf *b, const struct column *c, const struct field *f,
    struct value_counts *counts)
{
	struct json_val v;

	text_value(&v, f);
	return convert_add(b, c, &v, counts);
}

#if defined(__SSE2__)
/* The bits of the first n of 16 bytes. */
static inline unsigned
first_bits(size_t n)
{
	return (1u << n) - 1;
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

static inline bool
all_digits(const char *p, size_t n)
{
	return (digit_bits(p) & first_bits(n)) == first_bits(n);
}

/* The number in a part of an address, of n digits behind which more may be
 * read; over 255 when it is none of an address. */
static inline unsigned
address_part(const char *p, unsigned n)
{
	static const unsigned char least[] = {0, 0, 10, 100};
	uint32_t word;
	unsigned value;

	if (n - 1 > 2)
		return 256;
	memcpy(&word, p, 4);
	word <<= 8 * (4 - n);
	value =
	    (word >> 8 & 15) * 100 + (word >> 16 & 15) * 10 + (word >> 24 & 15);
	return value < least[n] ? 256 : value;
}

/* The same as address_valid() of IPv4, of up to 15 bytes behind which 16 and
 * more can be read. */
static inline bool
quick_ipv4(const char *p, size_t n)
{
	unsigned dots = (unsigned)_mm_movemask_epi8(
			    _mm_cmpeq_epi8(scan_load(p), _mm_set1_epi8('.'))) &
			first_bits(n);
	unsigned digits = digit_bits(p) & first_bits(n), a, b, c;

	if ((dots | digits) != first_bits(n) || dots == 0)
		return false;
	a = (unsigned)__builtin_ctz(dots);
	dots &= dots - 1;
	b = (unsigned)__builtin_ctz(dots | 1u << VECTOR);
	dots &= dots - 1;
	c = (unsigned)__builtin_ctz(dots | 1u << VECTOR);
	return c < VECTOR && (dots & (dots - 1)) == 0 &&
	       address_part(p, a) <= 255 &&
	       address_part(p + a + 1, b - a - 1) <= 255 &&
	       address_part(p + b + 1, c - b - 1) <= 255 &&
	       address_part(p + c + 1, (unsigned)n - c - 1) <= 255;
}

static inline void
copy_vector(char *to, const char *from)
{
	_mm_storeu_si128((__m128i *)to, scan_load(from));
}
#endif

/* Append n bytes and two quotes, at to; end is that of the memory read from. */
static inline char *
quote(char *to, const char *p, size_t n, const char *end)
{
	(void)end; /* without vectors */
	*to++ = '"';
#if defined(__SSE2__)
	if (n <= 2 * VECTOR && p + 2 * VECTOR <= end) {
		copy_vector(to, p);
		copy_vector(to + VECTOR, p + VECTOR);
	} else
#endif
		memcpy(to, p, n);
	to += n;
	*to++ = '"';
	return to;
}

/* Append a whole number that surely fits; NULL: not this way. */
static inline char *
number(char *to, const char *p, size_t n, size_t most, const char *end)
{
#if defined(__SSE2__)
	if (n <= most && n <= VECTOR && p + VECTOR <= end &&
	    (p[0] != '0' || n == 1) && all_digits(p, n)) {
		copy_vector(to, p);
		return to + n;
	}
#endif
	(void)to;
	(void)p;
	(void)n;
	(void)most;
	(void)end;
	return NULL;
}

/* Append seconds since 1970: logs say the same ones again and again. */
static inline char *
epoch(char *to, const char *p, size_t n)
{
	static struct {
		char digits[EPOCH_DIGITS], shown[EPOCH_SHOWN];
	} known[256];
	struct buf b = BUF_INIT(EPOCH_TEXT);
	unsigned i;

	if (n != EPOCH_DIGITS)
		return NULL;
	i = ((unsigned)p[8] & 15) << 4 | ((unsigned)p[9] & 15);
	if (memcmp(known[i].digits, p, EPOCH_DIGITS) != 0) {
		buf_addc(&b, '"');
		if (!times_epoch(&b, p, n, 0)) {
			buf_clear(&b);
			return NULL;
		}
		buf_addc(&b, '"');
		memcpy(known[i].digits, p, EPOCH_DIGITS);
		memcpy(known[i].shown, b.p, EPOCH_SHOWN);
		buf_clear(&b);
	}
	memcpy(to, known[i].shown, EPOCH_SHOWN);
	return to + EPOCH_SHOWN;
}

/* Append the value of a field to to, where there is room for it and SPARE more;
 * NULL: not this way. */
static inline char *
plain(char *to, const struct column *c, const struct field *f, bool clean,
    const char *end)
{
	switch (c->type) {
	case COLUMN_STRING:
		if (!clean || c->as != AS_IS)
			break;
		return quote(to, f->p, f->n, end);
	case COLUMN_INT:
		return c->as == AS_IS ? number(to, f->p, f->n, INT_DIGITS, end)
				      : NULL;
	case COLUMN_LONG:
		return c->as == AS_IS ? number(to, f->p, f->n, LONG_DIGITS, end)
				      : NULL;
	case COLUMN_DATETIME:
		return c->as == AS_EPOCH ? epoch(to, f->p, f->n) : NULL;
	case COLUMN_BOOL:
	case COLUMN_REAL:
	case COLUMN_DYNAMIC:
		return NULL;
	}
#if defined(__SSE2__)
	if (clean && c->as == AS_IP && f->n < VECTOR &&
	    f->p + VECTOR + 4 <= end && quick_ipv4(f->p, f->n))
		return quote(to, f->p, f->n, end);
#endif
	return NULL;
}

/* A column the long way, a constant without a field; 1 when its value does not
 * fit. */
static unsigned
slow(struct buf *b, const struct column *c, const struct field *f,
    struct value_counts *counts)
{
	size_t start = b->len;
	enum value_result r = VALUE_OK;

	buf_add(b, c->label, c->label_len);
	if (f != NULL)
		r = convert(b, c, f, counts);
	else
		buf_add(b, c->constant, c->constant_len);
	if (r != VALUE_OK)
		buf_cut(b, start);
	return r == VALUE_MISFIT;
}

static inline char *
label(char *to, const struct column *c)
{
	/* Most are short. */
	memcpy(to, c->label, COLUMN_LABEL / 2);
	if (c->label_len > COLUMN_LABEL / 2)
		memcpy(to + COLUMN_LABEL / 2, c->label + COLUMN_LABEL / 2,
		    COLUMN_LABEL / 2);
	return to + c->label_len;
}

enum value_result
textrow_time(struct buf *b, const struct format *f, const struct header *h,
    struct value_counts *counts)
{
	const struct field *field = field_of(text_split(), h->time);
	const struct column *c = &f->columns[0];
	char *to, *end;

	if (field == NULL)
		return VALUE_ABSENT;
	if (c->as == AS_EPOCH && (to = buf_room(b, EPOCH_TEXT)) != NULL &&
	    (end = epoch(to, field->p, field->n)) != NULL) {
		buf_wrote(b, (size_t)(end - to));
		return VALUE_OK;
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

uint64_t
textrow_columns(struct buf *b, const struct header *h,
    struct value_counts *counts, size_t *starts)
{
	const struct split *s = text_split();
	const bool clean = !s->escapes && !s->high && s->len <= PLAIN_MAX;
	/* Of columns the short way; constants and others have their own. */
	const size_t room = h->ncolumns * (COLUMN_LABEL + 2 * SPARE) +
			    h->uses * (clean ? s->len : PLAIN_MAX);
	char *start = buf_room(b, room), *to = start, *next;
	uint64_t misfits = 0;
	size_t began = 1;

	for (size_t i = 0; i < h->ncolumns && start != NULL; i++) {
		const struct column *c = h->columns[i].column;
		const struct field *field = field_of(s, h->columns[i].field);

		/* '-' is nothing in what is no text. */
		if (field == NULL ? c->node != NULL
				  : field->n == 1 && *field->p == '-' &&
					c->type != COLUMN_STRING)
			continue;
		if (starts != NULL)
			begin(starts, &began, (size_t)(c - h->format->columns),
			    b->len + (size_t)(to - start));
		next = field != NULL
			   ? plain(label(to, c), c, field, clean, s->end)
			   : NULL;
		if (next != NULL) {
			to = next;
			continue;
		}
		buf_wrote(b, (size_t)(to - start));
		misfits += slow(b, c, field, counts);
		start = to = buf_room(b, room);
	}
	if (start != NULL)
		buf_wrote(b, (size_t)(to - start));
	begin(starts, &began, h->format->n, b->len);
	return misfits;
}
