/* Strict JSON reading, apart from the product's; see strict.h. */
#include <stdint.h>
#include <string.h>

#include "strict.h"

void
strict_init(struct strict *s, const char *text, size_t n, struct buf *out)
{
	*s = (struct strict){.start = text, .p = text, .end = text + n};
	s->run = text;
	s->out = out;
}

void
strict_flush(struct strict *s)
{
	buf_add(s->out, s->run, (size_t)(s->p - s->run));
	s->run = s->p;
}

void
strict_skip(struct strict *s)
{
	s->run = s->p;
}

size_t
strict_length(const struct strict *s)
{
	return s->out->len + (size_t)(s->p - s->run);
}

static bool
fail(struct strict *s, const char *what)
{
	if (s->error == NULL)
		s->error = what;
	return false;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int
strict_peek(struct strict *s)
{
	if (s->p < s->end && is_space(*s->p)) {
		strict_flush(s);
		while (s->p < s->end && is_space(*s->p))
			s->p++;
		s->run = s->p;
	}
	return s->p < s->end ? (unsigned char)*s->p : -1;
}

bool
strict_take(struct strict *s, char c)
{
	if (strict_peek(s) != (unsigned char)c)
		return fail(s,
		    s->p < s->end ? "unexpected character" : "unexpected end");
	s->p++;
	return true;
}

/* Has none of the 8 bytes a meaning inside a string?  May say no wrongly. */
static bool
all_plain(const char *p)
{
	const uint64_t ones = 0x0101010101010101, high = ones << 7;
	uint64_t w, quote, slash;

	memcpy(&w, p, sizeof(w));
	quote = w ^ ones * '"';
	slash = w ^ ones * '\\';
	return ((w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) &
		   high) == 0;
}

/* Length of the UTF-8 sequence at p (RFC 3629 section 4), 0 if it is none. */
static size_t
utf8_len(const char *text, const char *end)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = (size_t)(end - text);
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (left < n || p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

/* The four hex digits at p, or -1. */
static int
hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v = v * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return v;
}

/*
 * The escape at p (which points at the backslash): its code point, and its
 * length in *n.  -1: no escape of RFC 8259.  A surrogate half comes back as
 * it is when its other half does not follow.
 */
static int
escape_at(const char *p, const char *end, size_t *n)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int hi, lo;

	if (end - p < 2 || p[1] == '\0')
		return -1;
	at = strchr(names, p[1]);
	if (at != NULL) {
		*n = 2;
		return values[at - names];
	}
	if (p[1] != 'u' || (hi = hex4(p + 2, end)) < 0)
		return -1;
	*n = 6;
	if (hi < 0xd800 || hi > 0xdbff || end - p < 12 || p[6] != '\\' ||
	    p[7] != 'u')
		return hi;
	lo = hex4(p + 8, end);
	if (lo < 0xdc00 || lo > 0xdfff)
		return hi;
	*n = 12;
	return 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
}

static size_t
encoded_len(int cp)
{
	return cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
}

/* One byte or sequence that all_plain() would not pass. */
static bool
string_step(struct strict *s, struct strict_value *v)
{
	size_t n;
	int cp;

	if ((unsigned char)*s->p >= 0x80) {
		n = utf8_len(s->p, s->end);
		if (n == 0)
			return fail(s, "invalid UTF-8");
		v->decoded += n;
		s->p += n;
		return true;
	}
	if ((unsigned char)*s->p < 0x20)
		return fail(s, "control character in a string");
	if (*s->p != '\\') {
		v->decoded++;
		s->p++;
		return true;
	}
	cp = escape_at(s->p, s->end, &n);
	if (cp < 0)
		return fail(s, "bad escape in a string");
	if (cp >= 0xd800 && cp <= 0xdfff)
		s->lone_surrogates++;
	v->escapes = true;
	v->decoded += encoded_len(cp);
	s->p += n;
	return true;
}

static bool
read_string(struct strict *s, struct strict_value *v)
{
	v->kind = STRICT_STRING;
	v->p = s->p;
	v->decoded = 0;
	v->escapes = false;
	s->p++;
	for (;;) {
		while (s->end - s->p >= 8 && all_plain(s->p)) {
			s->p += 8;
			v->decoded += 8;
		}
		if (s->p >= s->end)
			return fail(s, "unexpected end in a string");
		if (*s->p == '"')
			break;
		if (!string_step(s, v))
			return false;
	}
	s->p++;
	v->n = (size_t)(s->p - v->p);
	return true;
}

