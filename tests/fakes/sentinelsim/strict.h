#ifndef STRICT_H
#define STRICT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * A strict reader of JSON text (RFC 8259; strings must be valid UTF-8, RFC
 * 3629) that copies what it reads without the whitespace between tokens.
 * Everything else stays as it was sent: the text of numbers, the escapes in
 * strings, the order of members.  It is written apart from the product's own
 * scanner on purpose: the simulator is a second opinion.
 */
enum { STRICT_DEPTH = 512 }; /* deeper nesting is refused; bounds the stack */

enum strict_kind {
	STRICT_NULL,
	STRICT_TRUE,
	STRICT_FALSE,
	STRICT_NUMBER,
	STRICT_STRING,
	STRICT_ARRAY,
	STRICT_OBJECT
};

struct strict_value {
	enum strict_kind kind;
	const char *p; /* the text as sent, quotes and brackets included */
	size_t n;
	size_t decoded; /* a string's length in UTF-8 bytes, unescaped */
	bool escapes;   /* a string holds a backslash */
	bool integer;   /* a number has neither fraction nor exponent */
};

struct strict {
	const char *start, *p, *end;
	const char *run;   /* read but not yet copied */
	struct buf *out;   /* not owned */
	const char *error; /* first thing wrong, or NULL */
	unsigned long lone_surrogates;
};

/** Start reading n bytes, where text[n] must be readable and '\0'. */
void strict_init(struct strict *s, const char *text, size_t n, struct buf *out);

/** Skip whitespace; the next byte, or -1 at the end. */
int strict_peek(struct strict *s);

/** Skip whitespace and take the byte c; false, with error set, if not there. */
bool strict_take(struct strict *s, char c);

/** Read and check one whole value of any kind; false with error set. */
bool strict_value(struct strict *s, struct strict_value *v);

/** Copy what was read but not copied yet. */
void strict_flush(struct strict *s);

/** Forget what was read but not copied yet. */
void strict_skip(struct strict *s);

/** Length that out would have if strict_flush() were called now. */
size_t strict_length(const struct strict *s);

/** Unescape the string v into out (a lone surrogate becomes U+FFFD). */
void strict_decode(const struct strict_value *v, struct buf *out);

#endif
