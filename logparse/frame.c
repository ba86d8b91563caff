/*
 * Framing of JSON.  A record is parsed in one piece of memory; one that is
 * not whole yet is tried again when enough has come for the work to stay
 * linear.  A record over the limit, or one that is no JSON, is "spilled":
 * given out in parts until its end, or the next beginning, is found.
 */
#include <string.h>

#include "frame.h"
#include "log.h"
#include "utf8.h"

void
frame_init(struct framer *f, const struct format *format)
{
	*f = (struct framer){.format = format};
}

void
frame_consumed(struct framer *f, size_t pos)
{
	f->base += pos;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* --- spilling ---------------------------------------------------------- */

static void
spill_begin(struct framer *f, const struct frame_event *ev, bool resync)
{
	f->after = f->state;
	f->spill.top = f->state == FRAME_TOP;
	f->state = FRAME_SPILL;
	f->need = 0;
	f->spill.resync = resync;
	f->spill.all = false;
	f->spill.searched = 0;
	f->spill.depth = 0;
	f->spill.string = f->spill.escape = f->spill.begun = false;
	f->spill.object = f->spill.closed = false;
	f->spill.last = '\0';
	f->spill.at = ev->at;
	f->spill.bad_at = ev->bad_at;
	f->spill.why = ev->why;
	f->spill.detail = ev->detail;
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
		return !f->spill.string && f->spill.depth == 0 ? 2 : 0;
	}
	if (f->spill.depth == 0 && f->spill.begun &&
	    (c == ',' || c == ']' || c == '}' || is_space(c)))
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

/* Find the end of a value over the limit; SIZE_MAX: not in these bytes. */
static size_t
find_end(struct framer *f, const char *p, size_t n)
{
	int r;

	for (size_t i = f->spill.searched; i < n; i++) {
		r = skip_byte(f, p[i]);
		if (r != 0) {
			f->spill.searched = i + (r == 2);
			return f->spill.searched;
		}
	}
	f->spill.searched = n;
	return SIZE_MAX;
}

/* How a brace at p[i] looks as the beginning of a record. */
enum likeness { UNLIKELY, UNKNOWN, LIKELY, CERTAIN };

/* Is the name that begins at p[i] one that records begin with or have? */
static enum likeness
name_likeness(const struct framer *f, const char *p, size_t i, size_t n)
{
	const char *close = memchr(p + i, '"', n - i);
	size_t len;

	if (close == NULL)
		return n - i > PATH_NAME_MAX ? UNLIKELY : UNKNOWN;
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
	size_t before = i;
	enum likeness name;
	char c;

	while (before > 0 && is_space(p[before - 1]))
		before--;
	c = before > 0 ? p[before - 1] : f->spill.last;
	if (c != ',' && c != '[' && c != '}' && c != '\0')
		return UNLIKELY;
	for (i++; i < n && is_space(p[i]); i++)
		;
	if (i == n)
		return end;
	if (p[i] != '"')
		return UNLIKELY;
	if (i + 1 == n)
		return end;
	name = name_likeness(f, p, i + 1, n);
	return name == UNKNOWN ? end : name;
}

/* A likely beginning must prove itself by being a record. */
static enum likeness
proof(struct framer *f, struct capture *c, const char *p, size_t n, bool final)
{
	struct json j;
	unsigned depth;

	json_init(&j, p, n);
	j.final = final;
	switch (capture_record(c, &j, false, &depth)) {
	case CAPTURE_OK:
		return format_missing(f->format, c->slot) == NULL ? CERTAIN
								  : UNLIKELY;
	case CAPTURE_MORE:
		return n > FRAME_RECORD_MAX ? UNLIKELY : UNKNOWN;
	default:
		return UNLIKELY;
	}
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
	if (f->spill.top)
		return f->spill.object ? CERTAIN : UNLIKELY;
	while (i < n && is_space(p[i]))
		i++;
	if (i == n)
		return final ? CERTAIN : UNKNOWN;
	return p[i] == ',' || p[i] == ']' ? CERTAIN : UNLIKELY;
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
	if (p[i] == '{' && (i > 0 || f->spill.last != '\0')) {
		is = brace_likeness(f, p, i, n, final);
		if (is == LIKELY)
			is = proof(f, c, p + i, n - i, final);
	} else if (p[i] == '\n' && f->spill.top) {
		is = line_end(p, i, n, final);
	}
	return is;
}

/* Find where the record ends, most likely: where its brackets close or
 * another one begins.  SIZE_MAX: not in these bytes. */
static size_t
find_start(
    struct framer *f, struct capture *c, const char *p, size_t n, bool final)
{
	enum likeness is;
	size_t i;

	for (i = f->spill.searched; i <= n; i++) {
		is = end_likeness(f, c, p, i, n, final);
		if (is == CERTAIN) {
			f->spill.searched = i;
			return i;
		}
		if (is == UNKNOWN) {
			f->need = n + n / 4 + 1;
			break;
		}
		if (i == n)
			break;
		f->spill.object |= !f->spill.begun && p[i] == '{';
		f->spill.closed = skip_byte(f, p[i]) == 2;
	}
	f->spill.searched = i;
	return SIZE_MAX;
}

/* What of n bytes makes a part: cut between characters. */
static size_t
part_len(const char *p, size_t n)
{
	if (n <= FRAME_PART_MAX)
		return n;
	return FRAME_PART_MAX - utf8_tail(p, FRAME_PART_MAX);
}

/* Bytes behind a reject that belong to no record: separators. */
static size_t
trim(const char *p, size_t n)
{
	while (n > 1 && (is_space(p[n - 1]) || p[n - 1] == ','))
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

static enum frame_kind_of
spill_next(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	const char *rest = p + *pos;
	size_t have = n - *pos, end, known, take;

	if (!final && have < f->need)
		return FRAME_NEED;
	if (f->spill.all) {
		end = SIZE_MAX;
		f->spill.searched = have;
	} else if (f->spill.resync) {
		end = find_start(f, c, rest, have, final);
	} else {
		end = find_end(f, rest, have);
	}
	if (end == SIZE_MAX && final)
		end = have;
	/* What surely belongs to it goes out in parts; something must stay
	 * for the last one. */
	known = end == SIZE_MAX ? f->spill.searched : end;
	if (known > FRAME_PART_MAX) {
		take = part_len(rest, known);
		spill_event(f, rest, take, true, ev);
		*pos += take;
		f->spill.last = rest[take - 1];
		f->spill.searched -= take;
		f->need = 0;
		return FRAME_REJECT;
	}
	if (end == SIZE_MAX)
		return FRAME_NEED;
	spill_event(f, rest, f->spill.all ? end : trim(rest, end), false, ev);
	*pos += end;
	f->state = f->after;
	f->need = 0;
	return FRAME_REJECT;
}

void
frame_overflow(struct framer *f, const char *why)
{
	struct frame_event ev = {.at = f->base, .bad_at = f->base, .why = why};

	if (f->state != FRAME_SPILL)
		spill_begin(f, &ev, false);
}

void
frame_reject_all(struct framer *f, const char *why)
{
	frame_overflow(f, why);
	f->spill.all = true;
}

/* --- records ------------------------------------------------------------ */

/* Remember how the record began, to find the next one after a bad one. */
static void
learn_start(struct framer *f, const struct json_val *first)
{
	if (first->p == NULL || (first->flags & JSON_ESCAPES) != 0 ||
	    first->n - 2 > sizeof(f->start))
		return;
	f->start_len = first->n - 2;
	memcpy(f->start, first->p + 1, f->start_len);
}

/* A record is not whole: wait, or set it aside when it is over the limit. */
static enum frame_kind_of
incomplete(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, struct frame_event *ev)
{
	size_t have = n - *pos;

	if (have <= FRAME_RECORD_MAX) {
		f->need = have + have / 4 + 1;
		return FRAME_NEED;
	}
	ev->why = "too-long";
	ev->detail = "the record is over 4 MiB";
	spill_begin(f, ev, false);
	return spill_next(f, c, p, n, pos, false, ev);
}

/* Parse the value at *pos. */
static enum frame_kind_of
record(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	unsigned depth = 0;
	struct json j;

	*ev = (struct frame_event){.p = p + *pos, .at = f->base + *pos};
	ev->bad_at = ev->at;
	if (!final && n - *pos < f->need)
		return FRAME_NEED;
	json_init(&j, p + *pos, n - *pos);
	j.final = final;
	switch (capture_record(c, &j, f->state == FRAME_TOP, &depth)) {
	case CAPTURE_MORE:
		return incomplete(f, c, p, n, pos, ev);
	case CAPTURE_BAD:
		ev->bad_at = f->base + (uint64_t)(j.p - p);
		ev->why = final && j.p == p + n ? "truncated" : "bad-json";
		ev->detail = j.why;
		spill_begin(f, ev, true);
		return spill_next(f, c, p, n, pos, final, ev);
	case CAPTURE_ENVELOPE:
		*pos = (size_t)(j.p - p) + 1;
		f->state = FRAME_ELEMENTS;
		f->depth = depth;
		f->need = 0;
		return FRAME_END; /* no event: go on */
	case CAPTURE_OK:
	case CAPTURE_NOT_OBJECT:
		break;
	}
	ev->n = (size_t)(j.p - ev->p);
	f->need = 0;
	if (ev->n > FRAME_RECORD_MAX) {
		ev->why = "too-long";
		ev->detail = "the record is over 4 MiB";
		spill_begin(f, ev, false);
		return spill_next(f, c, p, n, pos, final, ev);
	}
	*pos += ev->n;
	if (*ev->p == '{') {
		learn_start(f, &c->first);
		return FRAME_RECORD;
	}
	ev->why = "not-object";
	ev->detail = "a record is a JSON object";
	return FRAME_REJECT;
}

/* Pass what stands between records.  False at the end of the bytes. */
static bool
pass_space(const char *p, size_t n, size_t *pos)
{
	while (*pos < n && is_space(p[*pos]))
		++*pos;
	return *pos < n;
}

/* The members of an envelope behind its records, one a call. */
static enum frame_kind_of
tail(struct framer *f, struct capture *c, const char *p, size_t n, size_t *pos,
    bool final, struct frame_event *ev)
{
	struct json_val key, val;
	struct json j;
	bool first = false;

	if (p[*pos] == '}') {
		++*pos;
		f->depth--;
		return FRAME_END;
	}
	*ev = (struct frame_event){.p = p + *pos, .at = f->base + *pos};
	if (!final && n - *pos < f->need)
		return FRAME_NEED;
	json_init(&j, p + *pos, n - *pos);
	j.final = final;
	if (json_member(&j, &first, &key)) {
		(void)json_space(&j);
		if (f->depth == 1 && j.p < j.end && *j.p == '[' &&
		    format_is_envelope(f->format, &key)) {
			*pos = (size_t)(j.p - p) + 1;
			f->state = FRAME_ELEMENTS;
			return FRAME_END;
		}
		if (json_value(&j, &val)) {
			*pos = (size_t)(j.p - p);
			f->need = 0;
			return FRAME_END;
		}
	}
	if (j.err == JSON_MORE)
		return incomplete(f, c, p, n, pos, ev);
	ev->bad_at = f->base + (uint64_t)(j.p - p);
	ev->why = final && j.p == p + n ? "truncated" : "bad-json";
	ev->detail = j.why;
	f->state = FRAME_TOP;
	spill_begin(f, ev, true);
	return spill_next(f, c, p, n, pos, final, ev);
}

/* The byte order mark that some writers put first. */
static bool
pass_bom(struct framer *f, const char *p, size_t n, size_t *pos, bool final)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t have = n - *pos < 3 ? n - *pos : 3;

	if (f->begun)
		return true;
	if (memcmp(p + *pos, bom, have) == 0) {
		if (have < 3 && !final)
			return false;
		if (have == 3)
			*pos += 3;
	}
	f->begun = true;
	return true;
}

/* One step of the grammar around records; FRAME_END: call again. */
static enum frame_kind_of
step(struct framer *f, struct capture *c, const char *p, size_t n, size_t *pos,
    bool final, struct frame_event *ev)
{
	switch (f->state) {
	case FRAME_TOP:
		if (p[*pos] == '[') {
			++*pos;
			f->depth = 0;
			f->state = FRAME_ELEMENTS;
			return FRAME_END;
		}
		return record(f, c, p, n, pos, final, ev);
	case FRAME_ELEMENTS:
		if (p[*pos] == ',') {
			++*pos;
			return FRAME_END;
		}
		if (p[*pos] == ']') {
			++*pos;
			f->state = FRAME_TAIL;
			return FRAME_END;
		}
		return record(f, c, p, n, pos, final, ev);
	case FRAME_TAIL:
		if (f->depth == 0) {
			f->state = FRAME_TOP;
			return FRAME_END;
		}
		return tail(f, c, p, n, pos, final, ev);
	case FRAME_SPILL:
		return spill_next(f, c, p, n, pos, final, ev);
	}
	log_bug(__FILE__, __LINE__, "a frame state");
}

enum frame_kind_of
frame_next(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	enum frame_kind_of kind;

	if (n > *pos && !f->spill.all && !pass_bom(f, p, n, pos, final))
		return FRAME_NEED;
	for (;;) {
		if (f->state == FRAME_TAIL && f->depth == 0)
			f->state = FRAME_TOP;
		if (f->state != FRAME_SPILL && !pass_space(p, n, pos))
			break;
		if (*pos == n)
			break;
		kind = step(f, c, p, n, pos, final, ev);
		if (kind != FRAME_END)
			return kind;
	}
	return final ? FRAME_END : FRAME_NEED;
}
