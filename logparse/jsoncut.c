/*
 * Cutting JSON so that it stays JSON.  One walk over the tokens finds the last
 * place at which what has to follow (mark, closing brackets) still fits; a
 * second one over the same bytes knows which brackets are open there.
 */
#include <string.h>

#include "json.h"
#include "jsoncut.h"
#include "log.h"

enum { DEPTH_MAX = JSON_DEPTH_MAX + 64 /* a value, and the path to it */ };

/* Ways to go on at a place. */
enum ending {
	IN_STRING, /* of a value: mark and quote */
	FIRST,     /* behind an opening bracket: the mark alone */
	NEXT       /* behind a value: a comma before it */
};

struct place {
	size_t at; /* bytes before it */
	unsigned depth;
	enum ending ending;
};

struct cutter {
	const char *p;
	size_t n, max;
	unsigned depth;
	unsigned char *object; /* of each open bracket: DEPTH_MAX */
	bool key;              /* the next string is a member's name */
	struct place best;
};

/* The length of the unit at s[i], an escape or a character, of a valid string
 * that goes on to the end of n bytes; *len is that of what it stands for. */
static size_t
unit(const char *s, size_t n, size_t i, size_t *len)
{
	unsigned char c = (unsigned char)s[i];
	size_t used;

	if (c == '\\')
		return json_escape_len(s + i, n - i, len);
	used = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (used > n - i)
		used = n - i;
	*len = used;
	return used;
}

static size_t
ending_len(const struct cutter *c, enum ending ending)
{
	const size_t mark = sizeof(JSONCUT_MARK) - 1;

	if (ending == IN_STRING)
		return mark + 1 + c->depth;
	return mark + 2 + (c->object[c->depth - 1] ? sizeof(":true") - 1 : 0) +
	       (ending == NEXT) + c->depth;
}

/* Could it be cut here? */
static void
consider(struct cutter *c, size_t at, enum ending ending)
{
	if (at + ending_len(c, ending) <= c->max)
		c->best = (struct place){at, c->depth, ending};
}

/* Pass n bytes of plain text at i: of the places before each of them the last
 * one counts that is good. */
static void
consider_run(struct cutter *c, size_t i, size_t n)
{
	size_t tail = ending_len(c, IN_STRING), at = i + n - 1;

	if (i + tail > c->max)
		return;
	if (at + tail > c->max)
		at = c->max - tail;
	consider(c, at, IN_STRING);
}

/* Pass the string whose quote is at i. */
static size_t
pass_string(struct cutter *c, size_t i, size_t stop)
{
	size_t len, run;

	for (i++; i < stop && c->p[i] != '"';) {
		unsigned high = 0;

		run = scan_string(c->p + i, stop - i, &high);
		if (run > 0 && high == 0) {
			if (!c->key)
				consider_run(c, i, run);
			i += run;
			continue;
		}
		if (!c->key)
			consider(c, i, IN_STRING);
		i += unit(c->p, c->n, i, &len);
	}
	if (i < stop && !c->key)
		consider(c, i, IN_STRING);
	return i + 1;
}

/* Walk from the first byte to stop, which is before the end. */
static void
walk(struct cutter *c, size_t stop)
{
	size_t i = 0;

	c->depth = 0;
	while (i < stop) {
		switch (c->p[i]) {
		case '{':
		case '[':
			c->object[c->depth++] = c->p[i] == '{';
			c->key = c->p[i++] == '{';
			consider(c, i, FIRST);
			continue;
		case '}':
		case ']':
			i++;
			c->depth--;
			break;
		case ',':
			c->key = c->object[c->depth - 1];
			i++;
			continue;
		case ':':
			c->key = false;
			i++;
			continue;
		case '"':
			i = pass_string(c, i, stop);
			if (c->key)
				continue;
			break;
		default:
			while (i < c->n && strchr(",]}", c->p[i]) == NULL)
				i++;
			break;
		}
		if (i <= stop)
			consider(c, i, NEXT);
	}
}

void
jsoncut_container(struct buf *b, const char *p, size_t n, size_t max)
{
	unsigned char object[DEPTH_MAX] = {0};
	struct cutter c = {.p = p, .n = n, .max = max, .object = object};
	struct place at;

	INVARIANT(n > max);
	walk(&c, max);
	at = c.best;
	walk(&c, at.at);
	buf_add(b, p, at.at);
	if (at.ending == NEXT)
		buf_addc(b, ',');
	if (at.ending != IN_STRING)
		buf_addc(b, '"');
	buf_adds(b, JSONCUT_MARK "\"");
	if (at.ending != IN_STRING && c.object[at.depth - 1])
		buf_adds(b, ":true");
	for (unsigned d = at.depth; d > 0; d--)
		buf_addc(b, c.object[d - 1] ? '}' : ']');
}

bool
jsoncut_string(struct buf *b, const char *s, size_t n, size_t max)
{
	const size_t keep = max - (sizeof(JSONCUT_MARK) - 1);
	size_t i = 0, fits = 0, sum = 0, len;

	for (; i < n && sum <= max; i += unit(s, n, i, &len), sum += len)
		if (sum <= keep)
			fits = i;
	if (sum <= max) {
		buf_add(b, s, n);
		return false;
	}
	buf_add(b, s, fits);
	buf_adds(b, JSONCUT_MARK);
	return true;
}
