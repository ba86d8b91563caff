/* Throttling per rule; see window.h. */
#include "window.h"

int64_t
window_take(struct window *w, const struct window_limits *limits,
    int64_t now_ms, uint64_t n)
{
	if (now_ms < w->start_ms || now_ms - w->start_ms >= limits->length_ms)
		*w = (struct window){.start_ms = now_ms};
	if ((limits->requests > 0 && w->requests >= limits->requests) ||
	    (limits->bytes > 0 && w->bytes + n > limits->bytes))
		return (w->start_ms + limits->length_ms - now_ms + 999) / 1000;
	w->requests++;
	w->bytes += n;
	return 0;
}
