/* Statements of format files about text: framing, names and places of fields.
 */
#include <stdlib.h>
#include <string.h>

#include "formatint.h"
#include "header.h"
#include "log.h"

/* The character that separates fields. */
static bool
read_separator(struct reader *r, char *c)
{
	static const struct {
		const char *name;
		char c;
	} known[] = {{"space", ' '}, {"tab", '\t'}, {"comma", ','},
	    {"semicolon", ';'}, {"pipe", '|'}};
	struct word w;

	if (format_word(r, &w))
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (format_word_is(&w, known[i].name)) {
				*c = known[i].c;
				return true;
			}
	return format_wrong(r, "space, tab, comma, semicolon or pipe");
}

/* The words behind the separator. */
static bool
read_options(struct reader *r, struct text_format *t)
{
	struct word w;

	while (format_word(r, &w)) {
		if (format_word_is(&w, "quotes"))
			t->quotes = QUOTES_LOG;
		else if (format_word_is(&w, "kept-quotes"))
			t->quotes = QUOTES_KEPT;
		else if (format_word_is(&w, "csv"))
			t->quotes = QUOTES_CSV;
		else if (format_word_is(&w, "brackets"))
			t->brackets = true;
		else if (format_word_is(&w, "header"))
			t->header = true;
		else if (format_word_is(&w, "first-line"))
			t->header = t->first = true;
		else
			return format_wrong(r,
			    "quotes, kept-quotes, csv, brackets, header or "
			    "first-line");
	}
	return true;
}

/* One more name of a field that is given. */
static bool
add_field(struct reader *r, const char *name, size_t n)
{
	struct text_format *t = &r->out->text;

	if (t->nfields == HEADER_NAMES_MAX || n > PATH_NAME_MAX)
		return format_wrong(r, "shorter names, 1,024 at most");
	t->fields = realloc(t->fields, (t->nfields + 1) * sizeof(*t->fields));
	if (t->fields == NULL)
		log_oom();
	t->fields[t->nfields++] = format_copy(name, n);
	return true;
}

bool
format_text_frame(struct reader *r, const struct word *w)
{
	struct format *f = r->out;

	if (f->n > 0)
		return format_wrong(r, "this before the first column");
	f->framing = FRAMING_TEXT;
	f->text.least = 1;
	if (format_word_is(w, "lines")) {
		/* One field, and no separator can be in it. */
		f->text.separator = '\n';
		return add_field(r, LINE_NAME, 1) && format_line_end(r);
	}
	f->text.directives = format_word_is(w, "w3c");
	f->text.header = f->text.directives;
	return read_separator(r, &f->text.separator) &&
	       read_options(r, &f->text);
}

bool
format_fields(struct reader *r)
{
	struct text_format *t = &r->out->text;
	struct word w;

	if (r->out->framing != FRAMING_TEXT || t->separator == '\n')
		return format_wrong(r, "a 'frame' with fields before");
	while (format_word(r, &w)) {
		if (t->rest)
			return format_wrong(r, "nothing behind '...'");
		if (format_word_is(&w, "...") && t->nfields > 0) {
			t->rest = true;
			continue;
		}
		if (!add_field(r, w.p, w.n))
			return false;
	}
	return t->nfields > 0 || format_wrong(r, "names of fields");
}

bool
format_number_of_fields(struct reader *r, size_t *to)
{
	struct word w;
	size_t n = 0;

	if (!format_word(r, &w) || w.n > 4)
		return format_wrong(r, "a number of fields");
	for (size_t i = 0; i < w.n; i++) {
		if (w.p[i] < '0' || w.p[i] > '9')
			return format_wrong(r, "a number of fields");
		n = n * 10 + (size_t)(w.p[i] - '0');
	}
	if (n == 0 || n > HEADER_NAMES_MAX)
		return format_wrong(r, "a number of fields, 1 to 1024");
	*to = n;
	return format_line_end(r);
}

bool
format_begin(struct reader *r)
{
	struct text_format *t = &r->out->text;

	if (r->out->framing != FRAMING_TEXT || t->quotes == QUOTES_CSV)
		return format_wrong(r, "a 'frame' of lines before");
	return format_globs(r, t->begins, &t->nbegins);
}

/* Where the field of that name is, of those given. */
static bool
place_of(struct reader *r, const struct word *w, size_t *i)
{
	const struct text_format *t = &r->out->text;

	for (*i = 0; *i < t->nfields; ++*i)
		if (format_word_is(w, t->fields[*i]))
			return true;
	return format_wrong(r, "a field of a 'fields' statement before");
}

bool
format_match(struct reader *r)
{
	struct text_format *t = &r->out->text;
	struct text_match *m = &t->match[t->nmatch];
	struct word w;

	if (t->nmatch == FORMAT_LISTS_MAX)
		return format_wrong(r, "no more than 16 of these");
	if (!format_word(r, &w))
		return format_wrong(r, "a field");
	if (!place_of(r, &w, &m->field))
		return false;
	t->nmatch++;
	return format_globs(r, m->globs, &m->n);
}

void
format_text_finish(struct format *f)
{
	if (f->framing != FRAMING_TEXT)
		return;
	f->text.direct = f->nrules == 0 && f->group[0] == '\0' &&
			 f->text.line == NULL && f->ninside == 0;
	for (size_t i = 0; i < f->n; i++)
		f->text.direct &= f->columns[i].nsources == 0;
	f->text.names = header_given(f);
}

void
format_text_free(struct text_format *t)
{
	for (size_t i = 0; i < t->nfields; i++)
		free(t->fields[i]);
	free(t->fields);
	for (size_t i = 0; i < t->nmatch; i++)
		for (size_t k = 0; k < t->match[i].n; k++)
			free(t->match[i].globs[k]);
	for (size_t i = 0; i < t->nbegins; i++)
		free(t->begins[i]);
	header_release(t->names);
}
