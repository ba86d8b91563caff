/*
 * Lines that were two.  Rows made of them would be wrong, and so would those
 * below, if the second was a header line.  What is looked at are lines that
 * have more fields than there are names, or make no record: they are few.
 */
#include <string.h>

#include "glob.h"
#include "joined.h"

enum {
	TRIES_MAX = 64, /* places in a line where names may begin */
	FEW = 3,  /* fields that may be an oversight below a header line */
	MANY = 10 /* that no vendor adds to a log at once */
};

/* The fields that are there to look at. */
static size_t
fields(const struct split *s)
{
	return s->n < TEXT_FIELDS_MAX ? s->n : TEXT_FIELDS_MAX;
}

static bool
found(struct joined *j, const char *detail, size_t at, size_t names)
{
	j->detail = detail;
	j->at = at;
	j->names = names;
	return true;
}

/* A directive that begins inside the last field. */
static bool
directive(struct joined *j, const struct split *s, const char *line, size_t n)
{
	static const char names[] = "#Fields:", version[] = "#Version:";
	const struct field *last = &s->field[fields(s) - 1];
	const char *hash = memchr(last->p, '#', last->n);
	size_t at, left;

	if (hash == NULL || hash == line)
		return false;
	at = (size_t)(hash - line);
	left = n - at;
	if (left > sizeof(names) &&
	    memcmp(hash, names, sizeof(names) - 1) == 0 &&
	    left <= HEADER_LINE_MAX)
		return found(
		    j, "expected a line break before #Fields:", at, at);
	return left >= sizeof(version) - 1 &&
	       memcmp(hash, version, sizeof(version) - 1) == 0 &&
	       found(j, "expected a line break before #Version:", at, 0);
}

/* Does a line of names begin at p, inside of the field that ends at end? */
static bool
names_at(const struct header *h, const char *p, const char *end,
    const char *stop, unsigned *tries)
{
	const size_t left = (size_t)(stop - p);

	return left <= HEADER_LINE_MAX && *tries < TRIES_MAX &&
	       header_knows(h->format, p, (size_t)(end - p)) &&
	       ++*tries <= TRIES_MAX && header_like(h->format, p, left);
}

/* A line of names that begins inside of a field, or with one. */
static bool
names(struct joined *j, const struct header *h, const struct split *s,
    const char *line, size_t n)
{
	const char *p, *end;
	unsigned tries = 0;

	for (size_t i = 0; i + 1 < fields(s); i++) {
		p = s->field[i].p;
		end = p + s->field[i].n;
		if (end - p > PATH_NAME_MAX)
			p = end - PATH_NAME_MAX;
		for (p += p == line; p < end; p++)
			if (names_at(h, p, end, line + n, &tries))
				return found(j,
				    "expected a line break before a header "
				    "line",
				    (size_t)(p - line), (size_t)(p - line));
	}
	return false;
}

static bool
is_like(const struct text_match *m, const char *p, size_t n)
{
	for (size_t i = 0; i < m->n; i++)
		if (glob_match(m->globs[i], p, n))
			return true;
	return false;
}

/* Does the field end in what the first one of a record looks like? */
static bool
ends_like(const struct text_match *m, const struct field *f)
{
	for (size_t i = 1; i < f->n; i++)
		if (is_like(m, f->p + i, f->n - i))
			return true;
	return false;
}

/* Do fields look like a record that begins inside of the one at k? */
static bool
begins_in(const struct text_format *t, const struct split *s, size_t k)
{
	for (size_t i = 0; i < t->nmatch; i++) {
		const struct text_match *m = &t->match[i];
		const struct field *f = &s->field[k + m->field];

		if (k + m->field >= fields(s))
			return false;
		if (m->field == 0 ? !ends_like(m, f) : !is_like(m, f->p, f->n))
			return false;
	}
	return true;
}

static bool
record(struct joined *j, const struct header *h, const struct split *s,
    const char *line)
{
	const struct text_format *t = &h->format->text;

	if (h->line != NULL || t->nmatch < 2)
		return false;
	for (size_t k = t->least - 1; k + t->least <= fields(s); k++)
		if (begins_in(t, s, k))
			return found(j,
			    "expected a line break before another record",
			    (size_t)(s->field[k].p - line), 0);
	return false;
}

/* The field that a name is of, as the names are; or SIZE_MAX. */
static size_t
place_of(const struct header *h, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < h->n; i++)
		if (h->name[i].n == n + 2 &&
		    memcmp(h->name[i].p + 1, name, n) == 0)
			return i;
	return SIZE_MAX;
}

/* One that is not as the format knows it, below a header line, which has all
 * the fields there are. */
static bool
misfit(struct joined *j, const struct header *h, const struct split *s,
    const char *line)
{
	const struct text_format *t = &h->format->text;
	size_t k;

	for (size_t i = 0; i < t->nmatch && t->header; i++) {
		k = place_of(h, t->fields[t->match[i].field]);
		if (k != SIZE_MAX &&
		    !is_like(&t->match[i], s->field[k].p, s->field[k].n))
			return found(j, "expected as many fields as names",
			    (size_t)(s->field[k].p - line), 0);
	}
	return false;
}

/* About as many fields again as a record has. */
static bool
again(struct joined *j, const struct header *h, const struct split *s,
    const char *line)
{
	size_t least = h->line != NULL ? h->n : h->format->text.least;
	size_t most = h->line != NULL ? FEW : MANY;

	return (h->line != NULL || h->format->text.nmatch > 0) &&
	       s->n - h->n >= most && s->n - h->n >= least - 1 &&
	       found(j, "expected the end of the line",
		   (size_t)(s->field[h->n - 1].p - line), 0);
}

bool
joined_lines(struct joined *j, const struct header *h, const struct split *s,
    const char *line, size_t n, bool bad)
{
	const struct text_format *t = &h->format->text;

	if (t->directives && directive(j, s, line, n))
		return true;
	if (s->open || t->quotes == QUOTES_CSV || (!bad && s->n <= h->n))
		return false;
	if (t->header && !t->directives && names(j, h, s, line, n))
		return true;
	if (s->n <= h->n)
		return false;
	return record(j, h, s, line) ||
	       (!bad && (misfit(j, h, s, line) || again(j, h, s, line)));
}
