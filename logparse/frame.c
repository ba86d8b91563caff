/*
 * Framing of JSON.  A record is parsed in one piece of memory; one that is
 * not whole yet is tried again when enough has come for the work to stay
 * linear.  A record over the limit, or one that is no JSON, is "spilled":
 * given out in parts until its end, or the next beginning, is found.
 */
#include <string.h>

#include "around.h"
#include "header.h"
#include "log.h"
#include "rule.h"
#include "spill.h"
#include "textframe.h"

void
frame_init(struct framer *f, const struct format *format)
{
	*f = (struct framer){.format = format,
	    .limit = FRAME_RECORD_MAX,
	    .part = FRAME_PART_MAX};
}

void
frame_around(struct framer *f, struct capture *outer, size_t *total)
{
	context_init(&f->context, outer, total);
}

void
frame_free(struct framer *f)
{
	context_free(&f->context);
	header_release(f->header);
	header_release(f->coming);
	f->header = f->coming = NULL;
}

void
frame_consumed(struct framer *f, size_t pos)
{
	f->base += pos;
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

/*
 * Look at what begins at *pos, no further than the limit and a byte: what
 * lies behind it must not change what is said.  False while that is less than
 * the last attempt asked for.
 */
static bool
look(struct framer *f, struct json *j, const char *p, size_t n, size_t pos,
    bool final, struct frame_event *ev)
{
	size_t have = n - pos;

	*ev = (struct frame_event){.p = p + pos, .at = f->base + pos};
	ev->bad_at = ev->at;
	if (!final && have < f->need)
		return false;
	json_init(j, p + pos, have > f->limit ? f->limit + 1 : have);
	j->final = final && j->end == p + n;
	return true;
}

static enum frame_kind_of
too_long(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	ev->why = "too-long";
	ev->detail = "the record is over 4 MiB";
	spill_begin(f, ev, false);
	f->spill.member = f->after == FRAME_TAIL;
	return spill_next(f, c, p, n, pos, final, ev);
}

/* A record is not whole: wait, or set it aside when it is over the limit. */
static enum frame_kind_of
incomplete(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	size_t have = n - *pos;

	if (have > f->limit)
		return too_long(f, c, p, n, pos, final, ev);
	f->need = frame_need(have, f->limit);
	return FRAME_NEED;
}

/* What begins at *pos is no JSON, as j says. */
static enum frame_kind_of
bad(struct framer *f, struct capture *c, const struct json *j, const char *p,
    size_t n, size_t *pos, bool final, struct frame_event *ev)
{
	ev->bad_at = f->base + (uint64_t)(j->p - p);
	ev->why = final && j->p == p + n ? "truncated" : "bad-json";
	ev->detail = j->why;
	spill_begin(f, ev, true);
	return spill_next(f, c, p, n, pos, final, ev);
}

/* Is something of the object around the records wanted by them? */
static bool
wants_around(const struct framer *f)
{
	return f->format->around && f->context.capture != NULL;
}

/* The whole object at *pos, its members captured: false when it is not whole,
 * or not within the limit. */
static bool
whole(struct framer *f, struct json *j, const char *p, size_t n, size_t pos,
    bool final)
{
	struct frame_event ev;
	unsigned depth;

	(void)look(f, j, p, n, pos, final, &ev);
	return capture_record(f->context.capture, j, false, &depth) ==
		   CAPTURE_OK &&
	       (size_t)(j->p - ev.p) <= f->limit;
}

/* The array of records, within so many objects, was entered: at is behind its
 * bracket. */
static enum frame_kind_of
elements(struct framer *f, size_t at, size_t *pos, unsigned depth)
{
	*pos = at;
	f->state = FRAME_ELEMENTS;
	f->want = WANT_FIRST;
	f->depth = depth;
	f->need = 0;
	return FRAME_END; /* no event: go on */
}

/*
 * The object at *pos has the array of records, at j->p.  What is wanted of the
 * object may stand behind the array: then all of it is looked at, if it is
 * within the limit.
 */
static enum frame_kind_of
enter(struct framer *f, const struct json *j, unsigned depth, const char *p,
    size_t n, size_t *pos, bool final, struct frame_event *ev)
{
	struct record around = {0};
	struct json all = {0}; /* set by whole() */
	bool is_whole = false;

	if (!context_complete(&f->context)) {
		is_whole = whole(f, &all, p, n, *pos, final);
		if (!is_whole && all.err == JSON_MORE && n - *pos <= f->limit) {
			f->need = frame_need(n - *pos, f->limit);
			return FRAME_NEED;
		}
		if (!is_whole) {
			/* What stands before the array, then. */
			(void)look(f, &all, p, n, *pos, final, ev);
			(void)capture_record(
			    f->context.capture, &all, true, &depth);
		}
	}
	around_take(f);
	f->seen = is_whole;
	around.outer = context_slots(&f->context);
	if (rule_filters(f->format, &around)) {
		if (!is_whole)
			is_whole = whole(f, &all, p, n, *pos, final);
		if (!is_whole && all.err == JSON_MORE && n - *pos <= f->limit) {
			f->need = frame_need(n - *pos, f->limit);
			return FRAME_NEED;
		}
	} else {
		is_whole = false;
		around_count(f);
	}
	f->need = 0;
	if (is_whole) {
		ev->n = (size_t)(all.p - ev->p);
		ev->filtered = true;
		*pos += ev->n;
		return FRAME_RECORD;
	}
	return elements(f, (size_t)(j->p - p) + 1, pos, depth);
}

static enum frame_kind_of record(struct framer *f, struct capture *c,
    const char *p, size_t n, size_t *pos, bool final, struct frame_event *ev);

/* An object at the top, of which something is wanted if it has records. */
static enum frame_kind_of
around(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	unsigned depth = 0;
	struct json j;

	if (!look(f, &j, p, n, *pos, final, ev))
		return FRAME_NEED;
	switch (capture_record(f->context.capture, &j, true, &depth)) {
	case CAPTURE_MORE:
		return incomplete(f, c, p, n, pos, final, ev);
	case CAPTURE_BAD:
		return bad(f, c, &j, p, n, pos, final, ev);
	case CAPTURE_ENVELOPE:
		return enter(f, &j, depth, p, n, pos, final, ev);
	case CAPTURE_OK:
	case CAPTURE_NOT_OBJECT:
		break;
	}
	/* It is a record by itself. */
	return record(f, c, p, n, pos, final, ev);
}

/* A value that makes no record here: all of it is set aside. */
static enum frame_kind_of
misplaced(struct frame_event *ev, const char *detail)
{
	ev->why = "bad-json";
	ev->detail = detail;
	return FRAME_REJECT;
}

/* The record at ev is whole. */
static enum frame_kind_of
got(struct framer *f, const struct capture *c, struct frame_event *ev)
{
	bool in_array = f->state == FRAME_ELEMENTS;

	if (*ev->p == '{')
		learn_start(f, &c->first);
	if (in_array && f->want == WANT_COMMA)
		return misplaced(ev, "expected ',' or ']'");
	f->want = WANT_COMMA;
	if (f->format->values) {
		f->same_line = !in_array;
		f->top_object = *ev->p == '{';
		return FRAME_RECORD;
	}
	if (*ev->p == '{')
		return FRAME_RECORD;
	ev->why = "not-object";
	ev->detail = "a record is a JSON object";
	return FRAME_REJECT;
}

/* Parse the value at *pos. */
static enum frame_kind_of
record(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	unsigned depth = 0;
	struct json j;

	if (!look(f, &j, p, n, *pos, final, ev))
		return FRAME_NEED;
	switch (capture_record(
	    c, &j, f->state == FRAME_TOP && !wants_around(f), &depth)) {
	case CAPTURE_MORE:
		return incomplete(f, c, p, n, pos, final, ev);
	case CAPTURE_BAD:
		return bad(f, c, &j, p, n, pos, final, ev);
	case CAPTURE_ENVELOPE:
		around_head(f, c, ev->p, (size_t)(j.p - ev->p) + 1);
		return elements(f, (size_t)(j.p - p) + 1, pos, depth);
	case CAPTURE_OK:
	case CAPTURE_NOT_OBJECT:
		break;
	}
	ev->n = (size_t)(j.p - ev->p);
	f->need = 0;
	if (ev->n > f->limit)
		return too_long(f, c, p, n, pos, final, ev);
	*pos += ev->n;
	return got(f, c, ev);
}

/* Pass what stands between records.  False at the end of the bytes. */
static bool
pass_space(struct framer *f, const char *p, size_t n, size_t *pos)
{
	for (; *pos < n && frame_is_space(p[*pos]); ++*pos)
		f->same_line &= p[*pos] != '\n';
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
	if (!look(f, &j, p, n, *pos, final, ev))
		return FRAME_NEED;
	if (json_member(&j, &first, &key)) {
		(void)json_space(&j);
		if (j.p < j.end && *j.p == '[' && around_is_records(f, &key)) {
			f->duplicates += !f->seen;
			return elements(
			    f, (size_t)(j.p - p) + 1, pos, f->depth);
		}
		if (json_value(&j, &val)) {
			around_tail(f, &key);
			*pos = (size_t)(j.p - p);
			f->need = 0;
			return FRAME_END;
		}
	}
	if (j.err == JSON_MORE)
		return incomplete(f, c, p, n, pos, final, ev);
	f->state = FRAME_TOP;
	return bad(f, c, &j, p, n, pos, final, ev);
}

/* The byte order mark that some writers put first, and that stands before each
 * document of files put together. */
static bool
pass_bom(struct framer *f, const char *p, size_t n, size_t *pos, bool final)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t have = n - *pos < 3 ? n - *pos : 3;

	if (memcmp(p + *pos, bom, have) == 0) {
		if (have < 3 && !final)
			return false;
		if (have == 3)
			*pos += 3;
	}
	f->begun = true;
	return true;
}

