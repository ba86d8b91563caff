/*
 * Simple regular expressions: see pattern.h.  Each character of one is a place;
 * bits say which places the text may have come to (Glushkov's construction,
 * over bytes).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pattern.h"

struct pattern {
	char *literal; /* when it is no more than that, else NULL */
	size_t n;
	bool head, tail; /* ^ and $ */
	bool empty;      /* nothing matches, too */
	uint64_t first, last;
	uint64_t wide; /* of '.' and [^..]: all bytes of a character */
	uint64_t follow[PATTERN_PLACES_MAX], match[256];
	unsigned places;
};

/* A part of the expression: how it can begin and end. */
struct part {
	uint64_t first, last;
	bool empty;
};

struct reader {
	struct pattern *to;
	const char *p, *end;
};

static bool alternatives(struct reader *r, struct part *part);

/* A new place as a part; false when there are too many. */
static bool
new_place(struct reader *r, struct part *part, unsigned *place)
{
	if (r->to->places == PATTERN_PLACES_MAX)
		return false;
	*place = r->to->places++;
	*part = (struct part){.first = 1ull << *place, .last = 1ull << *place};
	return true;
}

static void
put(struct pattern *to, unsigned place, unsigned char c)
{
	to->match[c] |= 1ull << place;
}

/* All bytes that characters beyond ASCII begin with. */
static void
put_wide(struct pattern *to, unsigned place)
{
	for (unsigned c = 0xc2; c <= 0xf4; c++)
		put(to, place, (unsigned char)c);
	to->wide |= 1ull << place;
}

/* What follows the ends of one part may be the beginning of another. */
static void
chain(struct pattern *to, uint64_t last, uint64_t first)
{
	for (; last != 0; last &= last - 1)
		to->follow[__builtin_ctzll(last)] |= first;
}

static void
join(struct pattern *to, struct part *a, const struct part *b)
{
	chain(to, a->last, b->first);
	a->first |= a->empty ? b->first : 0;
	a->last = b->last | (b->empty ? a->last : 0);
	a->empty = a->empty && b->empty;
}

/* A character, of one byte or several. */
static bool
character(struct reader *r, struct part *part)
{
	struct part next;
	unsigned place;

	if (!new_place(r, part, &place))
		return false;
	put(r->to, place, (unsigned char)*r->p++);
	while (r->p < r->end && ((unsigned char)*r->p & 0xc0) == 0x80) {
		if (!new_place(r, &next, &place))
			return false;
		put(r->to, place, (unsigned char)*r->p++);
		join(r->to, part, &next);
	}
	return true;
}

/* What a backslash before c makes a character of, with all that is special. */
static bool
is_escaped(char c)
{
	return c != '\0' && strchr(".^$*+?()[]{}|\\/-", c) != NULL;
}

/* One character of a class; false when it is none that is taken. */
static bool
member(struct reader *r, unsigned char *c)
{
	if (r->p == r->end)
		return false;
	if (*r->p == '\\') {
		r->p++;
		if (r->p == r->end || !is_escaped(*r->p))
			return false;
	} else if (strchr("[]&-", *r->p) != NULL) {
		return false; /* '\0' too */
	}
	*c = (unsigned char)*r->p++;
	return *c < 0x80;
}

/* [..], of which the bracket was read. */
static bool class(struct reader *r, struct part *part)
{
	bool in[128] = {false}, other, some = false;
	unsigned char from, to;
	unsigned place;

	other = r->p < r->end && *r->p == '^';
	r->p += other;
	for (; r->p < r->end && *r->p != ']'; some = true) {
		if (!member(r, &from))
			return false;
		to = from;
		if (r->p < r->end && *r->p == '-') {
			r->p++;
			if (!member(r, &to) || to < from)
				return false;
		}
		for (; from <= to; from++)
			in[from] = true;
	}
	if (r->p == r->end || !some || !new_place(r, part, &place))
		return false;
	r->p++;
	for (unsigned c = 0; c < 128; c++)
		if (in[c] != other)
			put(r->to, place, (unsigned char)c);
	if (other)
		put_wide(r->to, place);
	return true;
}

/* '.', which was read. */
static bool
any(struct reader *r, struct part *part)
{
	unsigned place;

	if (!new_place(r, part, &place))
		return false;
	for (unsigned c = 0; c < 128; c++)
		if (c != '\n')
			put(r->to, place, (unsigned char)c);
	put_wide(r->to, place);
	return true;
}

/* (..), whose bracket was read. */
static bool
group(struct reader *r, struct part *part)
{
	if (r->p < r->end && *r->p == '?') {
		if (r->end - r->p < 2 || r->p[1] != ':')
			return false;
		r->p += 2;
	}
	if (!alternatives(r, part) || r->p == r->end || *r->p != ')')
		return false;
	r->p++;
	return true;
}

