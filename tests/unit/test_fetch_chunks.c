/* s3fetch/chunks: any bytes in any pieces come back from the lines */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"
#include "json.h"
#include "out.h"
#include "rnd.h"
#include "s3fetch/chunks.h"
#include "tap.h"

enum { BIG = 32 * 1024 * 1024 };

static int file;

/* What was written since the last time. */
static void
take_output(struct buf *b)
{
	off_t n;

	out_flush();
	n = lseek(file, 0, SEEK_END);
	buf_reset(b);
	(void)buf_room(b, (size_t)n + 1);
	buf_wrote(b, (size_t)pread(file, b->p, (size_t)n, 0));
	(void)!ftruncate(file, 0);
	(void)lseek(file, 0, SEEK_SET);
}

/* The bytes of the lines; false when they break a rule. */
static bool
decode(const struct buf *lines, struct buf *bytes, unsigned *n)
{
	const char *p = lines->p, *end = lines->p + lines->len, *nl, *why;
	struct wire_line w;
	uint64_t at;

	buf_reset(bytes);
	for (*n = 0; p < end; p = nl + 1, ++*n) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL || nl + 1 - p > WIRE_CHUNK_LINE_MAX ||
		    !wire_parse(&w, p, (size_t)(nl - p), &why) ||
		    w.kind != WIRE_CHUNK || !json_uint(&w.at, &at) ||
		    at != bytes->len)
			return false;
		if (w.text.p != NULL
			? json_text(bytes, &w.text) != 0
			: !json_base64(bytes, w.b64.p + 1, w.b64.n - 2))
			return false;
		if (bytes->len == at)
			return false;
	}
	return bytes->err == 0;
}

/* Write in pieces of at most step (0: random ones) and read back. */
static bool
round_trip(const struct buf *data, size_t step, unsigned *lines)
{
	struct buf out = BUF_INIT(BIG), bytes = BUF_INIT(BIG);
	struct chunks c;
	size_t n;
	bool ok;

	chunks_init(&c, "0123456789abcdef-0123");
	for (size_t at = 0; at < data->len; at += n) {
		n = step > 0 ? step : 1 + rnd_below(70000);
		if (n > data->len - at)
			n = data->len - at;
		chunks_add(&c, data->p + at, n);
	}
	chunks_end(&c);
	take_output(&out);
	ok = decode(&out, &bytes, lines) && bytes.len == data->len &&
	     c.at == data->len &&
	     (data->len == 0 || memcmp(bytes.p, data->p, data->len) == 0);
	buf_clear(&out);
	buf_clear(&bytes);
	return ok;
}

static void
test_random(void)
{
	static const char *const parts[] = {"a", "\n", "\"", "\\", "\x01",
	    "\xc3\xb6", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xff", "\xe2\x82",
	    "line of text\n"};
	struct buf data = BUF_INIT(BIG);
	unsigned lines;
	bool ok = true;

	for (unsigned i = 0; i < 200 && ok; i++) {
		size_t n = i < 180 ? rnd_below(400) : rnd_below(400000);
		/* Text only, or with what is none. */
		unsigned kinds = i % 2 == 0 ? 8 : 11;

		buf_reset(&data);
		while (data.len < n)
			buf_adds(&data, parts[rnd_below(kinds)]);
		ok = round_trip(&data, 0, &lines) &&
		     (n > 400 || (round_trip(&data, 1, &lines) &&
				     round_trip(&data, 2, &lines) &&
				     round_trip(&data, 5, &lines)));
	}
	OK(ok, "text and other bytes, in pieces of any size");
	buf_reset(&data);
	rnd_bytes(buf_room(&data, 300000), 300000);
	buf_wrote(&data, 300000);
	OK(round_trip(&data, data.len, &lines) && lines < 40,
	    "noise takes few lines");
	buf_reset(&data);
	while (data.len < 300000)
		buf_addc(&data, '\x01');
	OK(round_trip(&data, data.len, &lines), "what is escaped sixfold");
	buf_clear(&data);
}

static void
test_cut(void)
{
	struct buf out = BUF_INIT(BIG);
	struct chunks c;

	chunks_init(&c, "0123456789abcdef-0123");
	chunks_add(&c, "a\xe2", 2);
	chunks_add(&c, "\x82", 1);
	chunks_add(&c, "\xac", 1);
	chunks_end(&c);
	take_output(&out);
	IS(out.p,
	    "{\"id\":\"0123456789abcdef-0123\",\"at\":0,\"text\":\"a\"}\n"
	    "{\"id\":\"0123456789abcdef-0123\",\"at\":1,"
	    "\"text\":\"\xe2\x82\xac\"}\n",
	    "a character that was cut stays one");
	chunks_init(&c, "0123456789abcdef-0123");
	chunks_add(&c, "\xe2\x82", 2);
	chunks_end(&c);
	take_output(&out);
	IS(out.p,
	    "{\"id\":\"0123456789abcdef-0123\",\"at\":0,\"b64\":\"4oI=\"}\n",
	    "half of one at the end");
	buf_clear(&out);
}

int
main(void)
{
	char name[] = "/tmp/test_chunks.XXXXXX";
	int out = dup(STDOUT_FILENO);
	FILE *tap = fdopen(dup(out), "w");

	/* out.h writes to standard output: TAP goes elsewhere meanwhile. */
	file = mkstemp(name);
	(void)unlink(name);
	if (file == -1 || tap == NULL)
		return 99;
	(void)fcntl(file, F_SETFL, O_APPEND);
	(void)dup2(file, STDOUT_FILENO);
	stdout = tap;
	test_random();
	test_cut();
	(void)fflush(tap);
	(void)dup2(out, STDOUT_FILENO);
	return tap_done() | fflush(tap);
}
