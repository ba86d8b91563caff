#ifndef ODD_H
#define ODD_H

#include "sample.h"

/** Write one object of each odd kind (the README of tests/lib lists them). */
void sample_odd(const struct plan *plan);

#endif
