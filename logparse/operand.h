#ifndef OPERAND_H
#define OPERAND_H

#include <limits.h>

#include "helper.h"

/*
 * The files that are named on the command line.  A helper opens them, each
 * when its turn comes: the parser itself can open nothing once it reads what
 * others wrote, and thousands of operands need not be open at once.
 */
struct operands {
	char *const *paths;
	size_t n;
	struct helper *helper;
};

/** Let a helper that is not started yet open them; "-" needs none. */
void operands_serve(
    struct operands *o, char *const *paths, size_t n, struct helper *h);

/**
 * Open one for reading.  Returns a descriptor, with the file's absolute name
 * (of a pipe such as /dev/fd/63 the given one is all that is known); or -1
 * with errno.  -1 and errno 0: a fault, the helper is to blame (74).
 */
int operand_open(
    const struct operands *o, size_t i, char real[PATH_MAX], struct fault *f);

#endif
