/* Words, names and lists of format files, and what is said of wrong ones. */
#include <stdlib.h>
#include <string.h>

#include "formatint.h"
#include "glob.h"
#include "log.h"

bool
format_wrong(struct reader *r, const char *expected)
{
	(void)fault_set(r->fault, EXIT_BADCONFIG,
	    "format file '%s', line %u: expected %s", r->name, r->line,
	    expected);
	return fault_hint(
	    r->fault, "logparse-formats(5) says how they are written");
}

char *
format_copy(const char *p, size_t n)
{
	char *s = malloc(n + 1);

	if (s == NULL)
		log_oom();
	memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

void
format_blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
		r->p++;
}

bool
format_word(struct reader *r, struct word *w)
{
	bool quoted = false;

	format_blanks(r);
	w->p = r->p;
	while (r->p < r->end && (quoted || (*r->p != ' ' && *r->p != '\t')))
		if (*r->p++ == '"')
			quoted = !quoted;
	w->n = (size_t)(r->p - w->p);
	return w->n > 0;
}

bool
format_line_end(struct reader *r)
{
	format_blanks(r);
	return r->p == r->end || format_wrong(r, "the end of the line");
}

/* A name of letters, digits and _, beginning with a letter. */
bool
format_is_name(const struct word *w, size_t max, const char *besides)
{
	for (size_t i = 0; i < w->n; i++) {
		char c = w->p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && (i == 0 || ((c < '0' || c > '9') &&
					      strchr(besides, c) == NULL)))
			return false;
	}
	return w->n > 0 && w->n <= max;
}

bool
format_text(struct reader *r, char **to)
{
	format_blanks(r);
	if (r->p == r->end || *to != NULL)
		return format_wrong(
		    r, *to != NULL ? "this once only" : "a text");
	*to = format_copy(r->p, (size_t)(r->end - r->p));
	return true;
}

bool
format_list(struct reader *r, char **list, size_t *n)
{
	struct word w;

	if (!format_word(r, &w))
		return format_wrong(r, "a word");
	do {
		if (*n == FORMAT_LISTS_MAX)
			return format_wrong(r, "no more than 16 of these");
		list[(*n)++] = format_copy(w.p, w.n);
	} while (format_word(r, &w));
	return true;
}

bool
format_globs(struct reader *r, char **list, size_t *n)
{
	size_t i = *n;
	const char *why;

	if (!format_list(r, list, n))
		return false;
	for (; i < *n; i++)
		if (!glob_check(list[i], &why))
			return format_wrong(r, "a pattern that is complete");
	return true;
}

/* Where the first of these characters stands outside of quotes, or the end;
 * *quoted when that is inside of them. */
static const char *
unquoted(const char *p, const char *end, char c, bool *quoted)
{
	*quoted = false;
	for (; p < end && (*quoted || *p != c); p++) {
		if (*p == '"')
			*quoted = !*quoted;
		else if (*quoted && *p == '\\' && p + 1 < end)
			p++;
	}
	return p;
}

bool
format_quotes(struct reader *r)
{
	bool quoted;

	(void)unquoted(r->p, r->end, '\n', &quoted);
	return !quoted || format_wrong(r, "a closing quote, '\"'");
}

/* Where the line's comment begins: a # outside of quotes. */
const char *
format_comment(const char *p, const char *end)
{
	const char *start = p;
	bool quoted;

	if (memchr(p, '#', (size_t)(end - p)) == NULL)
		p = end;
	else
		p = unquoted(p, end, '#', &quoted);
	while (p > start && (p[-1] == ' ' || p[-1] == '\t' || p[-1] == '\r'))
		p--;
	return p;
}
