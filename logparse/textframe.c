/*
 * Framing of lines.  What a line is, header, directive, blank or record, only
 * depends on it and the lines before it; a line over the limit, or one that
 * there is no memory for, is set aside up to its end: see spill.c.
 */
#include <string.h>

#include "joined.h"
#include "spill.h"
#include "textframe.h"
#include "textrecord.h"
#include "textsplit.h"

/* A line: its bytes without the line break, and where the next one begins. */
struct line {
	const char *p;
	size_t n, next;
	bool whole; /* its line break is there */
};

enum found { FOUND, FOUND_MORE, FOUND_TOO_LONG };

/* How far to look from pos: what lies behind the limit changes nothing. */
static size_t
window_end(const struct framer *f, size_t n, size_t pos)
{
	return n - pos > f->limit + 1 ? pos + f->limit + 1 : n;
}

/* A record with quotes in it goes on behind line breaks in them; one whose
 * quotes do not close is the line alone. */
static enum found
find_csv_end(struct framer *f, const char *p, size_t n, size_t pos, bool final,
    size_t *end)
{
	size_t look = window_end(f, n, pos), have = look - pos, at;
	const char *nl = memchr(p + pos, '\n', have);

	if (nl != NULL &&
	    memchr(p + pos, '"', (size_t)(nl - p) - pos) == NULL) {
		*end = (size_t)(nl - p);
		return FOUND;
	}
	at = textsplit_csv_end(&f->format->text, p + pos, have);
	if (at < have) {
		*end = pos + at;
		return FOUND;
	}
	if (have <= f->limit && !(final && look == n)) {
		f->need = frame_need(have, f->limit);
		return FOUND_MORE;
	}
	if (nl == NULL && have > f->limit)
		return FOUND_TOO_LONG;
	*end = nl != NULL ? (size_t)(nl - p) : n;
	return FOUND;
}

/* The line at pos ends at *end: the lines behind it, in which no record begins,
 * belong to it, but for blank ones at their end. */
static enum found
go_on(struct framer *f, const char *p, size_t n, size_t pos, bool final,
    size_t *end)
{
	size_t look = window_end(f, n, pos), at = *end + 1, stop;
	const char *nl;

	if (text_blank(p + pos, *end - pos))
		return FOUND;
	for (; at < n || !final; at = stop + 1) {
		if (at >= n || (n - at < TEXT_BEGIN && !final &&
				   memchr(p + at, '\n', n - at) == NULL)) {
			f->need = frame_need(n - pos, f->limit);
			return FOUND_MORE;
		}
		if (text_begins(&f->format->text, p + at, n - at))
			break;
		nl = at < look ? memchr(p + at, '\n', look - at) : NULL;
		stop = nl != NULL ? (size_t)(nl - p) : look;
		if (nl == NULL && stop - pos > f->limit)
			return FOUND_TOO_LONG;
		if (nl == NULL && !final) {
			f->need = frame_need(n - pos, f->limit);
			return FOUND_MORE;
		}
		if (!text_blank(p + at, stop - at))
			*end = stop;
	}
	return FOUND;
}

static enum found
find_end(struct framer *f, const char *p, size_t n, size_t pos, bool final,
    size_t *end)
{
	size_t look = window_end(f, n, pos), from = pos + f->searched;
	const char *nl;

	if (f->format->text.quotes == QUOTES_CSV)
		return find_csv_end(f, p, n, pos, final, end);
	nl = from < look ? memchr(p + from, '\n', look - from) : NULL;
	if (nl != NULL) {
		*end = (size_t)(nl - p);
		return f->format->text.nbegins == 0
			   ? FOUND
			   : go_on(f, p, n, pos, final, end);
	}
	if (look - pos > f->limit)
		return FOUND_TOO_LONG;
	if (!final) {
		f->searched = n - pos;
		return FOUND_MORE;
	}
	*end = n;
	return FOUND;
}

static enum found
next_line(struct framer *f, const char *p, size_t n, size_t pos, bool final,
    struct line *l)
{
	enum found found;
	size_t end;

	if (!final && n - pos < f->need)
		return FOUND_MORE;
	found = find_end(f, p, n, pos, final, &end);
	if (found != FOUND)
		return found;
	f->need = f->searched = 0;
	l->p = p + pos;
	l->n = end - pos;
	l->whole = end < n;
	l->next = end + l->whole;
	l->n -= l->n > 0 && l->p[l->n - 1] == '\r';
	return FOUND;
}

/* The fields of the lines from now on have these names. */
static void
have_names(struct framer *f, struct header *h)
{
	header_release(f->header);
	f->header = h;
	f->fields = 0;
}

/* Have the line's names from now on.  False when there is no memory for them.
 */
static bool
use_names(struct framer *f, const struct line *l)
{
	struct header *h = header_line(f->format, l->p, l->n);

	if (h == NULL)
		return false;
	have_names(f, h);
	return true;
}

/* Could the line be a header, going by its first name?  Quick: each record is
 * asked. */
static bool
begins_like_header(const struct framer *f, const struct line *l)
{
	const struct text_format *t = &f->format->text;
	const char *end;

	if (f->header != NULL && f->header->len == l->n &&
	    memcmp(f->header->line, l->p, l->n) == 0)
		return true;
	if (t->first || ((unsigned char)l->p[0] | 0x20) < 'a')
		return false;
	end = memchr(l->p, t->separator, l->n);
	return path_find(&f->format->tree.root, l->p,
		   end != NULL ? (size_t)(end - l->p) : l->n) != NULL;
}

