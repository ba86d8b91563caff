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
	return dead_open(path, &f);
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

	OK(dead_bytes(d, "i", 3, NULL, 0, "a\"\n", 3, &why, &f) &&
		dead_bytes(
		    d, NULL, SETTLE_NO_N, NULL, 0, "\xff", 1, &why, &f) &&
		dead_bytes(d, NULL, SETTLE_NO_N, NULL, 0, "", 0, &why, &f),
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

/* A long line becomes several, which together are what it was. */
static void
parts(void)
{
	static char in[2 * DEAD_PART_MAX + 100];
	struct deadletter *d = fresh();
	const struct dead_why why = {"not-wire", 0, NULL, NULL};
	struct buf back = BUF_INIT(sizeof(in));
	struct json_val more;
	struct wire_line w;
	const char *p, *nl, *what;
	unsigned lines = 0, last = 0;
	bool ok = true;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = "\xe2\x82\xac\x01"[i % 4];
	OK(dead_bytes(d, "0123456789abcdef-0123", 5, NULL, 0, in, sizeof(in),
	       &why, &f) &&
		dead_sync(d, &f),
	    "a long line");
	for (p = content(path); *p != '\0' && ok; p = nl + 1) {
		nl = strchr(p, '\n');
		ok = nl != NULL && nl - p <= WIRE_LINE_MAX &&
		     wire_parse(&w, p, (size_t)(nl - p), &what) &&
		     w.kind == WIRE_REJECT && w.raw.p != NULL &&
		     json_text(&back, &w.raw) == 0;
		if (!ok)
			break;
		last += !wire_member(&w.reject, "more", &more);
		lines++;
	}
	OK(ok && lines == 3 && last == 1, "three lines, one of them the last");
	OK(back.len == sizeof(in) && memcmp(back.p, in, sizeof(in)) == 0,
	    "nothing is lost, cut between characters");
	OK(dead_lines(d) == 3, "counted");
	buf_clear(&back);
	dead_close(d);
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
		d = dead_open(path, &f);
		close_and_compare(d, cases[i].after, "a torn last line");
	}
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "{}\n", 3);
	put(big);
	d = dead_open(path, &f);
	close_and_compare(d, "{}\n", "a long one");
}

static void
refused(void)
{
	struct deadletter *d = fresh(), *second;
	struct stat st;
	char missing[96];

	second = dead_open(path, &f);
	OK(second == NULL && f.code == EXIT_AGAIN, "one process at a time");
	dead_close(d);
	second = dead_open(path, &f);
	OK(second != NULL, "the next one after it");
	dead_close(second);
	OK(chmod(path, 0644) == 0 && (d = dead_open(path, &f)) != NULL &&
		stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "others lose their rights");
	dead_close(d);
	OK(dead_open("/dev/null", &f) == NULL && f.code == EXIT_BADCONFIG,
	    "a device is no file");
	OK(mkfifo(other, 0600) == 0 && dead_open(other, &f) == NULL &&
		f.code == EXIT_BADCONFIG && unlink(other) == 0,
	    "a fifo is none either, and does not hang");
	OK(dead_open(dir, &f) == NULL && f.code == EXIT_BADCONFIG,
	    "nor a directory");
	(void)snprintf(missing, sizeof(missing), "%s/no/file", dir);
	OK(dead_open(missing, &f) == NULL && f.code == EXIT_BADCONFIG,
	    "nor what has no directory");
	dead_close(NULL);
}

static void
rotation(void)
{
	struct deadletter *d = fresh();
	const struct dead_why why = {"x", 0, NULL, NULL};
	struct stat st;

	OK(dead_bytes(d, NULL, SETTLE_NO_N, NULL, 0, "1", 1, &why, &f),
	    "one line");
	OK(rename(path, other) == 0, "the file is moved while it waits");
	OK(dead_bytes(d, NULL, SETTLE_NO_N, NULL, 0, "2", 1, &why, &f) &&
		dead_sync(d, &f),
	    "another");
	OK(strstr(content(other), "\"1\"") != NULL &&
		strstr(content(other), "\"2\"") != NULL && stat(path, &st) != 0,
	    "what is not synced stays together");
	OK(dead_bytes(d, NULL, SETTLE_NO_N, NULL, 0, "3", 1, &why, &f) &&
		dead_sync(d, &f),
	    "a third");
	OK(strstr(content(path), "\"3\"") != NULL &&
		strstr(content(path), "\"1\"") == NULL &&
		stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "goes to a new file");
	OK(unlink(path) == 0 &&
		dead_bytes(d, NULL, SETTLE_NO_N, NULL, 0, "4", 1, &why, &f) &&
		dead_sync(d, &f) && strstr(content(path), "\"4\"") != NULL,
	    "and so when it was removed");
	dead_close(d);
	(void)unlink(other);
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
	OK(dead_bytes(d, NULL, SETTLE_NO_N, NULL, 0, "1", 1, &why, &f) &&
		dead_sync(d, &f),
	    "a line that fits");
	OK(setrlimit(RLIMIT_FSIZE, &small) == 0 &&
		!dead_bytes(d, NULL, SETTLE_NO_N, NULL, 0, big, sizeof(big),
		    &why, &f) &&
		f.code == EXIT_IO,
	    "one that does not");
	OK(strlen(content(path)) < 200 &&
		content(path)[strlen(content(path)) - 1] == '\n',
	    "leaves nothing behind");
	(void)setrlimit(RLIMIT_FSIZE, &limit);
	memset(&f, 0, sizeof(f));
	OK(!dead_sync(d, &f) && f.code == EXIT_IO,
	    "what failed stays failed, though there is room again");
	OK(!dead_bytes(d, NULL, SETTLE_NO_N, NULL, 0, "2", 1, &why, &f),
	    "for every line");
	dead_close(d);
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
	objects();
	torn();
	refused();
	rotation();
	full();
	(void)unlink(path);
	(void)rmdir(dir);
	return tap_done();
}
