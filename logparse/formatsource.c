/* Where a column's value comes from, in format files. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "formatint.h"
#include "glob.h"
#include "log.h"

void *
format_grow(void *v, size_t n, size_t size)
{
	/* Room for one more: these lists are short. */
	v = realloc(v, (n + 1) * size);
	if (v == NULL)
		log_oom();
	return v;
}

/* A path, behind its two dots, into the record as it was framed. */
static bool
framed_place(struct reader *r, const struct word *path, struct place *p)
{
	struct format *f = r->out;
	struct path_node *node;
	size_t i = 0;

	if (f->ninside == 0)
		return format_wrong(r, "'inside' before a path with ..");
	if (!format_path(r, path, &node))
		return false;
	while (i < f->nframed && f->framed[i].from != node)
		i++;
	if (i == FORMAT_PLACES_MAX)
		return format_wrong(r, "no more than 16 paths with ..");
	f->framed[i].from = node;
	if (i == f->nframed)
		f->nframed++;
	p->node = &f->framed[i].kept;
	return true;
}

bool
format_place(struct reader *r, const struct word *w, struct place *p)
{
	struct path_node *node;
	struct word path = *w;

	if (w->n > 2 && w->p[0] == '.' && w->p[1] == '.') {
		path.p += 2;
		path.n -= 2;
		return framed_place(r, &path, p);
	}
	p->outer = w->n > 1 && w->p[0] == '^';
	if (p->outer && r->out->envelope == NULL)
		return format_wrong(
		    r, "a frame with a path before a path with ^");
	r->out->around |= p->outer;
	path.p += p->outer;
	path.n -= p->outer;
	if (!format_path_of(
		r, p->outer ? &r->out->outer : &r->out->tree, &path, &node))
		return false;
	p->node = node;
	for (; p->outer && node->parent != NULL; node = node->parent)
		if (node->name == NULL)
			return format_wrong(
			    r, "nothing but names in a path with ^");
	return true;
}

static struct place *
add_place(struct reader *r, struct source *s)
{
	if (s->n == FORMAT_PLACES_MAX) {
		(void)format_wrong(r, "no more than 16 paths");
		return NULL;
	}
	s->place = format_grow(s->place, s->n, sizeof(*s->place));
	s->place[s->n] = (struct place){0};
	return &s->place[s->n++];
}

/* A path that a column takes. */
static bool
take(struct reader *r, const struct word *w, struct place *p)
{
	if (p == NULL || !format_place(r, w, p))
		return false;
	/* The trees are the format's own, and not const there. */
	((struct path_node *)p->node)->column = true;
	((struct path_node *)p->node)->uses++;
	return true;
}

/* The next word of a source, up to "as" or the bar before another one. */
static bool
next(struct reader *r, struct word *w)
{
	const char *before;

	format_blanks(r);
	before = r->p;
	if (!format_word(r, w))
		return false;
	if (format_word_is(w, "|") || format_word_is(w, "as")) {
		r->p = before;
		return false;
	}
	return true;
}

static bool
one_path(struct reader *r, struct source *s)
{
	struct place *p = add_place(r, s);
	struct word w;

	if (!next(r, &w))
		return format_wrong(r, "a path");
	return take(r, &w, p);
}

/* A text in quotes; kept with them, or without. */
static bool
quoted(struct reader *r, struct source *s, const char *expected, bool bare)
{
	struct json_val v;
	struct json j;

	format_blanks(r);
	json_init(&j, r->p, (size_t)(r->end - r->p));
	if (!json_value(&j, &v) || v.type != JSON_STRING ||
	    (bare && (v.n < 3 || (v.flags & JSON_ESCAPES) != 0)))
		return format_wrong(r, expected);
	r->p = v.p + v.n;
	s->text = format_copy(v.p + bare, v.n - 2 * (size_t)bare);
	s->len = v.n - 2 * (size_t)bare;
	return true;
}

static bool
separator(struct reader *r, struct source *s)
{
	return quoted(r, s, "a separator in quotes", true);
}

static bool
part(struct reader *r, struct source *s)
{
	struct word w;
	char *end, *text;

	if (!separator(r, s))
		return false;
	if (!next(r, &w) || w.n > 4)
		return format_wrong(r, "the number of a part");
	text = format_copy(w.p, w.n);
	s->part = strtol(text, &end, 10);
	if (*end != '\0')
		s->part = LONG_MAX;
	free(text);
	if (s->part == LONG_MAX)
		return format_wrong(r, "the number of a part");
	return one_path(r, s);
}

static bool
join(struct reader *r, struct source *s)
{
	struct place *p;
	struct word w;

	if (!separator(r, s))
		return false;
	while (next(r, &w))
		if ((p = add_place(r, s)) == NULL || !take(r, &w, p))
			return false;
	return s->n > 0 || format_wrong(r, "a path");
}

/* What comes behind NAME= of an object's member. */
static bool
member_value(struct reader *r, const struct word *w, struct place *p)
{
	const struct format *f = r->out;

	if (w->p[0] != '$')
		return take(r, w, p);
	/* The last one is the column that is being read. */
	for (p->column = 0; p->column + 1 < f->n; p->column++)
		if (w->n - 1 == strlen(f->columns[p->column].name) &&
		    memcmp(w->p + 1, f->columns[p->column].name, w->n - 1) == 0)
			return true;
	return format_wrong(r, "a column before this one after $");
}

