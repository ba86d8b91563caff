/* Changes of the state: receipts and --forget. */
#include <string.h>

#include "clock.h"
#include "log.h"
#include "stateint.h"
#include "staterow.h"

static const char q_need[] = "UPDATE pipeline SET need = ?2 WHERE id = ?1";
static const char q_add_bucket[] =
    "INSERT INTO bucket(pipeline, store, bucket) VALUES (?1, ?2, ?3)";
static const char q_word[] = "SELECT id FROM word WHERE word = ?";
static const char q_add_word[] = "INSERT INTO word(word) VALUES (?)";
static const char q_object[] =
    "SELECT status, dead_object, dead, tries, next_try, fetch, through, format,"
    " fetch IS NULL, reason FROM object" STATE_THIS_OBJECT;
static const char q_put_object[] =
    "INSERT INTO object(bucket, key, etag, version, status, dead_object, dead,"
    " size, modified, updated, tries, next_try, fetch, through, format, reason)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
    " ?15, ?16) ON CONFLICT DO UPDATE SET status = ?5, dead_object = ?6,"
    " dead = ?7, size = iif(?8 > 0, ?8, size),"
    " modified = iif(?9 > 0, ?9, modified), updated = ?10, tries = ?11,"
    " next_try = ?12, fetch = ?13, through = ?14, format = ?15,"
    " reason = iif(?5 < 2, NULL, coalesce(nullif(?16, ''), reason))";
static const char q_found_after_all[] =
    "UPDATE object SET status = 0" STATE_THIS_OBJECT;
/* Were there more than can be looked at, those furthest on would count. */
static const char q_parts[] =
    "SELECT destination, settled, through, format, dead, fetch_dead, fetch"
    " FROM part" STATE_THIS_OBJECT
    " ORDER BY destination = ?6 DESC, settled = 0, through DESC LIMIT ?5";
static const char q_put_part[] =
    "INSERT OR REPLACE INTO part(bucket, key, etag, version, destination,"
    " settled, through, format, dead, fetch_dead, fetch)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
static const char q_drop_parts[] = "DELETE FROM part" STATE_THIS_OBJECT;

static const char q_free[] = "UPDATE object SET status = 2, tries = 0,"
			     " next_try = NULL, fetch = NULL" STATE_THIS_OBJECT;

/* SQLite's numbers are signed. */
static int64_t
clip(uint64_t v)
{
	return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

/* The number of a word, which is added when it is new; "" is 0. */
static bool
word_id(struct state *s, const char *word, int64_t *id, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_word, f);
	bool failed;

	*id = 0;
	if (word[0] == '\0')
		return true;
	if (q == NULL)
		return false;
	db_bind_text(q, 1, word);
	if (db_next(q, &failed, f))
		*id = db_int(q, 0);
	db_reset(q);
	if (failed || *id != 0)
		return !failed;
	q = db_query(s->db, q_add_word, f);
	if (q == NULL)
		return false;
	db_bind_text(q, 1, word);
	if (!db_run(q, f))
		return false;
	*id = db_last_id(s->db);
	return true;
}

static bool
add_bucket(struct state *s, struct state_names *n, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_add_bucket, f);

	if (q == NULL)
		return false;
	db_bind_int(q, 1, s->pipeline);
	db_bind_text(q, 2, n->object->store);
	db_bind_text(q, 3, n->object->bucket);
	if (!db_run(q, f))
		return false;
	n->bucket = db_last_id(s->db);
	return true;
}

/* --need, for `s3list --show`. */
static bool
note_need(struct state *s, unsigned need, struct fault *f)
{
	struct db_query *q;

	if (s->need == need)
		return true;
	q = db_query(s->db, q_need, f);
	if (q == NULL)
		return false;
	db_bind_int(q, 1, s->pipeline);
	db_bind_int(q, 2, (int64_t)need);
	s->need = need;
	return db_run(q, f);
}

static bool
get_row(struct state *s, const struct state_names *n, struct row *row,
    bool *found, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_object, f);
	bool failed;

	*row = (struct row){.status = ROW_PARTIAL, .fetch = -1};
	*found = false;
	if (q == NULL)
		return false;
	state_bind(q, n);
	if (db_next(q, &failed, f)) {
		*found = true;
		row->status = (enum row_status)db_int(q, 0);
		row->dead_object = db_int(q, 1) != 0;
		row->dead = (uint64_t)db_int(q, 2);
		row->tries = (unsigned)db_int(q, 3);
		row->next_try_ms = db_int(q, 4);
		row->fetch = db_int(q, 8) != 0 ? -1 : (int)db_int(q, 5);
		row->through = (uint64_t)db_int(q, 6);
		row->format = db_int(q, 7);
	}
	db_reset(q);
	return !failed;
}

