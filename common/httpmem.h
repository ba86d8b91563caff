#ifndef HTTPMEM_H
#define HTTPMEM_H

#include <stdbool.h>

/**
 * Start libcurl with memory that is overwritten before it is given back: it
 * copies headers and bodies, tokens among them, into buffers of its own.  False
 * when it does not start.
 */
bool httpmem_start(void);

#endif
