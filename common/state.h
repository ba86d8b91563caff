#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "fault.h"

/*
 * What became of each object: the state file of s3list and s3ack (design.md,
 * "Who acknowledges what").  SQLite in WAL mode with synchronous=FULL, on a
 * local disk, mode 0600; s3ack alone writes it while a pipeline runs, s3list
 * reads.  sqlite3's types stay in state.c.
 *
 * Rows belong to a pipeline (--name) and are keyed by the full names.  An
 * object's identity is that of the wire's id: store, bucket, key and etag,
 * the version only where there is no etag; so a notification (which has a
 * version) and a listing (which has none) speak of the same row.
 *
 * Faults: 78 when the file is not ours, of another schema version, or on a
 * network file system; 74 when reading or writing fails (disk full, read-only,
 * damaged); 75 when another process kept it locked for STATE_BUSY_MS; 71
 * without memory.  After any fault of a write nothing since state_begin() has
 * happened.
 */
enum {
	STATE_TRIES = 5,       /* failed so often: quarantined (design.md) */
	STATE_BUSY_MS = 30000, /* waited for another writer's transaction */
	STATE_TEXT_MAX = 512,  /* bytes of store, bucket, etag, version, name,
				* format and reason */
	STATE_TO_MAX = 8192,   /* bytes of a destination: hosts and rules */
	STATE_KEY_MAX = 8192,  /* bytes of a key; S3 has 1,024, Linux 4,096 */
	STATE_NEED_MAX = 64    /* --need */
};

struct state;

/** The names of an object; nothing is kept by reference.  etag may have its
 * quotes; "" where there is none. */
struct state_object {
	const char *store, *bucket, *etag, *version;
	const void *key; /* any bytes */
	size_t key_len;
};

/**
 * Open the state of pipeline name, making file and schema when it is not there
 * yet (both s3list and s3ack do: they start at the same moment).  With
 * for_writing false only the reading calls may be used.  Returns NULL with a
 * fault.
 */
struct state *state_open(
    const char *file, const char *name, bool for_writing, struct fault *f);

/** NULL is fine.  An open transaction is rolled back. */
void state_close(struct state *s);

/**
 * The path of the lock file beside the state for a role ("s3ack", "s3list")
 * of this pipeline; detail tells several of a role apart (prefix and shard),
 * or is "".  s3ack holds state_lock_path(.., "s3ack", NAME, "") with
 * LOCKFILE_TOGETHER while it lives, so that lockfile_held() tells s3list
 * whether anybody writes the state.
 */
void state_lock_path(struct buf *path, const char *file, const char *role,
    const char *name, const char *detail);

/* ---- Reading: what s3list does ---- */

enum state_what {
	STATE_NEW,         /* never heard of */
	STATE_SETTLED,     /* delivered or gone: nothing to do */
	STATE_PARTIAL,     /* begun: give it, with skip and format */
	STATE_FAILED_DUE,  /* failed, backoff is over: give it, with skip */
	STATE_FAILED_WAIT, /* failed, not again before next_try_ms */
	STATE_QUARANTINED  /* failed STATE_TRIES times: not before --forget */
};

struct state_verdict {
	enum state_what what;
	uint64_t skip;               /* settled leading records, or 0 */
	char format[STATE_TEXT_MAX]; /* NAME/VERSION that skip counts in, "" */
	unsigned tries;              /* failed ones so far */
	int64_t next_try_ms;         /* wall clock; for STATE_FAILED_WAIT */
};

/** What to do with this object.  A short read: nothing stays locked. */
bool state_lookup(struct state *s, const struct state_object *o,
    struct state_verdict *v, struct fault *f);

/**
 * Make many lookups one read transaction: cheaper for a page of a listing.
 * Never write to a pipe between these two, and keep it short: the file's log
 * cannot be cut meanwhile.
 */
bool state_read_begin(struct state *s, struct fault *f);
void state_read_end(struct state *s);

