#ifndef STATEINT_H
#define STATEINT_H

#include "db.h"
#include "state.h"

/* What the files of the state share among themselves, and nobody else uses. */

enum {
	STATE_ETAG_HEX = 32,        /* an MD5 in hex is kept as its 16 bytes */
	STATE_NAMES_MAX = 64 * 1024 /* bytes of any one text read back */
};

/* The entry that state_each() is at, copied out of the database. */
struct state_cursor {
	int64_t bucket_id;
	struct buf store, bucket, key, etag, version, format, reason;
};
void state_cursor_init(struct state_cursor *c);
void state_cursor_free(struct state_cursor *c);

struct state {
	struct db *db;
	char *file, *name;
	int64_t pipeline; /* 0: not in the file, which cannot be written */
	unsigned need;    /* as the file has it; 0: not known */
	bool writing;     /* opened for it */
	bool open;        /* in a transaction of either kind */
	/* Where the next batch of state_prune() begins: a bucket's number and
	 * a key in it. */
	int64_t prune_at;
	struct buf prune_key;
};

/* The four columns that are an object's key, as parameters 1 to 4. */
#define STATE_THIS_OBJECT \
	" WHERE bucket = ?1 AND key = ?2 AND etag = ?3 AND version = ?4"

/* An object's key in the tables. */
struct state_names {
	int64_t bucket; /* its number, or 0: none yet */
	const struct state_object *object;
	const char *etag; /* without quotes */
	size_t etag_len;
	const char *version; /* "" where there is an etag */
	char text[STATE_TEXT_MAX + 1];
	unsigned char md5[STATE_ETAG_HEX / 2];
	bool is_md5;
};

/* Find the names of o as the tables have them; o must outlive n.  False with
 * a fault when they cannot be: too long (65), or the file fails. */
bool state_names(struct state *s, const struct state_object *o,
    struct state_names *n, struct fault *f);

/* The same of an object that was read from the table of this bucket. */
bool state_names_kept(const struct state_object *o, int64_t bucket,
    struct state_names *n, struct fault *f);

/* Bind them to parameters 1 to 4 of a statement. */
void state_bind(struct db_query *q, const struct state_names *n);

/* Go to the next unsettled object after the cursor and fill e with slices of
 * the cursor.  False at the end or on failure. */
bool state_next(struct state *s, struct state_cursor *c, struct state_entry *e,
    bool *failed, struct fault *f);

#endif
