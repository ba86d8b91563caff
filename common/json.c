/*
 * The JSON cursor.  Nesting is kept in a bit stack, so hostile depth costs
 * neither memory nor stack; strings are passed by vector loops.
 */
#include <string.h>

#include "json.h"
#include "jsonint.h"
#include "scan.h"

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
json_some_space(struct json *j)
{
	const char *p = j->p;

	while (
	    p < j->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	j->spaces += p > j->p;
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
		if (json_escapes[(unsigned char)*p] == 0)
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

/* The rest of a string with more than plain text in it, or without its end. */
static bool
odd_string(struct json *j, unsigned high, unsigned *flags)
{
	unsigned escapes = 0;

	for (;;) {
		if (j->p == j->end)
			return more(j);
		if (*j->p == '"')
			break;
		if (*j->p != '\\')
			return json_fail(j, "control character in a string");
		if (!escape(j))
			return false;
		escapes = 1;
		j->p += scan_string_end(
		    j->p, (size_t)(j->end - j->p), &high, &escapes);
	}
	j->p++;
	if (escapes != 0)
		*flags |= JSON_ESCAPES;
	if (high != 0)
		*flags |= JSON_HIGH;
	return true;
}

/* Pass the string at p, adding to flags. */
static inline bool
string(struct json *j, unsigned *flags)
{
	const char *p = j->p + 1;
	unsigned high = 0;

	p += scan_string(p, (size_t)(j->end - p), &high);
	j->p = p;
	if (p == j->end || *p != '"')
		return odd_string(j, high, flags);
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

/* Pass a member's name and its colon. */
static bool
pass_key(struct json *j, struct json_val *key)
{
	if (!json_space(j))
		return more(j);
	if (*j->p != '"')
		return json_fail(j, "expected a member name");
	*key = (struct json_val){.p = j->p, .type = JSON_STRING};
	if (!string(j, &key->flags))
		return false;
	key->n = (size_t)(j->p - key->p);
	if (!json_space(j))
		return more(j);
	if (*j->p != ':')
		return json_fail(j, "expected ':'");
	j->p++;
	return true;
}

/* The same, for who only wants the flags. */
static bool
skip_key(struct json *j, unsigned *flags)
{
	struct json_val key;

	if (!pass_key(j, &key))
		return false;
	*flags |= key.flags;
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
	unsigned before = 0;

	if (d == JSON_DEPTH_MAX)
		return json_fail(j, "nested too deep");
	/* The bits of this level and deeper ones are of no use any more. */
	if ((d & 7) != 0)
		before = nest->bits[d / 8] & ((1u << (d & 7)) - 1);
	nest->bits[d / 8] =
	    (unsigned char)(before | (unsigned)object << (d & 7));
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
			return !in_object(nest) || skip_key(j, flags);
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
	struct nest nest;
	enum json_type type;
	bool object;

	nest.depth = 0;

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
				if (!skip_key(j, flags))
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
	size_t spaces;

	if (j->err != JSON_FINE)
		return false;
	if (!json_space(j))
		return more(j);
	v->p = j->p;
	v->flags = 0;
	if (*j->p == '{' || *j->p == '[') {
		v->type = *j->p == '{' ? JSON_OBJECT : JSON_ARRAY;
		spaces = j->spaces;
		if (!container(j, &v->flags))
			return false;
		if (j->spaces != spaces)
			v->flags |= JSON_SPACES;
	} else if (!scalar(j, &v->type, &v->flags)) {
		return false;
	}
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
	return step(j, first, '}') && pass_key(j, key);
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