/* One byte, a separator or bracket where none is expected. */
static enum frame_kind_of
stray(struct framer *f, const char *p, size_t *pos, struct frame_event *ev)
{
	*ev = (struct frame_event){.p = p + *pos, .n = 1, .at = f->base + *pos};
	ev->bad_at = ev->at;
	++*pos;
	return misplaced(ev, "expected a value");
}

/* A value, or an array of them, at the top. */
static enum frame_kind_of
top(struct framer *f, struct capture *c, const char *p, size_t n, size_t *pos,
    bool final, struct frame_event *ev)
{
	if (f->format->values && f->same_line &&
	    !(f->top_object && p[*pos] == '{')) {
		struct json j = {.p = p + *pos,
		    .why = "expected a line break between values"};

		*ev = (struct frame_event){.p = p + *pos, .at = f->base + *pos};
		f->same_line = false;
		return bad(f, c, &j, p, n, pos, final, ev);
	}
	f->same_line = false;
	context_forget(&f->context);
	if (p[*pos] == '[') {
		return elements(f, *pos + 1, pos, 0);
	}
	if (p[*pos] == '{' && wants_around(f))
		return around(f, c, p, n, pos, final, ev);
	return record(f, c, p, n, pos, final, ev);
}

/* A comma or a bracket between the elements of an array. */
static enum frame_kind_of
between(struct framer *f, const char *p, size_t *pos, struct frame_event *ev)
{
	const bool comma = p[*pos] == ',';
	const bool strange =
	    comma ? f->want == WANT_FIRST || f->want == WANT_VALUE
		  : f->want == WANT_VALUE;

	if (!comma) {
		f->state = FRAME_TAIL;
		f->same_line = true;
		f->top_object = false;
	} else if (!strange) {
		f->want = WANT_VALUE;
	}
	if (strange)
		return stray(f, p, pos, ev);
	++*pos;
	return FRAME_END;
}