/** One object that is not settled; pointers are valid in the callback. */
struct state_entry {
	struct state_object object;
	enum state_what what;
	uint64_t skip;
	const char *format; /* or "" */
	unsigned tries;
	int64_t next_try_ms;   /* 0: none */
	int64_t modified_ms;   /* of the object, or 0 */
	int64_t updated_ms;    /* of the last receipt */
	uint64_t size;         /* of the object */
	const char *reason;    /* of the last failure, or "" */
	unsigned delivered_by; /* destinations that have it, of need */
	unsigned need;
};

/**
 * Call fn for each object of the pipeline that is not settled, bucket by
 * bucket in order of key; false from fn ends it.  Reads in pages: no lock is
 * held while fn runs, so it may write to a pipe.
 */
bool state_each(struct state *s,
    bool (*fn)(void *ctx, const struct state_entry *e), void *ctx,
    struct fault *f);

/* Sums over the pipeline. */
struct state_sums {
	uint64_t delivered, gone, partial, failed, quarantined;
	uint64_t dead;         /* records in dead letters, of all objects */
	uint64_t dead_objects; /* objects that are dead letters themselves */
	int64_t oldest_unsettled_ms; /* its modified time, or 0 */
};
bool state_sum(struct state *s, struct state_sums *sums, struct fault *f);

/* ---- Writing: what s3ack does, and s3list --forget ---- */

enum state_status {
	STATE_DELIVERED,
	STATE_GONE,
	STATE_IS_PARTIAL,
	STATE_IS_FAILED
};

/** A receipt; see docs/wire.md. */
struct state_receipt {
	struct state_object object;
	int64_t modified_ms; /* of the object, 0 when not known */
	uint64_t size;
	enum state_status status;
	const char *to; /* the destination */
	const char *format;
	uint64_t through, dead;
	bool dead_object;
	const char *reason; /* of a failure, or "" */
	bool counts;        /* a failure that counts as a try */
	unsigned fetch;     /* the id's last four digits: one try fails once,
			     * however many destinations say so */
};

/* What a receipt changed. */
struct state_effect {
	bool settled;     /* the object is settled */
	bool again;       /* and was before */
	bool quarantined; /* it is now, and was not before */
	unsigned tries;
	int64_t next_try_ms;
};

/** Begin a write transaction; short, for the whole file waits. */
bool state_begin(struct state *s, struct fault *f);

/**
 * Enter a receipt, within a transaction.  An object is settled when need
 * different destinations delivered it (or found it gone) and stays so;
 * through never goes back for one destination and format, and what
 * state_lookup() gives as skip is what need destinations have settled.
 */
bool state_apply(struct state *s, const struct state_receipt *r, unsigned need,
    struct state_effect *effect, struct fault *f);

/** Make it last: when this returns true it is on the disk. */
bool state_commit(struct state *s, struct fault *f);

/** Undo what was entered since state_begin(). */
void state_rollback(struct state *s);

/**
 * Free quarantined and failed objects that match: they are given again at
 * once, with no try counted against them.  One transaction of its own.
 */
bool state_forget(struct state *s,
    bool (*match)(void *ctx, const struct state_object *o), void *ctx,
    uint64_t *freed, struct fault *f);

/**
 * Keep the file as small as the look-back window.  s3list, which alone knows
 * --since, notes it at the start (with --follow: once a day again), for the
 * part of the bucket it looks at: scope is its prefix and shard as text.
 * since_ms 0 means that it looks at everything.  What counts is the earliest
 * of all scopes noted in the last STATE_SCOPE_DAYS.  *pruned_ms says up to
 * which modified time settled objects were forgotten already (0: none): an
 * earlier since_ms deserves a warning, for they will be given again.
 */
enum { STATE_SCOPE_DAYS = 30, STATE_MARGIN_MS = 48 * 3600 * 1000 };
bool state_keep_since(struct state *s, const char *scope, int64_t since_ms,
    int64_t *pruned_ms, struct fault *f);

/**
 * s3ack removes, in a transaction of its own, about max settled objects last
 * modified more than STATE_MARGIN_MS before that time; *more says that there
 * may be others: then call it again soon.  It reads the whole table, so it does
 * nothing when it has been through less than STATE_PRUNE_MS ago.
 */
enum { STATE_PRUNE_MS = 3600 * 1000 };
bool state_prune(struct state *s, unsigned max, uint64_t *removed, bool *more,
    struct fault *f);

#endif
