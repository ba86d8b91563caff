/* Names of fields, given or read from header lines. */
#include <stdlib.h>
#include <string.h>

#include "formatint.h"
#include "header.h"
#include "jsonw.h"
#include "log.h"
#include "textsplit.h"

/* Digits of numbers that surely fit 32 bits, and 64. */
enum { INT_DIGITS = 9, LONG_DIGITS = 16 };

/* Those that were read, and their bytes. */
static struct header *headers;
static size_t total;

/* Logs in other forms have _ where names have -, and the other way round. */
static struct path_node *
find(const struct format *f, const char *name, size_t n)
{
	struct path_node *node = path_find(&f->tree.root, name, n);
	char other[PATH_NAME_MAX];

	if (node != NULL || n > sizeof(other))
		return node;
	for (size_t i = 0; i < n; i++)
		other[i] = name[i] == '_'   ? '-'
			   : name[i] == '-' ? '_'
					    : name[i];
	return path_find(&f->tree.root, other, n);
}

/* Append a name. */
static void
add(struct header *h, const char *name, size_t n)
{
	const struct path_node *node = find(h->format, name, n);
	size_t start = h->names.len;

	buf_addc(&h->names, '"');
	(void)jsonw_escape(&h->names, name, n);
	buf_addc(&h->names, '"');
	/* Where it stands is known when all are there. */
	h->name[h->n] =
	    (struct json_val){.n = h->names.len - start, .type = JSON_STRING};
	for (size_t i = 0; i < n; i++)
		h->name[h->n].flags |=
		    (unsigned char)name[i] > 0x7f ? JSON_HIGH : 0;
	if (h->names.len - start != n + 2)
		h->name[h->n].flags |= JSON_ESCAPES;
	h->other[h->n] = node == NULL || !node->taken;
	h->slot[h->n++] = node != NULL ? (short)node->slot : -1;
}

static struct header *
make(const struct format *f, size_t n)
{
	struct header *h = calloc(1, sizeof(*h));

	if (h == NULL)
		log_oom();
	h->format = f;
	h->refs = 1;
	h->names = (struct buf)BUF_INIT(8 * HEADER_LINE_MAX);
	h->slot = calloc(n + 1, sizeof(*h->slot));
	h->other = calloc(n + 1, sizeof(*h->other));
	h->others = calloc(n + 1, sizeof(*h->others));
	h->columns = calloc(f->n, sizeof(*h->columns));
	if (h->other == NULL || h->others == NULL || h->columns == NULL)
		log_oom();
	h->name = calloc(n + 1, sizeof(*h->name));
	if (h->slot == NULL || h->name == NULL)
		log_oom();
	return h;
}

/* Which field a column takes; -1: none. */
static short
field_of(struct header *h, const struct column *c)
{
	short field = -1;

	for (size_t i = 0; i < h->n && c->node != NULL; i++)
		if (h->slot[i] == c->node->slot) {
			h->direct &= field == -1;
			field = (short)i;
		}
	return field;
}

/* The short way to a column's value. */
static enum header_how
how(const struct column *c)
{
	const bool number = c->type == COLUMN_INT || c->type == COLUMN_LONG;

	if (c->node == NULL)
		return HOW_CONSTANT;
	if (c->as == AS_IS && c->type == COLUMN_STRING)
		return HOW_TEXT;
	if (c->as == AS_IS && c->type == COLUMN_DATETIME)
		return HOW_TIME;
	if (c->as == AS_EPOCH)
		return HOW_EPOCH;
	if (c->as == AS_IP)
		return HOW_IP;
	if (c->as == AS_HOST)
		return HOW_HOST;
	if (number && c->as == AS_IS)
		return HOW_NUMBER;
	return number && c->as == AS_PORT ? HOW_PORT : HOW_LONG;
}

/* A column of a field, or of a constant. */
static struct header_column
take(const struct header *h, const struct column *c, short field)
{
	struct header_column made = {.column = c,
	    .label = c->label,
	    .label_len = c->label_len + 1,
	    .field = field != -1 ? field : 0,
	    .how = how(c),
	    .most = c->type == COLUMN_INT ? INT_DIGITS : LONG_DIGITS};

	if (made.how == HOW_EPOCH && field == h->time &&
	    h->format->columns[0].as == AS_EPOCH)
		made.how = HOW_EPOCH_AGAIN;
	if (made.how == HOW_NUMBER || made.how == HOW_PORT)
		made.label_len = c->label_len;
	return made;
}

/* Which field each column takes, and which fields none. */
static void
find_columns(struct header *h)
{
	const struct format *f = h->format;
	unsigned *uses = calloc(h->n + 1, sizeof(*uses));
	short field;

	if (uses == NULL)
		log_oom();
	h->direct = true;
	for (size_t i = 0; i < h->n; i++)
		if (h->other[i])
			h->others[h->nothers++] = (short)i;
	h->time = field_of(h, &f->columns[0]);
	for (size_t k = 1; k < f->n; k++) {
		field = field_of(h, &f->columns[k]);
		if (field == -1 && f->columns[k].node != NULL)
			continue;
		h->columns[h->ncolumns++] = take(h, &f->columns[k], field);
		if (field != -1 && ++uses[field] > h->uses)
			h->uses = uses[field];
	}
	free(uses);
}

static struct header *
finish(struct header *h)
{
	const char *p = h->names.p;

	INVARIANT(h->names.err == 0);
	for (size_t i = 0; i < h->n; i++) {
		h->name[i].p = p;
		p += h->name[i].n;
	}
	find_columns(h);
	return h;
}

