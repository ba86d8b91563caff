/*
 * Lines to fields.  Plain lines are what textplain.c takes.  Of others the
 * places of separators and quotes are found first, for 64 bytes at once, and
 * then walked along: most fields are shorter than any loop over bytes is worth.
 */
#include <stdint.h>
#include <string.h>

#include "textbits.h"
#include "textsplit.h"

enum {
	MARKED = 16 * 1024, /* bytes of a line that are marked; what comes
			 behind is searched byte by byte */
	WORDS = MARKED / 64,
	BRACKETS_MAX = 256 /* between brackets: a time, not a text */
};

/* Where separators and quotes are, a bit for each byte. */
struct marks {
	const char *p;
	size_t n, marked;
	char separator;
	uint64_t sep[WORDS], quote[WORDS];
	uint64_t quotes, control, high; /* is there any */
	size_t around; /* quotes that stand around fields, and are no text */
	/* Quotes counted from the right tell apart those inside. */
	bool pairs;
	size_t total, counted, before;
};

#if defined(__SSE2__)
/* Which of 16 bytes must be escaped, or are quotes. */
static inline __m128i
stops(__m128i v)
{
	const __m128i limit = _mm_set1_epi8(0x1f);

	return _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')),
	    _mm_cmpeq_epi8(_mm_min_epu8(v, limit), v));
}

/* The marks of 64 bytes at p, of which those whose bits are set count. */
static inline void
mark_word(struct marks *m, const char *p, size_t word, uint64_t which)
{
	const __m128i v[4] = {scan_load(p), scan_load(p + 16),
	    scan_load(p + 32), scan_load(p + 48)};
	const uint64_t seps = textbits_equal(v, m->separator) & which;
	const uint64_t quotes = textbits_equal(v, '"') & which;

	m->sep[word] = seps;
	m->quote[word] = quotes;
	m->quotes |= quotes;
	m->control |= textbits_of((const __m128i[]){
			  stops(v[0]), stops(v[1]), stops(v[2]), stops(v[3])}) &
		      ~seps & which;
	m->high |= textbits_of(v) & which;
}

#else
/* The same of up to 64 bytes, the first ones. */
static inline void
mark_word(struct marks *m, const char *p, size_t word, uint64_t which)
{
	uint64_t seps = 0, quotes = 0, bit = 1;

	for (size_t i = 0; i < 64 && (which & bit) != 0; i++, bit <<= 1) {
		unsigned char c = (unsigned char)p[i];

		if (p[i] == m->separator)
			seps |= bit;
		else if (c == '"')
			quotes |= bit;
		else if (c < 0x20 || c == '\\')
			m->control |= bit;
		else if (c > 0x7f)
			m->high |= bit;
	}
	m->sep[word] = seps;
	m->quote[word] = quotes;
	m->quotes |= quotes;
}

#endif

static void
mark(struct marks *m, const char *p, size_t n, const char *end, char separator)
{
	size_t word = 0, i = 0;
	char bytes[64];

	m->p = p;
	m->n = n;
	m->separator = separator;
	m->marked = n < MARKED ? n : MARKED;
	m->control = m->high = m->quotes = 0;
	for (; i + 64 <= m->marked; i += 64)
		mark_word(m, p + i, word++, ~UINT64_C(0));
	if (i < m->marked)
		mark_word(m, textbits_word(bytes, p + i, m->marked - i, end),
		    word, (UINT64_C(1) << (m->marked - i)) - 1);
	if (n > m->marked) {
		/* Taken for granted of long lines. */
		m->quotes = m->control = m->high = 1;
	}
}

/* The next marked byte at or behind i; n when there is none. */
static size_t
next_mark(const struct marks *m, const uint64_t *bits, char c, size_t i)
{
	const char *at;
	uint64_t word;

	if (i < m->marked) {
		size_t w = i / 64, last = (m->marked - 1) / 64;

		word = bits[w] & ~UINT64_C(0) << i % 64;
		while (word == 0 && w < last)
			word = bits[++w];
		if (word != 0)
			return w * 64 + (size_t)__builtin_ctzll(word);
		i = m->marked;
	}
	if (i >= m->n)
		return m->n;
	at = memchr(m->p + i, c, m->n - i);
	return at != NULL ? (size_t)(at - m->p) : m->n;
}

static size_t
next_sep(const struct marks *m, size_t i)
{
	return next_mark(m, m->sep, m->separator, i);
}

static size_t
next_quote(const struct marks *m, size_t i)
{
	return next_mark(m, m->quote, '"', i);
}

