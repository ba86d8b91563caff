/* The one file that knows sqlite3: statements, and what its errors mean. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "log.h"

enum {
	QUERIES_MAX = 64, /* different statements of the program */
	WAL_TRIES = 300,  /* of WAL_WAIT_MS: another process switches too */
	WAL_WAIT_MS = 20
};

struct db_query {
	sqlite3_stmt *stmt;
	const char *sql;
	struct db *db;
};

struct db {
	sqlite3 *h;
	char *path;
	const char *file; /* the end of it that the user gave */
	struct db_query queries[QUERIES_MAX];
	size_t n;
};

static const char hint_full[] = "the disk or its quota is full: make room and "
				"run again, nothing was marked "
				"done";

/* What an error of SQLite means to the person who runs us; see
 * https://www.sqlite.org/rescode.html.  Extended codes, which end in the
 * primary, stand before it. */
static const struct {
	int code;
	enum exitcode exit;
	const char *hint;
} meanings[] = {
    {SQLITE_FULL, EXIT_IO, hint_full},
    {SQLITE_IOERR_SHMSIZE, EXIT_IO, hint_full},
    {SQLITE_IOERR, EXIT_IO,
	"look at the disk (dmesg) and its limits; nothing was marked done"},
    {SQLITE_READONLY, EXIT_IO,
	"the file and its folder must be writable for this user"},
    {SQLITE_PERM, EXIT_IO,
	"the file and its folder must be writable for this user"},
    {SQLITE_CANTOPEN, EXIT_IO,
	"the file, those beside it (-wal, -shm) and their folder must be "
	"writable for this user"},
    {SQLITE_CORRUPT, EXIT_IO,
	"the state is damaged: restore it from a backup, or move it away and "
	"accept that objects are delivered again"},
    {SQLITE_NOTADB, EXIT_BADCONFIG,
	"give another --state, or move this file away"},
    {SQLITE_BUSY, EXIT_AGAIN,
	"another process has been writing it for long; see lsof, and run "
	"again"},
    {SQLITE_LOCKED, EXIT_AGAIN, "run again"},
    {SQLITE_PROTOCOL, EXIT_AGAIN, "run again"},
    {SQLITE_NOMEM, EXIT_SYSTEM, NULL},
};

static bool
fail(struct db *d, int rc, struct fault *f)
{
	const char *text = d->h != NULL && sqlite3_errcode(d->h) == rc
			       ? sqlite3_errmsg(d->h)
			       : sqlite3_errstr(rc);

	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (meanings[i].code != rc && meanings[i].code != (rc & 0xff))
			continue;
		(void)fault_set(f, meanings[i].exit,
		    "cannot use state '%s': %s (SQLite %d)", d->file, text, rc);
		return meanings[i].hint == NULL
			   ? false
			   : fault_hint(f, "%s", meanings[i].hint);
	}
	return fault_set(f, EXIT_BUG, "cannot use state '%s': %s (SQLite %d)",
	    d->file, text, rc);
}

/* "./" before the name keeps SQLite's special names (":memory:", "file:..",
 * "") from being special. */
static char *
plain_path(const char *file)
{
	size_t n = strlen(file);
	char *p = malloc(n + 3);

	if (p == NULL)
		log_oom();
	memcpy(p, "./", 2);
	memcpy(file[0] == '/' ? p : p + 2, file, n + 1);
	return p;
}

