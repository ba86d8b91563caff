/* Lines to the slots of a capture. */
#include <string.h>

#include "glob.h"
#include "joined.h"
#include "jsonw.h"
#include "log.h"
#include "scan.h"
#include "textrecord.h"
#include "textsplit.h"
#include "value.h"

enum {
	TEXT_MAX = 32 * 1024 * 1024, /* of a record's fields, escaped: a line is
				at most 4 MiB, and a byte becomes six */
	TEXT_KEPT = 1024 * 1024,
	FIELD_KEPT = VALUE_STRING_MAX + 4, /* of a field: so much that it will
				be cut */
	EXTRA_NAME = 12
};

/* The fields as JSON strings. */
static struct buf text = BUF_INIT(TEXT_MAX);
static struct split split;

/* Names of fields that are beyond those that have one: "field27". */
static char extra[TEXT_FIELDS_MAX][EXTRA_NAME];

static struct json_val
unnamed(size_t i)
{
	struct buf b = BUF_INIT(EXTRA_NAME - 1);

	if (extra[i][0] == '\0') {
		buf_addf(&b, "\"field%zu\"", i + 1);
		INVARIANT(b.err == 0);
		memcpy(extra[i], b.p, b.len + 1);
		buf_clear(&b);
	}
	return (struct json_val){extra[i], strlen(extra[i]), JSON_STRING, 0};
}

/* Two quotes to one, into out. */
static size_t
undouble(char *out, const char *p, size_t n)
{
	char *to = out;

	for (size_t i = 0; i < n; i++) {
		*to++ = p[i];
		if (p[i] == '"' && i + 1 < n && p[i + 1] == '"')
			i++;
	}
	return (size_t)(to - out);
}

/* The text of a field as a JSON string at *to, which moves on. */
static void
put(struct json_val *v, char **to, const char *p, size_t n, bool doubled)
{
	static char plain[FIELD_KEPT];
	char *start = *to, *end = start + 1;

	if (n > FIELD_KEPT)
		n = FIELD_KEPT;
	*start = '"';
	v->flags = split.high ? JSON_HIGH : 0;
	if (doubled) {
		n = undouble(plain, p, n);
		p = plain;
	}
	if (split.escapes) {
		end += scan_escape(end, p, n);
		if ((size_t)(end - start) != n + 1)
			v->flags |= JSON_ESCAPES;
	} else {
		memcpy(end, p, n);
		end += n;
	}
	*end++ = '"';
	v->p = start;
	v->n = (size_t)(end - start);
	v->type = JSON_STRING;
	*to = end;
}

/* Room for the fields, and for the line once more. */
static char *
room(size_t n)
{
	size_t most = split.n < TEXT_FIELDS_MAX ? split.n : TEXT_FIELDS_MAX;
	size_t want = 0, take;
	char *to;

	if (text.cap > TEXT_KEPT)
		buf_clear(&text);
	buf_reset(&text);
	for (size_t i = 0; n > FIELD_KEPT && i < most; i++) {
		take = split.field[i].n;
		want += take < FIELD_KEPT ? take : FIELD_KEPT;
	}
	want += n < FIELD_KEPT ? 2 * n : FIELD_KEPT;
	if (split.escapes)
		want *= 6;
	to = buf_room(&text, want + (SCAN_ESCAPED(0) + 2) * (most + 2));
	INVARIANT(to != NULL);
	return to;
}

/* How many fields a record must have. */
static size_t
least(const struct header *h)
{
	const struct text_format *t = &h->format->text;

	return h->line != NULL && t->quotes != QUOTES_CSV ? h->n : t->least;
}

/* The name of a field that no column takes, and its value where it is kept. */
static void
unmapped(struct capture *c, const struct header *h, size_t i,
    const struct json_val *v)
{
	struct json_val name = i < h->n ? h->name[i] : unnamed(i);

	capture_unmapped(c, &c->tree->root, &name, v);
}

/* Names that no column takes. */
static void
count_unmapped(struct capture *c, const struct header *h)
{
	size_t most = split.n < TEXT_FIELDS_MAX ? split.n : TEXT_FIELDS_MAX;
	const struct json_val none = {0};

	for (size_t k = 0; k < h->nothers && (size_t)h->others[k] < most; k++)
		if (split.field[h->others[k]].n > 0)
			unmapped(c, h, (size_t)h->others[k], &none);
	for (size_t i = h->n; i < most; i++)
		if (split.field[i].n > 0)
			unmapped(c, h, i, &none);
	c->others += split.n - most;
}

/* The slots of the columns' fields. */
static void
fill(struct capture *c, const struct header *h, const char *p, size_t n)
{
	const struct path_node *line = h->format->text.line;
	const struct field *f = split.field;
	size_t most = split.n < TEXT_FIELDS_MAX ? split.n : TEXT_FIELDS_MAX;
	struct json_val *v, other;
	char *to;

	for (unsigned i = 0; i < c->tree->slots; i++)
		c->slot[i].p = NULL;
	/* The whole of it has quotes around fields, too, and separators. */
	split.escapes |=
	    line != NULL &&
	    (split.quotes ||
		(split.n > 1 &&
		    (unsigned char)h->format->text.separator < ' '));
	to = room(n);
	if (line != NULL)
		put(&c->slot[line->slot], &to, p, n, false);
	for (size_t i = 0; i < most; i++, f++) {
		if (f->n == 0)
			continue;
		if (i < h->n && h->slot[i] != -1) {
			v = &c->slot[h->slot[i]];
			c->duplicates += v->p != NULL;
			put(v, &to, f->p, f->n, f->doubled);
			if (c->keep && h->other[i])
				unmapped(c, h, i, v);
		} else if (c->keep) {
			put(&other, &to, f->p, f->n, f->doubled);
			unmapped(c, h, i, &other);
		}
	}
	if (c->keep)
		c->others += split.n - most;
}

