#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.h"
#include "context.h"
#include "format.h"

/*
 * Framing: where records begin and end in an object's decoded bytes, given
 * in pieces of any size.  For JSON: the elements of the array at the format's
 * envelope path, of a bare array, or values one after another (one a line,
 * or pretty-printed).  With "frame values" any value is a record, and what
 * stands between values must be what JSON has there.  What is no JSON is set
 * aside up to the next place at which a record plausibly begins.
 */
enum {
	FRAME_RECORD_MAX = 4 * 1024 * 1024, /* design.md, Records */
	FRAME_PART_MAX = 1024 * 1024 /* raw bytes of one reject line: at worst
					six times as long when escaped */
};

enum frame_kind_of {
	FRAME_RECORD, /* a JSON object, its slices are in the capture */
	FRAME_REJECT, /* bytes that are no record: why says it */
	FRAME_NEED,   /* give more bytes after those from *pos on */
	FRAME_END     /* all is taken (only when final) */
};

struct frame_event {
	const char *p; /* the record's or reject's bytes */
	size_t n;
	uint64_t at;     /* offset of the record's first byte in the object */
	const char *why; /* reason of a reject: bad-json, not-object, .. */
	const char *detail; /* what was expected, for people; or NULL */
	const char *said;   /* the same, but perhaps with what the record holds:
			       not for logs; or NULL */
	uint64_t bad_at;    /* where in the object it went wrong */
	bool more;          /* this reject goes on in the next event */
	bool filtered;      /* the record is dropped on purpose, all of it */
};

/* A record that cannot be kept whole, or is no JSON: see spill.c. */
struct spill {
	bool resync;     /* look for a beginning, else for an end */
	bool all;        /* for neither: all the rest belongs to it */
	bool top;        /* it stands outside of any array */
	bool parts;      /* some of it went out */
	bool ended;      /* its end is known: at searched */
	bool cut;        /* as there is nothing behind it */
	bool member;     /* a name and its colon come before the value */
	size_t searched; /* from its rest's first byte */
	size_t tried;    /* bytes parsed in vain, as beginnings of records */
	unsigned depth;  /* open brackets */
	bool string, escape, begun;
	bool object; /* it begins with a brace */
	bool closed; /* its brackets closed with the last byte */
	char last;   /* of the bytes searched that are no space; or NUL */
	uint64_t at, bad_at;
	const char *why, *detail;
};

enum frame_state { FRAME_TOP, FRAME_ELEMENTS, FRAME_TAIL, FRAME_SPILL };

struct framer {
	const struct format *format;
	struct header *header; /* names that were read, of text; or NULL */
	struct header
	    *coming;     /* those for the lines behind this one, or NULL */
	bool lost;       /* there was no memory for those */
	size_t searched; /* of an unfinished line, for its end */
	size_t fields;   /* of the last record that is a line */
	bool records;    /* there was one */
	enum frame_state state, after; /* after: the state behind a spill */
	unsigned depth;                /* objects around the record array */
	bool begun;                    /* the first bytes were looked at */
	uint64_t base;  /* object offset of the window's first byte */
	size_t need;    /* bytes wanted before the next attempt */
	char start[64]; /* name of the last good record's first member */
	size_t start_len;
	struct spill spill;
	struct context context; /* of the object around the records */
	bool seen; /* what is behind the records in it was seen before them */
	/* Where its members without a column are counted; NULL: nowhere. */
	struct unmapped *unmapped;
	uint64_t duplicates; /* arrays of records that came once more */
	/* Of values of any kind, strictly: is this the line of the last one at
	 * the top, and was that an object. */
	bool same_line, top_object;
	/* What comes next in an array; behind what is no JSON there, which may
	 * have a comma in it, anything. */
	enum { WANT_FIRST, WANT_COMMA, WANT_VALUE, WANT_ANY } want;
	/** Set by the caller while memory is short: give out what is surely
	 * set aside, rather than wait for its end. */
	bool squeeze;
	size_t limit,
	    part; /* FRAME_RECORD_MAX, FRAME_PART_MAX; less in tests */
};

void frame_init(struct framer *f, const struct format *format);

/** With a format whose records may have an object around them: take that with
 * this capture, of the outer tree; its memory counts in *total. */
void frame_around(struct framer *f, struct capture *outer, size_t *total);

/** Give back what it holds of memory. */
void frame_free(struct framer *f);

/**
 * Take the next record out of the window p[0..n), starting at *pos, which
 * moves on.  Slices of a record stay valid while the window does.  With
 * final the object ends at p[n].  On FRAME_NEED keep the bytes from *pos on:
 * the next window begins with them.
 */
enum frame_kind_of frame_next(struct framer *f, struct capture *c,
    const char *p, size_t n, size_t *pos, bool final, struct frame_event *ev);

/** Bytes of the window from its first to *pos are gone: call before the next
 * window. */
void frame_consumed(struct framer *f, size_t pos);

/** Give up waiting for the record at the window's start (no memory for it):
 * it comes out as a reject. */
void frame_overflow(struct framer *f, const char *why);

/** Everything in this object is one reject (its format is not known). */
void frame_reject_all(struct framer *f, const char *why);

#endif
