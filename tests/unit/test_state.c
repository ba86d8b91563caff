/* common/state: the file, its transactions, and what survives what */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define LB_INJECT /* the clock is ours */
#include "clock.h"
#include "state.h"
#include "tap.h"

enum { NOW = 1700000000, DAY = 24 * 3600 };
#define MS(seconds) ((int64_t)(seconds)*1000)
#define MD5         "0123456789abcdef0123456789abcdef"

static char dir[] = "/tmp/test_state.XXXXXX";
static char file[64];

static struct state_object
object(const char *key, const char *etag)
{
	return (struct state_object){.store = "s3",
	    .bucket = "logs",
	    .etag = etag,
	    .version = "",
	    .key = key,
	    .key_len = strlen(key)};
}

static struct state_receipt
receipt(const char *key, enum state_status status)
{
	return (struct state_receipt){.object = object(key, MD5),
	    .modified_ms = MS(NOW - DAY),
	    .size = 1000,
	    .status = status,
	    .to = "dest/a",
	    .format = "cloudtrail/1",
	    .reason = status == STATE_IS_FAILED ? "Truncated" : "",
	    .counts = true,
	    .fetch = 1};
}

static struct state *
must_open(bool writing)
{
	struct fault f = {0};
	struct state *s = state_open(file, "default", writing, &f);

	if (s == NULL) {
		printf("Bail out! %s\n", f.text);
		exit(1);
	}
	return s;
}

/* One receipt in a transaction of its own. */
static bool
enter(struct state *s, const struct state_receipt *r, unsigned need,
    struct state_effect *e, struct fault *f)
{
	struct state_effect unused;

	if (!state_begin(s, f))
		return false;
	if (!state_apply(s, r, need, e != NULL ? e : &unused, f)) {
		state_rollback(s);
		return false;
	}
	return state_commit(s, f);
}

static bool
put(struct state *s, const char *key, enum state_status status)
{
	struct state_receipt r = receipt(key, status);
	struct fault f = {0};

	return enter(s, &r, 1, NULL, &f);
}

static enum state_what
what_of(struct state *s, const struct state_object *o)
{
	struct state_verdict v;
	struct fault f = {0};

	return state_lookup(s, o, &v, &f) ? v.what : (enum state_what) - 1;
}

static enum state_what
what(struct state *s, const char *key)
{
	struct state_object o = object(key, MD5);

	return what_of(s, &o);
}

static void
remove_files(void)
{
	static const char *const ends[] = {
	    "", "-wal", "-shm", "-journal", ".copy"};
	char path[96];

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", file, ends[i]);
		(void)unlink(path);
	}
}

