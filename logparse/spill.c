/*
 * What is no JSON, or too long, is set aside ("spilled") up to its end, which
 * is where its brackets close or another record most likely begins.  Only
 * bytes and limits decide, never how the bytes came: each search for more is
 * bounded, and what lies behind its bound is not looked at even when it is
 * there.
 */
#include <string.h>

#include "rule.h"
#include "spill.h"
#include "textrecord.h"
#include "utf8.h"

enum {
	SPACE_MAX = 4096, /* white space inside a beginning */
	PROOFS = 8,       /* records' worth of bytes tried as beginnings */
	SQUEEZED = 2048   /* kept of a spilled record when memory is short */
};

void
spill_begin(struct framer *f, const struct frame_event *ev, bool resync)
{
	f->after = f->state;
	f->need = 0;
	f->spill = (struct spill){.resync = resync,
	    .top = f->state == FRAME_TOP,
	    .at = ev->at,
	    .bad_at = ev->bad_at,
	    .why = ev->why,
	    .detail = ev->detail};
	f->state = FRAME_SPILL;
}

/* One byte of a value whose brackets are taken on trust: does it end here?
 * Returns 1 when it ends before this byte, 2 when with it. */
static int
skip_byte(struct framer *f, char c)
{
	if (f->spill.string) {
		if (f->spill.escape)
			f->spill.escape = false;
		else if (c == '\\')
			f->spill.escape = true;
		else if (c == '"')
			f->spill.string = false;
		return !f->spill.string && !f->spill.member &&
			       f->spill.depth == 0
			   ? 2
			   : 0;
	}
	if (f->spill.member) {
		f->spill.string = c == '"';
		f->spill.member = c != ':';
		return 0;
	}
	if (f->spill.depth == 0 && f->spill.begun &&
	    (c == ',' || c == ']' || c == '}' || frame_is_space(c)))
		return 1;
	f->spill.begun = true;
	if (c == '"')
		f->spill.string = true;
	else if (c == '{' || c == '[')
		f->spill.depth++;
	else if ((c == '}' || c == ']') && f->spill.depth > 0 &&
		 --f->spill.depth == 0)
		return 2;
	return 0;
}

/* Find the end of a value over the limit, or how far it goes on for sure:
 * that is f->spill.searched then. */
static bool
find_end(struct framer *f, const char *p, size_t n)
{
	int r;

	for (size_t i = f->spill.searched; i < n; i++) {
		r = skip_byte(f, p[i]);
		if (r != 0) {
			f->spill.searched = i + (r == 2);
			return true;
		}
	}
	f->spill.searched = n;
	return false;
}

/* The same of a line, or of all of them up to where a record begins. */
static bool
find_line_end(struct framer *f, const char *p, size_t n, bool final)
{
	const struct text_format *t = &f->format->text;
	size_t from = f->spill.searched, next;
	const char *nl;

	while (from < n && (nl = memchr(p + from, '\n', n - from)) != NULL) {
		f->spill.searched = (size_t)(nl - p);
		next = f->spill.searched + 1;
		if (t->nbegins == 0)
			return true;
		if (n - next < TEXT_BEGIN && !final &&
		    (next == n || memchr(p + next, '\n', n - next) == NULL))
			return false;
		if (text_begins(t, p + next, n - next))
			return true;
		from = next;
	}
	f->spill.searched = n;
	return false;
}

/* How a brace at p[i] looks as the beginning of a record. */
enum likeness { UNLIKELY, UNKNOWN, LIKELY, CERTAIN };

/* Where the white space that begins at p[i] ends, within max bytes; max more
 * than i when it is longer. */
static size_t
space_end(const char *p, size_t i, size_t n, size_t max)
{
	size_t end = n - i > max ? i + max : n;

	while (i < end && frame_is_space(p[i]))
		i++;
	return i;
}

