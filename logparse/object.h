#ifndef OBJECT_H
#define OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect.h"
#include "frame.h"
#include "hold.h"
#include "metrics.h"
#include "stored.h"
#include "timefmt.h"
#include "unmapped.h"
#include "unpack.h"
#include "value.h"
#include "where.h"
#include "wire.h"

/*
 * One object on its way from bytes to rows, and the settings that all of
 * them share.  Output goes to common/out.
 */
enum {
	OBJECT_MARK_BYTES = 3 * 1024 * 1024, /* of rows before a mark, so that
				one more row does not make it over 4 MiB */
	OBJECT_HELD_MAX = 16 * 1024 * 1024, /* unfinished records of all objects
					       together; more is set aside */
	OBJECT_SMALL = 2 * 1024, /* but not of an object that has no more: all
				    that may be open have less than the above */
	OBJECT_HEAD = 4,         /* bytes that tell gzip and Parquet */
	OBJECT_TOLD_MAX =
	    5 /* rejects of one object that are logged one by one */
};

struct parser {
	struct formats formats;
	int forced;         /* --format: its place, or -1 for auto */
	bool strict_time;   /* --strict-time */
	bool bare;          /* --rows: rows alone, rejects on stderr */
	bool explain;       /* --explain: bare, and told instead of printed */
	const char *extra;  /* --extra: the column of native tables, or NULL */
	struct where where; /* --where and --map */
	uint64_t max_ratio;
	struct buf window; /* bytes being framed */
	size_t held;       /* by all objects' unfinished records */
	struct stored stored;
	struct wire_counts totals;
	uint64_t objects, bytes, time_fallbacks;
	int code; /* exit code so far */
	struct metrics metrics;
};

struct object {
	struct parser *parser;
	struct object *next; /* behind this one, of those that wait */
	char id[WIRE_ID_LEN + 1];
	char *name; /* for messages: s3://bucket/key, or a path */
	char *key;  /* its bytes */
	size_t nkey;
	struct buf origin;          /* columns that say so: see origin.h */
	char modified[TIMEFMT_MAX]; /* RFC 3339, or "" */
	char read_at[TIMEFMT_MAX];  /* of standard input: when it was read */
	uint64_t skip;              /* records that were settled before */
	char skip_format[64];       /* by which framing */
	char hint[64];              /* format named by the object line, or "" */
	bool raw;                   /* chunks hold stored bytes */
	bool failed;                /* an error was written: swallow the rest */
	uint64_t at;                /* where the next chunk begins */
	bool foreign;               /* its lines come from another logparse */
	struct unpack unpack;
	bool decoding, waiting; /* see stored.h */
	bool ended;             /* while it waited: its end line was read */
	struct hold stored;     /* bytes that wait to be decoded */
	int format;             /* its place, or DETECT_MORE, DETECT_NONE */
	int record_format;      /* of its group, that of the last record */
	const char *record;     /* whose bytes are these */
	size_t record_len;
	uint64_t record_at;
	size_t detect;              /* bytes that the next look at it takes */
	struct detection detection; /* how its format was found */
	char head[OBJECT_HEAD]; /* its first bytes, until there are enough */
	size_t nhead;
	bool begun;          /* they were looked at */
	bool nested;         /* the decoded bytes are gzip once more */
	struct unpack inner; /* which is decoded here */
	uint64_t size;       /* stored bytes, as its line says, or 0 */
	/* Why no more bytes are taken, or NULL: see object_refuse(). */
	const char *refusal, *refusal_text;
	bool refusal_retry;
	struct framer framer;
	struct hold rest; /* the unfinished record, or undecided bytes */
	struct wire_counts counts;
	struct value_counts values;
	struct unmapped unmapped;
	uint64_t bytes; /* decoded */
	uint64_t time_fallback, misfits, duplicates;
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

/**
 * The same of decoded bytes in n bytes of the inside of a JSON string, the
 * quick way.  False when it cannot be gone, or they are no such text: nothing
 * is done.
 */
bool object_text(struct object *o, const char *s, size_t n);

/** The object is whole: write its last records, and the end line; or, when
 * it waits (o->waiting), do so later: see stored_resume(). */
void object_end(struct object *o);

/** Bytes of the object ctx, decoded for good: an unpack_sink. */
bool object_bytes(void *ctx, const char *p, size_t n);

/** Write a mark of the totals so far. */
void object_mark(struct object *o);

/** Nothing more will come of it, though it is not whole: write a mark of the
 * totals. */
void object_stop(struct object *o);

/** Write such a mark, then an error of this stage, for the object. */
void object_fail(
    struct object *o, const char *code, bool retry, const char *message);

/** Fail as the sink of decoded bytes, which returned false, wants it. */
void object_refuse(struct object *o);

/** Keep metrics and the progress line up to date; cheap, call often. */
void parser_tick(struct parser *p);

/** Take the object's modified time, v, in the one form that rows have. */
void object_modified(struct object *o, const struct json_val *v);

#endif
