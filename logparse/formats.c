/* The known formats: built in, and from files; see formats.h. */
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "formats.h"
#include "log.h"

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
	all->v[at].capture = all->v[at].outer = all->v[at].left = NULL;
	all->v[at].around = (struct context){0};
	all->v[at].around_of = 0;
	memset(all->v[at].inside, 0, sizeof(all->v[at].inside));
	all->n++;
}

/* Do rows of formats that share objects with this one keep what has no column?
 */
static bool
group_keeps(const struct formats *all, const struct format *f)
{
	for (size_t i = 0; i < all->n; i++)
		if (f->group[0] != '\0' && all->v[i].format->custom &&
		    strcmp(all->v[i].format->group, f->group) == 0)
			return true;
	return false;
}

void
formats_use(struct formats *all, int place)
{
	struct format *f = all->v[place].format;

	if (all->v[place].capture != NULL)
		return;
	format_whole(f);
	all->v[place].capture = new_capture(&f->tree);
	all->v[place].capture->keep = all->keep || f->custom;
	if (f->ninside > 0) {
		all->v[place].left = new_capture(&f->tree);
		all->v[place].left->keep = all->v[place].capture->keep;
	}
	if (f->envelope == NULL)
		return;
	all->v[place].outer = new_capture(&f->outer);
	all->v[place].outer->keep =
	    all->v[place].capture->keep || group_keeps(all, f);
}

static void
drop_capture(struct capture *c)
{
	if (c != NULL)
		capture_free(c);
	free(c);
}

static void
drop(struct formats *all, size_t at)
{
	context_free(&all->v[at].around);
	for (size_t i = 0; i < FORMATS_INSIDE; i++)
		buf_clear(&all->v[at].inside[i]);
	drop_capture(all->v[at].capture);
	drop_capture(all->v[at].outer);
	drop_capture(all->v[at].left);
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
	all->keep = false;
	all->around = 0;
	for (const struct builtin *b = builtin_formats; b->name != NULL; b++) {
		format = format_head(b->name, b->text, b->len, &f);
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
	while (
	    (old = formats_find(all, format->name, strlen(format->name))) >= 0)
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
	size_t whole = n;
	int first = -1;

	if (slash != NULL)
		n = (size_t)(slash - name);
	for (size_t i = 0; i < all->n; i++) {
		const struct format *f = all->v[i].format;

		if (strlen(f->name) != n || memcmp(f->name, name, n) != 0)
			continue;
		if (strlen(f->id) == whole && memcmp(f->id, name, whole) == 0)
			return (int)i;
		if (first < 0 || f->version < all->v[first].format->version)
			first = (int)i;
	}
	return first;
}

bool
formats_is_form(const struct formats *all, int place, size_t i)
{
	return (int)i != place &&
	       strcmp(all->v[i].format->name, all->v[place].format->name) == 0;
}

bool
formats_has_forms(const struct formats *all, int place)
{
	for (size_t i = 0; i < all->n; i++)
		if (formats_is_form(all, place, i))
			return true;
	return false;
}
