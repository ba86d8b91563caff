#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A request target (RFC 9112 section 3.2.1): path segments and query fields,
 * percent-decoded, names of query fields too (Microsoft's JS client sends
 * `api%2Dversion`).  Also reads application/x-www-form-urlencoded bodies.
 */
enum { TARGET_SEGMENTS = 8, TARGET_FIELDS = 48 };

struct target_field {
	const char *name, *value;
};

struct target {
	char *text;      /* owned; everything below points into it */
	size_t segments; /* of the path; "/a/" has "a" and "" */
	const char *segment[TARGET_SEGMENTS];
	size_t fields;
	struct target_field field[TARGET_FIELDS];
};

/**
 * Take a target apart.  False when an escape is bad or decodes to NUL, or
 * there are too many parts; t can be freed in any case.
 */
bool target_parse(struct target *t, const char *raw);

/** Take a form body of n bytes apart: only fields are filled. */
bool target_parse_form(struct target *t, const char *p, size_t n);

/** The value of the first field of this name, or NULL. */
const char *target_field(const struct target *t, const char *name);

/** Does the path consist of these segments?  "*" matches any non-empty one. */
bool target_is(const struct target *t, const char *pattern);

void target_free(struct target *t);

#endif
