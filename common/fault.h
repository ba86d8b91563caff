#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

#include "exitcode.h"

/*
 * Why something failed, filled where the cause is known and printed once, by
 * main() or by whoever decides to go on.  Zero-initialise before use.  The
 * text is lower case, begins with what failed ("cannot get 's3://b/k': ..."),
 * holds no secret and no record contents; control characters are replaced
 * when it is logged.
 */
struct fault {
	enum exitcode code;
	char text[1024]; /* cut when longer */
	char hint[512];  /* what the user can do, or "" */
};

/** Fill f; always returns false, so that `return fault_set(..)` reads well. */
bool fault_set(struct fault *f, enum exitcode code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Add a hint to a fault that was set; always returns false. */
bool fault_hint(struct fault *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
