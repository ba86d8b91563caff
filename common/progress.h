#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>

/*
 * One status line on stderr, rewritten in place at most once a second
 * (--progress).  Messages of the log clear it first, so that they stand on
 * lines of their own.
 */

/** Switch it on or off; off at start. */
void progress_init(bool on);

/** Is it time to show a new line?  To skip costly preparation. */
bool progress_due(void);

/** Show this text when it is due: cut to the terminal's width, control
 * characters replaced. */
void progress_tick(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Clear the line, if one is shown: at the end, or before other output to
 * the terminal. */
void progress_clear(void);

#endif
