#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Regular expressions for jq's test(), those that are simple: characters, '.',
 * [..] of ASCII, groups, '|', '*', '+', '?', '^' in front and '$' at the end.
 * They find what Oniguruma finds with jq's settings; no others are taken.  Time
 * is linear in the text, whatever the expression.
 */
enum { PATTERN_PLACES_MAX = 64 /* characters and classes */ };

struct pattern;

/** NULL: not a simple one. */
struct pattern *pattern_new(const char *p, size_t n);
void pattern_free(struct pattern *p);

/** Does it match somewhere in text, which is UTF-8? */
bool pattern_found(const struct pattern *p, const char *text, size_t n);

#endif