static bool
atom(struct reader *r, struct part *part)
{
	switch (*r->p) {
	case '(':
		r->p++;
		return group(r, part);
	case '[':
		r->p++;
		return class(r, part);
	case '.':
		r->p++;
		return any(r, part);
	case '\\':
		r->p++;
		return r->p < r->end && is_escaped(*r->p) && character(r, part);
	case '^':
	case '$':
	case '*':
	case '+':
	case '?':
	case '{':
	case '}':
	case ']':
	case '\0':
		return false;
	default:
		return character(r, part);
	}
}

/* How often the part comes. */
static bool
repeated(struct reader *r, struct part *part)
{
	char c = r->p < r->end ? *r->p : '\0';

	if (c != '*' && c != '+' && c != '?')
		return true;
	if (part->empty)
		return false;
	r->p++;
	if (c != '?')
		chain(r->to, part->last, part->first);
	part->empty = c != '+';
	/* Lazy and possessive ones are not ours. */
	return r->p == r->end || strchr("*+?{", *r->p) == NULL;
}

static bool
sequence(struct reader *r, struct part *part)
{
	struct part next;

	*part = (struct part){.empty = true};
	if (r->p == r->end || *r->p == '|' || *r->p == ')')
		return false;
	while (r->p < r->end && *r->p != '|' && *r->p != ')') {
		if (!atom(r, &next) || !repeated(r, &next))
			return false;
		join(r->to, part, &next);
	}
	return true;
}

static bool
alternatives(struct reader *r, struct part *part)
{
	struct part next;

	if (!sequence(r, part))
		return false;
	while (r->p < r->end && *r->p == '|') {
		r->p++;
		if (!sequence(r, &next))
			return false;
		part->first |= next.first;
		part->last |= next.last;
		part->empty |= next.empty;
	}
	return true;
}

/* An expression without its anchors, none of whose '|' stands outside of
 * groups when there are some. */
static bool
read_pattern(struct pattern *to, const char *p, size_t n)
{
	struct reader r = {to, p, p + n};
	struct part part = {.empty = true};

	if (n > 0 &&
	    !((to->head || to->tail ? sequence : alternatives)(&r, &part) &&
		r.p == r.end))
		return false;
	to->first = part.first;
	to->last = part.last;
	to->empty = part.empty;
	return true;
}

/* Is the last character a '$' that is no escaped one? */
static bool
has_tail(const char *p, size_t n)
{
	size_t slashes = 0;

	if (n == 0 || p[n - 1] != '$')
		return false;
	while (slashes + 1 < n && p[n - 2 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 0;
}

static bool
is_literal(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strchr(".^$*+?()[]{}|\\", p[i]) != NULL)
			return false; /* '\0' too */
	return true;
}

struct pattern *
pattern_new(const char *p, size_t n)
{
	struct pattern *to = calloc(1, sizeof(*to));

	if (to == NULL)
		log_oom();
	if (is_literal(p, n)) {
		to->literal = malloc(n + 1);
		if (to->literal == NULL)
			log_oom();
		memcpy(to->literal, p, n);
		to->n = n;
		return to;
	}
	to->head = n > 0 && p[0] == '^';
	p += to->head;
	n -= to->head;
	to->tail = has_tail(p, n);
	n -= to->tail;
	if (read_pattern(to, p, n))
		return to;
	pattern_free(to);
	return NULL;
}

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	free(p->literal);
	free(p);
}

/* The places behind those of state. */
static inline uint64_t
behind(const struct pattern *p, uint64_t state)
{
	uint64_t next = 0;

	for (; state != 0; state &= state - 1)
		next |= p->follow[__builtin_ctzll(state)];
	return next;
}

bool
pattern_found(const struct pattern *p, const char *text, size_t n)
{
	const size_t last = n - (n > 0 && text[n - 1] == '\n');
	uint64_t state = 0, next;
	unsigned char c;

	if (p->literal != NULL)
		return memmem(text, n, p->literal, p->n) != NULL;
	/* '$' is before a line feed that is the last character, too. */
	if (p->empty && (!p->tail || !p->head || last == 0))
		return true;
	for (size_t i = 0; i < n; i++) {
		c = (unsigned char)text[i];
		next = behind(p, state);
		if (i == 0 || !p->head)
			next |= p->first;
		next &= p->match[c];
		if ((c & 0xc0) == 0x80)
			next |= state & p->wide;
		state = next;
		if ((state & p->last) != 0 &&
		    (!p->tail || i + 1 == n || i + 1 == last))
			return true;
		if (state == 0 && p->head)
			return false;
	}
	return false;
}