static int
mode_of(const char *end)
{
	char path[96];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s%s", file, end);
	return stat(path, &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

static int64_t
number(const char *text)
{
	sqlite3 *db;
	sqlite3_stmt *q = NULL;
	int64_t n = -1;

	if (sqlite3_open(file, &db) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, text, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
	return n;
}

static void
test_create(void)
{
	struct state *s, *reader;
	struct fault f = {0};

	reader = must_open(false);
	OK(mode_of("") == 0600, "a reader makes the file too, mode 0600");
	OK(what(reader, "a") == STATE_NEW, "nothing is known yet");
	s = must_open(true);
	OK(put(s, "a", STATE_DELIVERED), "a receipt");
	OK(mode_of("-wal") == 0600 && mode_of("-shm") == 0600,
	    "what SQLite puts beside it has that mode too");
	OK(what(reader, "a") == STATE_SETTLED, "a reader sees it at once");
	OK(what(reader, "b") == STATE_NEW, "and no other object");
	state_close(s);
	state_close(reader);
	reader = must_open(false);
	OK(what(reader, "a") == STATE_SETTLED, "it lasts");
	state_close(reader);
	s = state_open(file, "other", true, &f);
	OK(s != NULL && what(s, "a") == STATE_NEW,
	    "another pipeline has rows of its own");
	state_close(s);
	state_close(NULL);
	remove_files();
}

static bool
count_one(void *ctx, const struct state_entry *e)
{
	unsigned *n = ctx;

	(void)e;
	return ++*n < 10; /* it went round and round once */
}

static bool
is_k(void *ctx, const struct state_object *o)
{
	(void)ctx;
	return o->key_len == 1 && *(const char *)o->key == 'k';
}

static void
test_identity(void)
{
	unsigned n = 0;
	uint64_t freed;
	struct state *s = must_open(true);
	struct state_object o;
	struct state_receipt r;
	struct fault f = {0};

	OK(put(s, "k", STATE_DELIVERED), "an MD5 as etag");
	o = object("k", "\"" MD5 "\"");
	OK(what_of(s, &o) == STATE_SETTLED, "quotes of the etag do not count");
	o.version = "v1";
	OK(what_of(s, &o) == STATE_SETTLED,
	    "nor does the version where there is an etag");
	o = object("k", "0123456789ABCDEF0123456789ABCDEF");
	OK(what_of(s, &o) == STATE_NEW, "another etag is another object");
	o = object("k", MD5 "-2");
	OK(what_of(s, &o) == STATE_NEW, "that of a multipart upload too");
	r = receipt("k", STATE_DELIVERED);
	r.object.etag = MD5 "-2";
	OK(enter(s, &r, 1, NULL, &f) && what_of(s, &o) == STATE_SETTLED,
	    "which is kept as well");
	r = receipt("k", STATE_DELIVERED);
	r.object.etag = "";
	r.object.version = "v1";
	OK(enter(s, &r, 1, NULL, &f) && what_of(s, &r.object) == STATE_SETTLED,
	    "without an etag the version counts");
	r.object.version = "v2";
	OK(what_of(s, &r.object) == STATE_NEW, "another version is new");
	r = receipt("k", STATE_DELIVERED);
	r.object.key = "a\0\xff/b";
	r.object.key_len = 5;
	OK(enter(s, &r, 1, NULL, &f) && what_of(s, &r.object) == STATE_SETTLED,
	    "a key is any bytes");
	r.object.key_len = 3;
	OK(what_of(s, &r.object) == STATE_NEW, "all of them");
	r.object.bucket = "logs2";
	OK(what_of(s, &r.object) == STATE_NEW, "another bucket");
	r = receipt("k", STATE_IS_FAILED);
	r.object.etag = "\"\"!\"\"";
	OK(enter(s, &r, 1, NULL, &f) && state_each(s, count_one, &n, &f) &&
		n == 1,
	    "an etag with quotes of its own is shown once");
	OK(state_forget(s, is_k, NULL, &freed, &f) && freed == 1 &&
		what_of(s, &r.object) == STATE_PARTIAL,
	    "and freed");
	o = object("", MD5);
	OK(what_of(s, &o) == STATE_NEW, "the empty key");
	o.key_len = STATE_KEY_MAX + 1;
	OK(!state_lookup(s, &o, &(struct state_verdict){0}, &f) &&
		f.code == EXIT_SETASIDE,
	    "a key longer than any is refused");
	state_close(s);
	remove_files();
}

static void
test_verdicts(void)
{
	struct state *s = must_open(true);
	struct state_receipt r = receipt("k", STATE_IS_PARTIAL);
	struct state_verdict v;
	struct state_effect e;
	struct fault f = {0};

	r.through = 17;
	OK(enter(s, &r, 1, &e, &f) && !e.settled, "partial");
	OK(state_lookup(s, &r.object, &v, &f) && v.what == STATE_PARTIAL &&
		v.skip == 17 && strcmp(v.format, "cloudtrail/1") == 0,
	    "comes back with skip and format");
	r.status = STATE_IS_FAILED;
	OK(enter(s, &r, 1, &e, &f) && e.tries == 1 && e.next_try_ms > MS(NOW),
	    "failed");
	OK(state_lookup(s, &r.object, &v, &f) && v.what == STATE_FAILED_WAIT &&
		v.skip == 17 && v.tries == 1 && v.next_try_ms == e.next_try_ms,
	    "has to wait");
	clock_inject(1, e.next_try_ms);
	OK(state_lookup(s, &r.object, &v, &f) && v.what == STATE_FAILED_DUE &&
		v.skip == 17,
	    "is due at its time");
	for (unsigned i = 2; i <= STATE_TRIES; i++) {
		r.fetch = i;
		OK(enter(s, &r, 1, &e, &f) && e.tries == i, "once more");
	}
	OK(e.quarantined && what(s, "k") == STATE_QUARANTINED, "quarantined");
	r.status = STATE_DELIVERED;
	r.dead_object = true;
	OK(enter(s, &r, 1, &e, &f) && e.settled &&
		what(s, "k") == STATE_SETTLED,
	    "delivered after all");
	r.status = STATE_IS_FAILED;
	OK(enter(s, &r, 1, &e, &f) && !e.quarantined &&
		what(s, "k") == STATE_SETTLED,
	    "settled is settled");
	OK(put(s, "g", STATE_GONE) && what(s, "g") == STATE_SETTLED, "gone");
	OK(put(s, "g", STATE_DELIVERED), "and found again by another");
	clock_inject(1, MS(NOW));
	state_close(s);
}

static void
test_need(void)
{
	struct state *s = must_open(true);
	struct state_receipt r = receipt("n", STATE_DELIVERED);
	struct state_verdict v;
	struct state_effect e;
	struct fault f = {0};

	OK(enter(s, &r, 2, &e, &f) && !e.settled && enter(s, &r, 2, &e, &f) &&
		!e.settled,
	    "one of two, twice");
	r.status = STATE_IS_PARTIAL;
	r.to = "dest/b";
	r.through = 5;
	OK(enter(s, &r, 2, &e, &f) && state_lookup(s, &r.object, &v, &f) &&
		v.what == STATE_PARTIAL && v.skip == 5,
	    "as far as the slower one");
	r.status = STATE_DELIVERED;
	OK(enter(s, &r, 2, &e, &f) && e.settled &&
		what(s, "n") == STATE_SETTLED,
	    "two of two");
	state_close(s);
}

struct seen {
	char text[4096];
	size_t n;
	unsigned stop_after;
};

static bool
see(void *ctx, const struct state_entry *e)
{
	struct seen *s = ctx;
	int n;

	n = snprintf(s->text + s->n, sizeof(s->text) - s->n,
	    "%s/%.*s %s%s w=%d skip=%llu %s tries=%u %s %u/%u\n",
	    e->object.bucket, (int)e->object.key_len,
	    (const char *)e->object.key, e->object.etag, e->object.version,
	    (int)e->what, (unsigned long long)e->skip, e->format, e->tries,
	    e->reason, e->delivered_by, e->need);
	s->n += (size_t)n;
	return s->stop_after == 0 || --s->stop_after > 0;
}

static bool
is_q(void *ctx, const struct state_object *o)
{
	(void)ctx;
	return o->key_len == 1 && *(const char *)o->key == 'q';
}

static void
fill_for_show(struct state *s)
{
	struct state_receipt r = receipt("q", STATE_IS_FAILED);
	struct fault f = {0};

	for (r.fetch = 0; r.fetch < STATE_TRIES; r.fetch++)
		(void)enter(s, &r, 1, NULL, &f);
	r = receipt("f", STATE_IS_FAILED);
	r.object.bucket = "zlogs";
	r.reason = "AccessDenied";
	r.counts = false;
	(void)enter(s, &r, 1, NULL, &f);
	r = receipt("p", STATE_IS_PARTIAL);
	r.object.etag = MD5 "-3";
	r.through = 12;
	r.dead = 4;
	(void)enter(s, &r, 2, NULL, &f);
	r = receipt("d", STATE_DELIVERED);
	r.dead = 3;
	r.dead_object = true;
	(void)enter(s, &r, 1, NULL, &f);
	(void)put(s, "g", STATE_GONE);
}

static void
test_show(void)
{
	struct state *s, *other;
	struct seen seen = {.n = 0};
	struct state_sums sums;
	struct fault f = {0};
	uint64_t freed;

	remove_files();
	s = must_open(true);
	other = state_open(file, "other", true, &f);
	OK(other != NULL && put(other, "x", STATE_IS_FAILED),
	    "another pipeline has something too");
	fill_for_show(s);
	OK(state_each(s, see, &seen, &f), "each");
	IS(seen.text,
	    "logs/p " MD5 "-3 w=2 skip=0 cloudtrail/1 tries=0  0/1\n"
	    "logs/q " MD5 " w=5 skip=0 cloudtrail/1 tries=5 Truncated 0/1\n"
	    "zlogs/f " MD5 " w=4 skip=0 cloudtrail/1 tries=0 AccessDenied "
	    "0/1\n",
	    "what is not settled, in order, with why");
	OK(state_sum(s, &sums, &f) && sums.delivered == 1 && sums.gone == 1 &&
		sums.partial == 1 && sums.failed == 1 &&
		sums.quarantined == 1 && sums.dead == 7 &&
		sums.dead_objects == 1 &&
		sums.oldest_unsettled_ms == MS(NOW - DAY),
	    "sums");
	seen = (struct seen){.stop_after = 1};
	OK(state_each(s, see, &seen, &f) && strchr(seen.text, 'q') == NULL,
	    "the callback can end it");
	OK(state_forget(s, is_q, NULL, &freed, &f) && freed == 1 &&
		what(s, "q") == STATE_PARTIAL,
	    "forget frees what matches");
	OK(state_forget(s, is_q, NULL, &freed, &f) && freed == 0,
	    "and that only once");
	OK(put(s, "q", STATE_IS_FAILED) && what(s, "q") == STATE_FAILED_WAIT,
	    "its tries begin anew");
	state_close(other);
	state_close(s);
	remove_files();
}

static void
test_prune(void)
{
	struct state *s = must_open(true);
	struct state_receipt r;
	struct fault f = {0};
	int64_t pruned = -1;
	uint64_t removed;
	bool more;

	for (int i = 0; i < 10; i++) {
		char key[2] = {(char)('0' + i), '\0'};

		r = receipt(key, i == 3 ? STATE_IS_PARTIAL : STATE_DELIVERED);
		r.modified_ms = MS(NOW - i * DAY);
		(void)enter(s, &r, 1, NULL, &f);
	}
	OK(state_prune(s, 100, &removed, &more, &f) && removed == 0,
	    "without a look-back window all is kept");
	OK(state_keep_since(s, "p/", MS(NOW - DAY), &pruned, &f) &&
		pruned == 0 && state_prune(s, 2, &removed, &more, &f) &&
		removed == 2,
	    "at most so many at a time");
	OK(more && state_prune(s, 100, &removed, &more, &f) && removed == 4 &&
		!more,
	    "then the rest");
	OK(what(s, "2") == STATE_SETTLED && what(s, "3") == STATE_PARTIAL,
	    "the margin and what is not settled stay");
	OK(what(s, "9") == STATE_NEW, "old settled objects are forgotten");
	OK(state_keep_since(s, "p/", MS(NOW), &pruned, &f) &&
		pruned == MS(NOW - DAY) - STATE_MARGIN_MS,
	    "which an earlier --since is told");
	OK(state_prune(s, 100, &removed, &more, &f) && removed == 0,
	    "not a second look within the hour");
	clock_inject(1, MS(NOW) + STATE_PRUNE_MS);
	OK(state_prune(s, 100, &removed, &more, &f) && removed == 0 &&
		what(s, "2") == STATE_SETTLED,
	    "the margin is kept");
	clock_inject(1, MS(NOW + DAY));
	OK(state_keep_since(s, "p/", 0, &pruned, &f) &&
		state_keep_since(s, "q/", MS(NOW + DAY), &pruned, &f) &&
		state_prune(s, 100, &removed, &more, &f) && removed == 0,
	    "the widest window counts");
	clock_inject(1, MS(NOW + 32 * DAY));
	OK(state_keep_since(s, "q/", MS(NOW + 32 * DAY), &pruned, &f) &&
		state_prune(s, 100, &removed, &more, &f) && removed == 3,
	    "of those used lately");
	clock_inject(1, MS(NOW));
	state_close(s);
	remove_files();
}

/* Batch by batch through buckets, another pipeline's rows between them, and
 * several objects of one key where a batch ends. */
static void
test_prune_batches(void)
{
	struct state *s = must_open(true), *other;
	static const char *const etags[] = {MD5, MD5 "-2", "", "x"};
	struct state_receipt r;
	struct fault f = {0};
	uint64_t removed, all = 0;
	int64_t pruned;
	unsigned batches = 0;
	bool more = true, fine = true;
	char key[32];

	other = state_open(file, "other", true, &f);
	for (int b = 0; b < 3; b++)
		for (int i = 0; i < 100; i++) {
			(void)snprintf(key, sizeof(key), "k%03d", i);
			r = receipt(key, STATE_DELIVERED);
			r.object.bucket = b == 0   ? "logs-a"
					  : b == 1 ? "logs-b"
						   : "logs-c";
			r.object.etag = etags[i % 4];
			if (i % 4 > 1) /* several etags of a key */
				r.object.key = "same";
			r.object.key_len = strlen(r.object.key);
			r.object.version = i % 4 == 2 ? key : "";
			r.modified_ms = MS(i % 2 == 0 ? NOW - 9 * DAY : NOW);
			fine =
			    fine && enter(b == 1 ? other : s, &r, 1, NULL, &f);
		}
	OK(fine && state_keep_since(s, "p/", MS(NOW), &pruned, &f),
	    "objects of two pipelines");
	while (more && batches < 100) {
		fine = fine && state_prune(s, 7, &removed, &more, &f);
		all += removed;
		batches++;
	}
	/* Per bucket 25 old ones with keys of their own, 25 of one key. */
	OK(fine && all == 100 && batches > 5 && batches < 20,
	    "all that is old is removed, in batches");
	printf("# %u batches\n", batches);
	r = receipt("k001", STATE_DELIVERED);
	r.object.bucket = "logs-c";
	r.object.etag = MD5 "-2";
	OK(what_of(s, &r.object) == STATE_SETTLED, "what is not old stays");
	r.object = object("k000", MD5);
	r.object.bucket = "logs-b";
	OK(what_of(other, &r.object) == STATE_SETTLED,
	    "as does what is another pipeline's");
	OK(state_keep_since(s, "p/2026/01/01/", MS(NOW), &pruned, &f),
	    "a scope of one day");
	clock_inject(1, MS(NOW + 31 * DAY));
	OK(state_keep_since(s, "p/2026/02/01/", MS(NOW), &pruned, &f),
	    "and one a month later");
	clock_inject(1, MS(NOW));
	state_close(other);
	state_close(s);
	OK(number("SELECT count(*) FROM lookback") == 1,
	    "scopes of long ago are forgotten");
	remove_files();
}

/* ---- What other processes do ---- */

static pid_t
child(void (*run)(int fd), int *fd)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0 || (pid = fork()) == -1)
		abort();
	if (pid == 0) {
		(void)close(fds[0]);
		run(fds[1]);
		_exit(0);
	}
	(void)close(fds[1]);
	*fd = fds[0];
	return pid;
}

static void
tell(int fd, char c)
{
	if (write(fd, &c, 1) != 1)
		_exit(1);
}

static bool
hear(int fd, char want)
{
	char c = 0;

	return read(fd, &c, 1) == 1 && c == want;
}

/* Write for ever: 20 objects a transaction. */
static void
write_much(int fd)
{
	struct state *s = must_open(true);
	struct fault f = {0};
	struct state_effect e;
	struct state_receipt r;
	char key[32];

	for (unsigned i = 0;; i++) {
		if (i % 20 == 0 && !state_begin(s, &f))
			_exit(1);
		(void)snprintf(key, sizeof(key), "k%u", i);
		r = receipt(key, STATE_DELIVERED);
		if (!state_apply(s, &r, 1, &e, &f))
			_exit(1);
		if (i % 20 == 19) {
			if (!state_commit(s, &f))
				_exit(1);
			tell(fd, 'c');
		}
	}
}

/* Stop in the middle of a transaction. */
static void
write_half(int fd)
{
	struct state *s = must_open(true);
	struct fault f = {0};
	struct state_effect e;
	struct state_receipt r = receipt("half", STATE_DELIVERED);

	(void)put(s, "whole", STATE_DELIVERED);
	if (!state_begin(s, &f) || !state_apply(s, &r, 1, &e, &f))
		_exit(1);
	tell(fd, 'h');
	for (;;)
		(void)pause();
}

static void
integrity(const char *label)
{
	sqlite3 *db;
	sqlite3_stmt *q = NULL;
	const char *text = "";

	if (sqlite3_open(file, &db) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL) ==
		SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(q, 0);
	IS(text, "ok", label);
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
}

static void
test_processes(void)
{
	struct state *s;
	struct state_sums sums = {0};
	struct fault f = {0};
	uint64_t last = 0;
	bool fine = true;
	pid_t pid;
	int fd;

	pid = child(write_much, &fd);
	fine = hear(fd, 'c');
	s = must_open(false);
	/* Read beside the writer: whole transactions, never fewer. */
	for (int i = 0; i < 50 && fine; i++) {
		fine = hear(fd, 'c') && state_read_begin(s, &f) &&
		       state_sum(s, &sums, &f) && sums.delivered % 20 == 0 &&
		       sums.delivered >= last && what(s, "k0") == STATE_SETTLED;
		state_read_end(s);
		last = sums.delivered;
	}
	OK(fine && last >= 20 * 50, "one reads while the other writes");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)close(fd);
	OK(state_sum(s, &sums, &f) && sums.delivered % 20 == 0 &&
		sums.delivered >= last,
	    "kill -9 leaves whole transactions");
	state_close(s);
	integrity("and a sound file");
	remove_files();

	pid = child(write_half, &fd);
	OK(hear(fd, 'h'), "a process is inside a transaction");
	s = must_open(false);
	OK(what(s, "whole") == STATE_SETTLED && what(s, "half") == STATE_NEW,
	    "a reader is not held up and sees nothing of it");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)close(fd);
	OK(what(s, "half") == STATE_NEW, "nor when its process was killed");
	state_close(s);
	s = must_open(true);
	OK(what(s, "whole") == STATE_SETTLED && put(s, "half", STATE_DELIVERED),
	    "the next one writes on");
	state_close(s);
	integrity("the file is sound");
	remove_files();
}

