#ifndef ROWS_H
#define ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "schema.h"

/* From Azure Monitor's limits and standard columns pages (README.md). */
enum {
	ROWS_FIELD_MAX = 64 * 1024,             /* longer values are cut */
	ROWS_PAST_MS = 2 * 24 * 60 * 60 * 1000, /* older times are replaced */
	ROWS_FUTURE_MS = 24 * 60 * 60 * 1000,   /* later ones too */
	ROWS_SPAN_MS = 30 * 60 * 1000 /* of one request, Auxiliary plan */
};

enum rows_verdict {
	ROWS_OK,
	ROWS_BARE, /* one object, no array: the service says 204 and forgets */
	ROWS_NO_ARRAY,  /* another JSON value */
	ROWS_NO_OBJECT, /* an element of the array is no object */
	ROWS_TOO_LARGE, /* out's limit was reached */
	ROWS_SPAN,      /* Auxiliary plan: times too far apart */
	ROWS_NESTED,    /* same: an object or array where none may be */
	ROWS_MALFORMED  /* no JSON; error says what, at where */
};

struct rows_result {
	enum rows_verdict verdict;
	const char *error; /* for ROWS_MALFORMED; static text */
	size_t at;
};

/**
 * Read a request body of n bytes (text[n] is '\0'), append each row and a LF
 * to out, and count what it brings in tally.  With apply the rows are changed
 * as the service would; else they are as sent, less whitespace.  Unless the
 * verdict is ROWS_OK, out holds rubbish.
 */
struct rows_result rows_read(const struct stream *st, bool apply,
    int64_t now_ms, const char *text, size_t n, struct buf *out,
    struct tally *tally);

#endif
