#ifndef TEXTRECORD_H
#define TEXTRECORD_H

#include "capture.h"
#include "header.h"
#include "textsplit.h"

/*
 * Records that are lines: their fields go into a capture's slots, as JSON
 * strings, so that what comes after does not know the difference.
 */

/**
 * Take a record, a line without its end; up to end memory may be read.
 * Returns NULL, or why it is none ("bad-quotes", "missing-field"), with
 * *detail.  What it has is good until the next record of any object: its
 * fields in text_split(), where those of a name that it lacks are empty ones
 * behind the others, names without a column in c, and, unless the format
 * is one for textrow.h, values in c's slots.
 */
const char *text_record(struct capture *c, const struct header *h,
    const char *p, size_t n, const char *end, const char **detail);
const struct split *text_split(void);

/** A field of it as a JSON string, good until the next call. */
void text_value(struct json_val *v, const struct field *f);

/** Do the object's first bytes hold a header line or a record as this format
 * describes them ("match")?  final: there are no more.  It is made whole where
 * that takes names of columns' fields. */
bool text_match(struct format *f, const char *p, size_t n, bool final);

enum {
	TEXT_BEGIN = 64 /* bytes of a line that tell whether a record begins */
};

/** Does a line like one of the format's "begin" stand at p[0..n)? */
bool text_begins(const struct text_format *t, const char *p, size_t n);

/** A line of white space? */
bool text_blank(const char *p, size_t n);

#endif
