/* The state file after a run: sound, and what it says is settled. */
#include <sqlite3.h>
#include <string.h>

#include "judge.h"

static bool
open_db(const char *file, sqlite3 **db)
{
	return sqlite3_open_v2(file, db, SQLITE_OPEN_READWRITE, NULL) ==
	       SQLITE_OK;
}

void
state_settled(const char *file, struct buf *out, struct buf *why)
{
	static const char q[] =
	    "SELECT b.bucket || '/' || CAST(o.key AS TEXT) FROM object o JOIN"
	    " bucket b ON b.id = o.bucket WHERE o.status < 2 ORDER BY 1";
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	const char *word;

	if (!open_db(file, &db)) { /* not even made */
		(void)sqlite3_close(db);
		return;
	}
	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) !=
		SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW) {
		buf_addf(why, "a state that cannot be read: %s\n",
		    sqlite3_errmsg(db));
	} else {
		word = (const char *)sqlite3_column_text(stmt, 0);
		if (word == NULL || strcmp(word, "ok") != 0)
			buf_addf(why, "a damaged state: %s\n", word);
	}
	(void)sqlite3_finalize(stmt);
	stmt = NULL;
	/* Without the tables nothing is settled. */
	if (sqlite3_prepare_v2(db, q, -1, &stmt, NULL) == SQLITE_OK)
		while (sqlite3_step(stmt) == SQLITE_ROW)
			buf_addf(out, "%s\n", sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
}

/* A receipt that was passed on is in the state. */
void
judge_ack(const struct scene *s, const struct lines *l, struct buf *why)
{
	static struct buf settled = BUF_INIT(1 << 20);
	static struct buf line = BUF_INIT(1 << 16);
	struct json_val status;
	struct wire_object o;
	const char *bad;

	buf_reset(&settled);
	state_settled(s->state, &settled, why);
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].kind != WIRE_RECEIPT ||
		    !wire_member(&l->v[i].receipt, "status", &status) ||
		    !json_is(&status, "delivered") ||
		    !wire_object(&o, &l->v[i].object, &bad))
			continue;
		buf_reset(&line);
		(void)json_text(&line, &o.bucket);
		buf_addc(&line, '/');
		(void)wire_object_key(&o, &line);
		buf_addc(&line, '\n');
		if (settled.len == 0 ||
		    memmem(settled.p, settled.len, line.p, line.len) == NULL)
			buf_addf(
			    why, "passed on, not in the state: %s", line.p);
	}
}
