/* Reading format files: see format.h for the language. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "format.h"
#include "jsonw.h"
#include "log.h"

enum { FILE_MAX = 1024 * 1024, COLUMNS_MAX = 500 /* of a table */ };

/* Where the parser stands. */
struct reader {
	const char *name;
	unsigned line;
	const char *p, *end; /* the rest of the line */
	struct format *out;
	struct fault *fault;
};

/* A word of the line. */
struct word {
	const char *p;
	size_t n;
};

static bool
wrong(struct reader *r, const char *expected)
{
	(void)fault_set(r->fault, EXIT_BADCONFIG,
	    "format file '%s', line %u: expected %s", r->name, r->line,
	    expected);
	return fault_hint(
	    r->fault, "logparse(1), FORMAT FILES, says how they are written");
}

static char *
copy(const char *p, size_t n)
{
	char *s = malloc(n + 1);

	if (s == NULL)
		log_oom();
	memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

static void
pass_blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t'))
		r->p++;
}

/* The next word of the line; false when there is none. */
static bool
next_word(struct reader *r, struct word *w)
{
	bool quoted = false;

	pass_blanks(r);
	w->p = r->p;
	while (r->p < r->end && (quoted || (*r->p != ' ' && *r->p != '\t')))
		if (*r->p++ == '"')
			quoted = !quoted;
	w->n = (size_t)(r->p - w->p);
	return w->n > 0;
}

static bool
word_is(const struct word *w, const char *s)
{
	return w->n == strlen(s) && memcmp(w->p, s, w->n) == 0;
}

static bool
end_of_line(struct reader *r)
{
	pass_blanks(r);
	return r->p == r->end || wrong(r, "the end of the line");
}

/* A name of letters, digits and _, beginning with a letter. */
static bool
is_name(const struct word *w, size_t max, const char *besides)
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

static bool
read_format(struct reader *r)
{
	struct format *f = r->out;
	unsigned long version = 0;
	struct word w;

	if (f->name[0] != '\0')
		return wrong(r, "this once only");
	if (!next_word(r, &w) || !is_name(&w, FORMAT_NAME_MAX, "-"))
		return wrong(r, "a name of letters, digits and '-'");
	memcpy(f->name, w.p, w.n);
	if (!next_word(r, &w) || w.n > 6)
		return wrong(r, "a version number");
	for (size_t i = 0; i < w.n; i++) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return wrong(r, "a version number");
		version = version * 10 + (unsigned long)(w.p[i] - '0');
	}
	f->version = (unsigned)version;
	struct buf b = BUF_INIT(sizeof(f->id) - 1);

	buf_addf(&b, "%s/%u", f->name, f->version);
	memcpy(f->id, b.p, b.len + 1);
	buf_clear(&b);
	return end_of_line(r);
}

static bool
read_text(struct reader *r, char **to)
{
	pass_blanks(r);
	if (r->p == r->end || *to != NULL)
		return wrong(r, *to != NULL ? "this once only" : "a text");
	*to = copy(r->p, (size_t)(r->end - r->p));
	return true;
}

/* As docs/wire.md has it, and a letter first: a stream is called so. */
static bool
read_table(struct reader *r)
{
	struct word w;

	if (r->out->table != NULL)
		return wrong(r, "this once only");
	if (!next_word(r, &w) || !is_name(&w, TABLE_NAME_MAX, "_-."))
		return wrong(r, "a table's name");
	r->out->table = copy(w.p, w.n);
	return end_of_line(r);
}

static bool
read_list(struct reader *r, char **list, size_t *n)
{
	struct word w;

	if (!next_word(r, &w))
		return wrong(r, "a word");
	do {
		if (*n == FORMAT_LISTS_MAX)
			return wrong(r, "no more than 16 of these");
		list[(*n)++] = copy(w.p, w.n);
	} while (next_word(r, &w));
	return true;
}

static bool
read_path(struct reader *r, const struct word *w, struct path_node **node)
{
	const char *why;
	size_t at;

	if (path_add(&r->out->tree, w->p, w->n, node, &why, &at))
		return true;
	return fault_set(r->fault, EXIT_BADCONFIG,
	    "format file '%s', line %u: path '%.*s', character %zu: %s",
	    r->name, r->line, (int)w->n, w->p, at + 1, why);
}

static bool
read_frame(struct reader *r)
{
	struct path_node *node;
	struct word w;

	if (r->out->framed)
		return wrong(r, "this once only");
	if (!next_word(r, &w) || !word_is(&w, "json"))
		return wrong(r, "'json'");
	r->out->framed = true;
	if (!next_word(r, &w))
		return true;
	if (!read_path(r, &w, &node))
		return false;
	node->envelope = true;
	r->out->envelope = copy(w.p, w.n);
	return end_of_line(r);
}

