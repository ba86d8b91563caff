#ifndef JQINT_H
#define JQINT_H

#include <jq.h>

#include "jqrun.h"

/* What the files that know libjq share. */

/** Set an error, with libjq's message or NULL; returns JQRUN_FAILED. */
enum jqrun_result jqrun_fail(
    struct jqrun_error *e, const char *what, const char *said, size_t n);

/** The row, parsed: jv_free() what it returns.  Invalid when it cannot be. */
jv jqrun_parsed(const char **text, size_t *n);

/** Begin on the row: jqlimit_leave() when done, with what was made, too. False,
 * with the error, when it cannot be parsed; then it has been left. */
bool jqrun_start(struct jqrun *r, struct jqrun_error *e);

/** The next result: jv_free() it.  Invalid when there is none; then *failed
 * tells of an error. */
jv jqrun_next(struct jqrun *r, bool *failed, struct jqrun_error *e);

/** A limit of one row's time and memory, all of it together: see jqlimit.c. */
void jqlimit_init(void);
/** In a process that was forked after that. */
void jqlimit_forked(void);
void jqlimit_row(void);
/** Little is left of the row's time. */
void jqlimit_tidy(void);
/** Into libjq and out of it: what is between counts. */
void jqlimit_enter(void);
void jqlimit_leave(void);
/** This program runs, and is halted when it takes too much; NULL: none does. */
void jqlimit_run(jq_state *jq);
/** What was exceeded since jqlimit_row(), or NULL. */
const char *jqlimit_exceeded(void);

#endif
