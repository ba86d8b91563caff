#ifndef TEXTRECORD_H
#define TEXTRECORD_H

#include "capture.h"
#include "header.h"

/*
 * Records that are lines: their fields go into a capture's slots, as JSON
 * strings, so that what comes after does not know the difference.
 */

/**
 * Fill c from a record, a line without its end.  Slices are good until the
 * next record of any object.  Returns NULL, or why it is none ("bad-quotes",
 * "missing-field"), with *detail.  *fields, when it is not NULL, is how many
 * there were.
 */
const char *text_record(struct capture *c, const struct header *h,
    const char *p, size_t n, size_t *fields, const char **detail);

/** Do the object's first bytes hold a header line or a record as this format
 * describes them ("match")?  final: there are no more. */
bool text_match(const struct format *f, const char *p, size_t n, bool final);

/** A line of white space? */
bool text_blank(const char *p, size_t n);

#endif
