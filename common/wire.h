#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "json.h"
#include "jsonw.h"

/*
 * The lines between the filters (docs/wire.md).  Reading takes any order and
 * spacing of members and ignores those it does not know; writing uses the
 * canonical form.
 */

enum {
	WIRE_LINE_MAX =
	    8 * 1024 * 1024, /* docs/wire.md: a longer one is skipped */
	WIRE_CHUNK_LINE_MAX = 256 * 1024, /* the same, for chunk lines */
	WIRE_OPEN_MAX = 4096,             /* objects open at once on a pipe */
	WIRE_ID_LEN = 21                  /* 16 hex digits, '-', 4 hex digits */
};

/* The first of these that a line has is its kind. */
enum wire_kind {
	WIRE_RECEIPT,
	WIRE_ROW,
	WIRE_REJECT,
	WIRE_ERROR,
	WIRE_MARK,
	WIRE_END,
	WIRE_DONE,
	WIRE_CHUNK,
	WIRE_OPEN,
	WIRE_OBJECT, /* an object line of s3list: it has bucket and no id */
	WIRE_OTHER   /* an object of no kind above: pass it on */
};

/**
 * A line taken apart.  Members that are missing have p == NULL; the others
 * are slices of the line, each a checked JSON value with its own text.
 */
struct wire_line {
	enum wire_kind kind;
	struct json_val v, id, n, at, text, b64, table;
	struct json_val row, reject, raw, raw64, mark, end, error, receipt;
	struct json_val done, dead, object, bucket;
	const char *line; /* the whole line */
	size_t len;
};

/** Take a line apart.  False when it is not one JSON object; *why says so. */
bool wire_parse(
    struct wire_line *w, const char *line, size_t n, const char **why);

/** Is the line nothing but white space?  Who reads passes over it. */
bool wire_blank(const char *line, size_t n);

/** Is an open line of the version of the wire that is spoken here? */
bool wire_version(const struct wire_line *w);

/** A chunk line of text. */
struct wire_chunk_text {
	char id[WIRE_ID_LEN + 1];
	uint64_t at;
	const char *text; /* between its quotes, not checked for anything */
	size_t len;
};

/**
 * The quick way for the lines that are most of all: a chunk of text in just the
 * form that wire_chunk() writes.  False for any other line, and for some of
 * those: wire_parse() takes them all.  When the text turns out to be none of a
 * JSON string, the line was not of this kind either.
 */
bool wire_chunk_text(struct wire_chunk_text *c, const char *line, size_t n);

/** The id as text: true and filled when it has the form of one. */
bool wire_id(const struct wire_line *w, char id[WIRE_ID_LEN + 1]);

/** What an object line says; strings are unescaped into the caller's buffers
 * by wire_object(). */
struct wire_object {
	struct json_val store, bucket, key, key64, size, etag, modified;
	struct json_val version, region, endpoint, skip, format, ack, receives;
	struct json_val whole; /* the object line itself */
};

/** Read the members of an object line or of an open's "object".  False when
 * v is no object or lacks store, bucket or key; *why says which. */
bool wire_object(
    struct wire_object *o, const struct json_val *v, const char **why);

/** Append the key's bytes (key64 decoded). */
bool wire_object_key(const struct wire_object *o, struct buf *key);

/**
 * The first 16 characters of the id of an object: the start of SHA-256 over
 * store, bucket, key and etag without quotes (version where there is no
 * etag), with NUL between, in hex.  out has 17 bytes.
 */
bool wire_object_id(const struct wire_object *o, char out[17]);

/** An id for one fetch of that object: the above, '-', 4 random hex digits. */
bool wire_new_id(const struct wire_object *o, char id[WIRE_ID_LEN + 1]);

/** Find a member of a JSON object value; false when it is not there. */
bool wire_member(
    const struct json_val *object, const char *name, struct json_val *out);

/** The unsigned number of such a member, or fallback. */
uint64_t wire_number(
    const struct json_val *object, const char *name, uint64_t fallback);

/* Totals of one object, in mark, end and receipt. */
struct wire_counts {
	uint64_t records, skipped, rows, rejects, filtered;
};

/** Read them; missing ones are 0. */
void wire_counts(const struct json_val *mark, struct wire_counts *c);

/* Writing: each appends one line without its newline to b. */

/** object is the object line's own text. */
void wire_open(
    struct buf *b, const char *id, const char *object, size_t n, bool raw);

/**
 * Append a chunk line with as many of the n > 0 bytes at p as fit, and return
 * how many: as text, cut between characters, or as b64 where they are no
 * UTF-8.  Returns 0, with nothing appended, when they are the beginning of a
 * character that may go on (final is false).  Call until all is taken, ending
 * the line each time.
 */
size_t wire_chunk(struct buf *b, const char *id, uint64_t at, const char *p,
    size_t n, bool final);

struct wire_error {
	const char *stage, *code, *message, *request_id; /* last: or NULL */
	int http;                                        /* 0: none */
	bool retry;
};
void wire_error(struct buf *b, const char *id, const struct wire_error *e);

/** The end of an object from s3fetch: bytes of the chunk stream, and as
 * stored. */
void wire_end_fetch(
    struct buf *b, const char *id, uint64_t bytes, uint64_t stored);

/** totals is members ready to append ("\"rows\":1"), or NULL. */
void wire_done(struct buf *b, const char *stage, int code, const char *totals);

/** The exit code that a done line states, or EXIT_BUG when it states none. */
int wire_done_code(const struct wire_line *w);

#endif
