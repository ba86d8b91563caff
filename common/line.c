/* Lines out of a descriptor, in bounded memory and mostly without copying. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "line.h"
#include "log.h"

enum { FIRST = 256 * 1024 /* a pipe's worth: design.md */ };

void
line_init(struct line_reader *l, int fd, size_t max)
{
	struct stat st;
	off_t at;

	*l = (struct line_reader){.fd = fd, .max = max, .left = SIZE_MAX};
	/* Files that say 0 are made up as they are read, as those of /proc. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (at = lseek(fd, 0, SEEK_CUR)) >= 0)
		l->left = at < st.st_size ? (size_t)(st.st_size - at) : 0;
}

void
line_free(struct line_reader *l)
{
	free(l->buf);
	l->buf = NULL;
	l->pos = l->end = l->cap = 0;
}

/* Make room behind end: move the rest to the front, grow when it is full. */
static bool
make_room(struct line_reader *l)
{
	size_t cap = l->cap > 0 ? l->cap * 2 : FIRST;
	char *p;

	if (l->pos > 0) {
		memmove(l->buf, l->buf + l->pos, l->end - l->pos);
		l->end -= l->pos;
		l->pos = 0;
	}
	if (l->end < l->cap)
		return true;
	if (cap > l->max + FIRST)
		cap = l->max + FIRST;
	p = realloc(l->buf, cap);
	if (p == NULL)
		log_oom();
	l->buf = p;
	l->cap = cap;
	return true;
}

bool
line_fill(struct line_reader *l)
{
	size_t room;
	ssize_t n;

	if (l->eof)
		return true;
	if (l->end == l->cap && !make_room(l))
		return false;
	if (l->end == l->cap)
		return true; /* full of what line_next() has not taken */
	room = l->cap - l->end < l->left ? l->cap - l->end : l->left;
	do
		n = read(l->fd, l->buf + l->end, room);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errno == EAGAIN;
	if (n == 0)
		l->eof = true;
	l->end += (size_t)n;
	if (l->left != SIZE_MAX)
		l->left -= (size_t)n;
	return true;
}

/* Take n bytes and, when there is one, the newline after them. */
static void
take(struct line_reader *l, size_t n, bool newline)
{
	l->pos += n + newline;
	l->base += n + newline;
	l->searched = 0;
	if (l->pos == l->end)
		l->pos = l->end = 0;
}

/* Drop what is there of a line over the limit. */
static enum line_result
skip_long(struct line_reader *l, const char *nl, size_t *n)
{
	size_t here =
	    nl != NULL ? (size_t)(nl - l->buf) - l->pos : l->end - l->pos;

	if (l->skipping == 0)
		l->offset = l->base;
	l->skipping += here;
	take(l, here, nl != NULL);
	if (nl == NULL && !l->eof)
		return LINE_NEED;
	*n = (size_t)l->skipping;
	l->skipping = 0;
	l->number++;
	return LINE_TOOLONG;
}

enum line_result
line_next(struct line_reader *l, const char **p, size_t *n, bool *torn)
{
	size_t have = l->end - l->pos;
	const char *nl = NULL;

	if (torn != NULL)
		*torn = false;
	if (have > l->searched)
		nl = memchr(
		    l->buf + l->pos + l->searched, '\n', have - l->searched);
	l->searched = have;
	if (nl != NULL)
		have = (size_t)(nl - l->buf) - l->pos;
	if (l->skipping > 0 || have > l->max)
		return skip_long(l, nl, n);
	if (nl == NULL && !l->eof)
		return LINE_NEED;
	if (nl == NULL && have == 0)
		return LINE_EOF;
	*p = l->buf + l->pos;
	*n = have;
	l->offset = l->base;
	l->number++;
	if (torn != NULL)
		*torn = nl == NULL;
	take(l, have, nl != NULL);
	return LINE_OK;
}