/* Is the name that begins at p[i] one that records begin with or have? */
static enum likeness
name_likeness(const struct framer *f, const char *p, size_t i, size_t n)
{
	size_t len = n - i > PATH_NAME_MAX ? PATH_NAME_MAX + 1 : n - i;
	const char *close = memchr(p + i, '"', len);

	if (close == NULL)
		return len > PATH_NAME_MAX ? UNLIKELY : UNKNOWN;
	len = (size_t)(close - p) - i;
	if ((len == f->start_len && memcmp(p + i, f->start, len) == 0) ||
	    format_is_start(f->format, p + i, len))
		return CERTAIN;
	return path_find(&f->format->tree.root, p + i, len) != NULL ? LIKELY
								    : UNLIKELY;
}

static enum likeness
brace_likeness(
    const struct framer *f, const char *p, size_t i, size_t n, bool final)
{
	const enum likeness end = final ? UNLIKELY : UNKNOWN;
	const char last = f->spill.last;
	enum likeness is;
	size_t name;

	if (last != ',' && last != '[' && last != '}' && last != '\0')
		return UNLIKELY;
	name = space_end(p, i + 1, n, SPACE_MAX);
	if (name == n)
		return end;
	if (p[name] != '"')
		return UNLIKELY;
	if (name + 1 == n)
		return end;
	is = name_likeness(f, p, name + 1, n);
	return is == UNKNOWN ? end : is;
}

/* A likely beginning must prove itself by being a record. */
static enum likeness
proof(struct framer *f, struct capture *c, const char *p, size_t n, bool final)
{
	const size_t look = n > f->limit ? f->limit + 1 : n;
	enum capture_result r;
	struct record rec;
	struct json j;
	unsigned depth;

	if (f->spill.tried > PROOFS * f->limit)
		return UNLIKELY;
	json_init(&j, p, look);
	j.final = final && look == n;
	r = capture_record(c, &j, false, &depth);
	if (r == CAPTURE_MORE && look == n)
		return UNKNOWN;
	rec = (struct record){
	    .slots = c->slot, .outer = context_slots(&f->context)};
	if (r == CAPTURE_OK && rule_broken(f->format, &rec) == NULL)
		return CERTAIN;
	f->spill.tried += (size_t)(j.p - p);
	return UNLIKELY;
}

/* Does a record that stands by itself end at the line break p[i]? */
static enum likeness
line_end(const char *p, size_t i, size_t n, bool final)
{
	if (i + 1 == n)
		return final ? CERTAIN : UNKNOWN;
	return strchr(" \t\r\"}],", p[i + 1]) == NULL ? CERTAIN : UNLIKELY;
}

/* The brackets of the record close before p[i]: does it end there? */
static enum likeness
balanced_end(
    const struct framer *f, const char *p, size_t i, size_t n, bool final)
{
	size_t next;

	if (f->spill.top)
		return f->spill.object ? CERTAIN : UNLIKELY;
	next = space_end(p, i, n, SPACE_MAX);
	if (next == n)
		return final ? CERTAIN : UNKNOWN;
	return p[next] == ',' || p[next] == ']' || frame_is_space(p[next])
		   ? CERTAIN
		   : UNLIKELY;
}

/* Does the spilled record end before p[i]? */
static enum likeness
end_likeness(struct framer *f, struct capture *c, const char *p, size_t i,
    size_t n, bool final)
{
	enum likeness is = UNLIKELY;

	if (f->spill.closed)
		is = balanced_end(f, p, i, n, final);
	if (is != UNLIKELY || i == n)
		return is;
	if (p[i] == '{' && f->spill.begun) {
		is = brace_likeness(f, p, i, n, final);
		if (is == LIKELY)
			is = proof(f, c, p + i, n - i, final);
	} else if (p[i] == '\n' && f->spill.top) {
		is = line_end(p, i, n, final);
	}
	return is;
}

/* The same for what is no JSON: where its brackets close or another record
 * begins, most likely. */