static bool
read_require(struct reader *r)
{
	struct format *f = r->out;
	size_t i = f->nrequire;
	struct word w;

	if (i == FORMAT_LISTS_MAX)
		return wrong(r, "no more than 16 of these");
	pass_blanks(r);
	f->require[i].text = copy(r->p, (size_t)(r->end - r->p));
	f->nrequire++;
	while (next_word(r, &w)) {
		if (f->require[i].n == FORMAT_LISTS_MAX)
			return wrong(r, "no more than 16 paths");
		if (!read_path(r, &w, &f->require[i].node[f->require[i].n]))
			return false;
		f->require[i].n++;
	}
	return f->require[i].n > 0 || wrong(r, "a path");
}

static bool
read_filter(struct reader *r)
{
	struct format *f = r->out;
	struct word w;

	if (f->nfilter == FORMAT_LISTS_MAX)
		return wrong(r, "no more than 16 of these");
	if (!next_word(r, &w))
		return wrong(r, "a path");
	return read_path(r, &w, &f->filter[f->nfilter++]) && end_of_line(r);
}

static bool
read_type(struct reader *r, enum column_type *type)
{
	static const char *const names[] = {
	    "string", "datetime", "bool", "int", "long", "real", "dynamic"};
	struct word w;

	if (next_word(r, &w))
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (word_is(&w, names[i])) {
				*type = (enum column_type)i;
				return true;
			}
	return wrong(r, "string, datetime, bool, int, long, real or dynamic");
}

/* Columns that the service sets itself (sentinel-ingestion, Names). */
static bool
is_reserved(const struct word *w)
{
	static const char *const names[] = {"TenantId", "Type", "SourceSystem",
	    "_ResourceId", "_SubscriptionId", "_ItemId", "_BilledSize",
	    "_IsBillable", "_TimeReceived"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (word_is(w, names[i]))
			return true;
	return false;
}

static bool
column_name(struct reader *r, struct column *c)
{
	struct word w;

	if (!next_word(r, &w) || !is_name(&w, COLUMN_NAME_MAX, "_") ||
	    is_reserved(&w))
		return wrong(r, "a column's name");
	for (const struct column *o = r->out->columns; o < c; o++)
		if (word_is(&w, o->name))
			return wrong(r, "a column that is not there yet");
	memcpy(c->name, w.p, w.n);
	if (r->out->n == 0 && strcmp(c->name, "TimeGenerated") != 0)
		return wrong(r, "TimeGenerated as the first column");
	memcpy(c->label, ",\"", 2);
	memcpy(c->label + 2, w.p, w.n);
	memcpy(c->label + 2 + w.n, "\":", 2);
	c->label_len = w.n + 4;
	return true;
}

static bool
column_constant(struct reader *r, struct column *c)
{
	struct json_val v;
	struct json j;

	json_init(&j, r->p, (size_t)(r->end - r->p));
	if (!json_value(&j, &v) || v.type != JSON_STRING || !json_done(&j))
		return wrong(r, "a constant such as \"TEXT\" after '='");
	c->constant = copy(v.p, v.n);
	c->constant_len = v.n;
	return true;
}

static bool
read_column(struct reader *r)
{
	struct format *f = r->out;
	struct column *c;
	struct word w;

	if (f->n == COLUMNS_MAX)
		return wrong(r, "no more than 500 columns");
	c = &f->columns[f->n];
	c->line = r->line;
	if (!column_name(r, c))
		return false;
	f->n++;
	if (!read_type(r, &c->type))
		return false;
	if (f->n == 1 && c->type != COLUMN_DATETIME)
		return wrong(r, "TimeGenerated to be a datetime");
	if (!next_word(r, &w))
		return wrong(r, "a path, or = and a constant");
	if (word_is(&w, "="))
		return column_constant(r, c);
	if (!read_path(r, &w, &c->node))
		return false;
	c->node->column = true;
	return end_of_line(r);
}

static bool
statement(struct reader *r)
{
	struct format *f = r->out;
	struct word w;

	if (!next_word(r, &w))
		return true;
	if (word_is(&w, "format"))
		return read_format(r);
	if (word_is(&w, "about"))
		return read_text(r, &f->about);
	if (word_is(&w, "table"))
		return read_table(r);
	if (word_is(&w, "frame"))
		return read_frame(r);
	if (word_is(&w, "key"))
		return read_list(r, f->keys, &f->nkeys);
	if (word_is(&w, "members"))
		return read_list(r, f->members, &f->nmembers);
	if (word_is(&w, "start"))
		return read_list(r, f->starts, &f->nstarts);
	if (word_is(&w, "require"))
		return read_require(r);
	if (word_is(&w, "filter"))
		return read_filter(r);
	if (word_is(&w, "column"))
		return read_column(r);
	return wrong(r,
	    "format, about, table, frame, key, members, start, require, "
	    "filter or column");
}

/* Where the line's comment begins: a # outside of quotes. */
static const char *
without_comment(const char *p, const char *end)
{
	const char *start = p;
	bool quoted = false;

	for (; p < end; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '#' && !quoted)
			break;
	}
	while (p > start && strchr(" \t\r", p[-1]) != NULL)
		p--;
	return p;
}

