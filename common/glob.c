/* Shell patterns over keys: one star is remembered, so nothing explodes. */
#include <string.h>

#include "glob.h"

/* A step through a pattern: what one byte of text must be.  Returns where the
 * pattern goes on, or NULL when a set or escape is not closed. */
static const char *
step(const char *p, unsigned char c, bool *match)
{
	bool negate, first = true;
	unsigned char lo, hi;

	*match = false;
	if (*p == '?') {
		*match = true;
		return p + 1;
	}
	if (*p == '\\') {
		*match = (unsigned char)p[1] == c;
		return p[1] == '\0' ? NULL : p + 2;
	}
	if (*p != '[') {
		*match = (unsigned char)*p == c;
		return p + 1;
	}
	p++;
	negate = *p == '!' || *p == '^';
	if (negate)
		p++;
	/* A ']' that comes first is one of the set. */
	for (; *p != '\0' && (first || *p != ']'); first = false) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		lo = hi = (unsigned char)*p++;
		if (*p == '-' && p[1] != '\0' && p[1] != ']') {
			p++;
			if (*p == '\\' && p[1] != '\0')
				p++;
			hi = (unsigned char)*p++;
		}
		if (c >= lo && c <= hi)
			*match = true;
	}
	if (*p != ']')
		return NULL;
	*match = *match != negate;
	return p + 1;
}

bool
glob_check(const char *pattern, const char **why)
{
	const char *next;
	bool match;

	while (*pattern != '\0') {
		next = *pattern == '*' ? pattern + 1 : step(pattern, 0, &match);
		if (next == NULL) {
			*why = *pattern == '[' ? "a '[' is not closed"
					       : "it ends in a backslash";
			return false;
		}
		pattern = next;
	}
	return true;
}

bool
glob_match(const char *pattern, const char *text, size_t n)
{
	const char *end = text + n;
	const char *star = NULL, *resume = NULL; /* after the last star */
	const char *next;
	bool match;

	while (text < end) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
			continue;
		}
		match = false;
		next = NULL;
		if (*pattern != '\0')
			next = step(pattern, (unsigned char)*text, &match);
		if (match && next != NULL) {
			pattern = next;
			text++;
		} else if (star != NULL) {
			/* The last star takes one byte more; earlier ones
			 * need never be tried again. */
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool
any_match(const char *const *globs, size_t nglobs, const char *text, size_t n)
{
	for (size_t i = 0; i < nglobs; i++)
		if (glob_match(globs[i], text, n))
			return true;
	return false;
}

bool
glob_wanted(const struct glob_rules *r, const char *text, size_t n)
{
	if (r->ninclude > 0 && !any_match(r->include, r->ninclude, text, n))
		return false;
	return !any_match(r->exclude, r->nexclude, text, n);
}
