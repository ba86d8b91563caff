/* sentinelpost/deadletter: what is written, kept, cut off, locked. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define LB_INJECT 1 /* clock_inject() */
#include "clock.h"
#include "sentinelpost/deadletter.h"
#include "sentinelpost/settle.h"
#include "tap.h"

#define OBJECT                                                            \
	"{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\",\"size\":9,"    \
	"\"etag\":\"e\",\"skip\":3,\"format\":\"old\",\"ack\":{\"q\":1}," \
	"\"receives\":11}"
#define NAME "\"object\":{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\"}"
#define TIME "\"time\":\"2023-11-14T22:13:20Z\""

static char dir[] = "/tmp/test_deadletter.XXXXXX", path[64], other[64];
static struct fault f;

/* The whole file, of up to 16 MiB, as a string. */
static const char *
content(const char *name)
{
	static char text[16 * 1024 * 1024];
	int fd = open(name, O_RDONLY);
	size_t n = 0;
	ssize_t r;

	while (fd != -1 && (r = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)r;
	if (fd != -1)
		(void)close(fd);
	text[n] = '\0';
	return text;
}

static void
put(const char *text)
{
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

static struct deadletter *
fresh(void)
{
	(void)unlink(path);
	memset(&f, 0, sizeof(f));
	return dead_open(path, NULL, &f);
}

/* Bytes of no object. */
static bool
put_bytes(
    struct deadletter *d, const char *p, size_t n, const struct dead_why *why)
{
	const struct dead_bytes b = {.n = SETTLE_NO_N, .p = p, .len = n};

	return dead_bytes(d, &b, why, &f);
}

static void
close_and_compare(struct deadletter *d, const char *want, const char *what)
{
	OK(dead_sync(d, &f), "synced");
	dead_close(d);
	IS(content(path), want, what);
}

static void
rows(void)
{
	struct deadletter *d = fresh();
	const struct dead_why why = {"refused", 400, "InvalidRecord", "rid"};
	const struct dead_why short_why = {"oversize", 0, "", NULL};
	struct dead_row r = {.id = "i",
	    .n = 17,
	    .table = "T",
	    .object = OBJECT,
	    .object_len = strlen(OBJECT),
	    .row = "{\"a\": 1}",
	    .row_len = 8};
	struct stat st;

	OK(d != NULL && stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "a new file, for its owner alone");
	OK(dead_row(d, &r, &why, &f), "a row");
	IS(content(path), "", "is collected");
	OK(dead_sync(d, &f) && content(path)[0] == '{', "and written in time");
	r = (struct dead_row){.id = "",
	    .n = SETTLE_NO_N,
	    .bad_table = {"\"a/b\"", 5, JSON_STRING, 0},
	    .row = "{}",
	    .row_len = 2};
	OK(dead_row(d, &r, &short_why, &f) && dead_lines(d) == 2,
	    "a row of which little is known");
	close_and_compare(d,
	    "{\"id\":\"i\",\"n\":17,\"table\":\"T\",\"dead\":{\"reason\":"
	    "\"refused\",\"http\":400," TIME ",\"code\":\"InvalidRecord\","
	    "\"request_id\":\"rid\"}," NAME ",\"row\":{\"a\": 1}}\n"
	    "{\"table\":\"a/b\",\"dead\":{\"reason\":\"oversize\"," TIME
	    "},\"row\":{}}\n",
	    "both as they should be");
}

static void
rejects(void)
{
	static const char *const lines[] = {
	    ("{\"id\":\"i\",\"n\":18,\"reject\":{\"reason\":\"r\",\"at\":5},"
	     "\"raw\":\"a\\n\"}"),
	    "{\"raw64\":\"/w==\",\"reject\":{},\"n\":1.0}",
	    "{\"reject\":{\"reason\":\"r\"}}"};
	struct deadletter *d = fresh();
	const struct dead_why why = {"r", 0, NULL, NULL};
	struct wire_line w;
	const char *what;
	bool ok = true;

	for (size_t i = 0; i < 3; i++)
		ok = ok && wire_parse(&w, lines[i], strlen(lines[i]), &what) &&
		     dead_reject(d, &w, i == 0 ? OBJECT : NULL, strlen(OBJECT),
			 &why, &f);
	OK(ok, "reject lines");
	close_and_compare(d,
	    "{\"id\":\"i\",\"n\":18,\"dead\":{\"reason\":\"r\"," TIME "}," NAME
	    ",\"reject\":{\"reason\":\"r\",\"at\":5},\"raw\":\"a\\n\"}\n"
	    "{\"n\":1.0,\"dead\":{\"reason\":\"r\"," TIME
	    "},\"reject\":{},\"raw64\":\"/w==\"}\n"
	    "{\"dead\":{\"reason\":\"r\"," TIME
	    "},\"reject\":{\"reason\":\"r\"}}\n",
	    "keep their members");
}

static void
bytes(void)
{
	struct deadletter *d = fresh();
	const struct dead_why why = {"not-wire", 0, NULL, NULL};
	const struct dead_bytes one = {
	    .id = "i", .n = 3, .p = "a\"\n", .len = 3};

	OK(dead_bytes(d, &one, &why, &f) && put_bytes(d, "\xff", 1, &why) &&
		put_bytes(d, "", 0, &why),
	    "bytes of any kind");
	close_and_compare(d,
	    "{\"id\":\"i\",\"n\":3,\"reject\":{\"reason\":\"not-wire\"},"
	    "\"dead\":{\"reason\":\"not-wire\"," TIME
	    "},\"raw\":\"a\\\"\\n\"}\n"
	    "{\"reject\":{\"reason\":\"not-wire\"},\"dead\":{\"reason\":"
	    "\"not-wire\"," TIME "},\"raw64\":\"/w==\"}\n"
	    "{\"reject\":{\"reason\":\"not-wire\"},\"dead\":{\"reason\":"
	    "\"not-wire\"," TIME "},\"raw\":\"\"}\n",
	    "are rejects");
}

/* Put the file's reject lines together: how many lines, how many records.
 * False when one is over the limit of the wire or none of them. */
static bool
join(struct buf *record, unsigned *lines, unsigned *records)
{
	struct json_val more;
	struct wire_line w;
	const char *p, *nl, *what;

	*lines = *records = 0;
	for (p = content(path); *p != '\0'; p = nl + 1) {
		nl = strchr(p, '\n');
		if (nl == NULL || nl - p > WIRE_LINE_MAX ||
		    !wire_parse(&w, p, (size_t)(nl - p), &what) ||
		    w.kind != WIRE_REJECT)
			return false;
		if (w.raw.p != NULL && json_text(record, &w.raw) != 0)
			return false;
		if (w.raw.p == NULL &&
		    !json_base64(record, w.raw64.p + 1, w.raw64.n - 2))
			return false;
		*records += !wire_member(&w.reject, "more", &more);
		++*lines;
	}
	return true;
}

/* A long line becomes several, which together are what it was. */
static void
parts(void)
{
	static char in[2 * DEAD_PART_MAX + 100];
	struct deadletter *d = fresh();
	const struct dead_why why = {"not-wire", 0, NULL, NULL};
	const struct dead_bytes whole = {
	    .id = "0123456789abcdef-0123", .n = 5, .p = in, .len = sizeof(in)};
	struct buf back = BUF_INIT(sizeof(in));
	unsigned lines, records;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = "\xe2\x82\xac\x01"[i % 4];
	OK(dead_bytes(d, &whole, &why, &f) && dead_sync(d, &f), "a long line");
	OK(join(&back, &lines, &records) && lines == 3 && records == 1,
	    "three lines, one of them the last");
	OK(back.len == sizeof(in) && memcmp(back.p, in, sizeof(in)) == 0,
	    "nothing is lost, cut between characters");
	OK(dead_lines(d) == 3, "counted");
	buf_clear(&back);
	dead_close(d);
}

/*
 * Lines as long as the wire allows: what is added to them would make them too
 * long to be piped back in.
 */
static char longest[WIRE_LINE_MAX + 1];

/* head, as many x as fit, tail: the payload's length. */
static size_t
fill_line(const char *head, const char *tail)
{
	size_t h = strlen(head), t = strlen(tail), n = WIRE_LINE_MAX - h - t;

	memcpy(longest, head, h);
	memset(longest + h, 'x', n);
	memcpy(longest + h + n, tail, t + 1);
	return n;
}

static void
long_row(void)
{
	struct deadletter *d = fresh();
	const struct dead_why why = {"oversize", 0, NULL, NULL};
	struct buf back = BUF_INIT(WIRE_LINE_MAX);
	struct dead_row r = {.id = "i", .n = 1, .table = "T", .row = longest};
	unsigned lines, records;

	(void)fill_line("{\"a\":\"", "\"}");
	r.row_len = WIRE_LINE_MAX - 60;
	OK(dead_row(d, &r, &why, &f) && dead_sync(d, &f), "the longest row");
	OK(join(&back, &lines, &records) && lines == 8 && records == 1,
	    "is kept in pieces");
	OK(back.len == r.row_len && memcmp(back.p, longest, back.len) == 0,
	    "whole");
	dead_close(d);
	buf_clear(&back);
}

static void
long_rejects(void)
{
	static const struct {
		const char *what, *head, *tail;
		unsigned records;
	} cases[] = {
	    {"the longest reject",
		"{\"id\":\"0123456789abcdef-0123\",\"n\":7,\"reject\":"
		"{\"reason\":\"r\"},\"raw\":\"",
		"\"}", 1},
	    {"of a record that goes on",
		"{\"reject\":{\"reason\":\"r\",\"more\":true},\"raw\":\"",
		"\"}", 0},
	    {"without a record", "{\"reject\":{\"reason\":\"", "\"}}", 1},
	    {"with a record number that is none",
		"{\"n\":1.5,\"reject\":{},\"raw\":\"", "\"}", 1},
	    {"with a record that is no text",
		"{\"reject\":{},\"raw\":\"\\ud800", "\"}", 1},
	};
	const struct dead_why why = {"r", 0, NULL, NULL};
	struct buf back = BUF_INIT(WIRE_LINE_MAX);
	unsigned lines, records;
	struct wire_line w;
	const char *what;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct deadletter *d = fresh();
		size_t n = fill_line(cases[i].head, cases[i].tail);
		bool whole = i == 2 || i == 4; /* then the line itself */

		buf_reset(&back);
		OK(wire_parse(&w, longest, WIRE_LINE_MAX, &what) &&
			dead_reject(d, &w, NULL, 0, &why, &f) &&
			dead_sync(d, &f) && join(&back, &lines, &records) &&
			records == cases[i].records,
		    cases[i].what);
		OK(whole ? back.len == WIRE_LINE_MAX &&
			       memcmp(back.p, longest, back.len) == 0
			 : back.len == n && back.p[0] == 'x' &&
			       back.p[n - 1] == 'x',
		    "nothing of it is lost");
		dead_close(d);
	}
	buf_clear(&back);
}

static void
long_reject_bytes(void)
{
	static const char head[] = "{\"reject\":{},\"raw64\":\"";
	struct deadletter *d = fresh();
	const struct dead_why why = {"r", 0, NULL, NULL};
	struct buf back = BUF_INIT(WIRE_LINE_MAX);
	/* Base64 comes in fours; xxxx stands for c7 1c 71. */
	size_t n = (WIRE_LINE_MAX - sizeof(head) - 1) / 4;
	unsigned lines, records;
	struct wire_line w;
	const char *what;

	(void)fill_line(head, "");
	memcpy(longest + sizeof(head) - 1 + 4 * n, "\"}", 3);
	OK(wire_parse(&w, longest, strlen(longest), &what) &&
		dead_reject(d, &w, NULL, 0, &why, &f) && dead_sync(d, &f) &&
		join(&back, &lines, &records),
	    "the longest reject of bytes");
	OK(back.len == 3 * n && memcmp(back.p, "\xc7\x1c\x71\xc7", 4) == 0,
	    "is kept as bytes");
	dead_close(d);
	buf_clear(&back);
}

static void
objects(void)
{
	struct deadletter *d = fresh();
	const struct dead_why why = {"BadGzip", 0, NULL, NULL};

	OK(dead_object(d, OBJECT, strlen(OBJECT), 0, "", &why, &f) &&
		dead_object(d, OBJECT, strlen(OBJECT), 7, "new/2", &why, &f),
	    "an object line");
	close_and_compare(d,
	    "{\"dead\":{\"reason\":\"BadGzip\"," TIME
	    "},\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\",\"size\":9,"
	    "\"etag\":\"e\",\"skip\":3,\"format\":\"old\"}\n"
	    "{\"dead\":{\"reason\":\"BadGzip\"," TIME
	    "},\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\",\"size\":9,"
	    "\"etag\":\"e\",\"format\":\"new/2\",\"skip\":7}\n",
	    "goes on where its rows ended, without its queue");
}

/* What a crash left behind. */
static void
torn(void)
{
	static const struct {
		const char *before, *after;
	} cases[] = {{"", ""}, {"{}\n", "{}\n"}, {"{}\n{\"a", "{}\n"},
	    {"{\"a", ""}, {"{}\n\n", "{}\n\n"}};
	static char big[200 * 1024];
	struct deadletter *d;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(cases[i].before);
		d = dead_open(path, NULL, &f);
		close_and_compare(d, cases[i].after, "a torn last line");
	}
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "{}\n", 3);
	put(big);
	d = dead_open(path, NULL, &f);
	close_and_compare(d, "{}\n", "a long one");
}

