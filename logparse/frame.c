/*
 * Framing of JSON.  A record is parsed in one piece of memory; one that is
 * not whole yet is tried again when enough has come for the work to stay
 * linear.  A record over the limit, or one that is no JSON, is "spilled":
 * given out in parts until its end, or the next beginning, is found.
 */
#include <string.h>

#include "log.h"
#include "spill.h"

void
frame_init(struct framer *f, const struct format *format)
{
	*f = (struct framer){.format = format,
	    .limit = FRAME_RECORD_MAX,
	    .part = FRAME_PART_MAX};
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

/* Parse the value at *pos. */
static enum frame_kind_of
record(struct framer *f, struct capture *c, const char *p, size_t n,
    size_t *pos, bool final, struct frame_event *ev)
{
	unsigned depth = 0;
	struct json j;

	if (!look(f, &j, p, n, *pos, final, ev))
		return FRAME_NEED;
	switch (capture_record(c, &j, f->state == FRAME_TOP, &depth)) {
	case CAPTURE_MORE:
		return incomplete(f, c, p, n, pos, final, ev);
	case CAPTURE_BAD:
		return bad(f, c, &j, p, n, pos, final, ev);
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
	if (ev->n > f->limit)
		return too_long(f, c, p, n, pos, final, ev);
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
	while (*pos < n && frame_is_space(p[*pos]))
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
	if (!look(f, &j, p, n, *pos, final, ev))
		return FRAME_NEED;
	if (json_member(&j, &first, &key)) {
		(void)json_space(&j);
		if (f->depth == 1 && j.p < j.end && *j.p == '[' &&
		    format_is_envelope(f->format, &key)) {
			*pos = (size_t)(j.p - p) + 1;
			f->state = FRAME_ELEMENTS;
			f->need = 0;
			return FRAME_END;
		}
		if (json_value(&j, &val)) {
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
