/* common/state, torture: the Nth read, write, sync or allocation of SQLite
 * fails, for each N until none is left (of allocations, which are thousands,
 * the first hundreds, then one in 23 or so, others each time).  Each failure is
 * told with an exit code, the file stays sound, and what was committed is
 * there. */
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LB_INJECT /* the clock is ours */
#include "clock.h"
#include "rnd.h"
#include "state.h"
#include "tap.h"

enum {
	NOW = 1700000000,
	DAY = 24 * 3600,
	OPS_MAX = 100000,
	FIRST = 300 /* of these each one */
};
#define MS(seconds) ((int64_t)(seconds)*1000)

/* How a run ended; 71 is that of memory that ran out while binding. */
enum { RUN_WHOLE = 0, RUN_TOLD = 1, RUN_WRONG = 2 };

static char dir[64], file[96];

/* What the child has done by the time it ended, as the parent sees it. */
static struct shared {
	int committed; /* steps whose commit returned true */
	int failed;    /* the failure was reached */
} * shared;

/* ---- Failing ---- */

static int io_left, memory_left; /* to the failure; 0: there is none */

static bool
io_fails(void)
{
	if (io_left == 0 || --io_left > 0)
		return false;
	shared->failed = 1;
	return true;
}

struct file {
	sqlite3_file base;
	sqlite3_io_methods methods;
	sqlite3_file real[]; /* its size is the real VFS's business */
};

#define REAL(f)   (((struct file *)(f))->real)
#define METHOD(f) (REAL(f)->pMethods)

static int
fault_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return io_fails() ? SQLITE_IOERR_READ
			  : METHOD(f)->xRead(REAL(f), p, n, at);
}

static int
fault_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	return io_fails() ? SQLITE_FULL : METHOD(f)->xWrite(REAL(f), p, n, at);
}

/* Nobody pulls the plug of this machine: no time for the disk. */
static int
fault_sync(sqlite3_file *f, int flags)
{
	(void)f;
	(void)flags;
	return io_fails() ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int
fault_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return io_fails() ? SQLITE_IOERR_TRUNCATE
			  : METHOD(f)->xTruncate(REAL(f), n);
}

static int
fault_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return io_fails() ? SQLITE_IOERR_FSTAT
			  : METHOD(f)->xFileSize(REAL(f), n);
}

static int
fault_map(sqlite3_file *f, int page, int size, int extend, void volatile **p)
{
	return io_fails() ? SQLITE_IOERR_SHMMAP
			  : METHOD(f)->xShmMap(REAL(f), page, size, extend, p);
}

static int
fault_close(sqlite3_file *f)
{
	return METHOD(f)->xClose(REAL(f));
}

static int
fault_lock(sqlite3_file *f, int level)
{
	return METHOD(f)->xLock(REAL(f), level);
}

static int
fault_unlock(sqlite3_file *f, int level)
{
	return METHOD(f)->xUnlock(REAL(f), level);
}

static int
fault_reserved(sqlite3_file *f, int *out)
{
	return METHOD(f)->xCheckReservedLock(REAL(f), out);
}

static int
fault_control(sqlite3_file *f, int op, void *arg)
{
	return METHOD(f)->xFileControl(REAL(f), op, arg);
}

static int
fault_sector(sqlite3_file *f)
{
	return METHOD(f)->xSectorSize(REAL(f));
}

static int
fault_device(sqlite3_file *f)
{
	return METHOD(f)->xDeviceCharacteristics(REAL(f));
}

static int
fault_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return METHOD(f)->xShmLock(REAL(f), offset, n, flags);
}

static void
fault_barrier(sqlite3_file *f)
{
	METHOD(f)->xShmBarrier(REAL(f));
}

static int
fault_unmap(sqlite3_file *f, int remove)
{
	return METHOD(f)->xShmUnmap(REAL(f), remove);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_size,
    .xLock = fault_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_reserved,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector,
    .xDeviceCharacteristics = fault_device,
    .xShmMap = fault_map,
    .xShmLock = fault_shm_lock,
    .xShmBarrier = fault_barrier,
    .xShmUnmap = fault_unmap};

static int
fault_open(
    sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	sqlite3_vfs *real = v->pAppData;
	int rc;

	f->pMethods = NULL;
	if (io_fails())
		return SQLITE_CANTOPEN;
	rc = real->xOpen(real, name, REAL(f), flags, out);
	if (rc == SQLITE_OK)
		f->pMethods = &methods;
	return rc;
}

