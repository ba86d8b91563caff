/* The state file itself: where it may be, its schema, its pipelines and its
 * transactions.  stateread.c, statewrite.c and stateprune.c hold the queries,
 * staterow.c the rules, db.c what SQLite is. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "clock.h"
#include "crypto.h"
#include "db.h"
#include "log.h"
#include "stateint.h"

enum {
	APPLICATION = 0x6c627374, /* "lbst", what file(1) can tell us by */
	SCHEMA = 1
};

/*
 * An object's names are its key.  Rows of settled objects are the bulk:
 * about 60 bytes beside the key.  What only unsettled objects need is NULL
 * in them, or in table part.  status: see enum row_status.
 */
static const char schema[] =
    "CREATE TABLE pipeline(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " need INTEGER NOT NULL DEFAULT 1, pruned INTEGER NOT NULL DEFAULT 0,"
    " looked INTEGER NOT NULL DEFAULT 0)"
    " STRICT;"
    "CREATE TABLE lookback(pipeline INTEGER NOT NULL REFERENCES pipeline,"
    " scope TEXT NOT NULL, since INTEGER NOT NULL, noted INTEGER NOT NULL,"
    " PRIMARY KEY(pipeline, scope)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE bucket(id INTEGER PRIMARY KEY,"
    " pipeline INTEGER NOT NULL REFERENCES pipeline,"
    " store TEXT NOT NULL, bucket TEXT NOT NULL,"
    " UNIQUE(pipeline, store, bucket)) STRICT;"
    "CREATE TABLE word(id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE)"
    " STRICT;"
    "CREATE TABLE object("
    " bucket INTEGER NOT NULL REFERENCES bucket, key BLOB NOT NULL,"
    " etag ANY NOT NULL, version TEXT NOT NULL,"
    " status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 4),"
    " dead_object INTEGER NOT NULL, dead INTEGER NOT NULL,"
    " size INTEGER NOT NULL, modified INTEGER NOT NULL,"
    " updated INTEGER NOT NULL, tries INTEGER, next_try INTEGER,"
    " fetch INTEGER, through INTEGER, format INTEGER REFERENCES word,"
    " reason TEXT, PRIMARY KEY(bucket, key, etag, version))"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX unsettled ON object(bucket, key, etag, version)"
    " WHERE status > 1;"
    "CREATE TABLE part("
    " bucket INTEGER NOT NULL, key BLOB NOT NULL, etag ANY NOT NULL,"
    " version TEXT NOT NULL, destination INTEGER NOT NULL REFERENCES word,"
    " settled INTEGER NOT NULL, through INTEGER NOT NULL,"
    " format INTEGER NOT NULL, dead INTEGER NOT NULL,"
    " fetch INTEGER NOT NULL, fetch_dead INTEGER NOT NULL,"
    " PRIMARY KEY(bucket, key, etag, version, destination))"
    " STRICT, WITHOUT ROWID;"
    /* For people with the sqlite3 program. */
    "CREATE VIEW objects AS SELECT p.name AS pipeline, b.store, b.bucket,"
    " CAST(o.key AS TEXT) AS key,"
    " CASE typeof(o.etag) WHEN 'blob' THEN lower(hex(o.etag))"
    "  ELSE o.etag END AS etag, o.version,"
    " CASE o.status WHEN 0 THEN 'delivered' WHEN 1 THEN 'gone'"
    "  WHEN 2 THEN 'partial' WHEN 3 THEN 'failed' ELSE 'quarantined' END"
    "  AS status, o.dead, o.dead_object, o.size,"
    " datetime(o.modified / 1000, 'unixepoch') AS modified,"
    " datetime(o.updated / 1000, 'unixepoch') AS updated, o.tries,"
    " datetime(o.next_try / 1000, 'unixepoch') AS next_try, o.through,"
    " w.word AS format, o.reason FROM object o"
    " JOIN bucket b ON b.id = o.bucket JOIN pipeline p ON p.id = b.pipeline"
    " LEFT JOIN word w ON w.id = o.format;";

static const char q_pipeline[] = "SELECT id, need FROM pipeline WHERE name = ?",
		  q_rollback[] = "ROLLBACK",
		  q_add_pipeline[] =
		      "INSERT OR IGNORE INTO pipeline(name) VALUES (?)";