static void
open_and_tell(int fd)
{
	struct state *s = must_open(true);

	tell(fd, put(s, "k", STATE_DELIVERED) ? 'y' : 'n');
	state_close(s);
}

/* Both ends of a pipeline start at once, on no file. */
static void
test_race(void)
{
	enum { PROCESSES = 6 };
	pid_t pids[PROCESSES];
	int fds[PROCESSES];
	bool fine = true;

	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < PROCESSES; i++)
			pids[i] = child(open_and_tell, &fds[i]);
		for (int i = 0; i < PROCESSES; i++) {
			fine = hear(fds[i], 'y') && fine;
			(void)waitpid(pids[i], NULL, 0);
			(void)close(fds[i]);
		}
		remove_files();
	}
	OK(fine, "many make the file at the same moment");
}

/* ---- What goes wrong ---- */

static void
test_disk_full(void)
{
	struct state *s = must_open(true);
	struct rlimit old, tiny;
	struct fault f = {0};
	struct state_receipt r;
	struct state_effect e;
	char key[600];
	bool fine;
	int i;

	OK(put(s, "before", STATE_DELIVERED), "there is room at first");
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &old);
	tiny = old;
	tiny.rlim_cur = 128 * 1024;
	(void)setrlimit(RLIMIT_FSIZE, &tiny);
	memset(key, 'k', sizeof(key));
	fine = state_begin(s, &f);
	for (i = 0; i < 100000 && fine; i++) {
		(void)snprintf(key, 16, "%015d", i);
		key[15] = 'k';
		r = receipt("", STATE_DELIVERED);
		r.object.key = key;
		r.object.key_len = sizeof(key);
		fine = state_apply(s, &r, 1, &e, &f) &&
		       (i % 100 != 99 ||
			   (state_commit(s, &f) && state_begin(s, &f)));
	}
	OK(!fine && f.code == EXIT_IO, "a full disk is exit 74");
	OK(f.hint[0] != '\0', "with a hint");
	printf("# %s\n# %s\n", f.text, f.hint);
	state_rollback(s);
	OK(what(s, "before") == STATE_SETTLED, "what was there stays");
	(void)setrlimit(RLIMIT_FSIZE, &old);
	OK(put(s, "after", STATE_DELIVERED), "with room again it goes on");
	state_close(s);
	integrity("the file is sound after that");
	remove_files();
}

