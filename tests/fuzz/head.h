#ifndef FUZZ_HEAD_H
#define FUZZ_HEAD_H

/* The head of a reply, for the fuzzers of what services answer. */
#include <string.h>

#include "httphead.h"

/* Headers up to an empty line; returns where the body begins. */
static inline size_t
read_head(struct http_headers *h, const char *s, size_t n)
{
	size_t at = 0, len;
	const char *nl;

	httphead_init(h);
	while (at < n && s[at] != '\n') {
		nl = memchr(s + at, '\n', n - at);
		len = nl != NULL ? (size_t)(nl - s) - at + 1 : n - at;
		if (!httphead_add(h, s + at, len))
			break;
		at += len;
	}
	return at < n ? at + 1 : n;
}

#endif
