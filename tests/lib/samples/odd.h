#ifndef ODD_H
#define ODD_H

#include "object.h"

/** Write one object of each odd kind (the README of tests/lib lists them). */
void odd_write(const struct plan *plan);

#endif