/* Read what each destination has; parts[0] is the one of this receipt. */
static bool
get_parts(struct state *s, const struct state_names *n, int64_t to,
    struct row_part parts[ROW_PARTS_MAX], size_t *count, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_parts, f);
	struct row_part p;
	bool failed;

	parts[0] = (struct row_part){.to = to, .fetch = -1};
	*count = 1;
	if (q == NULL)
		return false;
	state_bind(q, n);
	db_bind_int(q, 5, ROW_PARTS_MAX);
	db_bind_int(q, 6, to);
	while (db_next(q, &failed, f)) {
		p = (struct row_part){.to = db_int(q, 0),
		    .settled = (int)db_int(q, 1),
		    .through = (uint64_t)db_int(q, 2),
		    .format = db_int(q, 3),
		    .dead = (uint64_t)db_int(q, 4),
		    .fetch_dead = (uint64_t)db_int(q, 5),
		    .fetch = (int)db_int(q, 6)};
		if (p.to == to)
			parts[0] = p;
		else if (*count < ROW_PARTS_MAX)
			parts[(*count)++] = p;
	}
	return !failed;
}

static bool
put_part(struct state *s, const struct state_names *n, const struct row_part *p,
    struct fault *f)
{
	struct db_query *q = db_query(s->db, q_put_part, f);

	if (q == NULL)
		return false;
	state_bind(q, n);
	db_bind_int(q, 5, p->to);
	db_bind_int(q, 6, p->settled);
	db_bind_int(q, 7, clip(p->through));
	db_bind_int(q, 8, p->format);
	db_bind_int(q, 9, clip(p->dead));
	db_bind_int(q, 10, clip(p->fetch_dead));
	db_bind_int(q, 11, p->fetch);
	return db_run(q, f);
}

/* Run a statement whose parameters are an object's key alone. */
static bool
run_on(struct state *s, const char *sql, const struct state_names *n,
    struct fault *f)
{
	struct db_query *q = db_query(s->db, sql, f);

	if (q == NULL)
		return false;
	state_bind(q, n);
	return db_run(q, f);
}

static bool
put_row(struct state *s, const struct state_names *n, const struct row *row,
    const struct state_receipt *r, int64_t now_ms, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_put_object, f);

	if (q == NULL)
		return false;
	state_bind(q, n);
	db_bind_int(q, 5, (int64_t)row->status);
	db_bind_int(q, 6, row->dead_object);
	db_bind_int(q, 7, clip(row->dead));
	db_bind_int(q, 8, clip(r->size));
	db_bind_int(q, 9, r->modified_ms);
	db_bind_int(q, 10, now_ms);
	/* The rest stays NULL when settled. */
	if (!row_settled(row->status)) {
		db_bind_int(q, 11, (int64_t)row->tries);
		db_bind_int(q, 12, row->next_try_ms);
		if (row->fetch >= 0)
			db_bind_int(q, 13, row->fetch);
		db_bind_int(q, 14, clip(row->through));
		if (row->format != 0)
			db_bind_int(q, 15, row->format);
		db_bind_text(q, 16, r->reason);
	}
	return db_run(q, f);
}

/* A receipt for what is settled: only that it was there after all counts. */
static bool
apply_late(struct state *s, const struct state_names *n, const struct row *row,
    const struct state_receipt *r, struct state_effect *effect, struct fault *f)
{
	effect->settled = effect->again = true;
	if (row->status == ROW_GONE && r->status == STATE_DELIVERED)
		return run_on(s, q_found_after_all, n, f);
	return true;
}

bool
state_apply(struct state *s, const struct state_receipt *r, unsigned need,
    struct state_effect *effect, struct fault *f)
{
	struct row_part parts[ROW_PARTS_MAX];
	struct state_names names;
	const int64_t now = clock_wall_ms();
	int64_t to, format;
	struct row row;
	size_t count;
	bool found;

	INVARIANT(s->writing && s->open && need > 0 && need <= STATE_NEED_MAX);
	*effect = (struct state_effect){0};
	if (!note_need(s, need, f) || !state_names(s, &r->object, &names, f) ||
	    (names.bucket == 0 && !add_bucket(s, &names, f)) ||
	    !get_row(s, &names, &row, &found, f))
		return false;
	if (found && row_settled(row.status))
		return apply_late(s, &names, &row, r, effect, f);
	if (!word_id(s, r->to, &to, f) || !word_id(s, r->format, &format, f))
		return false;
	parts[0] = (struct row_part){.to = to, .fetch = -1};
	count = 1;
	if (found && !get_parts(s, &names, to, parts, &count, f))
		return false;
	row_part_apply(&parts[0], r, format);
	row_apply(&row, parts, count, 0, r, need, now, effect);
	if (effect->settled ? found && !run_on(s, q_drop_parts, &names, f)
			    : !put_part(s, &names, &parts[0], f))
		return false;
	return put_row(s, &names, &row, r, now, f);
}

bool
state_forget(struct state *s,
    bool (*match)(void *ctx, const struct state_object *o), void *ctx,
    uint64_t *freed, struct fault *f)
{
	struct state_cursor c;
	struct state_names names;
	struct state_entry e;
	bool failed;

	*freed = 0;
	if (!state_begin(s, f))
		return false;
	state_cursor_init(&c);
	while (state_next(s, &c, &e, &failed, f)) {
		if (e.what == STATE_PARTIAL || !match(ctx, &e.object))
			continue;
		if (!state_names_kept(&e.object, c.bucket_id, &names, f) ||
		    !run_on(s, q_free, &names, f)) {
			failed = true;
			break;
		}
		++*freed;
	}
	state_cursor_free(&c);
	if (!failed)
		return state_commit(s, f);
	state_rollback(s);
	return false;
}
