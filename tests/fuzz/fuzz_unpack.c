/*
 * The decoder, however its input is cut: the outcome is that of the whole;
 * and of gzip, what zlib accepts comes out the same.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "buf.h"
#include "unpack.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { OUT_MAX = 4 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	struct buf out;
	enum unpack_kind kind;
	enum unpack_err err;
	uint64_t at;
};

static bool
sink(void *ctx, const char *p, size_t n)
{
	struct buf *b = ctx;

	buf_add(b, p, n);
	return b->err == 0;
}

/* Decode in pieces whose sizes follow from seed; all at once when it is 0. */
static void
decode(struct result *r, const uint8_t *p, size_t n, unsigned seed)
{
	static const struct unpack_options none;
	struct unpack u;
	size_t step;

	r->out = (struct buf)BUF_INIT(OUT_MAX);
	unpack_init(&u, &none);
	while (n > 0) {
		seed = seed * 1103515245 + 12345;
		step = seed == 12345 ? n : 1 + (seed >> 16) % 40;
		if (step > n)
			step = n;
		if (!unpack_feed(&u, (const char *)p, step, sink, &r->out))
			break;
		p += step;
		n -= step;
		if (seed == 12345)
			seed = 0;
	}
	(void)unpack_finish(&u, sink, &r->out);
	r->kind = u.kind;
	r->err = u.err;
	r->at = u.at;
	CHECK((u.err == UNPACK_FINE) == (u.message[0] == '\0'));
	unpack_free(&u);
}

static void
compare(const struct result *a, const struct result *b)
{
	size_t n = a->out.len < b->out.len ? a->out.len : b->out.len;

	if (a->err == UNPACK_STOPPED || b->err == UNPACK_STOPPED)
		return; /* too much for this test */
	CHECK(a->kind == b->kind);
	CHECK(a->err == b->err);
	CHECK(a->at == b->at);
	CHECK(n == 0 || memcmp(a->out.p, b->out.p, n) == 0);
	if (a->err == UNPACK_FINE || a->err == UNPACK_TRUNCATED ||
	    a->err == UNPACK_TRAILING)
		CHECK(a->out.len == b->out.len);
}

/* All members by zlib, zeros after them ignored; false when it is not whole
 * and sound. */
static bool
oracle(struct buf *out, const uint8_t *p, size_t n)
{
	z_stream z = {0};
	char *to;
	int rc = Z_OK;

	CHECK(inflateInit2(&z, 15 + 16) == Z_OK);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	while (out->err == 0) {
		to = buf_room(out, 65536);
		if (to == NULL)
			break;
		z.next_out = (Bytef *)to;
		z.avail_out = 65536;
		rc = inflate(&z, Z_NO_FLUSH);
		buf_wrote(out, 65536 - z.avail_out);
		if (rc == Z_STREAM_END) {
			for (n = 0; n < z.avail_in && z.next_in[n] == 0; n++)
				;
			if (n == z.avail_in || n > 0)
				break;
			(void)inflateReset(&z);
		} else if (rc != Z_OK) {
			break;
		}
	}
	n = z.avail_in - (rc == Z_STREAM_END ? n : 0);
	(void)inflateEnd(&z);
	return rc == Z_STREAM_END && n == 0 && out->err == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, cut, bytes;
	struct buf want = BUF_INIT(OUT_MAX);
	bool sound;

	if (size < 1)
		return 0;
	decode(&whole, data + 1, size - 1, 0);
	decode(&cut, data + 1, size - 1, 1 + data[0]);
	compare(&whole, &cut);
	decode(&bytes, data + 1, size - 1, 77);
	compare(&whole, &bytes);
	if (whole.kind == UNPACK_GZIP && whole.err != UNPACK_STOPPED) {
		sound = oracle(&want, data + 1, size - 1);
		if (want.err == 0) {
			CHECK(sound == (whole.err == UNPACK_FINE));
			CHECK(!sound || want.len == whole.out.len);
			CHECK(!sound || want.len == 0 ||
			      memcmp(want.p, whole.out.p, want.len) == 0);
		}
	}
	buf_clear(&want);
	buf_clear(&whole.out);
	buf_clear(&cut.out);
	buf_clear(&bytes.out);
	return 0;
}
