#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Standard output of a filter.  Lines are collected and written in large
 * pieces; every write is checked, and out_finish() is the last thing main()
 * does: data lost in a late flush is an error.
 */

/**
 * Set up descriptors and signals: 0, 1 and 2 are open (a closed one is
 * replaced by one that fails), SIGPIPE shows as EPIPE, a pipe on stdout is
 * made 256 KiB.  Call first in main().
 */
void out_init(void);

/**
 * From now on a reader that takes nothing does not hold the program for ever
 * once a signal has asked it to stop (stop_init() comes before): within_ms
 * later, and when it takes nothing for a second more, the process ends with
 * the worse of EXIT_AGAIN and code(), inside a line perhaps.  Where standard
 * output is a pipe, large pieces are still written at once.
 */
void out_leave_within(int64_t within_ms, int (*code)(void));

/** The buffer to append a line to; end the line with out_line(). */
struct buf *out_buf(void);

/**
 * End the line that was appended: adds the newline, writes when enough is
 * collected.  A sticky error in the buffer is a bug or out of memory.
 */
void out_line(void);

/** Forget the line that was begun, and an error in it. */
void out_drop(void);

/** Append a finished line of n bytes that lacks its newline. */
void out_copy(const char *line, size_t n);

/**
 * Write what is collected; call before blocking on input or network.  When
 * it cannot be written the process ends: exit 74, or, when the reader has
 * gone, by SIGPIPE, silently.
 */
void out_flush(void);

/** Like out_flush(), but returns false with errno when it cannot. */
bool out_flush_try(void);

/** Write what is collected, then these n bytes of whole lines; returns false
 * with errno when it cannot. */
bool out_write_try(const char *p, size_t n);

/** End as out_flush() does for this errno. */
_Noreturn void out_fail(int err);

/**
 * Has the reader gone?  Cheap enough for every turn of a loop; for poll(2)
 * watch descriptor 1 with no events: POLLERR wakes it.
 */
bool out_reader_gone(void);

/** Flush and close stdout; ends like out_flush(). */
void out_finish(void);

#endif