static void
refused(void)
{
	struct deadletter *d = fresh(), *second;
	struct stat st;
	char missing[96];

	second = dead_open(path, NULL, &f);
	OK(second == NULL && f.code == EXIT_AGAIN, "one process at a time");
	dead_close(d);
	second = dead_open(path, NULL, &f);
	OK(second != NULL, "the next one after it");
	dead_close(second);
	OK(chmod(path, 0644) == 0 && (d = dead_open(path, NULL, &f)) != NULL &&
		stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "others lose their rights");
	dead_close(d);
	OK(dead_open("/dev/null", NULL, &f) == NULL && f.code == EXIT_BADCONFIG,
	    "a device is no file");
	OK(mkfifo(other, 0600) == 0 && dead_open(other, NULL, &f) == NULL &&
		f.code == EXIT_BADCONFIG && unlink(other) == 0,
	    "a fifo is none either, and does not hang");
	OK(dead_open(dir, NULL, &f) == NULL && f.code == EXIT_BADCONFIG,
	    "nor a directory");
	(void)snprintf(missing, sizeof(missing), "%s/no/file", dir);
	OK(dead_open(missing, NULL, &f) == NULL && f.code == EXIT_BADCONFIG,
	    "nor what has no directory");
	dead_close(NULL);
}

static void
rotation(void)
{
	struct deadletter *d = fresh();
	const struct dead_why why = {"x", 0, NULL, NULL};
	struct stat st;

	OK(put_bytes(d, "1", 1, &why), "one line");
	OK(rename(path, other) == 0, "the file is moved while it waits");
	OK(put_bytes(d, "2", 1, &why) && dead_sync(d, &f), "another");
	OK(strstr(content(other), "\"1\"") != NULL &&
		strstr(content(other), "\"2\"") != NULL && stat(path, &st) != 0,
	    "what is not synced stays together");
	OK(put_bytes(d, "3", 1, &why) && dead_sync(d, &f), "a third");
	OK(strstr(content(path), "\"3\"") != NULL &&
		strstr(content(path), "\"1\"") == NULL &&
		stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "goes to a new file");
	OK(unlink(path) == 0 && put_bytes(d, "4", 1, &why) &&
		dead_sync(d, &f) && strstr(content(path), "\"4\"") != NULL,
	    "and so when it was removed");
	dead_close(d);
	(void)unlink(other);
}