struct header *
header_given(const struct format *f)
{
	struct header *h = make(f, f->text.nfields);

	for (size_t i = 0; i < f->text.nfields; i++)
		add(h, f->text.fields[i], strlen(f->text.fields[i]));
	return finish(h);
}

/* The names of a line into s. */
static void
split_names(struct split *s, const struct format *f, const char *p, size_t n,
    bool spaces)
{
	size_t i = 0, start;

	if (!spaces) {
		textsplit(s, &f->text, p, n, p + n, SIZE_MAX);
		if (s->n > HEADER_NAMES_MAX)
			s->n = HEADER_NAMES_MAX;
		return;
	}
	s->n = 0;
	s->open = false;
	while (i < n && s->n < HEADER_NAMES_MAX) {
		while (i < n && (p[i] == ' ' || p[i] == '\t'))
			i++;
		start = i;
		while (i < n && p[i] != ' ' && p[i] != '\t')
			i++;
		if (i > start)
			s->field[s->n++] =
			    (struct field){p + start, i - start, false};
	}
}

/* A name begins with a letter and has no space in it. */
static bool
is_name(const struct field *f)
{
	if (f->n == 0 || f->n > PATH_NAME_MAX ||
	    !((f->p[0] >= 'a' && f->p[0] <= 'z') ||
		(f->p[0] >= 'A' && f->p[0] <= 'Z')))
		return false;
	for (size_t i = 0; i < f->n; i++)
		if ((unsigned char)f->p[i] <= ' ' ||
		    (unsigned char)f->p[i] > 0x7e)
			return false;
	return true;
}

static bool
is_given(const struct format *f, const struct field *name)
{
	for (size_t i = 0; i < f->text.nfields; i++)
		if (strlen(f->text.fields[i]) == name->n &&
		    memcmp(f->text.fields[i], name->p, name->n) == 0)
			return true;
	return false;
}

static bool
are_names(const struct split *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!is_name(&s->field[i]))
			return false;
	return s->n > 0;
}

/* Is it one that the format knows? */
static bool
knows(const struct format *f, const struct field *name)
{
	return find(f, name->p, name->n) != NULL || is_given(f, name);
}

bool
header_knows(const struct format *f, const char *name, size_t n)
{
	const struct field field = {name, n, false};

	return is_name(&field) && knows(f, &field);
}

/* Are these names, and half of them known? */
static bool
are_known(const struct format *f, const struct split *s)
{
	size_t known = 0;

	if (!are_names(s))
		return false;
	for (size_t i = 0; i < s->n; i++)
		known += knows(f, &s->field[i]);
	return known * 2 >= s->n;
}

/* The fields of a line that may be a header; NULL: it is none. */
static const struct split *
split_header(const struct format *f, const char *line, size_t n)
{
	static struct split s;

	if (n > HEADER_LINE_MAX)
		return NULL;
	split_names(&s, f, line, n, false);
	return s.open ? NULL : &s;
}

bool
header_names(const struct format *f, const char *line, size_t n)
{
	const struct split *s = split_header(f, line, n);

	return s != NULL && are_names(s);
}

bool
header_like(const struct format *f, const char *line, size_t n)
{
	const struct split *s = split_header(f, line, n);

	return s != NULL && (f->text.first || are_known(f, s));
}

bool
header_directive(const struct format *f, const char *line, size_t n)
{
	static struct split s;

	if (n > HEADER_LINE_MAX || n < HEADER_DIRECTIVE)
		return false;
	split_names(&s, f, line + HEADER_DIRECTIVE, n - HEADER_DIRECTIVE, true);
	return are_known(f, &s);
}

/* What a header takes of memory: its line twice and for each name something. */
static size_t
cost(size_t line, size_t names)
{
	return sizeof(struct header) + 2 * line +
	       COLUMNS_MAX * sizeof(struct header_column) +
	       names * (sizeof(struct json_val) + 2 * sizeof(short) + 2);
}

struct header *
header_line(const struct format *f, const char *line, size_t n)
{
	static struct split s;
	bool directive = f->text.directives && line[0] == '#';
	size_t skip = directive ? HEADER_DIRECTIVE : 0;
	struct header *h;

	for (h = headers; h != NULL; h = h->next)
		if (h->format == f && h->len == n &&
		    memcmp(h->line, line, n) == 0) {
			h->refs++;
			return h;
		}
	if (skip > n)
		return NULL;
	split_names(&s, f, line + skip, n - skip, directive);
	if (s.n == 0 || total + cost(n, s.n) > HEADERS_MAX)
		return NULL;
	h = make(f, s.n);
	for (size_t i = 0; i < s.n; i++)
		add(h, s.field[i].p, s.field[i].n);
	h->line = malloc(n + 1);
	if (h->line == NULL)
		log_oom();
	memcpy(h->line, line, n);
	h->len = n;
	total += cost(n, h->n);
	h->next = headers;
	headers = h;
	return finish(h);
}

void
header_release(struct header *h)
{
	struct header **at = &headers;

	if (h == NULL || --h->refs > 0)
		return;
	if (h->line != NULL) {
		while (*at != h)
			at = &(*at)->next;
		*at = h->next;
		total -= cost(h->len, h->n);
	}
	buf_clear(&h->names);
	free(h->slot);
	free(h->other);
	free(h->others);
	free(h->columns);
	free(h->name);
	free(h->line);
	free(h);
}
