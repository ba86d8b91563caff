#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "receipt.h"
#include "state.h"

/* What s3ack says of receipts: what somebody may have to look at, by name. */

/** A receipt was entered (or counted, without a state). */
void report_receipt(
    const struct state_receipt *r, const struct state_effect *e);

/** The receipt on this line of input was refused, and why.  Returns the exit
 * code that it means. */
enum exitcode report_refused(
    uint64_t line, enum receipt_result result, const char *why);

#endif
