#ifndef CONTEXT_H
#define CONTEXT_H

#include "capture.h"
#include "hold.h"

/*
 * What is kept of the object around an array of records while they come: the
 * values at the paths that the format begins with ^, each within the limit of
 * a column; and, where rows keep what has no column, its other members, as
 * many as a column holds.
 */
enum { CONTEXT_REST_MAX = 64 /* such members */ };

struct context {
	struct capture *capture; /* of the outer tree; NULL: nothing is kept */
	size_t *total;           /* where the memory is counted */
	struct hold text;
	struct json_val *slots;     /* into text */
	struct capture_field *rest; /* the same; NULL: there are none */
	size_t nrest;
	bool some;
	unsigned long serial; /* of what is kept, unlike any other's */
};

/** The capture is the caller's; memory is counted in *total. */
void context_init(struct context *x, struct capture *capture, size_t *total);
void context_free(struct context *x);

/** Is there something at all places, as last captured? */
bool context_complete(const struct context *x);

/** Keep what was captured last. */
void context_take(struct context *x);
void context_forget(struct context *x);

/** What is kept, by slots of the outer tree; NULL: there is nothing around. */
const struct json_val *context_slots(const struct context *x);

/** Keep the values of an object that was written with context_write(). */
bool context_read(struct context *x, const char *p, size_t n);

/** Append what is kept as an object of the same shape. */
void context_write(const struct context *x, struct buf *b);

#endif
