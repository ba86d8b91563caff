/* Plain lines to fields, while their bytes are looked at for the first time. */
#include "textbits.h"
#include "textsplit.h"

#if defined(__SSE2__)
/* Which of 16 bytes need no escapes, are not above 0x7f, which is below 0 here,
 * and are no quotes. */
static inline __m128i
plain_bytes(__m128i v)
{
	return _mm_andnot_si128(
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
		_mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
	    _mm_cmpgt_epi8(v, _mm_set1_epi8(' ' - 1)));
}

/* The separators in 64 bytes at p, of which those whose bits are set count;
 * strange gets those that must be escaped, are no ASCII or are quotes. */
static inline uint64_t
plain_word(const char *p, char separator, uint64_t which, uint64_t *strange)
{
	const __m128i v[4] = {scan_load(p), scan_load(p + 16),
	    scan_load(p + 32), scan_load(p + 48)};
	const uint64_t seps = textbits_equal(v, separator) & which;
	const uint64_t plain = textbits_of((const __m128i[]){plain_bytes(v[0]),
	    plain_bytes(v[1]), plain_bytes(v[2]), plain_bytes(v[3])});

	*strange |= which & ~(plain | seps);
	return seps;
}
#else
/* The same of up to 64 bytes, the first ones. */
static inline uint64_t
plain_word(const char *p, char separator, uint64_t which, uint64_t *strange)
{
	uint64_t seps = 0, bit = 1;

	for (size_t i = 0; i < 64 && (which & bit) != 0; i++, bit <<= 1) {
		if (p[i] == separator)
			seps |= bit;
		else if (p[i] < ' ' || (unsigned char)p[i] > 0x7f ||
			 p[i] == '"' || p[i] == '\\')
			*strange |= bit;
	}
	return seps;
}
#endif

/* Append the fields that end at these separators of the bytes at word; *start,
 * where the first one begins, moves on. */
static inline struct field *
append(struct field *f, const char **start, const char *word, uint64_t seps)
{
	const char *from = *start, *at;

	for (; seps != 0; seps &= seps - 1) {
		at = word + (unsigned)__builtin_ctzll(seps);
		f->p = from;
		f->n = (size_t)(at - from);
		f->doubled = false;
		f++;
		from = at + 1;
	}
	*start = from;
	return f;
}

bool
textplain(
    struct split *s, char separator, const char *p, size_t n, const char *end)
{
	static char bytes[64];
	/* A word, and the last field, fit behind it. */
	const struct field *full = s->field + TEXT_FIELDS_MAX - 64;
	struct field *f = s->field;
	const char *start = p, *word;
	uint64_t strange = 0, which = ~UINT64_C(0);

	for (size_t left = n; f < full; p += 64, left -= 64) {
		word = p;
		if (left < 64) {
			word = textbits_word(bytes, p, left, end);
			which = (UINT64_C(1) << left) - 1;
		}
		f = append(
		    f, &start, p, plain_word(word, separator, which, &strange));
		if (left >= 64)
			continue;
		*f = (struct field){start, (size_t)(p + left - start), false};
		s->n = (size_t)(f - s->field) + 1;
		return strange == 0;
	}
	return false;
}