static int
fault_delete(sqlite3_vfs *v, const char *name, int sync)
{
	sqlite3_vfs *real = v->pAppData;

	return io_fails() ? SQLITE_IOERR_DELETE
			  : real->xDelete(real, name, sync);
}

static int
fault_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
	sqlite3_vfs *real = v->pAppData;

	return io_fails() ? SQLITE_IOERR_ACCESS
			  : real->xAccess(real, name, flags, out);
}

static sqlite3_mem_methods real_memory;

static bool
memory_fails(void)
{
	if (memory_left == 0 || --memory_left > 0)
		return false;
	shared->failed = 1;
	return true;
}

static void *
fault_malloc(int n)
{
	return memory_fails() ? NULL : real_memory.xMalloc(n);
}

static void *
fault_realloc(void *p, int n)
{
	return memory_fails() ? NULL : real_memory.xRealloc(p, n);
}

static void
install(void)
{
	static sqlite3_vfs vfs;
	sqlite3_mem_methods memory;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) != SQLITE_OK)
		abort();
	memory = real_memory;
	memory.xMalloc = fault_malloc;
	memory.xRealloc = fault_realloc;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK ||
	    /* Its own pool would hide most allocations. */
	    sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK ||
	    sqlite3_initialize() != SQLITE_OK)
		abort();
	vfs = *sqlite3_vfs_find(NULL);
	vfs.pAppData = sqlite3_vfs_find(NULL);
	vfs.zName = "fault";
	vfs.szOsFile += (int)sizeof(struct file);
	vfs.xOpen = fault_open;
	vfs.xDelete = fault_delete;
	vfs.xAccess = fault_access;
	if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
		abort();
}

/* ---- What is done ---- */

static bool
apply(struct state *s, const char *key, enum state_status status, unsigned need,
    const char *to, struct fault *f)
{
	const struct state_receipt r = {
	    .object = {.store = "s3",
		.bucket = "logs",
		.etag = key[0] == 'm' ? "0123456789abcdef0123"
					"456789abcdef"
				      : "e-2",
		.version = "",
		.key = key,
		.key_len = strlen(key)},
	    .modified_ms = key[0] == 'o' ? MS(NOW - 99 * DAY) : MS(NOW),
	    .size = 1,
	    .status = status,
	    .to = to,
	    .format = "x/1",
	    .reason = status == STATE_IS_FAILED ? "Truncated" : "",
	    .through = 3,
	    .counts = true,
	    .fetch = 1};
	struct state_effect e;

	return state_apply(s, &r, need, &e, f);
}

static bool
first_burst(struct state *s, struct fault *f)
{
	return state_begin(s, f) &&
	       apply(s, "old", STATE_DELIVERED, 1, "d/1", f) &&
	       apply(s, "md5", STATE_DELIVERED, 1, "d/1", f) &&
	       apply(s, "fails", STATE_IS_FAILED, 1, "d/1", f) &&
	       apply(s, "two", STATE_IS_PARTIAL, 2, "d/1", f) &&
	       apply(s, "gone", STATE_GONE, 1, "d/1", f) && state_commit(s, f);
}

static bool
second_burst(struct state *s, struct fault *f)
{
	return state_begin(s, f) &&
	       apply(s, "two", STATE_DELIVERED, 2, "d/2", f) &&
	       apply(s, "two", STATE_DELIVERED, 2, "d/1", f) &&
	       apply(s, "gone", STATE_DELIVERED, 1, "d/1", f) &&
	       apply(s, "md5", STATE_IS_FAILED, 1, "d/1", f) &&
	       state_commit(s, f);
}

static bool
any(void *ctx, const struct state_object *o)
{
	(void)ctx;
	(void)o;
	return true;
}

static bool
each(void *ctx, const struct state_entry *e)
{
	(void)e;
	++*(int *)ctx;
	return true;
}

static bool
look(struct state *s, struct fault *f)
{
	struct state_object o = {.store = "s3",
	    .bucket = "logs",
	    .etag = "e-2",
	    .version = "",
	    .key = "fails",
	    .key_len = 5};
	struct state_verdict v;
	struct state_sums sums;
	int n = 0;

	if (!state_read_begin(s, f) || !state_lookup(s, &o, &v, f))
		return false;
	o.bucket = "none";
	if (!state_lookup(s, &o, &v, f))
		return false;
	state_read_end(s);
	return state_each(s, each, &n, f) && state_sum(s, &sums, f);
}