static bool
find_start(
    struct framer *f, struct capture *c, const char *p, size_t n, bool final)
{
	enum likeness is;
	size_t i;

	for (i = f->spill.searched; i <= n; i++) {
		is = end_likeness(f, c, p, i, n, final);
		if (is == UNKNOWN && f->squeeze && n - i > SQUEEZED)
			is = UNLIKELY;
		if (is == CERTAIN) {
			f->spill.searched = i;
			return true;
		}
		if (is == UNKNOWN) {
			f->need = frame_need(n, i + f->limit);
			break;
		}
		if (i == n)
			break;
		f->spill.object |= !f->spill.begun && p[i] == '{';
		f->spill.closed = skip_byte(f, p[i]) == 2;
		if (!frame_is_space(p[i]))
			f->spill.last = p[i];
	}
	f->spill.searched = i;
	return false;
}

/* How many bytes may wait for the record's end; over it they go out in parts,
 * of which all but the last are as long as parts may be. */
static size_t
patience(const struct framer *f, bool ended)
{
	if (f->squeeze && !ended)
		return SQUEEZED;
	return f->spill.parts ? f->part : f->limit;
}

/* What of n bytes makes a part: cut between characters. */
static size_t
part_len(const struct framer *f, const char *p, size_t n)
{
	size_t len = n > f->part ? f->part : n - 1;

	return len - utf8_tail(p, len);
}

/* Bytes behind a reject that belong to no record: separators. */
static size_t
trim(const struct framer *f, const char *p, size_t n)
{
	if (f->spill.all)
		return n;
	if (f->format->framing == FRAMING_TEXT)
		return n - (n > 1 && p[n - 1] == '\r');
	while (n > 1 && (frame_is_space(p[n - 1]) || p[n - 1] == ','))
		n--;
	return n;
}

static void
spill_event(struct framer *f, const char *p, size_t n, bool goes_on,
    struct frame_event *ev)
{
	*ev = (struct frame_event){.p = p,
	    .n = n,
	    .at = f->spill.at,
	    .why = f->spill.why,
	    .detail = f->spill.detail,
	    .bad_at = f->spill.bad_at,
	    .more = goes_on};
}

/* Where the spilled record ends, of what there is; SIZE_MAX: further on. */
static size_t
spill_end(
    struct framer *f, struct capture *c, const char *p, size_t n, bool final)
{
	if (f->spill.ended)
		return f->spill.searched;
	if (f->spill.all)
		f->spill.searched = n;
	else if (f->format != NULL && f->format->framing == FRAMING_TEXT)
		f->spill.ended = find_line_end(f, p, n, final);
	else if (f->spill.resync)
		f->spill.ended = find_start(f, c, p, n, final);
	else
		f->spill.ended = find_end(f, p, n);
	if (!f->spill.ended && final) {
		f->spill.searched = n;
		f->spill.ended = f->spill.cut = true;
	}
	return f->spill.ended ? f->spill.searched : SIZE_MAX;
}

enum frame_kind_of
spill_next(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	const char *rest = p + *pos;
	size_t have = n - *pos, end, known, take;

	if (!final && have < f->need && !f->squeeze)
		return FRAME_NEED;
	end = spill_end(f, c, rest, have, final);
	/* What surely belongs to it goes out in parts; something must stay
	 * for the last one. */
	known = end == SIZE_MAX ? f->spill.searched : end;
	if (known > patience(f, end != SIZE_MAX)) {
		take = part_len(f, rest, known);
		spill_event(f, rest, take, true, ev);
		*pos += take;
		f->spill.parts = true;
		f->spill.searched -= take;
		f->need = 0;
		return FRAME_REJECT;
	}
	if (end == SIZE_MAX)
		return FRAME_NEED;
	spill_event(f, rest, trim(f, rest, end), false, ev);
	*pos += end;
	f->state = f->after;
	f->want = f->spill.resync ? WANT_ANY : WANT_COMMA;
	f->need = 0;
	return FRAME_REJECT;
}
