#ifndef FUZZ_TRACE_H
#define FUZZ_TRACE_H

/* What came of an input, in short: two runs of one are to be equal. */
#include <stddef.h>
#include <stdint.h>

struct trace {
	uint64_t hash, events, end;
	uint64_t part; /* where the next part of a reject begins, or 0 */
};

#define TRACE_BEGIN 0xcbf29ce484222325 /* FNV-1a, of 64 bits */

static inline void
mix(struct trace *t, const void *p, size_t n)
{
	const unsigned char *s = p;

	for (size_t i = 0; i < n; i++)
		t->hash = (t->hash ^ s[i]) * 0x100000001b3;
}

#endif
