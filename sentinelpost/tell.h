#ifndef TELL_H
#define TELL_H

#include "flow.h"
#include "token.h"

/*
 * What the run tells of itself besides receipts: the metrics file, the
 * progress line, the done line.  One run a process.
 */

/** files, a helper that is not started yet, is to write the metrics. */
void tell_init(const struct config *c, struct helper *files);

/** In every turn of the loop; t is looked at only when there is a post. */
void tell(const struct flow *f, const struct token *t);

/** At the end: write the metrics a last time (a failure is told and noted),
 * then the done lines that were read and ours, the last of the output. */
void tell_done(struct flow *f, const struct token *t);

#endif
