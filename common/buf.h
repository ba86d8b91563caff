#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * A growing byte buffer with a hard limit and a sticky error.
 *
 * A failed append leaves the contents alone, sets err, and makes every later
 * append a no-op, so callers append freely and check once before use.  Without
 * memory the program ends (docs/decisions/0008): no caller can forget to look.
 * Invariant: when p is not NULL, p[len] is '\0' (contents may hold NULs too).
 */
struct buf {
	char *p;
	size_t len;
	size_t cap;  /* bytes allocated: never more than max and the NUL */
	size_t max;  /* limit on len */
	int err;     /* 0 or EFBIG: the limit was reached */
	bool secret; /* overwritten wherever it was, as it moves and ends */
};

/** Make an empty buffer that never holds more than max bytes. */
#define BUF_INIT(limit)        \
	{                      \
		.max = (limit) \
	}

/** The same for what may hold a secret: nothing of it stays in memory that was
 * given back. */
#define BUF_SECRET(limit)                      \
	{                                      \
		.max = (limit), .secret = true \
	}

/** Forget contents and error, keep the allocation. */
void buf_reset(struct buf *b);

/** Free the contents; the buffer is empty and usable afterwards. */
void buf_clear(struct buf *b);

/** Append n bytes; on failure only b->err changes. */
static inline void buf_add(struct buf *b, const void *data, size_t n);

/** Append one byte. */
static inline void buf_addc(struct buf *b, char c);

/** Append a C string. */
static inline void buf_adds(struct buf *b, const char *s);

/** Append formatted text. */
void buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * Make room for n more bytes and return where they go, or NULL with b->err
 * set.  Write there, then add to b->len what was written and store the NUL
 * with buf_wrote().
 */
static inline char *buf_room(struct buf *b, size_t n);
char *buf_more_room(struct buf *b, size_t n); /* its slow half */

/** Account for n bytes written into buf_room(); n <= what was asked for. */
static inline void buf_wrote(struct buf *b, size_t n);

/** Remove the first n bytes; n <= b->len. */
void buf_drop(struct buf *b, size_t n);

/** Cut the contents to n bytes; n <= b->len. */
void buf_cut(struct buf *b, size_t n);

/* Here, as most appends are short ones into memory that is there already. */
static inline char *
buf_room(struct buf *b, size_t n)
{
	/* For p[len], one more than n. */
	if (b->err == 0 && n < b->cap - b->len)
		return b->p + b->len;
	return buf_more_room(b, n);
}

static inline void
buf_wrote(struct buf *b, size_t n)
{
	b->len += n;
	b->p[b->len] = '\0';
}

static inline void
buf_add(struct buf *b, const void *data, size_t n)
{
	char *to = buf_room(b, n);

	if (to == NULL)
		return;
	if (n > 0)
		memcpy(to, data, n);
	buf_wrote(b, n);
}

static inline void
buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

static inline void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

#endif
