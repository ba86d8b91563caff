#ifndef JQWORK_H
#define JQWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "jqrun.h"

/*
 * Programs of libjq, run by a process of their own: a program may bring libjq
 * to an assertion, out of memory, or into a function that does not come back,
 * and what is lost then is that process, and that row is a failed one.
 *
 * There are two: a worker, who has the programs and is asked, and a keeper, who
 * waits for the worker's end, says so when an answer is due, and forks the next
 * one.  Neither reads anything but orders; both are confined.
 */
struct jqwork;

struct jqwork_program {
	const char *option; /* that it was given by, for messages */
	const char *text;
	bool late; /* known to be a program: compiled when it is asked for */
};

/**
 * Start them with n programs, which stay; before the sandbox closes, with
 * limits and an empty environment of their own.  NULL with a fault: 64 what is
 * wrong with a program, 71 no process, 78 their sandbox does not close.
 */
struct jqwork *jqwork_start(
    const struct jqwork_program *v, size_t n, struct fault *f);

/** End them; NULL is none. */
void jqwork_free(struct jqwork *w);

/** The row that is spoken of from here on: n bytes, WIRE_LINE_MAX at most,
 * which stay. */
void jqwork_row(struct jqwork *w, const char *row, size_t n);

/** As jqrun_any() and jqrun_map() of program i.  Ends the program, 71, when
 * there is nobody to be asked. */
enum jqrun_result jqwork_any(struct jqwork *w, size_t i, struct jqrun_error *e);
enum jqrun_result jqwork_map(struct jqwork *w, size_t i, struct buf *b,
    struct value_counts *counts, struct jqrun_error *e);

#endif
