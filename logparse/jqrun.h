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
	JQRUN_LEAVE = 20,        /* the same of a function that cannot be
				    stopped, like a search: the end of all */
	JQRUN_MEMORY = 64 << 20, /* bytes that one row may take */
	JQRUN_STACK = 96 << 20,  /* of the process, which Linux leaves 128 MiB:
				    a level of nesting takes 64 bytes of memory
				    and less of the stack when it is freed */
	JQRUN_DATA = 512 << 20   /* of the process: then malloc fails */
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

/** Call once before the sandbox closes, when there is an expression: empties
 * the environment, for good, and sets limits. */
void jqrun_prepare(void);

/**
 * Compile what option (--where) was given.  NULL with a fault (64) that says
 * what is wrong and where.  Looks at no file.
 */
struct jqrun *jqrun_new(const char *option, const char *text, struct fault *f);
void jqrun_free(struct jqrun *r);

/** The row that is spoken of from here on: n bytes of a JSON object, which
 * stay.  It is parsed when it is wanted. */
void jqrun_row(const char *row, size_t n);

/** The row is forgotten. */
void jqrun_end(void);

/** Is one of the results for the row neither null nor false?  Later ones are
 * not asked for. */
enum jqrun_result jqrun_any(struct jqrun *r, struct jqrun_error *e);

/**
 * Append the row that the one result for it is.  Columns that are as they were
 * keep their text, TimeGenerated comes first, nulls are left out, and what is
 * too long is cut.  JQRUN_NO: there is no result.
 */
enum jqrun_result jqrun_map(struct jqrun *r, struct buf *b,
    struct value_counts *counts, struct jqrun_error *e);

#endif
