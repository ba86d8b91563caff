#ifndef TELL_H
#define TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "fetch.h"
#include "opt.h"

/* What s3fetch tells while it works: metrics and the progress line. */

/** Set up; f may still be empty.  files, a helper that is not started yet, is
 * to write the metrics. */
void tell_init(const struct opt_common *o, struct helper *files);

/** Tell it, when it is time. */
void tell(const struct fetch *f, int64_t now);

/** How long until it may be time, ms; -1: nothing is told. */
int64_t tell_wait_ms(void);

/** Tell it a last time.  False with a fault (74): the metrics cannot be
 * written. */
bool tell_end(const struct fetch *f, struct fault *fault);

#endif