static bool
work(struct fault *f)
{
	struct state *s = state_open(file, "default", true, f);
	uint64_t n;
	int64_t pruned;
	bool more, ok;

	ok = s != NULL &&
	     state_keep_since(s, "p/", MS(NOW - DAY), &pruned, f) &&
	     first_burst(s, f) && (shared->committed = 1) &&
	     second_burst(s, f) && (shared->committed = 2) && look(s, f) &&
	     state_forget(s, any, NULL, &n, f) && (shared->committed = 3) &&
	     state_prune(s, 10, &n, &more, f) && (shared->committed = 4);
	state_close(s);
	return ok;
}

static _Noreturn void
child(void)
{
	struct fault f = {0};
	bool ok = work(&f);
	int code = RUN_WHOLE;

	if (!ok)
		code = f.text[0] != '\0' && f.code != EXIT_DONE &&
			       f.code != EXIT_BUG
			   ? RUN_TOLD
			   : RUN_WRONG;
	if (code == RUN_WRONG)
		printf("# %d: %s\n", (int)f.code, f.text);
	exit(code);
}

/* ---- What must be true ---- */

static void
clean(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char path[128];

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", file, ends[i]);
		(void)unlink(path);
	}
}

static bool
sql_is(sqlite3 *db, const char *sql, const char *want)
{
	sqlite3_stmt *q = NULL;
	bool same;

	same = sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK &&
	       sqlite3_step(q) == SQLITE_ROW &&
	       strcmp((const char *)sqlite3_column_text(q, 0), want) == 0;
	(void)sqlite3_finalize(q);
	return same;
}

static bool
status_is(sqlite3 *db, const char *key, const char *want)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql),
	    "SELECT coalesce((SELECT status FROM objects WHERE key = '%s'),"
	    " 'none')",
	    key);
	return sql_is(db, sql, want);
}

static bool
holds(sqlite3 *db)
{
	const int c = shared->committed;

	if (!sql_is(db, "PRAGMA integrity_check", "ok"))
		return false;
	if (c == 0)
		return true;
	if (!status_is(db, "md5", "delivered"))
		return false;
	if (c >= 2 && !(status_is(db, "two", "delivered") &&
			  status_is(db, "gone", "delivered")))
		return false;
	if (c >= 3 && !status_is(db, "fails", "partial"))
		return false;
	return c < 4 || status_is(db, "old", "none");
}

/* Is all that was committed in the file, and the file whole? */
static bool
sound(void)
{
	sqlite3 *db;
	bool ok = sqlite3_open(file, &db) == SQLITE_OK && holds(db);

	(void)sqlite3_close(db);
	return ok;
}

/* After the failure everything can be done again. */
static bool
goes_on(void)
{
	struct fault f = {0};

	return work(&f);
}

static void
torture(const char *what, int *left, unsigned stride)
{
	int told = 0, oom = 0, unnoticed = 0, runs = 0, status;
	bool fine = true;
	pid_t pid;
	int n, step;

	for (n = 1; fine && n < OPS_MAX; n += step) {
		step = n < FIRST ? 1 : 1 + (int)rnd_below(2 * stride - 1);
		clean();
		*shared = (struct shared){0};
		(void)fflush(stdout);
		pid = fork();
		if (pid == 0) {
			*left = n;
			child();
		}
		(void)waitpid(pid, &status, 0);
		if (!shared->failed)
			break;
		runs++;
		fine = WIFEXITED(status) &&
		       (WEXITSTATUS(status) == RUN_WHOLE ||
			   WEXITSTATUS(status) == RUN_TOLD ||
			   WEXITSTATUS(status) == EXIT_SYSTEM) &&
		       sound() && goes_on();
		told += WEXITSTATUS(status) == RUN_TOLD;
		oom += WEXITSTATUS(status) == EXIT_SYSTEM;
		unnoticed += WEXITSTATUS(status) == RUN_WHOLE;
		if (!fine)
			printf("# %s %d: status %x, committed %d\n", what, n,
			    (unsigned)status, shared->committed);
	}
	OK(fine && n > 20 && n < OPS_MAX, what);
	printf("# %d failures: %d told, %d out of memory, %d did not matter\n",
	    runs, told, oom, unnoticed);
	OK(told > runs / 2, "most of them are told");
	clean();
}

int
main(void)
{
	(void)snprintf(dir, sizeof(dir), "%s/test_statefaults.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(file, sizeof(file), "%s/state", dir);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || freopen("/dev/null", "w", stderr) == NULL)
		return 1;
	clock_inject(1, MS(NOW));
	install();
	torture("each read, write and sync fails once", &io_left, 1);
	torture("each allocation of SQLite fails once", &memory_left, 23);
	OK(rmdir(dir) == 0, "no file is left behind");
	return tap_done();
}
