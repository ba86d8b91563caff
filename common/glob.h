#ifndef GLOB_H
#define GLOB_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Shell patterns over whole keys, in bytes: '*' any bytes, '/' among them, '?'
 * any one byte, [a-z] one of a set ([!a-z] or [^a-z] one of the others), '\'
 * takes the next byte as it is.  Time grows with pattern times text, never
 * faster.
 */

/** Is the pattern well-formed?  *why says what it lacks. */
bool glob_check(const char *pattern, const char **why);

/** Does a checked pattern match all n bytes of text? */
bool glob_match(const char *pattern, const char *text, size_t n);

/** The design's rule: an include, if there are any, and no exclude. */
struct glob_rules {
	const char *const *include;
	size_t ninclude;
	const char *const *exclude;
	size_t nexclude;
};
bool glob_wanted(const struct glob_rules *r, const char *text, size_t n);

#endif