/* Lines of every kind are refused by a file that has failed. */
static void
all_fail(struct deadletter *d)
{
	static const char line[] = "{\"reject\":{},\"raw\":\"x\"}";
	static char big[2 * DEAD_PART_MAX];
	const struct dead_why why = {"x", 0, NULL, NULL};
	const struct dead_row r = {
	    .id = "", .n = 1, .table = "T", .row = "{}", .row_len = 2};
	struct wire_line w;
	const char *what;

	OK(!dead_row(d, &r, &why, &f), "a row");
	OK(wire_parse(&w, line, strlen(line), &what) &&
		!dead_reject(d, &w, NULL, 0, &why, &f),
	    "a reject");
	OK(!dead_object(d, OBJECT, strlen(OBJECT), 0, "", &why, &f),
	    "an object line");
	OK(!put_bytes(d, big, sizeof(big), &why), "bytes in pieces");
	OK(f.code == EXIT_IO, "all for the same reason");
}

/* No room: no part of a line stays, and nothing is promised any more. */
static void
full(void)
{
	static char big[100 * 1024];
	struct deadletter *d = fresh();
	const struct dead_why why = {"x", 0, NULL, NULL};
	struct rlimit limit, small;

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 50 * 1024;
	memset(big, 'x', sizeof(big));
	OK(put_bytes(d, "1", 1, &why) && dead_sync(d, &f), "a line that fits");
	OK(setrlimit(RLIMIT_FSIZE, &small) == 0 &&
		!put_bytes(d, big, sizeof(big), &why) && f.code == EXIT_IO,
	    "one that does not");
	OK(strlen(content(path)) < 200 &&
		content(path)[strlen(content(path)) - 1] == '\n',
	    "leaves nothing behind");
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	memset(&f, 0, sizeof(f));
	OK(!dead_sync(d, &f) && f.code == EXIT_IO,
	    "what failed stays failed, though there is room again");
	OK(!put_bytes(d, "2", 1, &why), "for every line");
	all_fail(d);
	dead_close(d);
}