static bool
is_header(const struct framer *f, const struct line *l)
{
	const struct text_format *t = &f->format->text;

	if (!t->header || l->n > HEADER_LINE_MAX)
		return false;
	if (!f->records && f->header == NULL)
		return header_like(f->format, l->p, l->n);
	return begins_like_header(f, l) && header_like(f->format, l->p, l->n);
}

enum kind { KIND_RECORD, KIND_NONE, KIND_NO_MEMORY };

/* What is the line?  Headers and directives are taken note of. */
static enum kind
kind_of(struct framer *f, const struct line *l)
{
	static const char fields[] = "#Fields:";
	bool ok = true;

	/* What begins with another byte than white space is not blank. */
	if ((l->n == 0 || (unsigned char)l->p[0] <= ' ') &&
	    text_blank(l->p, l->n))
		return KIND_NONE;
	if (f->format->text.directives && l->p[0] == '#') {
		if (l->n > HEADER_DIRECTIVE && l->n <= HEADER_LINE_MAX &&
		    memcmp(l->p, fields, HEADER_DIRECTIVE) == 0 &&
		    !text_blank(
			l->p + HEADER_DIRECTIVE, l->n - HEADER_DIRECTIVE))
			ok = use_names(f, l);
		return ok ? KIND_NONE : KIND_NO_MEMORY;
	}
	if (!is_header(f, l))
		return KIND_RECORD;
	return use_names(f, l) ? KIND_NONE : KIND_NO_MEMORY;
}

/* The record is two lines, as it seems: its names, if it has some, are those of
 * the lines below. */
static void
two_lines(struct framer *f, const struct header *h, const struct line *l,
    const char *why, struct frame_event *ev)
{
	const bool bad = why == NULL || strcmp(why, JOINED_REASON) != 0;
	struct joined j;

	if (!joined_lines(&j, h, text_split(), l->p, l->n, bad))
		return;
	ev->why = JOINED_REASON;
	ev->detail = j.detail;
	ev->bad_at = ev->at + j.at;
	if (j.names > 0)
		f->coming =
		    header_line(f->format, l->p + j.names, l->n - j.names);
	f->lost = j.names > 0 && f->coming == NULL;
}

static enum frame_kind_of
record(struct framer *f, struct capture *c, const char *p, const char *end,
    const struct line *l, struct frame_event *ev)
{
	const struct header *h =
	    f->header != NULL ? f->header : f->format->text.names;
	size_t fields;
	const char *why;

	*ev = (struct frame_event){
	    .p = l->p, .n = l->n, .at = f->base + (uint64_t)(l->p - p)};
	ev->bad_at = ev->at;
	f->records = true;
	why = ev->why = text_record(c, h, l->p, l->n, end, &ev->detail);
	fields = text_split()->n;
	/* A last line without its end may be one that was cut. */
	if (!l->whole && (ev->why != NULL || fields < f->fields)) {
		ev->why = "truncated";
		ev->detail = "expected the end of the line";
		ev->bad_at = ev->at + ev->n;
	}
	if (ev->why != NULL)
		two_lines(f, h, l, why, ev);
	else
		f->fields = fields;
	return ev->why != NULL ? FRAME_REJECT : FRAME_RECORD;
}

/* What comes from pos on has names that there is no memory for. */
static enum frame_kind_of
no_memory(struct framer *f, size_t pos)
{
	f->lost = false;
	frame_reject_all(f, "memory");
	f->spill.at = f->spill.bad_at = f->base + pos;
	return FRAME_END;
}

/* One step; FRAME_END: call again. */
static enum frame_kind_of
step(struct framer *f, struct capture *c, const char *p, size_t n, size_t *pos,
    bool final, struct frame_event *ev)
{
	struct line l;

	if (f->coming != NULL) {
		have_names(f, f->coming);
		f->coming = NULL;
	}
	if (f->lost)
		return no_memory(f, *pos);
	if (f->state == FRAME_SPILL) {
		f->searched = 0;
		return spill_next(f, c, p, n, pos, final, ev);
	}
	switch (next_line(f, p, n, *pos, final, &l)) {
	case FOUND_MORE:
		return FRAME_NEED;
	case FOUND_TOO_LONG:
		*ev = (struct frame_event){.at = f->base + *pos,
		    .bad_at = f->base + *pos,
		    .why = "too-long",
		    .detail = "the record is over 4 MiB"};
		spill_begin(f, ev, false);
		return FRAME_END;
	case FOUND:
		break;
	}
	switch (kind_of(f, &l)) {
	case KIND_NONE:
		*pos = l.next;
		return FRAME_END;
	case KIND_NO_MEMORY:
		return no_memory(f, *pos);
	case KIND_RECORD:
		break;
	}
	*pos = l.next;
	return record(f, c, p, p + n, &l, ev);
}

enum frame_kind_of
textframe_next(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	enum frame_kind_of kind;

	while (*pos < n) {
		kind = step(f, c, p, n, pos, final, ev);
		if (kind != FRAME_END)
			return kind;
	}
	return final ? FRAME_END : FRAME_NEED;
}
