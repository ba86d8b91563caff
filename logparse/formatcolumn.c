/* Column statements of format files. */
#include <string.h>

#include "formatint.h"

enum { COLUMNS_STEP = 32 /* for so many there is room at once */ };

bool
format_path_of(struct reader *r, struct path_tree *t, const struct word *w,
    struct path_node **node)
{
	const char *why;
	size_t at;

	if (r->out->framing == FRAMING_TEXT && r->out->ninside == 0) {
		*node = path_name(t, w->p, w->n);
		return *node != NULL ||
		       format_wrong(r, "a field's name of at most 255 bytes, "
				       "and 512 of them");
	}
	if (path_add(t, w->p, w->n, node, &why, &at))
		return true;
	return fault_set(r->fault, EXIT_BADCONFIG,
	    "format file '%s', line %u: path '%.*s', character %zu: %s",
	    r->name, r->line, (int)w->n, w->p, at + 1, why);
}

bool
format_path(struct reader *r, const struct word *w, struct path_node **node)
{
	return format_path_of(r, &r->out->tree, w, node);
}

bool
format_inside(struct reader *r)
{
	struct format *f = r->out;
	struct path_node *found[FORMAT_PLACES_MAX];
	struct word w;
	size_t n = 0;

	if (f->framing == FRAMING_NONE || f->n > 0 || f->ninside > 0)
		return format_wrong(
		    r, "this once, after 'frame' and before columns");
	while (format_word(r, &w)) {
		if (n == FORMAT_PLACES_MAX)
			return format_wrong(r, "no more than 16 paths");
		if (!format_path(r, &w, &found[n++]))
			return false;
	}
	if (n == 0)
		return format_wrong(r, "a path");
	memcpy(f->inside, found, n * sizeof(*found));
	f->ninside = n;
	return true;
}

static bool
read_type(struct reader *r, enum column_type *type)
{
	static const char *const names[] = {
	    "string", "datetime", "bool", "int", "long", "real", "dynamic"};
	struct word w;

	if (format_word(r, &w))
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (format_word_is(&w, names[i])) {
				*type = (enum column_type)i;
				return true;
			}
	return format_wrong(
	    r, "string, datetime, bool, int, long, real or dynamic");
}

/* Columns that the service sets itself (sentinel-ingestion, Names); others of
 * them begin with _, as no column of ours does. */
static bool
is_reserved(const struct word *w)
{
	static const char *const names[] = {"TenantId", "Type", "SourceSystem"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (format_word_is(w, names[i]))
			return true;
	return false;
}

static bool
column_name(struct reader *r, struct column *c)
{
	struct word w;

	if (!format_word(r, &w) || !format_is_name(&w, COLUMN_NAME_MAX, "_"))
		return format_wrong(r, "a column's name");
	if (is_reserved(&w))
		return format_wrong(
		    r, "a column that is not the service's own");
	for (const struct column *o = r->out->columns; o < c; o++)
		if (format_word_is(&w, o->name))
			return format_wrong(
			    r, "a column that is not there yet");
	memcpy(c->name, w.p, w.n);
	if (r->out->n == 0 && strcmp(c->name, "TimeGenerated") != 0)
		return format_wrong(r, "TimeGenerated as the first column");
	memcpy(c->label, ",\"", 2);
	memcpy(c->label + 2, w.p, w.n);
	/* The quote of a text's value is there, and not counted. */
	memcpy(c->label + 2 + w.n, "\":\"", 3);
	c->label_len = w.n + 4;
	return true;
}

bool
format_as(struct reader *r, enum column_type type, enum column_as *as)
{
	static const char *const names[] = {"", "epoch", "epoch-ms", "epoch-us",
	    "epoch-ns", "apache", "leading", "ip", "host", "port"};
	struct word w;

	if (!format_word(r, &w))
		w.n = 0;
	for (size_t i = 1; i < sizeof(names) / sizeof(*names); i++)
		if (format_word_is(&w, names[i]))
			*as = (enum column_as)i;
	if (*as == AS_IS)
		return format_wrong(r, "epoch, epoch-ms, epoch-us, epoch-ns, "
				       "apache, leading, ip, host or port");
	if (*as <= AS_LEADING && type != COLUMN_DATETIME)
		return format_wrong(r, "a datetime for this conversion");
	if ((*as == AS_IP || *as == AS_HOST) && type != COLUMN_STRING)
		return format_wrong(r, "a string for this conversion");
	if (*as == AS_PORT && (type == COLUMN_DATETIME || type == COLUMN_BOOL))
		return format_wrong(
		    r, "a number or a string for this conversion");
	return true;
}

/* Is the time of the object all that there is? */
static bool
is_object_time(struct reader *r)
{
	const char *before = r->p;
	struct word w;

	if (format_word(r, &w) && format_word_is(&w, "object-time"))
		return true;
	r->p = before;
	return false;
}

bool
format_column(struct reader *r)
{
	struct format *f = r->out;
	struct column *c;

	if (f->n == COLUMNS_MAX)
		return format_wrong(r, "no more than 500 columns");
	if (f->n % COLUMNS_STEP == 0)
		f->columns = format_grow(
		    f->columns, f->n + COLUMNS_STEP - 1, sizeof(*f->columns));
	c = &f->columns[f->n];
	*c = (struct column){0};
	c->line = r->line;
	if (!column_name(r, c))
		return false;
	f->n++;
	if (!read_type(r, &c->type))
		return false;
	if (f->n == 1 && c->type != COLUMN_DATETIME)
		return format_wrong(r, "TimeGenerated to be a datetime");
	if (f->n > 1 || !is_object_time(r))
		return format_sources(r, c);
	c->written = format_copy("object-time", strlen("object-time"));
	return format_line_end(r);
}
