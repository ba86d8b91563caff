/* Which format an object has: by its key, then by its first kilobytes. */
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "detect.h"
#include "glob.h"
#include "log.h"
#include "textrecord.h"

static struct capture *
new_capture(struct path_tree *tree)
{
	struct capture *c = malloc(sizeof(*c));

	if (c == NULL)
		log_oom();
	capture_init(c, tree);
	return c;
}

static void
add(struct formats *all, struct format *format, size_t at)
{
	INVARIANT(all->n < FORMATS_MAX);
	memmove(
	    &all->v[at + 1], &all->v[at], (all->n - at) * sizeof(all->v[0]));
	all->v[at].format = format;
	all->v[at].capture = new_capture(&format->tree);
	all->v[at].outer = format->around ? new_capture(&format->outer) : NULL;
	all->n++;
}

static void
drop(struct formats *all, size_t at)
{
	free(all->v[at].capture);
	free(all->v[at].outer);
	format_free(all->v[at].format);
	all->n--;
	memmove(
	    &all->v[at], &all->v[at + 1], (all->n - at) * sizeof(all->v[0]));
}

void
formats_init(struct formats *all)
{
	struct format *format;
	struct fault f = {0};

	all->n = 0;
	for (const struct builtin *b = builtin_formats; b->name != NULL; b++) {
		format = format_read(b->name, b->text, b->len, &f);
		if (format == NULL) {
			log_fault(&f);
			log_bug(__FILE__, __LINE__, "a built-in format reads");
		}
		add(all, format, all->n);
	}
}

bool
formats_add_file(struct formats *all, const char *path, struct fault *f)
{
	struct format *format = format_load(path, f);
	int old;

	if (format == NULL)
		return false;
	old = formats_find(all, format->name, strlen(format->name));
	if (old >= 0)
		drop(all, (size_t)old);
	if (all->n == FORMATS_MAX) {
		format_free(format);
		return fault_set(f, EXIT_BADCONFIG, "too many formats");
	}
	add(all, format, 0);
	return true;
}

void
formats_free(struct formats *all)
{
	while (all->n > 0)
		drop(all, all->n - 1);
}

int
formats_find(const struct formats *all, const char *name, size_t n)
{
	const char *slash = memchr(name, '/', n);

	if (slash != NULL)
		n = (size_t)(slash - name);
	for (size_t i = 0; i < all->n; i++)
		if (strlen(all->v[i].format->name) == n &&
		    memcmp(all->v[i].format->name, name, n) == 0)
			return (int)i;
	return -1;
}

static bool
key_matches(const struct format *f, const char *key, size_t nkey)
{
	for (size_t i = 0; i < f->nkeys; i++)
		if (glob_match(f->keys[i], key, nkey))
			return true;
	return false;
}

/* Does "name" stand in p as a member's name? */
static bool
has_member(const char *p, size_t n, const char *name)
{
	const char *end = p + n, *at = p;
	size_t len = strlen(name);

	while ((at = memmem(at, (size_t)(end - at), name, len)) != NULL) {
		const char *after = at + len;

		if (at > p && at[-1] == '"' && after < end && *after == '"') {
			for (after++; after < end && strchr(" \t\r\n", *after);
			     after++)
				;
			if (after < end && *after == ':')
				return true;
		}
		at++;
	}
	return false;
}

static bool
members_match(const struct format *f, const char *p, size_t n)
{
	for (size_t i = 0; i < f->nmembers; i++)
		if (!has_member(p, n, f->members[i]))
			return false;
	return f->nmembers > 0;
}

/* Is the object's beginning of the kind that the format frames? */
static bool
is_kind(const struct format *f, const char *p, size_t n)
{
	size_t i = 0;

	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		i = 3;
	while (i < n && strchr(" \t\r\n", p[i]) != NULL && p[i] != '\0')
		i++;
	return i == n ||
	       (p[i] == '{' || p[i] == '[') == (f->framing == FRAMING_JSON);
}

int
formats_detect(const struct formats *all, const char *key, size_t nkey,
    const char *p, size_t n, bool final)
{
	int by_key = DETECT_NONE;

	for (size_t k = all->n; k-- > 0;)
		if (key_matches(all->v[k].format, key, nkey))
			by_key = (int)k;
	/* Those that nothing in their bytes gives away. */
	if (by_key != DETECT_NONE && n > 0 &&
	    all->v[by_key].format->framing == FRAMING_TEXT &&
	    all->v[by_key].format->text.nmatch == 0 &&
	    is_kind(all->v[by_key].format, p, n))
		return by_key;
	for (size_t k = 0; k < all->n; k++) {
		const struct format *f = all->v[k].format;

		if (f->framing == FRAMING_TEXT ? text_match(f, p, n, final)
					       : members_match(f, p, n))
			return (int)k;
	}
	if (!final)
		return DETECT_MORE;
	/* By its key alone only when its beginning at least is of that kind, or
	 * nothing. */
	return by_key != DETECT_NONE && is_kind(all->v[by_key].format, p, n)
		   ? by_key
		   : DETECT_NONE;
}