static bool
digits(struct strict *s)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > from ? true : fail(s, "bad number");
}

static bool
read_number(struct strict *s, struct strict_value *v)
{
	v->kind = STRICT_NUMBER;
	v->p = s->p;
	v->integer = true;
	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++; /* no digit may follow a leading zero */
	else if (!digits(s))
		return false;
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		v->integer = false;
		if (!digits(s))
			return false;
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		v->integer = false;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!digits(s))
			return false;
	}
	v->n = (size_t)(s->p - v->p);
	return true;
}

static bool
read_word(struct strict *s, struct strict_value *v)
{
	static const struct {
		const char *word;
		enum strict_kind kind;
	} words[] = {{"null", STRICT_NULL}, {"true", STRICT_TRUE},
	    {"false", STRICT_FALSE}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);

		if ((size_t)(s->end - s->p) < n ||
		    memcmp(s->p, words[i].word, n) != 0)
			continue;
		*v = (struct strict_value){.kind = words[i].kind, .p = s->p};
		v->n = n;
		s->p += n;
		return true;
	}
	return fail(s, "unexpected character");
}

static bool
read_scalar(struct strict *s, int c, struct strict_value *v)
{
	if (c == '"')
		return read_string(s, v);
	if (c == '-' || (c >= '0' && c <= '9'))
		return read_number(s, v);
	if (c == -1)
		return fail(s, "unexpected end");
	return read_word(s, v);
}

static bool
read_key(struct strict *s)
{
	struct strict_value key;

	if (strict_peek(s) != '"')
		return fail(s, "expected a member name");
	return read_string(s, &key) && strict_take(s, ':');
}

/* After a value inside depth brackets: close what ends, take a comma. */
static bool
read_after(struct strict *s, const char *stack, size_t *depth)
{
	int c;

	while (*depth > 0) {
		char open = stack[*depth - 1];

		c = strict_peek(s);
		if (c == ',') {
			s->p++;
			return open == '{' ? read_key(s) : true;
		}
		if (c != (open == '{' ? '}' : ']'))
			return fail(s, c == -1 ? "unexpected end"
					       : "expected a comma or an end");
		s->p++;
		--*depth;
	}
	return true;
}

/* Arrays and objects, without recursion: the kind of each open bracket. */
static bool
read_nested(struct strict *s, struct strict_value *v)
{
	char stack[STRICT_DEPTH];
	struct strict_value inner;
	size_t depth = 0;
	int c;

	v->p = s->p;
	v->kind = *s->p == '{' ? STRICT_OBJECT : STRICT_ARRAY;
	do {
		c = strict_peek(s);
		if (c != '{' && c != '[') {
			if (!read_scalar(s, c, &inner))
				return false;
		} else {
			if (depth == STRICT_DEPTH)
				return fail(s, "nested too deeply");
			stack[depth++] = (char)c;
			s->p++;
			if (strict_peek(s) == (c == '{' ? '}' : ']')) {
				s->p++;
				depth--;
			} else {
				if (c == '{' && !read_key(s))
					return false;
				continue;
			}
		}
		if (!read_after(s, stack, &depth))
			return false;
	} while (depth > 0);
	v->n = (size_t)(s->p - v->p);
	return true;
}

bool
strict_value(struct strict *s, struct strict_value *v)
{
	int c = strict_peek(s);

	if (c == '{' || c == '[')
		return read_nested(s, v);
	return read_scalar(s, c, v);
}

static void
add_utf8(struct buf *out, int cp)
{
	char c[4];
	size_t n = encoded_len(cp);

	static const int lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; cp >>= 6)
		c[i] = (char)(0x80 | (cp & 0x3f));
	c[0] = (char)(lead[n] | cp);
	buf_add(out, c, n);
}

void
strict_decode(const struct strict_value *v, struct buf *out)
{
	const char *p = v->p + 1, *end = v->p + v->n - 1, *run = p;
	size_t n;
	int cp;

	while (p < end) {
		if (*p != '\\') {
			p++;
			continue;
		}
		buf_add(out, run, (size_t)(p - run));
		cp = escape_at(p, end, &n);
		if (cp < 0)
			return; /* cannot be: the string was read before */
		add_utf8(out, cp >= 0xd800 && cp <= 0xdfff ? 0xfffd : cp);
		p += n;
		run = p;
	}
	buf_add(out, run, (size_t)(end - run));
}