static void
refused(enum exitcode code, const char *word, const char *label)
{
	struct fault f = {0};
	struct state *s = state_open(file, "default", false, &f);

	OK(s == NULL && f.code == code && f.hint[0] != '\0' &&
		strstr(f.text, word) != NULL,
	    label);
	printf("# %s\n# %s\n", f.text, f.hint);
	state_close(s);
}

static void
write_file(const char *text, size_t n)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1 || write(fd, text, n) != (ssize_t)n)
		abort();
	(void)close(fd);
}

static void
sql(const char *text)
{
	sqlite3 *db;

	if (sqlite3_open(file, &db) != SQLITE_OK ||
	    sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		abort();
	(void)sqlite3_close(db);
}

static void
test_refused(void)
{
	char garbage[8192];

	memset(garbage, 'x', sizeof(garbage));
	write_file(garbage, sizeof(garbage));
	refused(EXIT_BADCONFIG, "not a database", "a file that is no database");
	remove_files();
	sql("CREATE TABLE t(x)");
	refused(EXIT_BADCONFIG, "another program's", "another's database");
	remove_files();
	state_close(must_open(true));
	sql("PRAGMA user_version=2");
	refused(EXIT_BADCONFIG, "version is 2", "a later schema version");
	sql("PRAGMA user_version=0");
	refused(EXIT_BADCONFIG, "version is 0", "an unknown one");
	remove_files();
	write_file("", 0);
	state_close(must_open(true));
	OK(true, "an empty file is as good as none");
	remove_files();
}

static void
test_damaged(void)
{
	struct state *s = must_open(true);
	struct state_verdict v;
	struct fault f = {0};
	char junk[4096];
	bool fine = true;
	char key[32];
	struct stat st;
	int fd;

	for (int i = 0; i < 500 && fine; i++) {
		(void)snprintf(key, sizeof(key), "key-%d", i);
		fine = put(s, key, STATE_DELIVERED);
	}
	state_close(s);
	memset(junk, 0xa5, sizeof(junk));
	fd = open(file, O_WRONLY);
	(void)fstat(fd, &st);
	for (off_t at = 4096; at < st.st_size; at += 4096)
		fine = pwrite(fd, junk, sizeof(junk), at) ==
			   (ssize_t)sizeof(junk) &&
		       fine;
	(void)close(fd);
	s = state_open(file, "default", true, &f);
	if (s != NULL) {
		struct state_object o = object("key-1", MD5);

		fine = fine && !state_lookup(s, &o, &v, &f);
	}
	OK(fine && f.code == EXIT_IO && strstr(f.hint, "backup") != NULL,
	    "a damaged file is exit 74");
	printf("# %s\n# %s\n", f.text, f.hint);
	state_close(s);
	remove_files();
}

static void
test_places(void)
{
	struct fault f = {0};
	struct state *s;
	struct stat st;
	char cwd[512];

	s = state_open("/nonexistent/folder/state", "default", true, &f);
	OK(s == NULL && f.code == EXIT_BADCONFIG && f.hint[0] != '\0',
	    "a folder that is not there");
	s = state_open("/proc/state", "default", true, &f);
	OK(s == NULL && f.hint[0] != '\0', "a folder that takes no file");
	if (getcwd(cwd, sizeof(cwd)) == NULL || chdir(dir) != 0)
		abort();
	s = state_open(":memory:", "default", true, &f);
	OK(s != NULL && put(s, "k", STATE_DELIVERED), "SQLite's special names");
	state_close(s);
	s = state_open(":memory:", "default", false, &f);
	OK(s != NULL && what(s, "k") == STATE_SETTLED, "are plain files here");
	state_close(s);
	OK(stat(":memory:-wal", &st) == 0 && st.st_size == 0,
	    "what is left beside one is an empty log");
	OK(unlink(":memory:-wal") == 0 && unlink(":memory:-shm") == 0 &&
		unlink(":memory:") == 0 && chdir(cwd) == 0,
	    "beside the caller");
}

/* Stands before libc's: a file system of our choice, or what is there. */
static unsigned long pretend;

int
statfs(const char *name, struct statfs *fs)
{
	memset(fs, 0, sizeof(*fs));
	fs->f_type = (__typeof__(fs->f_type))(pretend != 0 ? pretend : 0xef53);
	if (access(name, F_OK) == 0)
		return 0;
	errno = ENOENT;
	return -1;
}

static void
test_network(void)
{
	static const unsigned long bad[] = {0x6969, 0xff534d42, 0x0bd00bd0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		pretend = bad[i];
		refused(EXIT_BADCONFIG, "cannot keep state",
		    "a file system that SQLite cannot lock");
		OK(access(file, F_OK) == -1, "is not touched");
	}
	pretend = 0;
	state_close(must_open(true));
	remove_files();
}

static void
test_read_only(void)
{
	const uid_t nobody = 65534;
	struct fault f = {0};
	struct state *s = must_open(true);

	(void)put(s, "k", STATE_DELIVERED);
	state_close(s);
	(void)chmod(file, 0444);
	(void)chmod(dir, 0755);
	if (geteuid() == 0 && seteuid(nobody) != 0)
		abort();
	s = state_open(file, "default", true, &f);
	OK(s == NULL && f.code == EXIT_IO && strstr(f.hint, "writable") != NULL,
	    "a file that cannot be written: exit 74 for who writes");
	printf("# %s\n# %s\n", f.text, f.hint);
	if (geteuid() == nobody && seteuid(0) != 0)
		abort();
	(void)chmod(dir, 0700);
	remove_files();
}

static void
test_lock_path(void)
{
	struct buf a = BUF_INIT(4096), b = BUF_INIT(4096);

	state_lock_path(&a, "st", "s3ack", "default", "");
	state_lock_path(&b, "st", "s3ack", "other", "");
	OK(strncmp(a.p, "st-s3ack-", 9) == 0 && strcmp(a.p, b.p) != 0,
	    "a lock for each name");
	buf_reset(&b);
	state_lock_path(&b, "st", "s3ack", "default", "");
	IS(b.p, a.p, "always the same one");
	buf_clear(&a);
	buf_clear(&b);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(file, sizeof(file), "%s/state", dir);
	clock_inject(1, MS(NOW));
	test_create();
	test_identity();
	test_verdicts();
	test_need();
	test_show();
	test_prune();
	test_prune_batches();
	test_processes();
	test_race();
	test_disk_full();
	test_refused();
	test_damaged();
	test_places();
	test_network();
	test_read_only();
	test_lock_path();
	OK(rmdir(dir) == 0, "no file is left behind");
	return tap_done();
}
