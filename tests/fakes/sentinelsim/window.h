#ifndef WINDOW_H
#define WINDOW_H

#include <stdint.h>

/*
 * The limits of a data collection rule: so many requests and bytes a minute
 * (12,000 and 2 GB, both "soft": Azure Monitor service limits).  A window
 * opens with the first request after the last one closed.
 */
struct window {
	int64_t start_ms;
	uint64_t requests, bytes;
};

enum { WINDOW_REQUESTS = 12000, WINDOW_BYTES = 2000000000, WINDOW_MS = 60000 };

struct window_limits {
	uint64_t requests, bytes; /* 0: unlimited */
	int64_t length_ms;
};

/**
 * Count a request of n bytes.  Returns 0, or how many seconds to wait (at
 * least 1) when it is over the limit; it is then not counted.
 */
int64_t window_take(struct window *w, const struct window_limits *limits,
    int64_t now_ms, uint64_t n);

#endif
