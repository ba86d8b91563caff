/*
 * What keeps the state file as small as the look-back window: how far back
 * s3list looks, and the removal of settled objects that lie before that.
 *
 * The table has no index by time, which would double it.  So a pass walks
 * through it in the order of its key, a batch at a time; where the next batch
 * begins is kept in memory, and a pass that is not finished begins anew in the
 * next process.
 */
#include <string.h>

#include "clock.h"
#include "log.h"
#include "stateint.h"

static const int64_t scope_ms = (int64_t)STATE_SCOPE_DAYS * 24 * 3600 * 1000;

static const char q_scope[] =
    "INSERT OR REPLACE INTO lookback(pipeline, scope, since, noted)"
    " VALUES (?1, ?2, ?3, ?4)";
/* A prefix that holds the date is another scope each day. */
static const char q_old_scopes[] =
    "DELETE FROM lookback WHERE pipeline = ?1 AND noted < ?2";
static const char q_pruned[] = "SELECT pruned FROM pipeline WHERE id = ?";
static const char q_since[] =
    "SELECT coalesce(min(l.since), 0), p.looked FROM pipeline p"
    " LEFT JOIN lookback l ON l.pipeline = p.id AND l.noted >= ?2"
    " WHERE p.id = ?1";
/* The plus keeps the walk in the order of the key. */
#define OLD                                                      \
	" FROM object WHERE (bucket, key) >= (?1, ?2) AND"       \
	" (bucket, key) <= (?3, ?4) AND status < 2 AND"          \
	" iif(modified > 0, modified, updated) < ?5 AND +bucket" \
	" IN (SELECT id FROM bucket WHERE pipeline = ?6)"
static const char q_batch_end[] =
    "SELECT bucket, key" OLD " ORDER BY bucket, key LIMIT 1 OFFSET ?7";
static const char q_prune[] = "DELETE" OLD;
static const char q_note_pruned[] =
    "UPDATE pipeline SET pruned = iif(?3 > 0, max(pruned, ?2), pruned),"
    " looked = ?4 WHERE id = ?1";

static bool
note_scope(struct state *s, const char *scope, int64_t since_ms, int64_t now_ms,
    struct fault *f)
{
	struct db_query *q = db_query(s->db, q_scope, f);

	if (q == NULL)
		return false;
	db_bind_int(q, 1, s->pipeline);
	db_bind_text(q, 2, scope);
	db_bind_int(q, 3, since_ms);
	db_bind_int(q, 4, now_ms);
	if (!db_run(q, f))
		return false;
	q = db_query(s->db, q_old_scopes, f);
	if (q == NULL)
		return false;
	db_bind_int(q, 1, s->pipeline);
	db_bind_int(q, 2, now_ms - scope_ms);
	return db_run(q, f);
}

bool
state_keep_since(struct state *s, const char *scope, int64_t since_ms,
    int64_t *pruned_ms, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_pruned, f);
	bool failed;

	*pruned_ms = 0;
	if (q == NULL)
		return false;
	db_bind_int(q, 1, s->pipeline);
	if (db_next(q, &failed, f))
		*pruned_ms = db_int(q, 0);
	db_reset(q);
	if (failed || db_read_only(s->db))
		return !failed;
	return note_scope(s, scope, since_ms, clock_wall_ms(), f);
}

/* Before which modified time nobody looks; 0 when all is looked at, or when
 * it is too early for another look at the table. */
static bool
get_horizon(struct state *s, int64_t now_ms, int64_t *horizon, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_since, f);
	bool failed;

	*horizon = 0;
	if (q == NULL)
		return false;
	db_bind_int(q, 1, s->pipeline);
	db_bind_int(q, 2, now_ms - scope_ms);
	if (db_next(q, &failed, f) && now_ms - db_int(q, 1) >= STATE_PRUNE_MS)
		*horizon = db_int(q, 0) - STATE_MARGIN_MS;
	db_reset(q);
	return !failed;
}

/* A place in the table. */
struct place {
	int64_t bucket;
	const void *key;
	size_t key_len;
};

static void
bind_old(const struct state *s, struct db_query *q, const struct place *from,
    const struct place *to, int64_t horizon)
{
	db_bind_int(q, 1, from->bucket);
	db_bind_blob(q, 2, from->key, from->key_len);
	db_bind_int(q, 3, to->bucket);
	db_bind_blob(q, 4, to->key, to->key_len);
	db_bind_int(q, 5, horizon);
	db_bind_int(q, 6, s->pipeline);
}

/* Find the max-th object to remove from there on: s->prune_at becomes its
 * place, or that behind all others when there are fewer. */
static bool
find_batch_end(struct state *s, const struct place *from, unsigned max,
    int64_t horizon, struct fault *f)
{
	const struct place last = {.bucket = INT64_MAX};
	struct db_query *q = db_query(s->db, q_batch_end, f);
	const void *key;
	bool failed;
	size_t n;

	if (q == NULL)
		return false;
	bind_old(s, q, from, &last, horizon);
	db_bind_int(q, 7, (int64_t)max - 1);
	s->prune_at = INT64_MAX;
	buf_reset(&s->prune_key);
	if (db_next(q, &failed, f)) {
		s->prune_at = db_int(q, 0);
		key = db_blob(q, 1, &n);
		buf_add(&s->prune_key, key, n);
		if (s->prune_key.err != 0)
			log_oom();
	}
	db_reset(q);
	return !failed;
}

static bool
note_pruned(struct state *s, int64_t horizon, uint64_t removed, bool whole,
    int64_t now_ms, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_note_pruned, f);

	if (q == NULL)
		return false;
	db_bind_int(q, 1, s->pipeline);
	db_bind_int(q, 2, horizon);
	db_bind_int(q, 3, removed > 0);
	db_bind_int(q, 4, whole ? now_ms : 0);
	return db_run(q, f);
}

/* Within a transaction: remove, and note how far that went. */
static bool
prune(struct state *s, unsigned max, int64_t horizon, uint64_t *removed,
    struct fault *f)
{
	struct buf key = s->prune_key;
	const struct place from = {
	    .bucket = s->prune_at, .key = key.p, .key_len = key.len};
	struct place to;
	struct db_query *q;
	bool ok;

	s->prune_key = (struct buf)BUF_INIT(STATE_NAMES_MAX);
	ok = find_batch_end(s, &from, max, horizon, f);
	q = ok ? db_query(s->db, q_prune, f) : NULL;
	if (q != NULL) {
		to = (struct place){.bucket = s->prune_at,
		    .key = s->prune_key.p,
		    .key_len = s->prune_key.len};
		bind_old(s, q, &from, &to, horizon);
		ok = db_run(q, f);
		*removed = ok ? db_changes(s->db) : 0;
	}
	buf_clear(&key);
	return q != NULL && ok;
}

bool
state_prune(struct state *s, unsigned max, uint64_t *removed, bool *more,
    struct fault *f)
{
	const int64_t now = clock_wall_ms();
	int64_t horizon;

	*removed = 0;
	*more = false;
	if (!get_horizon(s, now, &horizon, f))
		return false;
	if (horizon <= 0)
		return true;
	if (!state_begin(s, f))
		return false;
	if (prune(s, max, horizon, removed, f)) {
		*more = s->prune_at != INT64_MAX;
		if (!*more)
			s->prune_at = 0;
		if (note_pruned(s, horizon, *removed, !*more, now, f))
			return state_commit(s, f);
	}
	state_rollback(s);
	s->prune_at = 0; /* begin anew */
	buf_reset(&s->prune_key);
	*removed = 0;
	*more = false;
	return false;
}