static bool
complete(struct reader *r)
{
	const struct format *f = r->out;

	if (f->name[0] == '\0')
		return wrong(r, "a 'format' statement");
	if (f->table == NULL)
		return wrong(r, "a 'table' statement");
	if (!f->framed)
		return wrong(r, "a 'frame' statement");
	if (f->n == 0)
		return wrong(r, "a 'column' statement");
	return true;
}

struct format *
format_read(const char *name, const char *text, size_t n, struct fault *fault)
{
	const char *end = text + n, *nl;
	struct reader r = {.name = name, .fault = fault};

	r.out = calloc(1, sizeof(*r.out));
	if (r.out == NULL || (r.out->columns = calloc(
				  COLUMNS_MAX, sizeof(struct column))) == NULL)
		log_oom();
	path_init(&r.out->tree);
	for (r.p = text; r.p < end; r.p = nl + 1) {
		nl = memchr(r.p, '\n', (size_t)(end - r.p));
		if (nl == NULL)
			nl = end;
		r.line++;
		r.end = without_comment(r.p, nl);
		if (!statement(&r))
			goto fail;
		if (nl == end)
			break;
	}
	if (!complete(&r))
		goto fail;
	path_finish(&r.out->tree);
	return r.out;
fail:
	format_free(r.out);
	return NULL;
}

struct format *
format_load(const char *path, struct fault *fault)
{
	struct buf b = BUF_INIT(FILE_MAX);
	struct format *f = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	char *room;

	if (fd != -1) {
		while ((room = buf_room(&b, 4096)) != NULL &&
		       (n = read(fd, room, 4096)) > 0)
			buf_wrote(&b, (size_t)n);
	}
	if (b.err == EFBIG)
		(void)fault_set(fault, EXIT_BADCONFIG,
		    "format file '%s' is over 1 MiB", path);
	else if (fd == -1 || n == -1)
		(void)fault_set(fault, EXIT_IO,
		    "cannot read format file '%s': %s", path, strerror(errno));
	else
		f = format_read(path, b.p, b.len, fault);
	if (fd != -1)
		(void)close(fd);
	buf_clear(&b);
	return f;
}

static void
free_list(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
}

void
format_free(struct format *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		free(f->columns[i].constant);
	for (size_t i = 0; i < f->nrequire; i++)
		free(f->require[i].text);
	free_list(f->keys, f->nkeys);
	free_list(f->members, f->nmembers);
	free_list(f->starts, f->nstarts);
	free(f->columns);
	free(f->about);
	free(f->table);
	free(f->envelope);
	path_free(&f->tree);
	free(f);
}

const char *
format_missing(const struct format *f, const struct json_val *slots)
{
	for (size_t i = 0; i < f->nrequire; i++) {
		bool found = false;

		for (size_t k = 0; k < f->require[i].n; k++) {
			const struct json_val *v =
			    &slots[f->require[i].node[k]->slot];

			found |= v->p != NULL && v->type != JSON_NULL;
		}
		if (!found)
			return f->require[i].text;
	}
	return NULL;
}

bool
format_filters(const struct format *f, const struct json_val *slots)
{
	for (size_t i = 0; i < f->nfilter; i++)
		if (slots[f->filter[i]->slot].p != NULL)
			return true;
	return false;
}

bool
format_is_start(const struct format *f, const char *name, size_t n)
{
	for (size_t i = 0; i < f->nstarts; i++)
		if (strlen(f->starts[i]) == n &&
		    memcmp(f->starts[i], name, n) == 0)
			return true;
	return false;
}

bool
format_is_envelope(const struct format *f, const struct json_val *key)
{
	return f->envelope != NULL && json_is(key, f->envelope);
}
