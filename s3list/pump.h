#ifndef PUMP_H
#define PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Finished lines on their way to standard output, which is written only when
 * poll(2) says that it takes some: so that a reader that takes hours keeps
 * neither requests nor signals waiting.
 */
enum {
	PUMP_HIGH = 256 * 1024,      /* enough is pending: add no more */
	PUMP_MAX = 12 * 1024 * 1024, /* with the longest line on top */
	PUMP_DONE_MAX = 64 * 1024    /* the done line */
};

struct pump {
	struct buf lines; /* append whole lines with their newlines */
	size_t at;        /* written so far */
	bool screen;      /* standard output is a terminal */
	bool pipe;
};

void pump_init(struct pump *p);
void pump_free(struct pump *p);

/** Forget what is pending. */
void pump_reset(struct pump *p);

/** How many bytes are not written yet. */
size_t pump_pending(const struct pump *p);

/** Write what a pipe takes without blocking (PIPE_BUF bytes, of whole lines
 * unless one is longer).  Call when poll(2) gave revents for standard output;
 * the program ends when the reader has gone or writing fails. */
void pump_write(struct pump *p, short revents);

/**
 * Write all that is pending, however long it takes; but once a stop was asked
 * for, no longer than within_ms.  Returns 0, ETIMEDOUT when the reader did not
 * take it in time, or why writing failed (EPIPE when the reader has gone).
 */
int pump_try(struct pump *p, int64_t within_ms);

/** The same, but the program ends when writing fails.  False when the reader
 * did not take it. */
bool pump_drain(struct pump *p, int64_t within_ms);

#endif
