/*
 * The JSON cursor.  Nesting is kept in a bit stack, so hostile depth costs
 * neither memory nor stack; strings are passed by vector loops.
 */
#include <string.h>

#include "json.h"
#include "scan.h"
#include "utf8.h"

void
json_init(struct json *j, const char *p, size_t n)
{
	*j = (struct json){.p = p, .end = p + n, .final = true};
}

bool
json_fail(struct json *j, const char *why)
{
	j->err = JSON_BAD;
	j->why = why;
	return false;
}

static bool
more(struct json *j)
{
	if (j->final)
		return json_fail(j, "unexpected end");
	j->err = JSON_MORE;
	return false;
}

bool
json_space(struct json *j)
{
	const char *p = j->p;

	while (
	    p < j->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	j->p = p;
	return p < j->end;
}

/* Pass the escape whose backslash is at p. */
static bool
escape(struct json *j)
{
	const char *p = j->p + 1;

	if (p == j->end)
		return more(j);
	if (*p != 'u') {
		if (memchr("\"\\/bfnrt", *p, 8) == NULL)
			return json_fail(j, "bad escape");
		j->p = p + 1;
		return true;
	}
	for (int i = 0; i < 4; i++) {
		if (++p == j->end)
			return more(j);
		if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f') ||
			(*p >= 'A' && *p <= 'F')))
			return json_fail(j, "bad \\u escape");
	}
	j->p = p + 1;
	return true;
}

/* Pass the string at p, adding to flags. */
static bool
string(struct json *j, unsigned *flags)
{
	unsigned high = 0;

	j->p++;
	for (;;) {
		j->p += scan_string(j->p, (size_t)(j->end - j->p), &high);
		if (j->p == j->end)
			return more(j);
		if (*j->p == '"')
			break;
		if (*j->p != '\\')
			return json_fail(j, "control character in a string");
		if (!escape(j))
			return false;
		*flags |= JSON_ESCAPES;
	}
	j->p++;
	if (high != 0)
		*flags |= JSON_HIGH;
	return true;
}

static const char *
digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Pass one or more digits at p; what comes after them goes to *next. */
static bool
some_digits(struct json *j, const char *p, const char **next)
{
	*next = digits(p, j->end);
	if (*next > p)
		return true;
	j->p = p;
	return p == j->end ? more(j) : json_fail(j, "expected a digit");
}

static bool
number(struct json *j)
{
	const char *p = j->p;

	if (*p == '-')
		p++;
	if (p < j->end && *p == '0')
		p++;
	else if (!some_digits(j, p, &p))
		return false;
	if (p < j->end && *p == '.' && !some_digits(j, p + 1, &p))
		return false;
	if (p < j->end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < j->end && (*p == '+' || *p == '-'))
			p++;
		if (!some_digits(j, p, &p))
			return false;
	}
	if (p == j->end && !j->final)
		return more(j);
	if (p < j->end && *p >= '0' && *p <= '9') {
		j->p = p;
		return json_fail(j, "leading zero");
	}
	j->p = p;
	return true;
}

static bool
literal(struct json *j, const char *word, size_t n)
{
	size_t have = (size_t)(j->end - j->p);

	if (memcmp(j->p, word, have < n ? have : n) != 0)
		return json_fail(j, "expected a value");
	if (have < n)
		return more(j);
	j->p += n;
	return true;
}

/* Pass the scalar at p; its type goes to *type. */
static bool
scalar(struct json *j, enum json_type *type, unsigned *flags)
{
	switch (*j->p) {
	case '"':
		*type = JSON_STRING;
		return string(j, flags);
	case 't':
		*type = JSON_TRUE;
		return literal(j, "true", 4);
	case 'f':
		*type = JSON_FALSE;
		return literal(j, "false", 5);
	case 'n':
		*type = JSON_NULL;
		return literal(j, "null", 4);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		*type = JSON_NUMBER;
		return number(j);
	default:
		return json_fail(j, "expected a value");
	}
}

/* Pass a key and its colon. */
static bool
pass_key(struct json *j, unsigned *flags)
{
	if (!json_space(j))
		return more(j);
	if (*j->p != '"')
		return json_fail(j, "expected a member name");
	if (!string(j, flags))
		return false;
	if (!json_space(j))
		return more(j);
	if (*j->p != ':')
		return json_fail(j, "expected ':'");
	j->p++;
	return true;
}

/* One bit a level: set for an object. */
struct nest {
	unsigned depth;
	unsigned char bits[(JSON_DEPTH_MAX + 7) / 8];
};

static bool
push(struct json *j, struct nest *nest, bool object)
{
	unsigned d = nest->depth;
	unsigned char bit = (unsigned char)(1u << (d & 7));

	if (d == JSON_DEPTH_MAX)
		return json_fail(j, "nested too deep");
	nest->bits[d / 8] = (unsigned char)(object ? nest->bits[d / 8] | bit
						   : nest->bits[d / 8] & ~bit);
	nest->depth++;
	return true;
}

