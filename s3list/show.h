#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "run.h"

/*
 * --show and --forget: looking at the state without a store.  Both speak of
 * one pipeline (--name), of the operands' prefixes if there are any, and of
 * keys that --include and --exclude let pass.
 */

/** Write an object line for each object that is not settled, with a member
 * "state" that says what is the matter.  Returns the exit code. */
int show_run(const struct run_options *o);

/** Free the quarantined and failed objects whose whole key matches the glob.
 * Returns the exit code. */
int show_forget(const struct run_options *o, const char *glob);

#endif