/* Does a field end before i? */
static bool
ends(const struct marks *m, size_t i)
{
	return i >= m->n || m->p[i] == m->separator;
}

/* Are there as many quotes behind the one at i as pairs have?  Asked of one
 * after the other. */
static bool
pairs_behind(struct marks *m, size_t i)
{
	for (; m->counted <= i; m->counted++) {
		uint64_t word = m->quote[m->counted / 64];

		if (m->counted % 64 == 0 && m->counted + 64 <= i) {
			m->before += (size_t)__builtin_popcountll(word);
			m->counted += 63;
		} else {
			m->before += word >> m->counted % 64 & 1;
		}
	}
	return (m->total - m->before) % 2 == 0;
}

/*
 * The quote that closes the field whose text begins at start, as logs have it:
 * a separator, or the end, is behind it.  With pairs, no odd number of quotes,
 * too.  n when there is none.
 */
static size_t
log_close(struct marks *m, size_t start)
{
	size_t i = next_quote(m, start);

	while (
	    i < m->n && !(ends(m, i + 1) && (!m->pairs || pairs_behind(m, i))))
		i = next_quote(m, i + 1);
	return i;
}

/* Does text in quotes, from start to the quote at close, look as if its own
 * closing quote were missing?  That of the next field is an odd one inside. */
static bool
swallows(const struct marks *m, size_t start, size_t close)
{
	bool begins = false;
	size_t quotes = 0;

	for (size_t i = next_quote(m, start); i < close;
	     i = next_quote(m, i + 1)) {
		quotes++;
		begins |= i > start && m->p[i - 1] == m->separator;
	}
	return quotes % 2 == 1 && begins;
}

/* The same by RFC 4180: two quotes are one of the text. */
static size_t
csv_close(const struct marks *m, size_t start, bool *doubled)
{
	size_t i = next_quote(m, start);

	while (i + 1 < m->n && m->p[i + 1] == '"') {
		*doubled = true;
		i = next_quote(m, i + 2);
	}
	return i;
}

/* Is it "-" with a letter or digit behind it?  Some of AWS's lines have no
 * blank between this and the next field. */
