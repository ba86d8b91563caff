#ifndef OBJECT_H
#define OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect.h"
#include "frame.h"
#include "metrics.h"
#include "timefmt.h"
#include "unmapped.h"
#include "unpack.h"
#include "value.h"
#include "wire.h"

/*
 * One object on its way from bytes to rows, and the settings that all of
 * them share.  Output goes to common/out.
 */
enum {
	OBJECT_MARK_BYTES = 4 * 1024 * 1024, /* of rows between marks */
	OBJECT_HELD_MAX = 32 * 1024 * 1024, /* unfinished records of all objects
					       together; more is set aside */
	OBJECT_TOLD_MAX =
	    5 /* rejects of one object that are logged one by one */
};

struct parser {
	struct formats formats;
	int forced;       /* --format: its place, or -1 for auto */
	bool strict_time; /* --strict-time */
	bool bare;        /* --rows: rows alone, rejects on stderr */
	uint64_t max_ratio;
	struct buf window; /* bytes being framed */
	size_t held;       /* of all objects' unfinished records */
	struct wire_counts totals;
	uint64_t objects, bytes, time_fallbacks;
	int code; /* exit code so far */
	struct metrics metrics;
};

struct object {
	struct parser *parser;
	char id[WIRE_ID_LEN + 1];
	char *name; /* for messages: s3://bucket/key, or a path */
	char *key;  /* its bytes */
	size_t nkey;
	char modified[TIMEFMT_MAX]; /* RFC 3339, or "" */
	uint64_t skip;              /* records that were settled before */
	char skip_format[64];       /* by which framing */
	char hint[64];              /* format named by the object line, or "" */
	bool raw;                   /* chunks hold stored bytes */
	bool failed;                /* an error was written: swallow the rest */
	uint64_t at;                /* where the next chunk begins */
	struct unpack unpack;
	int format; /* its place, or DETECT_MORE, DETECT_NONE */
	struct framer framer;
	struct buf rest; /* the unfinished record, or undecided bytes */
	struct wire_counts counts;
	struct value_counts values;
	struct unmapped unmapped;
	uint64_t bytes; /* decoded */
	uint64_t time_fallback, misfits, duplicates, unclosed;
	size_t since_mark;    /* bytes of rows */
	unsigned told;        /* rejects that were logged */
	struct json_val from; /* of a replayed reject: its "object" */
	bool part;            /* the last reject goes on */
};

/** Make an object from its line (an open's "object").  NULL, with *why, when
 * the line is none. */
struct object *object_new(struct parser *p, const char *id,
    const struct json_val *line, bool raw, const char **why);
void object_free(struct object *o);

/** Decoded or, for raw ones, stored bytes.  False when they cannot be decoded:
 * the error line is written, and the object failed. */
bool object_feed(struct object *o, const char *p, size_t n);

/** The object is whole: write its last records, and the end line.  False as
 * above. */
bool object_end(struct object *o);

/** Write a mark of the totals so far. */
void object_mark(struct object *o);

/** Write a mark, then an error of this stage, for the object. */
void object_fail(
    struct object *o, const char *code, bool retry, const char *message);

/** Keep metrics and the progress line up to date; cheap, call often. */
void parser_tick(struct parser *p);

/** Parse the n bytes of a reject again, as format; true when a row line was
 * written for it.  object is the line's "object" (p may be NULL), which the
 * row line has too, as there may be no open line for it. */
bool object_reparse(struct parser *p, const char *id, uint64_t record,
    const char *format, size_t nformat, const struct json_val *object,
    const char *raw, size_t n);

#endif
