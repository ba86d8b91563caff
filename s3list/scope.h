#ifndef SCOPE_H
#define SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "lockfile.h"
#include "run.h"

/*
 * The parts of a pipeline that this process works on: name, prefix and shard.
 * Two of one scope at a time would give every object twice.
 */
struct scopes {
	struct lockfile *locks;
	size_t n;
};

/**
 * Lock the scopes of all operands and note in the state how far back each
 * looks.  False with a fault, 75 when another process works on one.
 */
bool scopes_take(
    struct scopes *s, const struct run_options *o, struct fault *f);
void scopes_drop(struct scopes *s);

#endif
