#ifndef DEADLETTER_H
#define DEADLETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "helper.h"
#include "json.h"
#include "wire.h"

/*
 * The dead-letter file (design.md, Dead letters): what the destination will
 * never take, as lines that can be piped straight back in.  Mode 0600, locked
 * while it is open, appended to.  Lines are collected; nothing may be
 * acknowledged before dead_sync() has returned true.
 *
 * A file that was moved away (logrotate) is replaced by a new one before the
 * next line after a sync.
 */
struct deadletter;

enum {
	/* Raw bytes of one line of dead_bytes(): with escapes six times as
	 * long, and still a line of the wire. */
	DEAD_PART_MAX = 1024 * 1024
};

/** Why a record is dead; for "dead":{..}. */
struct dead_why {
	const char *reason;     /* one of those in sentinelpost(1) */
	int http;               /* status, or 0: there was no reply */
	const char *code;       /* the service's, or NULL or "" */
	const char *request_id; /* likewise */
};

/** Let a helper that is not started yet open the file, each time it is to be
 * opened. */
void dead_serve(struct helper *files, const char *path);

/** Open or make the file, cut off a torn last line.  NULL with a fault: 74
 * (cannot), 75 (another process has it), 78 (it is no regular file). */
struct deadletter *dead_open(
    const char *path, struct helper *files, struct fault *f);
void dead_close(struct deadletter *d);

/* Each appends a line.  False with a fault (74) when the file cannot be
 * written; what was not synced must then be taken as not written, and every
 * later call fails too, dead_sync() among them.  object is the text of an
 * object line or of a line's "object", or NULL.
 *
 * A row or reject whose line would pass the limit of the wire for what is
 * added to it, and so could not be piped back in, is kept as dead_bytes(). */

/** A row; id may be "" and n SETTLE_NO_N: left out then. */
struct dead_row {
	const char *id;
	uint64_t n;
	const char *table;         /* a name, or NULL: */
	struct json_val bad_table; /* the member as it came, p may be NULL */
	const char *object;
	size_t object_len;
	const char *row;
	size_t row_len;
};
bool dead_row(struct deadletter *d, const struct dead_row *r,
    const struct dead_why *why, struct fault *f);

/** A reject line as it was read. */
bool dead_reject(struct deadletter *d, const struct wire_line *w,
    const char *object, size_t object_len, const struct dead_why *why,
    struct fault *f);

/** Bytes that are no row or no line of the wire, as a reject of ours, in
 * several lines when it is longer than DEAD_PART_MAX.  id may be NULL or "",
 * n SETTLE_NO_N. */
struct dead_bytes {
	const char *id;
	uint64_t n;
	const char *object;
	size_t object_len;
	const char *p;
	size_t len;
	bool more; /* other lines of the same record follow */
};
bool dead_bytes(struct deadletter *d, const struct dead_bytes *b,
    const struct dead_why *why, struct fault *f);

/** An object line, to be fetched again from record `skip` on (0: from its
 * start) of that format; without what belongs to a queue ("ack",
 * "receives"). */
bool dead_object(struct deadletter *d, const char *object, size_t len,
    uint64_t skip, const char *format, const struct dead_why *why,
    struct fault *f);

/** Make all lines so far last: write, fsync.  False with a fault (74). */
bool dead_sync(struct deadletter *d, struct fault *f);

/** Lines appended. */
uint64_t dead_lines(const struct deadletter *d);

/**
 * Write "object":{store,bucket,key} of an object line, for the lines above;
 * exported for tests.  Appends nothing when there is none.
 */
void dead_name(struct jsonw *w, const char *object, size_t len);

#endif
