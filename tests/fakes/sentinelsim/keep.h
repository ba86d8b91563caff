#ifndef KEEP_H
#define KEEP_H

#include "fault.h"
#include "schema.h"

/* The rows that were accepted: DIR/<Table>.ndjson, a row a line. */

/** Open (append to) a file for every table.  Mode 0600. */
bool keep_open(struct schema *s, const char *dir, struct fault *f);

/**
 * Append n bytes of whole lines; they are with the operating system when this
 * returns true.  False (disk full): nothing of them is left in the file.
 */
bool keep_append(struct table *t, const char *p, size_t n);

/** Empty every file. */
void keep_truncate(struct schema *s);

void keep_close(struct schema *s);

#endif
