#ifndef RUN_H
#define RUN_H

#include "flow.h"

/*
 * One run: read standard input, send, write receipts, until the input has
 * ended and everything is settled or the line must stop.  Returns the exit
 * status; standard output is closed.
 */
int run(const struct config *c);

#endif