/* logrotate's copytruncate: the file is emptied while it is open. */
static void
emptied(void)
{
	static char big[100 * 1024];
	struct deadletter *d = fresh();
	const struct dead_why why = {"x", 0, NULL, NULL};
	struct rlimit limit, small;

	(void)getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 50 * 1024;
	memset(big, 'x', sizeof(big));
	OK(put_bytes(d, "1", 1, &why) && dead_sync(d, &f) &&
		truncate(path, 0) == 0 && put_bytes(d, "2", 1, &why) &&
		dead_sync(d, &f) && strstr(content(path), "\"2\"") != NULL &&
		content(path)[0] == '{',
	    "a file that is emptied goes on from its start");
	OK(truncate(path, 0) == 0 && setrlimit(RLIMIT_FSIZE, &small) == 0 &&
		!put_bytes(d, big, sizeof(big), &why),
	    "emptied again, then full");
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	OK(content(path)[0] == '\0', "nothing is left of the line");
	dead_close(d);
}

/* Moved away, and something else has its name. */
static void
replaced(void)
{
	struct deadletter *d = fresh();
	const struct dead_why why = {"x", 0, NULL, NULL};

	OK(put_bytes(d, "1", 1, &why) && dead_sync(d, &f) &&
		rename(path, other) == 0 && mkfifo(path, 0600) == 0,
	    "a pipe in the place of the file");
	OK(!put_bytes(d, "2", 1, &why) && f.code == EXIT_BADCONFIG,
	    "is refused");
	memset(&f, 0, sizeof(f));
	OK(!put_bytes(d, "3", 1, &why) && f.code == EXIT_BADCONFIG &&
		!dead_sync(d, &f),
	    "for good");
	dead_close(d);
	(void)unlink(other);
	(void)unlink(path);
}

int
main(void)
{
	clock_inject(0, 1700000000000);
	if (mkdtemp(dir) == NULL)
		abort();
	(void)snprintf(path, sizeof(path), "%s/dead", dir);
	(void)snprintf(other, sizeof(other), "%s/other", dir);
	rows();
	rejects();
	bytes();
	parts();
	long_row();
	long_rejects();
	long_reject_bytes();
	objects();
	torn();
	refused();
	rotation();
	full();
	emptied();
	replaced();
	(void)unlink(path);
	(void)rmdir(dir);
	return tap_done();
}
