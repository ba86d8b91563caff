#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "scan.h"

/*
 * Reading JSON (RFC 8259, strict) without building a tree: a cursor walks
 * once over text in memory and hands out slices of it.  Values are checked as
 * they are passed over; number text is never converted.  Bytes above 0x7f
 * inside strings are flagged, not checked: see utf8.h.
 */

enum {
	JSON_DEPTH_MAX = 1000 /* nesting of our own choice; more is an error */
};

enum json_type {
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL
};

/* What is somewhere inside a value: escapes, bytes above 0x7f, and, between its
 * tokens, white space. */
enum { JSON_ESCAPES = 1, JSON_HIGH = 2, JSON_SPACES = 4 };

/** A value's own text; a string's with its quotes. */
struct json_val {
	const char *p;
	size_t n;
	enum json_type type;
	unsigned flags; /* JSON_ESCAPES .. */
};

enum json_err {
	JSON_FINE,
	JSON_MORE, /* the text ends where more is needed */
	JSON_BAD   /* not JSON; why says what was expected */
};

struct json {
	const char *p, *end;
	bool final;    /* end is the true end: a number may stop there */
	size_t spaces; /* runs of white space that were passed */
	enum json_err err;
	const char *why; /* for JSON_BAD: a short constant text; p is where */
};

/** Begin at p; the text must stay while slices of it are in use. */
void json_init(struct json *j, const char *p, size_t n);

/** Pass white space.  Returns false at the end of the text. */
static inline bool json_space(struct json *j);
bool json_some_space(struct json *j); /* its slow half */

/** Pass one value, with white space before it.  Returns false with j->err. */
bool json_value(struct json *j, struct json_val *v);

/** Pass a value that begins right here, is a string and has no escapes: most
 * are such.  Returns false, with nothing done, when it is another. */
static inline bool json_plain_string(struct json *j, struct json_val *v);

/**
 * Walk an object or array:
 *
 *	json_enter(j, '{', &first);
 *	while (json_member(j, &first, &key))
 *		json_value(j, &v);
 *	if (j->err != JSON_FINE) ..
 *
 * json_enter() passes white space and the bracket; false when it is another
 * value (JSON_BAD).  json_member() passes comma, key and colon, or the
 * closing brace, and returns false then or on error; json_element() does the
 * same for arrays.
 */
bool json_enter(struct json *j, char bracket, bool *first);
bool json_member(struct json *j, bool *first, struct json_val *key);
bool json_element(struct json *j, bool *first);

/** Nothing but white space must follow; else JSON_BAD. */
bool json_done(struct json *j);

/** Mark an error of the caller's own at p; always returns false. */
bool json_fail(struct json *j, const char *why);

/** Is v a string that, unescaped, equals s? */
bool json_is(const struct json_val *v, const char *s);

/**
 * Append the unescaped text of n bytes between a valid string's quotes.  A
 * lone surrogate or what is not UTF-8 becomes U+FFFD.  Returns how many did.
 */
size_t json_unescape(struct buf *b, const char *s, size_t n);

/**
 * The same of n bytes that may be no such text: append nothing and return false
 * when they are not, or when something would have to be replaced.  b's limit
 * leaves 64 bytes more than n.
 */
bool json_unescape_strict(struct buf *b, const char *s, size_t n);

/**
 * The same, but escapes stay as they are: append n bytes of valid JSON, or of
 * the inside of a string, with each lone surrogate and what is not UTF-8
 * replaced.
 */
size_t json_mend(struct buf *b, const char *s, size_t n);

/** Does the same text need it?  flags are those of its value. */
bool json_mendable(const char *s, size_t n, unsigned flags);

/**
 * The length of the escape at s, a pair of surrogates being one, of a valid
 * string whose n bytes are left; *len is that of its character in UTF-8.
 */
size_t json_escape_len(const char *s, size_t n, size_t *len);

/** json_unescape() of a string value; other types append their own text. */
size_t json_text(struct buf *b, const struct json_val *v);

/** The value of a number without fraction or exponent, in range. */
bool json_uint(const struct json_val *v, uint64_t *out);
bool json_int(const struct json_val *v, int64_t *out);

/** Append a valid JSON value without the white space between its tokens. */
void json_compact(struct buf *b, const char *p, size_t n);

/** Decode base64 (RFC 4648 section 4, padded) of n bytes; false when it is
 * none or b overflows. */
bool json_base64(struct buf *b, const char *s, size_t n);

/** The same of a string value, which may be written with escapes. */
bool json_base64_text(struct buf *b, const struct json_val *v);

static inline bool
json_plain_string(struct json *j, struct json_val *v)
{
	const char *p = j->p, *end = j->end;
	unsigned high = 0;

	if (j->err != JSON_FINE || p == end || *p != '"')
		return false;
	p++;
	p += scan_string(p, (size_t)(end - p), &high);
	if (p == end || *p != '"')
		return false;
	v->p = j->p;
	v->n = (size_t)(p + 1 - v->p);
	v->type = JSON_STRING;
	v->flags = high != 0 ? JSON_HIGH : 0;
	j->p = p + 1;
	return true;
}

static inline bool
json_space(struct json *j)
{
	if (j->p < j->end && (unsigned char)*j->p > ' ')
		return true;
	return json_some_space(j);
}

#endif
