#ifndef DB_H
#define DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/*
 * A small layer over SQLite: sqlite3's types and error codes stay in db.c, so
 * that state.c is about objects and receipts alone.
 *
 * Faults: 74 a full disk, a read-only or damaged file, any other failure of
 * input or output; 75 another process kept the file locked; 78 it is no
 * database; 71 no memory; 70 the statement is wrong, which is a bug.
 */
struct db;
struct db_query; /* a prepared statement, owned by its db */

/**
 * Open an existing file (empty is fine) in place; a lock of another process
 * is waited for busy_ms.  It may turn out to be writable for nobody: see
 * db_read_only().
 */
struct db *db_open(const char *file, int busy_ms, struct fault *f);
void db_close(struct db *d);
bool db_read_only(const struct db *d);
bool db_in_transaction(const struct db *d);

/** Run statements that have no parameters and give no rows. */
bool db_exec(struct db *d, const char *sql, struct fault *f);

/** The first column of the first row as a number. */
bool db_number(struct db *d, const char *sql, int64_t *out, struct fault *f);

/** Switch to a write-ahead log that is synced at each commit. */
bool db_use_wal(struct db *d, struct fault *f);

/**
 * Get a statement ready; it is kept and known by the address of sql, which
 * must be a constant.  Parameters (from 1) are bound anew each time, by
 * reference: they must last until db_reset().
 */
struct db_query *db_query(struct db *d, const char *sql, struct fault *f);
void db_bind_int(struct db_query *q, int i, int64_t v);
void db_bind_text(struct db_query *q, int i, const char *s);
void db_bind_blob(struct db_query *q, int i, const void *p, size_t n);

/** Go to the next (first) row.  False at the end, and with a fault (*failed)
 * when that cannot be done; the statement is then reset. */
bool db_next(struct db_query *q, bool *failed, struct fault *f);

/** Run a statement that gives no rows. */
bool db_run(struct db_query *q, struct fault *f);

/** Columns (from 0) of the row; text and blob last until db_next() or
 * db_reset(), are "" for NULL, and the blob of a text is its bytes. */
int64_t db_int(struct db_query *q, int i);
const char *db_text(struct db_query *q, int i);
const void *db_blob(struct db_query *q, int i, size_t *n);
bool db_is_blob(struct db_query *q, int i);

/** Leave the statement: locks of a read end here. */
void db_reset(struct db_query *q);

/** Rows that the last statement changed; the id of the last new row. */
uint64_t db_changes(const struct db *d);
int64_t db_last_id(const struct db *d);

#endif
