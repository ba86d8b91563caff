#ifndef TEXTROW_H
#define TEXTROW_H

#include "header.h"
#include "value.h"

/*
 * Rows right from the fields of a line, for formats whose columns each are one
 * field: the short way to what emit.c makes of a capture's slots.  Speaks of
 * the record that text_record() had last.
 */

/** Can the record be taken so, with these names? */
static inline bool
textrow_can(const struct format *f, const struct header *h)
{
	return f->framing == FRAMING_TEXT && f->text.direct && h->direct;
}

/** Append the first column's value, as convert_add() does. */
enum value_result textrow_time(struct buf *b, const struct format *f,
    const struct header *h, struct value_counts *counts);

/** Append the other columns, with their labels, and note where each begins in
 * starts unless that is NULL: see where_starts().  Returns how many values do
 * not fit. */
uint64_t textrow_columns(struct buf *b, const struct header *h,
    struct value_counts *counts, size_t *starts);

#endif