static bool
in_object(const struct nest *nest)
{
	unsigned d = nest->depth - 1;

	return (nest->bits[d / 8] >> (d & 7) & 1) != 0;
}

/*
 * After a value: pass the brackets that close here and the comma, and the
 * key when in an object.  Returns false at the end of the outermost value
 * (err is fine) or on error.
 */
static bool
next_value(struct json *j, struct nest *nest, unsigned *flags)
{
	while (nest->depth > 0) {
		if (!json_space(j))
			return more(j);
		if (*j->p == ',') {
			j->p++;
			return !in_object(nest) || pass_key(j, flags);
		}
		if (*j->p != (in_object(nest) ? '}' : ']'))
			return json_fail(j, in_object(nest)
						? "expected ',' or '}'"
						: "expected ',' or ']'");
		j->p++;
		nest->depth--;
	}
	return false;
}

/* Pass the value at p, a container. */
static bool
container(struct json *j, unsigned *flags)
{
	struct nest nest = {0};
	enum json_type type;
	bool object;

	do {
		if (!json_space(j))
			return more(j);
		if (*j->p != '{' && *j->p != '[') {
			if (!scalar(j, &type, flags))
				return false;
			continue;
		}
		for (;;) {
			object = *j->p == '{';
			if (!push(j, &nest, object))
				return false;
			j->p++;
			if (!json_space(j))
				return more(j);
			if (*j->p == (object ? '}' : ']')) {
				j->p++;
				nest.depth--;
				break;
			}
			if (object) {
				if (!pass_key(j, flags))
					return false;
				if (!json_space(j))
					return more(j);
			}
			if (*j->p != '{' && *j->p != '[') {
				if (!scalar(j, &type, flags))
					return false;
				break;
			}
		}
	} while (next_value(j, &nest, flags));
	return j->err == JSON_FINE;
}

bool
json_value(struct json *j, struct json_val *v)
{
	if (j->err != JSON_FINE)
		return false;
	if (!json_space(j))
		return more(j);
	v->p = j->p;
	v->flags = 0;
	if (*j->p == '{' || *j->p == '[') {
		v->type = *j->p == '{' ? JSON_OBJECT : JSON_ARRAY;
		if (!container(j, &v->flags))
			return false;
	} else if (!scalar(j, &v->type, &v->flags)) {
		return false;
	}
	v->n = (size_t)(j->p - v->p);
	return true;
}

static bool
key_string(struct json *j, struct json_val *v)
{
	v->p = j->p;
	v->type = JSON_STRING;
	v->flags = 0;
	if (!string(j, &v->flags))
		return false;
	v->n = (size_t)(j->p - v->p);
	return true;
}

bool
json_enter(struct json *j, char bracket, bool *first)
{
	*first = true;
	if (j->err != JSON_FINE)
		return false;
	if (!json_space(j))
		return more(j);
	if (*j->p != bracket)
		return json_fail(j, bracket == '{' ? "expected an object"
						   : "expected an array");
	j->p++;
	return true;
}

/* Pass the comma before the next element, or the closing bracket. */
static bool
step(struct json *j, bool *first, char close)
{
	if (j->err != JSON_FINE)
		return false;
	if (!json_space(j))
		return more(j);
	if (*j->p == close) {
		j->p++;
		return false;
	}
	if (!*first) {
		if (*j->p != ',')
			return json_fail(j, close == '}'
						? "expected ',' or '}'"
						: "expected ',' or ']'");
		j->p++;
	}
	*first = false;
	return true;
}

bool
json_member(struct json *j, bool *first, struct json_val *key)
{
	if (!step(j, first, '}'))
		return false;
	if (!json_space(j))
		return more(j);
	if (*j->p != '"')
		return json_fail(j, "expected a member name");
	if (!key_string(j, key))
		return false;
	if (!json_space(j))
		return more(j);
	if (*j->p != ':')
		return json_fail(j, "expected ':'");
	j->p++;
	return true;
}

bool
json_element(struct json *j, bool *first)
{
	return step(j, first, ']');
}

bool
json_done(struct json *j)
{
	if (j->err != JSON_FINE)
		return false;
	return !json_space(j) || json_fail(j, "something follows the value");
}

bool
json_is(const struct json_val *v, const char *s)
{
	struct buf b = BUF_INIT(1024);
	size_t n = strlen(s);
	bool same;

	if (v->type != JSON_STRING)
		return false;
	if ((v->flags & JSON_ESCAPES) == 0)
		return v->n == n + 2 && memcmp(v->p + 1, s, n) == 0;
	(void)json_unescape(&b, v->p + 1, v->n - 2);
	same = b.err == 0 && b.len == n && memcmp(b.p, s, n) == 0;
	buf_clear(&b);
	return same;
}

