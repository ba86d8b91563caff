#ifndef JQRUN_H
#define JQRUN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "fault.h"
#include "value.h"

/*
 * Expressions in jq's language, run by libjq (1.6 and later) on rows.  What a
 * program may reach is the row alone: no environment, files, modules, input or
 * standard error; and it has so much time and memory for one row.
 */
enum {
	JQRUN_SAID_MAX = 256,    /* bytes of an error's text that are kept */
	JQRUN_SECONDS = 2,       /* of CPU that one row may take */
	JQRUN_LEAVE = 3,         /* the same of a function that cannot be
				    stopped, like a search: the process ends */
	JQRUN_EXIT_TIME = 76,    /* its status then */
	JQRUN_MEMORY = 64 << 20, /* bytes that one row may take */
	JQRUN_STACK = 96 << 20,  /* of the process, which Linux leaves 128 MiB:
				    a level of nesting takes 64 bytes of memory
				    and less of the stack when it is freed */
	JQRUN_DATA = 256 << 20   /* of the process: then malloc fails */
};

struct jqrun;

enum jqrun_result {
	JQRUN_YES,   /* a result is neither null nor false; a row was made */
	JQRUN_NO,    /* none is; there is none */
	JQRUN_FAILED /* see struct jqrun_error */
};

struct jqrun_error {
	const char *what;              /* a constant: may be logged */
	char said[JQRUN_SAID_MAX + 1]; /* libjq's words, perhaps of the row */
};

/** Call once before the sandbox closes, in the process that runs programs, and
 * jqrun_forked() in those that it forks: sets limits. */
void jqrun_prepare(void);
void jqrun_forked(void);

/**
 * Compile what option (--where) was given.  NULL with a fault (64) that says
 * what is wrong and where.  Looks at no file, and empties the environment, for
 * good.
 */
struct jqrun *jqrun_new(const char *option, const char *text, struct fault *f);
void jqrun_free(struct jqrun *r);

/** The row that is spoken of from here on: n bytes of a JSON object, which
 * stay.  It is parsed when it is wanted. */
void jqrun_row(const char *row, size_t n);

/** The row is forgotten. */
void jqrun_end(void);

/**
 * Bring it to the end of a run that was left: libjq 1.6 and 1.7 abort when a
 * program begins anew, or is freed, that was left inside of path().  False when
 * that would take long, or it was halted: then it is of no use any more, and
 * its memory stays.
 */
bool jqrun_tidy(struct jqrun *r);

/** Is one of the results for the row neither null nor false?  Later ones are
 * not asked for.  To be followed by jqrun_tidy(), as jqrun_map() is. */
enum jqrun_result jqrun_any(struct jqrun *r, struct jqrun_error *e);

/**
 * Append the row that the one result for it is.  Columns that are as they were
 * keep their text, TimeGenerated comes first, nulls are left out, and what is
 * too long is cut.  JQRUN_NO: there is no result.
 */
enum jqrun_result jqrun_map(struct jqrun *r, struct buf *b,
    struct value_counts *counts, struct jqrun_error *e);

#endif
