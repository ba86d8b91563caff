/* A byte buffer with a limit and a sticky error. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "log.h"

enum { BUF_FIRST = 128 };

/* Make room for n more bytes and the NUL.  Returns false and sets err. */
static bool
reserve(struct buf *b, size_t n)
{
	size_t want, cap;
	char *p;

	if (b->err != 0)
		return false;
	if (n > b->max - b->len) {
		b->err = EFBIG;
		return false;
	}
	want = b->len + n + 1;
	if (want <= b->cap)
		return true;
	for (cap = b->cap ? b->cap : BUF_FIRST; cap < want;)
		cap = cap > b->max / 2 ? b->max + 1 : cap * 2;
	if (cap > b->max + 1)
		cap = b->max + 1; /* the first one, of a small buffer */
	p = b->secret ? malloc(cap) : realloc(b->p, cap);
	if (p == NULL)
		log_oom();
	if (b->secret && b->p != NULL) { /* realloc(3) leaves a copy behind */
		memcpy(p, b->p, b->len + 1);
		explicit_bzero(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->err = 0;
	if (b->p != NULL)
		b->p[0] = '\0';
}

void
buf_clear(struct buf *b)
{
	if (b->secret && b->p != NULL)
		explicit_bzero(b->p, b->cap);
	free(b->p);
	*b = (struct buf){.max = b->max, .secret = b->secret};
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) /* of our formats, for want of memory alone */
		log_oom();
	if (!reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

char *
buf_more_room(struct buf *b, size_t n)
{
	return reserve(b, n) ? b->p + b->len : NULL;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->len - n + 1);
	b->len -= n;
}

void
buf_cut(struct buf *b, size_t n)
{
	if (b->p == NULL)
		return;
	b->len = n;
	b->p[n] = '\0';
}