static unsigned
hex4(const char *s)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)s[i];

		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

/*
 * Append the character of the escape at s, whose n bytes go on to the end of
 * the string.  Returns the length of the escape; *bad counts replacements.
 */
static size_t
one_escape(struct buf *b, const char *s, size_t n, size_t *bad)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char out[4];
	unsigned cp, low;
	size_t used = 6;

	if (s[1] != 'u') {
		buf_addc(b, to[(const char *)memchr(from, s[1], 8) - from]);
		return 2;
	}
	cp = hex4(s + 2);
	if (cp >= 0xd800 && cp <= 0xdbff && n >= 12 && s[6] == '\\' &&
	    s[7] == 'u') {
		low = hex4(s + 8);
		if (low >= 0xdc00 && low <= 0xdfff) {
			cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
			used = 12;
		}
	}
	if (cp >= 0xd800 && cp <= 0xdfff) {
		cp = 0xfffd;
		++*bad;
	}
	buf_add(b, out, utf8_put(out, cp));
	return used;
}

/* Append n bytes that hold no escape, replacing what is not UTF-8. */
static size_t
plain(struct buf *b, const char *s, size_t n)
{
	size_t bad = 0, good;

	for (;;) {
		good = utf8_valid(s, n);
		buf_add(b, s, good);
		if (good == n)
			return bad;
		buf_adds(b, "\xef\xbf\xbd");
		bad++;
		s += good + 1;
		n -= good + 1;
	}
}

size_t
json_unescape(struct buf *b, const char *s, size_t n)
{
	size_t bad = 0, run;
	unsigned high;

	while (n > 0) {
		high = 0;
		run = scan_string(s, n, &high);
		if (high != 0)
			bad += plain(b, s, run);
		else
			buf_add(b, s, run);
		s += run;
		n -= run;
		if (n > 0) {
			run = one_escape(b, s, n, &bad);
			s += run;
			n -= run;
		}
	}
	return bad;
}

size_t
json_text(struct buf *b, const struct json_val *v)
{
	if (v->type == JSON_STRING)
		return json_unescape(b, v->p + 1, v->n - 2);
	buf_add(b, v->p, v->n);
	return 0;
}

bool
json_uint(const struct json_val *v, uint64_t *out)
{
	uint64_t sum = 0;

	if (v->type != JSON_NUMBER)
		return false;
	for (size_t i = 0; i < v->n; i++) {
		unsigned d = (unsigned)(v->p[i] - '0');

		if (d > 9 || sum > (UINT64_MAX - d) / 10)
			return false;
		sum = sum * 10 + d;
	}
	*out = sum;
	return true;
}

bool
json_int(const struct json_val *v, int64_t *out)
{
	struct json_val digits_only = *v;
	bool minus = v->n > 0 && v->p[0] == '-';
	uint64_t u;

	digits_only.p += minus;
	digits_only.n -= minus;
	if (!json_uint(&digits_only, &u) || u > (uint64_t)INT64_MAX + minus)
		return false;
	*out = minus ? (int64_t)(0 - u) : (int64_t)u;
	return true;
}

void
json_compact(struct buf *b, const char *p, size_t n)
{
	const char *end = p + n, *run = p;

	while (p < end) {
		if (*p == '"') {
			unsigned high = 0;

			for (p++;; p += 2) {
				p += scan_string(p, (size_t)(end - p), &high);
				if (p >= end || *p != '\\')
					break;
			}
			p = p < end ? p + 1 : end;
		} else if (*p == ' ' || *p == '\n' || *p == '\r' ||
			   *p == '\t') {
			buf_add(b, run, (size_t)(p - run));
			while (p < end && (*p == ' ' || *p == '\n' ||
					      *p == '\r' || *p == '\t'))
				p++;
			run = p;
		} else {
			p++;
		}
	}
	buf_add(b, run, (size_t)(end - run));
}

bool
json_base64(struct buf *b, const char *s, size_t n)
{
	static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";
	static signed char value[256];
	size_t pad = 0, want;
	unsigned v = 0;
	char *out;

	if (value[0] == 0) {
		memset(value, -1, sizeof(value));
		for (int i = 0; i < 64; i++)
			value[(unsigned char)digits64[i]] = (signed char)i;
	}
	if (n % 4 != 0)
		return false;
	if (n > 0 && s[n - 1] == '=')
		pad = 1 + (s[n - 2] == '=');
	want = n / 4 * 3 - pad;
	out = buf_room(b, n / 4 * 3);
	if (out == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		int d = i >= n - pad ? 0 : value[(unsigned char)s[i]];

		if (d < 0)
			return false;
		v = v << 6 | (unsigned)d;
		if (i % 4 == 3) {
			*out++ = (char)(v >> 16);
			*out++ = (char)(v >> 8);
			*out++ = (char)v;
			v = 0;
		}
	}
	buf_wrote(b, want);
	return true;
}
