#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "format.h"
#include "json.h"

/*
 * From a record's slice to the JSON value of a column.  Number text and
 * escapes stay as they came.
 */
enum {
	VALUE_STRING_MAX = 65536 /* bytes of UTF-8; longer is cut (the
		service's limit of a field's value, Azure Monitor limits) */
};

enum value_result {
	VALUE_OK,     /* appended */
	VALUE_ABSENT, /* null, or "-" where text is not wanted: left out */
	VALUE_MISFIT  /* does not fit the column's type: left out, counted */
};

/* Things done to values, for the counts of an object. */
struct value_counts {
	uint64_t replaced; /* U+FFFD for what is no text: see json_mend() */
	uint64_t cut;      /* values over the limit: see jsoncut.h */
	uint64_t bad_ip;   /* addresses that are none, kept as they are */
};

/** Is v a string that a column of strings takes as it is, with its quotes? */
static inline bool value_is_plain(const struct json_val *v);

/** Is v a number, or a string that holds nothing but one?  *number then is its
 * text. */
bool value_number(const struct json_val *v, struct json_val *number);

/** Append v as a value of that type.  On another result than VALUE_OK b is
 * as before. */
enum value_result value_add(struct buf *b, enum column_type type,
    const struct json_val *v, struct value_counts *c);

static inline bool
value_is_plain(const struct json_val *v)
{
	return v->type == JSON_STRING && v->n - 2 <= VALUE_STRING_MAX &&
	       (v->flags == 0 || !json_mendable(v->p + 1, v->n - 2, v->flags));
}

#endif
