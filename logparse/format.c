/* Reading format files: see format.h for the language. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "formatint.h"
#include "log.h"

enum { FILE_MAX = 1024 * 1024 };

static bool
read_format(struct reader *r)
{
	struct format *f = r->out;
	unsigned long version = 0;
	struct word w;

	if (f->name[0] != '\0')
		return format_wrong(r, "this once only");
	if (!format_word(r, &w) || !format_is_name(&w, FORMAT_NAME_MAX, "-"))
		return format_wrong(r, "a name of letters, digits and '-'");
	memcpy(f->name, w.p, w.n);
	if (!format_word(r, &w) || w.n > 6)
		return format_wrong(r, "a version number");
	for (size_t i = 0; i < w.n; i++) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return format_wrong(r, "a version number");
		version = version * 10 + (unsigned long)(w.p[i] - '0');
	}
	f->version = (unsigned)version;
	struct buf b = BUF_INIT(sizeof(f->id) - 1);

	buf_addf(&b, "%s/%u", f->name, f->version);
	memcpy(f->id, b.p, b.len + 1);
	buf_clear(&b);
	return format_line_end(r);
}

/* As docs/wire.md has it, and a letter first: a stream is called so. */
static bool
read_table(struct reader *r)
{
	struct word w;

	if (r->out->table != NULL)
		return format_wrong(r, "this once only");
	if (!format_word(r, &w) || !format_is_name(&w, TABLE_NAME_MAX, "_-."))
		return format_wrong(r, "a table's name");
	r->out->table = format_copy(w.p, w.n);
	return format_line_end(r);
}

static bool
read_json_frame(struct reader *r)
{
	struct path_node *node;
	struct word w;

	r->out->framing = FRAMING_JSON;
	if (!format_word(r, &w))
		return true;
	if (!format_path(r, &w, &node))
		return false;
	node->envelope = true;
	if (!format_path_of(r, &r->out->outer, &w, &node))
		return false;
	node->envelope = true;
	r->out->records = node;
	r->out->envelope = format_copy(w.p, w.n);
	return format_line_end(r);
}

static bool
read_frame(struct reader *r)
{
	struct word w;

	if (r->out->framing != FRAMING_NONE)
		return format_wrong(r, "this once only");
	if (format_word(r, &w)) {
		if (format_word_is(&w, "json"))
			return read_json_frame(r);
		r->out->values = format_word_is(&w, "values");
		if (r->out->values) {
			r->out->framing = FRAMING_JSON;
			return format_line_end(r);
		}
		if (format_word_is(&w, "lines") ||
		    format_word_is(&w, "delimited") ||
		    format_word_is(&w, "w3c"))
			return format_text_frame(r, &w);
	}
	return format_wrong(
	    r, "'json', 'values', 'lines', 'delimited' or 'w3c'");
}

static bool
read_members(struct reader *r)
{
	struct format *f = r->out;
	size_t i = f->nmembers;

	if (i == FORMAT_LISTS_MAX)
		return format_wrong(r, "no more than 16 of these");
	f->nmembers++;
	return format_list(r, f->members[i].names, &f->members[i].n);
}

static bool
read_group(struct reader *r)
{
	struct word w;

	if (r->out->group[0] != '\0')
		return format_wrong(r, "this once only");
	if (!format_word(r, &w) || !format_is_name(&w, FORMAT_NAME_MAX, "-"))
		return format_wrong(r, "a name of letters, digits and '-'");
	memcpy(r->out->group, w.p, w.n);
	return format_line_end(r);
}

static const struct {
	const char *word;
	enum rule_kind kind;
} rules[] = {
    {"require", RULE_REQUIRE},
    {"allowed", RULE_ALLOWED},
    {"range", RULE_RANGE},
    {"filter", RULE_FILTER},
    {"when", RULE_WHEN},
    {"unless", RULE_UNLESS},
    {"keep", RULE_KEEP},
};

static bool
statement(struct reader *r)
{
	struct format *f = r->out;
	struct word w;

	if (!format_word(r, &w))
		return true;
	if (!format_word_is(&w, "about") && !format_quotes(r))
		return false;
	if (format_word_is(&w, "column"))
		return r->part == PART_HEAD || format_column(r);
	if (format_word_is(&w, "inside"))
		return r->part == PART_HEAD || format_inside(r);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (format_word_is(&w, rules[i].word))
			return r->part == PART_HEAD ||
			       format_rule(r, rules[i].kind);
	if (r->part == PART_BODY)
		return true;
	if (format_word_is(&w, "format"))
		return read_format(r);
	if (format_word_is(&w, "about"))
		return format_text(r, &f->about);
	if (format_word_is(&w, "table"))
		return read_table(r);
	if (format_word_is(&w, "frame"))
		return read_frame(r);
	if (format_word_is(&w, "key"))
		return format_globs(r, f->keys, &f->nkeys);
	if (format_word_is(&w, "members"))
		return read_members(r);
	if (format_word_is(&w, "start"))
		return format_list(r, f->starts, &f->nstarts);
	if (format_word_is(&w, "group"))
		return read_group(r);
	if (format_word_is(&w, "fields"))
		return format_fields(r);
	if (format_word_is(&w, "least"))
		return format_number_of_fields(r, &f->text.least);
	if (format_word_is(&w, "most"))
		return format_number_of_fields(r, &f->text.most);
	if (format_word_is(&w, "begin"))
		return format_begin(r);
	if (format_word_is(&w, "match"))
		return format_match(r);
	return format_wrong(r,
	    "format, about, table, frame, fields, least, most, begin, match, "
	    "key, members, start, group, inside, when, unless, require, "
	    "allowed, "
	    "range, filter, keep "
	    "or column");
}

