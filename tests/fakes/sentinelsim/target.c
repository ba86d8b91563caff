/* Request targets and form bodies, decoded strictly; see target.h. */
#include <string.h>

#include "sim.h"
#include "target.h"

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode in place.  A plus is a space in queries and forms, not in paths. */
static bool
decode(char *s, bool plus)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s == '+' && plus) {
			*to++ = ' ';
		} else if (*s == '%') {
			int hi = hex(s[1]), lo = hi < 0 ? -1 : hex(s[2]);

			if (lo < 0 || hi * 16 + lo == 0)
				return false;
			*to++ = (char)(hi * 16 + lo);
			s += 2;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	return true;
}

static bool
parse_fields(struct target *t, char *s)
{
	char *name, *value;

	while ((name = strsep(&s, "&")) != NULL) {
		if (*name == '\0')
			continue;
		if (t->fields == TARGET_FIELDS)
			return false;
		value = strchr(name, '=');
		if (value != NULL)
			*value++ = '\0';
		if (!decode(name, true) ||
		    (value != NULL && !decode(value, true)))
			return false;
		t->field[t->fields].name = name;
		t->field[t->fields++].value = value != NULL ? value : "";
	}
	return true;
}

bool
target_parse(struct target *t, const char *raw)
{
	char *s, *next, *query;

	*t = (struct target){.text = sim_dup(raw, strlen(raw))};
	s = t->text;
	if (*s != '/')
		return false;
	query = strchr(s, '?');
	if (query != NULL)
		*query++ = '\0';
	for (s++; s != NULL; s = next) {
		next = strchr(s, '/');
		if (next != NULL)
			*next++ = '\0';
		if (t->segments == TARGET_SEGMENTS || !decode(s, false))
			return false;
		t->segment[t->segments++] = s;
	}
	return query == NULL || parse_fields(t, query);
}

bool
target_parse_form(struct target *t, const char *p, size_t n)
{
	*t = (struct target){.text = sim_dup(p, n)};
	return strlen(t->text) == n && parse_fields(t, t->text);
}

const char *
target_field(const struct target *t, const char *name)
{
	for (size_t i = 0; i < t->fields; i++)
		if (strcmp(t->field[i].name, name) == 0)
			return t->field[i].value;
	return NULL;
}

bool
target_is(const struct target *t, const char *pattern)
{
	size_t n;

	for (size_t i = 0; i < t->segments; i++) {
		if (*pattern != '/')
			return false;
		n = strcspn(++pattern, "/");
		if (n == 1 && *pattern == '*') {
			if (t->segment[i][0] == '\0')
				return false;
		} else if (strlen(t->segment[i]) != n ||
			   memcmp(t->segment[i], pattern, n) != 0) {
			return false;
		}
		pattern += n;
	}
	return *pattern == '\0';
}

void
target_free(struct target *t)
{
	free(t->text);
	*t = (struct target){0};
}