/* What is set once per connection. */
static bool
configure(struct db *d, int busy_ms, struct fault *f)
{
	unsigned char seed;
	int on = 1;

	/* Seeded at first use, from a file that a sandbox closes off. */
	sqlite3_randomness(sizeof(seed), &seed);
	(void)sqlite3_extended_result_codes(d->h, 1);
	(void)sqlite3_busy_timeout(d->h, busy_ms);
	/* A file that somebody prepared must not run code here. */
	(void)sqlite3_db_config(d->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(d->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* The files beside it stay when the last one leaves, the log empty:
	 * who may no longer open files may not remove any either. */
	(void)sqlite3_file_control(d->h, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	return db_exec(d, "PRAGMA synchronous=FULL", f) &&
	       db_exec(d, "PRAGMA temp_store=MEMORY", f) &&
	       db_exec(d, "PRAGMA journal_size_limit=67108864", f) &&
	       /* KiB of pages in memory: well within the budget */
	       db_exec(d, "PRAGMA cache_size=-8192", f);
}

struct db *
db_open(const char *file, int busy_ms, struct fault *f)
{
	struct db *d = calloc(1, sizeof(*d));
	int rc;

	if (d == NULL)
		log_oom();
	d->path = plain_path(file);
	d->file = file[0] == '/' ? d->path : d->path + 2;
	rc = sqlite3_open_v2(
	    d->path, &d->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		if (configure(d, busy_ms, f))
			return d;
	} else {
		(void)fail(d, rc, f);
	}
	db_close(d);
	return NULL;
}

void
db_close(struct db *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n; i++)
		(void)sqlite3_finalize(d->queries[i].stmt);
	(void)sqlite3_close(d->h);
	free(d->path);
	free(d);
}

bool
db_read_only(const struct db *d)
{
	return sqlite3_db_readonly(d->h, "main") == 1;
}

bool
db_in_transaction(const struct db *d)
{
	return sqlite3_get_autocommit(d->h) == 0;
}

bool
db_exec(struct db *d, const char *sql, struct fault *f)
{
	int rc = sqlite3_exec(d->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? true : fail(d, rc, f);
}

bool
db_number(struct db *d, const char *sql, int64_t *out, struct fault *f)
{
	struct db_query *q = db_query(d, sql, f);
	bool failed;

	if (q == NULL)
		return false;
	*out = db_next(q, &failed, f) ? db_int(q, 0) : 0;
	db_reset(q);
	return !failed;
}

/* Is the journal a write-ahead log after this statement? */
static bool
journal_is_wal(struct db *d, const char *sql, int *rc)
{
	sqlite3_stmt *stmt = NULL;
	const char *mode;
	bool wal = false;

	*rc = sqlite3_prepare_v2(d->h, sql, -1, &stmt, NULL);
	if (*rc == SQLITE_OK)
		*rc = sqlite3_step(stmt);
	if (*rc == SQLITE_ROW) {
		mode = (const char *)sqlite3_column_text(stmt, 0);
		wal = mode != NULL && strcmp(mode, "wal") == 0;
		*rc = SQLITE_OK;
	}
	(void)sqlite3_finalize(stmt);
	return wal;
}

bool
db_use_wal(struct db *d, struct fault *f)
{
	int rc;

	/* The switch does not wait for locks by itself. */
	for (int i = 0; i < WAL_TRIES; i++) {
		if (journal_is_wal(d, "PRAGMA journal_mode", &rc) ||
		    (rc == SQLITE_OK && !db_read_only(d) &&
			journal_is_wal(d, "PRAGMA journal_mode=WAL", &rc)))
			return true;
		if ((rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_OK)
			return fail(d, rc, f);
		(void)sqlite3_sleep(WAL_WAIT_MS);
	}
	return fail(d, rc == SQLITE_OK ? SQLITE_CANTOPEN : rc, f);
}

struct db_query *
db_query(struct db *d, const char *sql, struct fault *f)
{
	struct db_query *q;
	int rc;

	for (size_t i = 0; i < d->n; i++)
		if (d->queries[i].sql == sql)
			return &d->queries[i];
	INVARIANT(d->n < QUERIES_MAX);
	q = &d->queries[d->n];
	rc = sqlite3_prepare_v3(
	    d->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->stmt, NULL);
	if (rc != SQLITE_OK) {
		(void)fail(d, rc, f);
		return NULL;
	}
	q->sql = sql;
	q->db = d;
	d->n++;
	return q;
}

/* Binding fails without memory or with a wrong index only. */
static void
bound(int rc)
{
	if (rc == SQLITE_NOMEM)
		log_oom();
	INVARIANT(rc == SQLITE_OK);
}

void
db_bind_int(struct db_query *q, int i, int64_t v)
{
	bound(sqlite3_bind_int64(q->stmt, i, v));
}

void
db_bind_text(struct db_query *q, int i, const char *s)
{
	bound(sqlite3_bind_text64(
	    q->stmt, i, s, strlen(s), SQLITE_STATIC, SQLITE_UTF8));
}

void
db_bind_blob(struct db_query *q, int i, const void *p, size_t n)
{
	/* NULL would be SQL's NULL, not the empty blob. */
	bound(
	    sqlite3_bind_blob64(q->stmt, i, n > 0 ? p : "", n, SQLITE_STATIC));
}

bool
db_next(struct db_query *q, bool *failed, struct fault *f)
{
	int rc = sqlite3_step(q->stmt);

	*failed = rc != SQLITE_ROW && rc != SQLITE_DONE;
	if (*failed)
		(void)fail(q->db, rc, f);
	if (rc != SQLITE_ROW)
		db_reset(q);
	return rc == SQLITE_ROW;
}

bool
db_run(struct db_query *q, struct fault *f)
{
	bool failed;

	INVARIANT(!db_next(q, &failed, f));
	return !failed;
}

int64_t
db_int(struct db_query *q, int i)
{
	return sqlite3_column_int64(q->stmt, i);
}

const char *
db_text(struct db_query *q, int i)
{
	const unsigned char *s = sqlite3_column_text(q->stmt, i);

	return s != NULL ? (const char *)s : "";
}

const void *
db_blob(struct db_query *q, int i, size_t *n)
{
	const void *p = sqlite3_column_blob(q->stmt, i);

	*n = (size_t)sqlite3_column_bytes(q->stmt, i);
	return p != NULL ? p : "";
}

bool
db_is_blob(struct db_query *q, int i)
{
	return sqlite3_column_type(q->stmt, i) == SQLITE_BLOB;
}

void
db_reset(struct db_query *q)
{
	(void)sqlite3_reset(q->stmt); /* repeats the error of the step */
	(void)sqlite3_clear_bindings(q->stmt);
}

uint64_t
db_changes(const struct db *d)
{
	int n = sqlite3_changes(d->h);

	return n > 0 ? (uint64_t)n : 0;
}

int64_t
db_last_id(const struct db *d)
{
	return sqlite3_last_insert_rowid(d->h);
}