static bool
complete(struct reader *r)
{
	const struct format *f = r->out;

	/* Of nothing at all the first line is the one to be written. */
	r->line += r->line == 0;
	if (f->name[0] == '\0')
		return format_wrong(r, "a 'format' statement");
	if (f->table == NULL)
		return format_wrong(r, "a 'table' statement");
	if (f->framing == FRAMING_NONE)
		return format_wrong(r, "a 'frame' statement");
	return true;
}

/* Tables of one's own end so (sentinel-ingestion, Names). */
static bool
is_custom(const char *table)
{
	size_t n = strlen(table);

	return n > 3 && strcmp(table + n - 3, "_CL") == 0;
}

/* Columns that such a table has in any case (origin.c, extra.c), or that it
 * cannot be made with (sentinel-ingestion, Names). */
static bool
is_taken(const char *name)
{
	static const char *const names[] = {"SourceBucket", "SourceKey",
	    "SourceRecord", "EventHash", "AdditionalFields", "id", "UniqueId",
	    "Title"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* The statements of a part. */
static bool
statements(struct reader *r, const char *text, size_t n)
{
	const char *end = text + n, *nl;

	for (r->p = text; r->p < end; r->p = nl + 1) {
		nl = memchr(r->p, '\n', (size_t)(end - r->p));
		if (nl == NULL)
			nl = end;
		r->line++;
		r->end = format_comment(r->p, nl);
		if (!statement(r))
			return false;
		if (nl == end)
			break;
	}
	return true;
}

/* All has been read: is it enough?  Then the format is made ready. */
static bool
finish(struct reader *r)
{
	struct format *f = r->out;
	unsigned uses;

	if (f->n == 0)
		return format_wrong(r, "a 'column' statement");
	for (size_t i = 0; i < f->n; i++)
		if (is_custom(f->table) && is_taken(f->columns[i].name)) {
			r->line = f->columns[i].line;
			return format_wrong(r,
			    "another name for a column of a _CL table, which "
			    "has SourceBucket, SourceKey, SourceRecord, "
			    "EventHash and AdditionalFields in any case, and "
			    "cannot have id, UniqueId and Title");
		}
	path_finish(&f->tree);
	path_finish(&f->outer);
	/* What is around the records stands beside them. */
	for (struct path_node *n = f->records; n != NULL; n = n->parent)
		n->taken = true;
	if (f->tree.slots + f->nframed > PATH_SLOTS_MAX)
		return format_wrong(r, "no more than 512 paths");
	for (size_t i = 0; i < f->nframed; i++) {
		uses = f->framed[i].kept.uses;
		f->framed[i].kept = *f->framed[i].from;
		f->framed[i].kept.uses = uses;
		f->framed[i].kept.slot = (int)(f->tree.slots + i);
	}
	format_text_finish(f);
	return true;
}

static struct format *
read_part(enum part part, const char *name, const char *text, size_t n,
    struct fault *fault)
{
	struct reader r = {.name = name, .fault = fault, .part = part};

	r.out = calloc(1, sizeof(*r.out));
	if (r.out == NULL)
		log_oom();
	path_init(&r.out->tree);
	path_init(&r.out->outer);
	if (!statements(&r, text, n) || !complete(&r) ||
	    (part == PART_ALL && !finish(&r))) {
		format_free(r.out);
		return NULL;
	}
	r.out->custom = is_custom(r.out->table);
	return r.out;
}

struct format *
format_read(const char *name, const char *text, size_t n, struct fault *fault)
{
	return read_part(PART_ALL, name, text, n, fault);
}

struct format *
format_head(const char *name, const char *text, size_t n, struct fault *fault)
{
	struct format *f = read_part(PART_HEAD, name, text, n, fault);

	if (f != NULL) {
		f->source = text;
		f->source_len = n;
	}
	return f;
}

void
format_whole(struct format *f)
{
	struct fault fault = {0};
	struct reader r = {
	    .name = f->name, .out = f, .fault = &fault, .part = PART_BODY};

	if (f->source == NULL)
		return;
	if (!statements(&r, f->source, f->source_len) || !finish(&r)) {
		log_fault(&fault);
		log_bug(__FILE__, __LINE__, "a built-in format reads");
	}
	f->source = NULL;
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
	for (size_t i = 0; i < f->n; i++) {
		free(f->columns[i].constant);
		free(f->columns[i].written);
		format_free_sources(&f->columns[i]);
	}
	format_free_rules(f);
	format_text_free(&f->text);
	free_list(f->keys, f->nkeys);
	for (size_t i = 0; i < f->nmembers; i++)
		free_list(f->members[i].names, f->members[i].n);
	free_list(f->starts, f->nstarts);
	free(f->columns);
	free(f->about);
	free(f->table);
	free(f->envelope);
	path_free(&f->tree);
	path_free(&f->outer);
	free(f);
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

bool
format_has_column(const struct format *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->columns[i].name, name) == 0)
			return true;
	return false;
}