/* One step of the grammar around records; FRAME_END: call again. */
static enum frame_kind_of
step(struct framer *f, struct capture *c, const char *p, size_t n, size_t *pos,
    bool final, struct frame_event *ev)
{
	switch (f->state) {
	case FRAME_TOP:
		return top(f, c, p, n, pos, final, ev);
	case FRAME_ELEMENTS:
		if (p[*pos] == ',' || p[*pos] == ']')
			return between(f, p, pos, ev);
		return record(f, c, p, n, pos, final, ev);
	case FRAME_TAIL:
		return tail(f, c, p, n, pos, final, ev);
	case FRAME_SPILL:
		return spill_next(f, c, p, n, pos, final, ev);
	}
	log_bug(__FILE__, __LINE__, "a frame state");
}

/* An array of records, or the object around it, has no end: that is a reject
 * without bytes. */
static enum frame_kind_of
unclosed(struct framer *f, const char *p, size_t pos, struct frame_event *ev)
{
	const bool array = f->state == FRAME_ELEMENTS;

	*ev = (struct frame_event){.p = p + pos,
	    .at = f->base + pos,
	    .bad_at = f->base + pos,
	    .why = "truncated",
	    .detail = array ? "expected ']'" : "expected ',' or '}'"};
	f->state = FRAME_TOP;
	return FRAME_REJECT;
}

static bool
is_open(const struct framer *f)
{
	return f->state == FRAME_ELEMENTS ||
	       (f->state == FRAME_TAIL && f->depth > 0);
}

/* The same of JSON, behind its byte order mark.  By itself: lines have no need
 * of what it sets up. */
static __attribute__((noinline)) enum frame_kind_of
next_json(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	enum frame_kind_of kind;
	size_t at;

	for (;;) {
		if (f->state == FRAME_TAIL && f->depth == 0)
			f->state = FRAME_TOP;
		if (f->state != FRAME_SPILL && !pass_space(f, p, n, pos))
			break;
		if (*pos == n)
			break;
		if (f->state == FRAME_TOP && p[*pos] == '\xef' &&
		    !(f->format->values && f->same_line)) {
			at = *pos;
			if (!pass_bom(f, p, n, pos, final))
				return FRAME_NEED;
			if (*pos != at)
				continue;
		}
		kind = step(f, c, p, n, pos, final, ev);
		/* What is set aside up to the very end has all that is
		 * missing there. */
		if (kind == FRAME_REJECT && is_open(f) && f->spill.cut)
			f->state = FRAME_TOP;
		if (kind != FRAME_END)
			return kind;
	}
	if (final && is_open(f))
		return unclosed(f, p, *pos, ev);
	return final ? FRAME_END : FRAME_NEED;
}

enum frame_kind_of
frame_next(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	if (!f->begun && n > *pos && !f->spill.all &&
	    !pass_bom(f, p, n, pos, final))
		return FRAME_NEED;
	if (f->format != NULL && f->format->framing == FRAMING_TEXT)
		return textframe_next(f, c, p, n, pos, final, ev);
	return next_json(f, c, p, n, pos, final, ev);
}
