#ifndef HELPERS_H
#define HELPERS_H

#include "helper.h"

/*
 * The helpers of a filter with business on the network: one for files, where
 * options name any, and one for names.  Fill in what they do, start them before
 * anything else is opened, close the sandbox when all is ready.
 */
struct helpers {
	struct helper *files, *names;
};

void helpers_init(struct helpers *h);

/** Start those that have something to do.  False with a fault. */
bool helpers_start(struct helpers *h, struct fault *f);

/** End them. */
void helpers_free(struct helpers *h);

#endif
