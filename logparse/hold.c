/* What objects keep: exactly as much memory as that takes, or little more. */
#include <stdlib.h>
#include <string.h>

#include "hold.h"
#include "log.h"

enum { SLACK = 64 /* bytes more than needed that are not worth a move */ };

static void
resize(struct hold *h, size_t *total, size_t cap)
{
	char *p = realloc(h->p, cap);

	if (p == NULL)
		log_oom();
	*total = *total - h->cap + cap;
	h->p = p;
	h->cap = cap;
}

void
hold_free(struct hold *h, size_t *total)
{
	free(h->p);
	*total -= h->cap;
	*h = (struct hold){0};
}

void
hold_set(struct hold *h, size_t *total, const char *p, size_t n)
{
	if (n > h->cap || h->cap > n + n / 4 + SLACK) {
		hold_free(h, total);
		if (n > 0)
			resize(h, total, n);
	}
	if (n > 0)
		memcpy(h->p, p, n);
	h->len = n;
}

void
hold_add(struct hold *h, size_t *total, const char *p, size_t n)
{
	size_t want = h->len + n;

	if (want > h->cap)
		resize(h, total, want + want / 4);
	if (n > 0)
		memcpy(h->p + h->len, p, n);
	h->len = want;
}

void
hold_drop(struct hold *h, size_t *total, size_t n)
{
	size_t len = h->len - n;

	if (n == 0)
		return;
	if (len == 0) {
		hold_free(h, total);
		return;
	}
	memmove(h->p, h->p + n, len);
	h->len = len;
	if (h->cap > len + len / 2 + SLACK)
		resize(h, total, len);
}
