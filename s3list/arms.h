#ifndef ARMS_H
#define ARMS_H

#include <stdbool.h>

#include "fault.h"
#include "state.h"
#include "unsettled.h"

/*
 * --need N with the arms of a tee, each with an s3ack of its own: one arm's
 * receipts settle nothing, but the other arm's may have done the rest by the
 * time this one ends.  The state, which all write, tells.
 */

/**
 * Leave in u only what the state still calls unsettled.  False with a fault
 * when it cannot be read.  (When u holds more than it remembers, nothing
 * changes.)
 */
bool arms_check(struct state *s, struct unsettled *u, struct fault *f);

#endif
