#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "object.h"

/* --explain: what logparse makes of an object, for people, record by record,
 * on standard output. */

/** Its format, how sure that is and why. */
void explain_object(const struct object *o);

/** A row of n bytes: which column has its value from where, and which fields
 * have none. */
void explain_row(const struct object *o, const struct format *f,
    const struct capture *c, const char *row, size_t n);

/** A record that makes no row: what becomes of it, and why. */
void explain_other(
    const struct object *o, const struct frame_event *ev, const char *what);

/** The counts. */
void explain_end(const struct object *o);

#endif
