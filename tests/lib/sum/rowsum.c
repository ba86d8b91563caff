/* Sums of lines; see rowsum.h. */
#include <string.h>

#include "rowsum.h"

/* Eight bytes at a time, each stirred in by a multiplication (the constant is
 * that of splitmix64). */
static uint64_t
hash(const char *p, size_t n)
{
	const uint64_t k = 0xbf58476d1ce4e5b9u;
	uint64_t h = n * k, word;

	for (; n > 0; p += sizeof(word)) {
		word = 0;
		memcpy(&word, p, n < sizeof(word) ? n : sizeof(word));
		n -= n < sizeof(word) ? n : sizeof(word);
		h = (h ^ word) * k;
		h ^= h >> 32;
	}
	return h;
}

void
rowsum_add(struct rowsum *s, const char *p, size_t n)
{
	s->lines++;
	s->sum += hash(p, n);
}

void
rowsum_lines(struct rowsum *s, const char *p, size_t n)
{
	const char *lf;
	size_t len;

	for (; n > 0 && (lf = memchr(p, '\n', n)) != NULL; p += len, n -= len) {
		len = (size_t)(lf - p) + 1;
		rowsum_add(s, p, len - 1);
	}
}
