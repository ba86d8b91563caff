#ifndef RECEIPT_H
#define RECEIPT_H

#include <stdbool.h>

#include "buf.h"
#include "flow.h"
#include "objects.h"

/*
 * Receipts (design.md, Outcomes): written to standard output once every row
 * they speak of was accepted and the dead-letter file that holds the others
 * was synced.  They count what lies below `through`.
 */
enum receipt_status {
	RECEIPT_DELIVERED,
	RECEIPT_GONE,
	RECEIPT_PARTIAL,
	RECEIPT_FAILED
};

enum {
	/* At least every 10 s, says design.md; the loop may be late. */
	RECEIPT_PARTIAL_MS = 8000
};

/** What an object whose end was read and whose rows are all settled deserves;
 * dead_letter: there is a file for dead records. */
enum receipt_status receipt_status(const struct object *o, bool dead_letter);

/** Append the line, without its newline, to b. */
void receipt_line(struct buf *b, const struct object *o, const char *to,
    enum receipt_status status, bool dead_letter);

/** Make what is dead last.  False, and the line stopped: no receipt may be
 * written any more. */
bool receipts_sync(struct flow *f);

/** Settle the objects that are finished: their receipts. */
void receipts_finished(struct flow *f);

/** Partial receipts for the others that moved. */
void receipts_partial(struct flow *f);

#endif