static bool
member(struct reader *r, struct source *s, const struct word *w)
{
	const char *eq = memchr(w->p, '=', w->n);
	struct word name = {w->p, eq != NULL ? (size_t)(eq - w->p) : 0}, value;
	struct buf label = BUF_INIT(PATH_NAME_MAX);
	struct place *p;

	if (!format_is_name(&name, COLUMN_NAME_MAX, "_") || name.n + 1 == w->n)
		return format_wrong(r, "NAME=PATH");
	p = add_place(r, s);
	if (p == NULL)
		return false;
	buf_addc(&label, '"');
	buf_add(&label, name.p, name.n);
	buf_adds(&label, "\":");
	p->name = label.p;
	value = (struct word){eq + 1, w->n - name.n - 1};
	return member_value(r, &value, p);
}

static bool
object(struct reader *r, struct source *s)
{
	struct word w;

	while (next(r, &w))
		if (!member(r, s, &w))
			return false;
	return s->n > 0 || format_wrong(r, "NAME=PATH");
}

/* A record of text as it is. */
static bool
line(struct reader *r, struct source *s)
{
	static const struct word name = {LINE_NAME, 1};
	struct place *p = add_place(r, s);

	if (!take(r, &name, p))
		return false;
	if (r->out->text.separator != '\n')
		r->out->text.line = (struct path_node *)p->node;
	return true;
}

/* A text for objects whose key matches. */
static bool
key(struct reader *r, struct source *s)
{
	const char *why;
	struct word w;

	if (!next(r, &w))
		return format_wrong(r, "a glob");
	s->glob = format_copy(w.p, w.n);
	if (!glob_check(s->glob, &why))
		return format_wrong(r, "a glob that is well-formed");
	return quoted(r, s, "a text in quotes after the glob", false);
}

static const struct {
	const char *word;
	enum source_kind kind;
	bool (*read)(struct reader *r, struct source *s);
} kinds[] = {
    {"part", SOURCE_PART, part},
    {"join", SOURCE_JOIN, join},
    {"whole", SOURCE_WHOLE, one_path},
    {"object", SOURCE_OBJECT, object},
    {"key", SOURCE_KEY, key},
};

/* Does the source go on?  Else what may be a word of ours is a path. */
static bool
goes_on(struct reader *r)
{
	const char *before = r->p;
	struct word w;
	bool is = next(r, &w);

	r->p = before;
	return is;
}

static bool
one_source(struct reader *r, struct source *s)
{
	struct place *p;
	struct word w;

	if (!next(r, &w))
		return format_wrong(r, "a path, or = and a constant");
	if (format_word_is(&w, "=")) {
		s->kind = SOURCE_CONSTANT;
		return quoted(
		    r, s, "a constant such as \"TEXT\" after '='", false);
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (format_word_is(&w, kinds[i].word) && goes_on(r)) {
			s->kind = kinds[i].kind;
			return kinds[i].read(r, s);
		}
	s->kind = SOURCE_PATH;
	if (r->out->framing == FRAMING_TEXT) {
		if (format_word_is(&w, "line"))
			return line(r, s);
		/* A field that is called as a word of ours. */
		if (format_word_is(&w, "field") && goes_on(r))
			return one_path(r, s);
	}
	p = add_place(r, s);
	return take(r, &w, p);
}

/* Most columns have one source, and a plain one: those are quick to fill. */
static void
simplify(struct column *c)
{
	struct source *s = &c->sources[0];

	if (c->nsources != 1)
		return;
	if (s->kind == SOURCE_CONSTANT) {
		if (s->as != AS_IS)
			return;
		c->constant = s->text;
		c->constant_len = s->len;
		s->text = NULL;
	} else if (s->kind == SOURCE_PATH && !s->place[0].outer) {
		c->node = (struct path_node *)s->place[0].node;
		c->as = s->as;
	} else {
		return;
	}
	format_free_sources(c);
}

bool
format_sources(struct reader *r, struct column *c)
{
	struct source *s;
	struct word w;
	bool more;

	format_blanks(r);
	c->written = format_copy(r->p, (size_t)(r->end - r->p));
	do {
		if (c->nsources == FORMAT_SOURCES_MAX)
			return format_wrong(r, "no more than 8 sources");
		c->sources =
		    format_grow(c->sources, c->nsources, sizeof(*c->sources));
		s = &c->sources[c->nsources++];
		*s = (struct source){0};
		if (!one_source(r, s))
			return false;
		more = format_word(r, &w);
		if (more && format_word_is(&w, "as")) {
			if (!format_as(r, c->type, &s->as))
				return false;
			more = format_word(r, &w);
		}
	} while (more && format_word_is(&w, "|"));
	if (more)
		return format_wrong(
		    r, "the end of the line, or as and a conversion");
	simplify(c);
	return true;
}

void
format_free_sources(struct column *c)
{
	for (size_t i = 0; i < c->nsources; i++) {
		for (size_t k = 0; k < c->sources[i].n; k++)
			free(c->sources[i].place[k].name);
		free(c->sources[i].place);
		free(c->sources[i].text);
		free(c->sources[i].glob);
	}
	free(c->sources);
	c->sources = NULL;
	c->nsources = 0;
}
