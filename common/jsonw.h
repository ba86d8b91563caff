#ifndef JSONW_H
#define JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * The one JSON writer.  It appends to a struct buf, on one line and without
 * spaces; errors are the buffer's sticky error.  Strings need not be valid
 * UTF-8: what is not becomes U+FFFD (utf8_bad()), so that the output always
 * is.  A key of NULL writes an array's element.
 */
struct jsonw {
	struct buf *b;
	unsigned depth; /* objects and arrays open */
	bool comma;     /* the next member needs one before it */
};

/** Start an object at the end of b / after forgetting what b holds. */
void jsonw_open(struct jsonw *w, struct buf *b);
void jsonw_begin(struct jsonw *w, struct buf *b);

/** Start an object or array inside; end the innermost object or array. */
void jsonw_object(struct jsonw *w, const char *key);
void jsonw_array(struct jsonw *w, const char *key);
void jsonw_end(struct jsonw *w);
void jsonw_end_array(struct jsonw *w);

/** Add a member.  jsonw_raw() takes n bytes of finished JSON. */
void jsonw_str(struct jsonw *w, const char *key, const char *s, size_t n);
void jsonw_text(struct jsonw *w, const char *key, const char *s);
void jsonw_int(struct jsonw *w, const char *key, int64_t v);
void jsonw_uint(struct jsonw *w, const char *key, uint64_t v);
void jsonw_bool(struct jsonw *w, const char *key, bool v);
void jsonw_raw(struct jsonw *w, const char *key, const char *json, size_t n);
void jsonw_base64(struct jsonw *w, const char *key, const void *p, size_t n);

/** Append s as the inside of a JSON string (no quotes); returns how many
 * U+FFFD took the place of what is not UTF-8. */
size_t jsonw_escape(struct buf *b, const char *s, size_t n);

/** The same of text that is known to be UTF-8. */
void jsonw_escape_valid(struct buf *b, const char *s, size_t n);

/** Append base64 (RFC 4648 section 4) of n bytes. */
void jsonw_add_base64(struct buf *b, const void *p, size_t n);

#endif