/* statfs(2): on these, locks or shared memory do not work as SQLite needs. */
static const struct {
	unsigned long magic;
	const char *name;
} network_fs[] = {{0x6969, "NFS"}, {0x517b, "SMB"}, {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB"}, {0x5346414f, "AFS"}, {0x00c36400, "Ceph"},
    {0x0bd00bd0, "Lustre"}};

/* The folder of file; free() it. */
static char *
folder_of(const char *file)
{
	char *copy = strdup(file), *dir;

	if (copy == NULL || (dir = strdup(dirname(copy))) == NULL)
		log_oom();
	free(copy);
	return dir;
}

static bool
check_local(const char *file, const char *dir, struct fault *f)
{
	struct statfs fs;

	if (statfs(file, &fs) != 0 && statfs(dir, &fs) != 0)
		return true; /* opening it will tell */
	for (size_t i = 0; i < sizeof(network_fs) / sizeof(*network_fs); i++) {
		if ((unsigned long)fs.f_type != network_fs[i].magic)
			continue;
		(void)fault_set(f, EXIT_BADCONFIG,
		    "cannot keep state '%s' on %s", file, network_fs[i].name);
		return fault_hint(f,
		    "SQLite's write-ahead log needs a local disk; put --state "
		    "on one, and let S3 notifications share work between "
		    "machines");
	}
	return true;
}

/* Make names in a folder last. */
static void
sync_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

/* Make the file when it is not there: the modes of the files that SQLite
 * puts beside it follow its mode. */
static bool
create_file(const char *file, const char *dir, struct fault *f)
{
	int fd, err;
	struct stat st;

	fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 && errno == EEXIST) {
		if (stat(file, &st) != 0 || S_ISREG(st.st_mode))
			return true; /* opening it will tell */
		(void)fault_set(f, EXIT_BADCONFIG,
		    "cannot use state '%s': it is not a regular file", file);
		return fault_hint(f, "--state takes a file, not a folder");
	}
	if (fd == -1) {
		err = errno;
		(void)fault_set(f,
		    err == ENOENT || err == ENOTDIR ? EXIT_BADCONFIG : EXIT_IO,
		    "cannot create state '%s': %s", file, strerror(err));
		return fault_hint(
		    f, "its folder must be there and be writable");
	}
	(void)close(fd);
	sync_folder(dir);
	return true;
}

/* Is the write-ahead log there? */
static bool
has_log(const char *file)
{
	struct buf name = BUF_INIT(PATH_MAX);
	bool there;

	buf_addf(&name, "%s-wal", file);
	there = name.err == 0 && access(name.p, F_OK) == 0;
	buf_clear(&name);
	return there;
}

/* Is the file ours?  *empty: it holds no database yet. */
static bool
check_schema(struct state *s, bool *empty, struct fault *f)
{
	int64_t app, schema_version, tables;

	if (!db_number(s->db, "PRAGMA application_id", &app, f) ||
	    !db_number(s->db, "PRAGMA user_version", &schema_version, f) ||
	    !db_number(s->db, "SELECT count(*) FROM sqlite_schema", &tables, f))
		return false;
	*empty = app == 0 && schema_version == 0 && tables == 0;
	if (*empty || (app == APPLICATION && schema_version == SCHEMA))
		return true;
	if (app != APPLICATION) {
		(void)fault_set(f, EXIT_BADCONFIG,
		    "cannot use state '%s': it is another program's database",
		    s->file);
		return fault_hint(f, "give another --state");
	}
	(void)fault_set(f, EXIT_BADCONFIG,
	    "cannot use state '%s': its schema version is %lld, this program "
	    "knows %d",
	    s->file, (long long)schema_version, SCHEMA);
	return fault_hint(f, schema_version > SCHEMA
				 ? "a newer logbridge wrote it: use that one"
				 : "give another --state");
}

/* Ready since the file was opened, so that it does not fail for want of memory
 * and leave a transaction behind. */
static bool
roll_back(struct state *s, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_rollback, f);

	return q != NULL && db_run(q, f);
}

static bool
create_schema(struct state *s, struct fault *f)
{
	bool empty;

	if (!db_use_wal(s->db, f) || !db_exec(s->db, "BEGIN IMMEDIATE", f))
		return false;
	/* The other end of the pipeline may have been faster. */
	if (check_schema(s, &empty, f) &&
	    (!empty ||
		(db_exec(s->db, schema, f) &&
		    db_exec(s->db, "PRAGMA application_id=0x6c627374", f) &&
		    db_exec(s->db, "PRAGMA user_version=1", f))) &&
	    db_exec(s->db, "COMMIT", f))
		return true;
	(void)roll_back(s, &(struct fault){0});
	return false;
}

