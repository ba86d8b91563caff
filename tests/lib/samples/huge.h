#ifndef HUGE_H
#define HUGE_H

#include "sample.h"

/** Write one object of about size raw bytes, on one line.  Its records come
 * from a pool of 16 MB, so that it takes a second or two. */
void sample_huge(const struct plan *plan, uint64_t size);

#endif