static bool
is_dash(const struct marks *m, size_t start)
{
	unsigned char c;

	if (m->n - start < 4 || memcmp(m->p + start, "\"-\"", 3) != 0)
		return false;
	c = (unsigned char)m->p[start + 3];
	return (c >= '0' && c <= '9') ||
	       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* A quoted field that begins at *at; false when it does not end. */
static bool
quoted(struct split *s, const struct text_format *t, struct marks *m,
    size_t *at, struct field *f)
{
	size_t start = *at, close;

	f->doubled = false;
	if (t->quotes == QUOTES_LOG && is_dash(m, start)) {
		*f = (struct field){m->p + start + 1, 1, false};
		*at = start + 2;
		m->around += 2;
		return true;
	}
	close = t->quotes == QUOTES_CSV ? csv_close(m, start + 1, &f->doubled)
					: log_close(m, start + 1);
	if (close == m->n)
		return false;
	if (t->quotes != QUOTES_CSV)
		s->doubtful |= swallows(m, start + 1, close);
	*at = close + 1;
	if (!ends(m, close + 1)) {
		/* Something stands behind the quotes: all is text. */
		*at = next_sep(m, close + 1);
		f->doubled = false;
	} else if (t->quotes != QUOTES_KEPT) {
		*f = (struct field){
		    m->p + start + 1, close - start - 1, f->doubled};
		m->around += 2;
		return true;
	}
	*f = (struct field){m->p + start, *at - start, false};
	s->escapes = true;
	return true;
}

/* [a field in brackets] that begins at *at; false when it is none. */
static bool
bracketed(const struct marks *m, size_t *at, struct field *f)
{
	size_t start = *at + 1, most = m->n - start;
	const char *p = memchr(
	    m->p + start, ']', most < BRACKETS_MAX ? most : BRACKETS_MAX);

	if (p == NULL || !ends(m, (size_t)(p + 1 - m->p)))
		return false;
	*f = (struct field){m->p + start, (size_t)(p - m->p) - start, false};
	*at = (size_t)(p + 1 - m->p);
	return true;
}

/* The field that begins at *at, which moves to its end. */
static bool
field(struct split *s, const struct text_format *t, struct marks *m, size_t *at,
    struct field *f)
{
	size_t start = *at;

	if (start < m->n && m->p[start] == '"' && t->quotes != QUOTES_NONE)
		return quoted(s, t, m, at, f);
	if (start < m->n && m->p[start] == '[' && t->brackets &&
	    bracketed(m, at, f))
		return true;
	*at = next_sep(m, start);
	*f = (struct field){m->p + start, *at - start, false};
	/* The end of what began with a quote. */
	s->doubtful |= *at > start && m->p[*at - 1] == '"';
	return true;
}

static void
with_quotes(
    struct split *s, const struct text_format *t, struct marks *m, size_t last)
{
	size_t at = 0, n = 0;
	struct field f;

	s->open = s->doubtful = false;
	m->around = 0;
	for (;;) {
		if (n == last && at < m->n) {
			f = (struct field){m->p + at, m->n - at, false};
			at = m->n;
		} else if (!field(s, t, m, &at, &f)) {
			s->open = true;
			break;
		}
		s->escapes |= f.doubled;
		if (n < TEXT_FIELDS_MAX)
			s->field[n] = f;
		n++;
		if (at >= m->n)
			break;
		at++;
	}
	s->n = n;
}

static size_t
count_quotes(const struct marks *m)
{
	size_t quotes = 0;

	for (size_t w = 0; w * 64 < m->marked; w++)
		quotes += (size_t)__builtin_popcountll(m->quote[w]);
	return quotes;
}

/* Quotes that stand for themselves must be escaped: all but one pair around
 * each quoted field. */
static bool
stray_quotes(
    const struct split *s, const struct text_format *t, const struct marks *m)
{
	if (m->quotes == 0)
		return false;
	if (t->quotes != QUOTES_LOG && t->quotes != QUOTES_CSV)
		return true;
	return m->n > m->marked || s->n > TEXT_FIELDS_MAX ||
	       count_quotes(m) != m->around;
}

/* Logs write quotes inside of quoted text as they are, too.  Where one of them
 * seems to end it, what is behind does not look right: try again, and take for
 * ends only those that leave pairs behind them. */
static void
log_fields(
    struct split *s, const struct text_format *t, struct marks *m, size_t last)
{
	m->pairs = false;
	with_quotes(s, t, m, last);
	if ((t->quotes != QUOTES_LOG && t->quotes != QUOTES_KEPT) ||
	    !s->doubtful || s->open || m->n > m->marked)
		return;
	m->pairs = true;
	m->total = count_quotes(m);
	m->counted = m->before = 0;
	with_quotes(s, t, m, last);
	s->open |= s->doubtful;
}

/* The long way, of all lines. */
static void
split_marked(struct split *s, const struct text_format *t, const char *p,
    size_t n, const char *end, size_t last)
{
	static struct marks m;

	mark(&m, p, n, end, t->separator);
	s->escapes = m.control != 0;
	s->high = m.high != 0;
	s->quotes = m.quotes != 0;
	log_fields(s, t, &m, last);
	s->escapes |= stray_quotes(s, t, &m);
	/* Inside of a field a separator is a byte like others. */
	s->escapes |= (unsigned char)t->separator < ' ' &&
		      (m.quotes != 0 || t->brackets || last != SIZE_MAX);
}

void
textsplit(struct split *s, const struct text_format *t, const char *p, size_t n,
    const char *end, size_t last)
{
	/* Of lines a record is one field, however many it has. */
	if (t->separator == '\n')
		last = 0;
	s->open = s->escapes = s->high = s->quotes = false;
	if (t->quotes != QUOTES_NONE || t->brackets ||
	    !textplain(s, t->separator, p, n, end) || s->n - 1 > last)
		split_marked(s, t, p, n, end, last);
	/* Some writers end a line with a blank. */
	if (s->n > 1 && s->n <= TEXT_FIELDS_MAX && t->separator == ' ' &&
	    s->field[s->n - 1].n == 0 && p[n - 1] == ' ')
		s->n--;
}

size_t
textsplit_csv_end(const struct text_format *t, const char *p, size_t n)
{
	bool begins = true, inside = false;

	for (size_t i = 0; i < n; i++) {
		if (inside) {
			const char *q = memchr(p + i, '"', n - i);

			if (q == NULL)
				return n;
			i = (size_t)(q - p);
			if (i + 1 < n && p[i + 1] == '"')
				i++;
			else
				inside = false;
			begins = false;
		} else if (p[i] == '\n') {
			return i;
		} else if (p[i] == '"' && begins) {
			inside = true;
		} else {
			begins = p[i] == t->separator;
		}
	}
	return n;
}
