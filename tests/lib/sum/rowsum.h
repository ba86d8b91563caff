#ifndef ROWSUM_H
#define ROWSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * A sum over lines that does not depend on their order: the 64-bit hashes of
 * the lines, added up.  It tells whether gigabytes of rows arrived, each as
 * often as it should, without keeping them.  Against accidents, not attacks.
 */
struct rowsum {
	uint64_t lines;
	uint64_t sum;
};

/** Add one line, without its newline. */
void rowsum_add(struct rowsum *s, const char *p, size_t n);

/** Add each line of a text that ends in a newline (or is empty). */
void rowsum_lines(struct rowsum *s, const char *p, size_t n);

#endif