/* Read the pipeline's row. */
static bool
find_pipeline(struct state *s, struct fault *f)
{
	struct db_query *q = db_query(s->db, q_pipeline, f);
	bool failed;

	if (q == NULL)
		return false;
	db_bind_text(q, 1, s->name);
	if (db_next(q, &failed, f)) {
		s->pipeline = db_int(q, 0);
		s->need = (unsigned)db_int(q, 1);
	}
	db_reset(q);
	return !failed;
}

static bool
open_pipeline(struct state *s, struct fault *f)
{
	struct db_query *q;

	if (!find_pipeline(s, f))
		return false;
	if (s->pipeline != 0 || (db_read_only(s->db) && !s->writing))
		return true;
	q = db_query(s->db, q_add_pipeline, f);
	if (q == NULL)
		return false;
	db_bind_text(q, 1, s->name);
	return db_run(q, f) && find_pipeline(s, f);
}

static bool
open_db(struct state *s, struct fault *f)
{
	bool empty, ours;

	s->db = db_open(s->file, STATE_BUSY_MS, f);
	if (s->db == NULL || !db_exec(s->db, "BEGIN", f))
		return false;
	/* One look at all of it: the other end may be making the schema. */
	ours = check_schema(s, &empty, f);
	if (!roll_back(s, ours ? f : &(struct fault){0}) || !ours)
		return false;
	if (db_read_only(s->db) && (s->writing || empty)) {
		(void)fault_set(f, EXIT_IO,
		    "cannot write state '%s': it is read-only", s->file);
		return fault_hint(f,
		    "the file and its folder must be writable for this user");
	}
	if (empty && !create_schema(s, f))
		return false;
	return db_use_wal(s->db, f) && open_pipeline(s, f);
}

struct state *
state_open(
    const char *file, const char *name, bool for_writing, struct fault *f)
{
	struct state *s = calloc(1, sizeof(*s));
	char *dir = folder_of(file);
	bool log = has_log(file), ok;

	if (s == NULL || (s->file = strdup(file)) == NULL ||
	    (s->name = strdup(name)) == NULL)
		log_oom();
	s->writing = for_writing;
	s->need = 1;
	s->prune_key = (struct buf)BUF_INIT(STATE_NAMES_MAX);
	ok = check_local(file, dir, f) && create_file(file, dir, f) &&
	     open_db(s, f);
	/* SQLite would sync the name with the first commit, when a sandbox may
	 * keep it from opening the folder. */
	if (ok && !log)
		sync_folder(dir);
	free(dir);
	if (ok)
		return s;
	state_close(s);
	return NULL;
}

void
state_close(struct state *s)
{
	if (s == NULL)
		return;
	db_close(s->db);
	buf_clear(&s->prune_key);
	free(s->file);
	free(s->name);
	free(s);
}

void
state_lock_path(struct buf *path, const char *file, const char *role,
    const char *name, const char *detail)
{
	struct buf b = BUF_INIT(STATE_NAMES_MAX);
	uint8_t hash[CRYPTO_SHA256_LEN];
	char hex[17];

	buf_add(&b, name, strlen(name) + 1);
	buf_adds(&b, detail);
	if (b.err != 0)
		log_oom();
	crypto_sha256(b.p, b.len, hash);
	crypto_hex(hex, hash, sizeof(hex) / 2);
	buf_addf(path, "%s-%s-%s.lock", file, role, hex);
	buf_clear(&b);
}

/* ---- Transactions ---- */

/* One that could not be rolled back, for want of memory, is in the way. */
static bool
begin(struct state *s, const char *sql, struct fault *f)
{
	INVARIANT(!s->open);
	s->open = (!db_in_transaction(s->db) || roll_back(s, f)) &&
		  db_exec(s->db, sql, f);
	return s->open;
}

bool
state_begin(struct state *s, struct fault *f)
{
	INVARIANT(s->writing);
	return begin(s, "BEGIN IMMEDIATE", f);
}

bool
state_commit(struct state *s, struct fault *f)
{
	INVARIANT(s->writing && s->open);
	if (db_exec(s->db, "COMMIT", f)) {
		s->open = false;
		return true;
	}
	state_rollback(s);
	return false;
}

void
state_rollback(struct state *s)
{
	if (!s->open)
		return;
	/* Some errors have rolled back already: then this one fails. */
	(void)roll_back(s, &(struct fault){0});
	s->open = false;
	s->need = 0; /* read again what the file says */
}

bool
state_read_begin(struct state *s, struct fault *f)
{
	return begin(s, "BEGIN", f);
}

void
state_read_end(struct state *s)
{
	if (s->open)
		(void)roll_back(s, &(struct fault){0});
	s->open = false;
}
