/*
 * An object from bytes to lines, with any bytes, cut anywhere, decoded or as
 * they are stored.  Invariants: the lines are the same however the bytes are
 * cut (of damaged ones: the error is); each is the wire, in UTF-8; the numbers
 * of rows and rejects follow each other; the counts at the end balance and are
 * those of the lines.  The first byte chooses options, the second how the bytes
 * are cut, whether they are stored, and among which formats the first chooses.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "logparse/object.h"
#include "out.h"
#include "utf8.h"

#define CHECK(cond) ((cond) ? (void)0 : abort())

enum {
	OPTION_KEY = 1,
	OPTION_SKIP = 2,
	OPTION_STRICT = 4,
	OPTION_STOP = 8,
	OPTION_FORMAT =
	    16,          /* this and above: the format that is taken for it */
	OPTION_MORE = 64 /* of the second byte: one of those further on */
};

static struct parser p = {.window = BUF_INIT(1 << 24), .forced = -1};

static bool stored; /* the bytes are plain, gzip or zstd */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int fd = memfd_create("lines", MFD_CLOEXEC);

	(void)argc;
	(void)argv;
	CHECK(fd != -1 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
	formats_init(&p.formats);
	stored_init(&p.stored);
	return 0;
}

/* What was written goes to b. */
static void
take_output(struct buf *b)
{
	off_t n;
	char *to;

	out_flush();
	n = lseek(STDOUT_FILENO, 0, SEEK_CUR);
	CHECK(n >= 0 && (to = buf_room(b, (size_t)n)) != NULL);
	CHECK(pread(STDOUT_FILENO, to, (size_t)n, 0) == n);
	buf_wrote(b, (size_t)n);
	CHECK(ftruncate(STDOUT_FILENO, 0) == 0 &&
	      lseek(STDOUT_FILENO, 0, SEEK_SET) == 0);
}

/* The lines that the bytes give go to b. */
static void
run(struct buf *b, const char *data, size_t n, size_t step, unsigned options)
{
	struct buf line = BUF_INIT(1000);
	struct json_val v = {.type = JSON_OBJECT};
	struct object *o;
	const char *why;
	size_t take;

	buf_addf(&line,
	    "{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"%s\",\"modified\":"
	    "\"2026-11-20T10:00:00Z\"%s}",
	    options & OPTION_KEY ? "a_CloudTrail_b" : "k",
	    options & OPTION_SKIP ? ",\"skip\":2,\"format\":\"cloudtrail/1\""
				  : "");
	v.p = line.p;
	v.n = line.len;
	p.strict_time = (options & OPTION_STRICT) != 0;
	p.forced = (int)(options / OPTION_FORMAT) - 1;
	if (p.forced >= (int)p.formats.n)
		p.forced = -1;
	o = object_new(&p, "0123456789abcdef-0001", &v, stored, &why);
	CHECK(o != NULL);
	for (size_t at = 0; at < n; at += take) {
		take = n - at < step ? n - at : step;
		/* Parquet, and gzip that is none, are no log. */
		if (!object_feed(o, data + at, take))
			break;
	}
	if (o->failed)
		;
	else if (options & OPTION_STOP)
		object_stop(o);
	else
		object_end(o);
	object_free(o);
	CHECK(p.held == 0);
	take_output(b);
	CHECK(b->len > 0);
	buf_clear(&line);
}

/* What a row or reject line counts as. */
static void
count(const struct wire_line *w, struct wire_counts *sum, uint64_t *next)
{
	struct json_val more;
	uint64_t n;

	if (w->kind != WIRE_ROW && w->kind != WIRE_REJECT)
		return;
	CHECK(json_uint(&w->n, &n) && n >= *next);
	*next = n;
	if (w->kind == WIRE_REJECT && wire_member(&w->reject, "more", &more))
		return;
	++*next;
	++*(w->kind == WIRE_ROW ? &sum->rows : &sum->rejects);
}

static void
check_lines(const struct buf *b)
{
	const char *at = b->p, *end = b->p + b->len, *nl, *why;
	struct wire_counts sum = {0}, told = {0};
	struct wire_line w;
	uint64_t next = 0;

	for (; at < end; at = nl + 1) {
		nl = memchr(at, '\n', (size_t)(end - at));
		CHECK(nl != NULL);
		CHECK(wire_parse(&w, at, (size_t)(nl - at), &why));
		CHECK(utf8_valid(at, w.len) == w.len);
		count(&w, &sum, &next);
		if (w.kind != WIRE_END && w.kind != WIRE_MARK)
			continue;
		wire_counts(w.kind == WIRE_END ? &w.end : &w.mark, &told);
		CHECK(told.rows == sum.rows && told.rejects == sum.rejects);
		CHECK(told.records ==
		      told.skipped + told.rows + told.rejects + told.filtered);
		CHECK(next <= told.records);
	}
	CHECK(
	    w.kind == WIRE_END || w.kind == WIRE_MARK || w.kind == WIRE_ERROR);
}

/* What has to be the same, from *at on: all lines; of an object that failed how
 * it did.  How much comes out of a damaged one before that is known, depends
 * on how much its decoder had been given. */
static size_t
firm(const struct buf *b, const char **at)
{
	static const char error[] = "\"error\":{", words[] = ",\"message\":\"";
	const char *end;

	*at = b->p;
	end = memmem(b->p, b->len, words, sizeof(words) - 1);
	if (end == NULL)
		return b->len;
	*at = memmem(b->p, b->len, error, sizeof(error) - 1);
	CHECK(*at != NULL && *at < end);
	return (size_t)(end - *at);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole = BUF_INIT(1 << 24), cut = BUF_INIT(1 << 24);
	const char *a, *b;
	unsigned options;
	size_t step, len;

	if (n < 2)
		return 0;
	options = data[0] | (data[1] & OPTION_MORE) << 2;
	step = (size_t)data[1] % 61 + 1;
	stored = data[1] >= 128;
	run(&whole, (const char *)data + 2, n - 2, n, options);
	run(&cut, (const char *)data + 2, n - 2, step, options);
	check_lines(&whole);
	/* What is recognised of an object that stops depends on how much of it
	 * there was to look at, not on how it came. */
	check_lines(&cut);
	len = firm(&whole, &a);
	CHECK(firm(&cut, &b) == len && memcmp(a, b, len) == 0);
	buf_clear(&whole);
	buf_clear(&cut);
	return 0;
}
