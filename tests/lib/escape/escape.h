#ifndef ESCAPE_H
#define ESCAPE_H

#include "sandbox.h"

/*
 * Test builds only (LB_INJECT): from inside a filter or a helper of it, try
 * what its sandbox forbids.  LB_ESCAPE names the attempts (see attempts.c);
 * LB_ESCAPE_IN where, "filter" (default), "files", "names", "expressions" (who
 * keeps the worker) or "worker"; LB_ESCAPE_LATER, when it is set, that they are
 * made in the middle of the work and not at once.
 * Then LB_ESCAPE_DIR, _PORT, _PID and _ADDRESS say what is attempted upon.
 * One line on stderr for each: "escape NAME: done" or "escape NAME: EPERM"; the
 * process goes on if it can.
 */

/** Before the sandbox closes. */
void escape_prepare(enum sandbox_kind kind);

/** After it has closed. */
void escape_try(enum sandbox_kind kind);

/** The same in a worker, where it can fork no more. */
void escape_try_worker(void);

#endif