const struct split *
text_split(void)
{
	return &split;
}

void
text_value(struct json_val *v, const struct field *f)
{
	size_t most = f->n < FIELD_KEPT ? f->n : FIELD_KEPT;
	char *to;

	if (text.cap > TEXT_KEPT)
		buf_clear(&text);
	buf_reset(&text);
	to = buf_room(&text, SCAN_ESCAPED(most) + 2);
	INVARIANT(to != NULL);
	put(v, &to, f->p, f->n, f->doubled);
}

/* Fields that have a name but are not there are empty. */
static void
add_empty(const struct header *h, const char *at)
{
	_Static_assert((int)HEADER_NAMES_MAX <= (int)TEXT_FIELDS_MAX,
	    "a field for each name");
	for (size_t i = split.n; i < h->n; i++)
		split.field[i] = (struct field){at, 0, false};
}

/* Are the fields, cut last, those that the format's match statements say? */
static bool
are_alike(const struct text_format *t)
{
	const struct field *field = split.field;

	for (size_t i = 0; i < t->nmatch; i++) {
		const struct text_match *m = &t->match[i];
		bool found = false;

		if (m->field >= split.n || m->field >= TEXT_FIELDS_MAX)
			return false;
		for (size_t k = 0; k < m->n && !found; k++)
			found = glob_match(
			    m->globs[k], field[m->field].p, field[m->field].n);
		if (!found)
			return false;
	}
	return true;
}

const char *
text_record(struct capture *c, const struct header *h, const char *p, size_t n,
    const char *end, const char **detail)
{
	const struct text_format *t = &h->format->text;
	struct joined j;

	textsplit(&split, t, p, n, end, t->rest ? h->n - 1 : SIZE_MAX);
	split.line = p;
	split.len = n;
	split.end = end;
	add_empty(h, p + n);
	if (split.open) {
		*detail = "expected quotes that match";
		return "bad-quotes";
	}
	if (split.n < least(h)) {
		*detail = "expected more fields";
		return "missing-field";
	}
	/* Without a header line they may be other fields than those given. */
	if (t->header && h->line == NULL && !are_alike(t)) {
		*detail = "expected a header line before other fields";
		return "not-allowed";
	}
	if ((split.n > h->n || t->directives) &&
	    joined_lines(&j, h, &split, p, n, false)) {
		*detail = j.detail;
		return JOINED_REASON;
	}
	c->first.p = NULL;
	c->duplicates = c->others = 0;
	c->nunmapped = 0;
	if (!c->keep && (h->nothers > 0 || split.n > h->n))
		count_unmapped(c, h);
	if (c->keep || !t->direct || !h->direct)
		fill(c, h, p, n);
	return NULL;
}

bool
text_blank(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
			return false;
	return true;
}

/* The same of a line. */
static bool
fields_match(const struct format *f, const char *p, size_t n)
{
	const struct text_format *t = &f->text;

	textsplit(&split, t, p, n, p + n, t->rest ? t->nfields - 1 : SIZE_MAX);
	return !split.open && split.n >= t->least && t->nmatch > 0 &&
	       (t->most == 0 || split.n <= t->most) && are_alike(t);
}

/* Could the line have names of the format's fields, and does it? */
static bool
names_match(struct format *f, const char *p, size_t n)
{
	if (!f->text.header || f->text.nmatch == 0 || !header_names(f, p, n))
		return false;
	format_whole(f);
	return header_like(f, p, n);
}

/* The line break behind the record at p, as RFC 4180 has it, or NULL. */
static const char *
csv_end(const struct text_format *t, const char *p, const char *end)
{
	p += textsplit_csv_end(t, p, (size_t)(end - p));
	return p < end ? p : NULL;
}

bool
text_match(struct format *f, const char *p, size_t n, bool final)
{
	static const char fields[] = "#Fields:";
	const char *end = p + n, *nl;
	size_t len;

	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (; p < end; p = nl + 1) {
		nl = f->text.quotes == QUOTES_CSV
			 ? csv_end(&f->text, p, end)
			 : memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL && !final)
			return false;
		if (nl == NULL)
			nl = end;
		len = (size_t)(nl - p);
		len -= len > 0 && p[len - 1] == '\r';
		if (f->text.directives && len > sizeof(fields) &&
		    memcmp(p, fields, sizeof(fields) - 1) == 0) {
			format_whole(f);
			return header_directive(f, p, len);
		}
		if (!text_blank(p, len) && !(f->text.directives && *p == '#'))
			return names_match(f, p, len) ||
			       fields_match(f, p, len);
		if (nl == end)
			break;
	}
	return false;
}

bool
text_begins(const struct text_format *t, const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n < TEXT_BEGIN ? n : TEXT_BEGIN);

	if (nl != NULL)
		n = (size_t)(nl - p);
	else if (n > TEXT_BEGIN)
		n = TEXT_BEGIN;
	n -= n > 0 && p[n - 1] == '\r';
	for (size_t i = 0; i < t->nbegins; i++)
		if (glob_match(t->begins[i], p, n))
			return true;
	return false;
}
