#ifndef STOP_H
#define STOP_H

#include <stdbool.h>

/*
 * SIGTERM and SIGINT.  The first asks the program to come to an end in its
 * own way; a second one, 100 ms later or more, ends it at once.
 */

/** Install the handlers; call once, early. */
void stop_init(void);

/** Has a signal asked to stop? */
bool stop_asked(void);

/** A descriptor that becomes readable when asked: for poll(2).  Leave it
 * unread. */
int stop_fd(void);

#endif
