#ifndef RECEIPT_H
#define RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "state.h"
#include "wire.h"

/*
 * Reading receipt lines (docs/wire.md) for the state.  A receipt marks an
 * object done, so it is believed only when it is whole, when its id is that
 * of the object it names, and when its counts add up.
 */
enum receipt_result {
	RECEIPT_FINE,
	RECEIPT_MALFORMED, /* no receipt as the wire has it: exit 65 */
	RECEIPT_FORGED,    /* its id belongs to another object: exit 70 */
	RECEIPT_UNBALANCED /* it claims records that are nowhere: exit 70 */
};

struct receipt {
	struct state_receipt r; /* slices of the buffers below */
	uint64_t id;            /* the object: the id's first 16 digits */
	uint64_t records, rows, filtered, skipped;
	struct buf store, bucket, key, etag, version;
	struct buf status, to, format, reason;
};

void receipt_init(struct receipt *rc);
void receipt_free(struct receipt *rc);

/** Read a line of kind WIRE_RECEIPT into rc, which is good until the next
 * call.  When it is not fine, *why is a short constant text. */
enum receipt_result receipt_read(
    struct receipt *rc, const struct wire_line *w, const char **why);

/**
 * Does a failure count against the object?  Not when a service was not there
 * or did not let us in (design.md, Outcomes): told by the HTTP status, or by
 * the reason, which is the code of an error line.  (For receipts that do not
 * say it themselves, with "try".)
 */
bool receipt_counts(const char *reason, uint64_t http);

#endif
