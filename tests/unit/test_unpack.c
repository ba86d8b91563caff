/* common/unpack: every framing, every cut, every damage; zlib is the oracle */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "buf.h"
#include "json.h"
#include "rnd.h"
#include "tap.h"
#include "unpack.h"

enum { BIG = 64 * 1024 * 1024 };

struct result {
	struct buf out;
	enum unpack_kind kind;
	enum unpack_err err;
	uint64_t in, at;
	char message[160];
	size_t refuse_at; /* the sink says no here; 0: never */
};

static bool
sink(void *ctx, const char *p, size_t n)
{
	struct result *r = ctx;

	buf_add(&r->out, p, n);
	return r->refuse_at == 0 || r->out.len < r->refuse_at;
}

/* Feed pieces of `piece` bytes, or of random sizes when it is 0. */
static void
decode_with(struct result *r, const void *data, size_t n, size_t piece,
    const struct unpack_options *o)
{
	const char *p = data;
	struct unpack u;
	size_t step;
	bool ok = true;

	buf_reset(&r->out);
	r->out.max = BIG;
	unpack_init(&u, o);
	while (n > 0 && ok) {
		step = piece != 0 ? piece : 1 + rnd_below(3000);
		if (step > n)
			step = n;
		ok = unpack_feed(&u, p, step, sink, r);
		p += step;
		n -= step;
	}
	if (ok)
		ok = unpack_finish(&u, sink, r);
	r->kind = u.kind;
	r->err = u.err;
	r->in = u.in;
	r->at = u.at;
	memcpy(r->message, u.message, sizeof(r->message));
	if (ok != (u.err == UNPACK_FINE) || unpack_finish(&u, sink, r) != ok)
		r->err = UNPACK_STOPPED;
	unpack_free(&u);
}

static void
decode(struct result *r, const void *data, size_t n, size_t piece)
{
	static const struct unpack_options none;

	decode_with(r, data, n, piece, &none);
}

/* The same outcome?  Of what is damaged one may give out more than the
 * other before the error. */
static bool
same(const struct result *a, const struct result *b)
{
	size_t n = a->out.len < b->out.len ? a->out.len : b->out.len;
	bool exact = a->err == UNPACK_FINE || a->err == UNPACK_TRUNCATED ||
		     a->err == UNPACK_TRAILING;

	return a->kind == b->kind && a->err == b->err && a->at == b->at &&
	       (a->out.len == b->out.len || !exact) &&
	       (n == 0 || memcmp(a->out.p, b->out.p, n) == 0);
}

/* Does every way of cutting give what whole gives? */
static bool
cuts_agree(const struct result *whole, const void *data, size_t n)
{
	static const size_t pieces[] = {1, 2, 3, 7, 13, 64, 1000, 0};
	struct result r = {0};
	bool ok = true;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces) && ok; i++) {
		decode(&r, data, n, pieces[i]);
		ok = same(whole, &r);
		if (!ok)
			printf("# pieces of %zu: %s, %zu bytes, at %llu: %s\n",
			    pieces[i], unpack_code(r.err), r.out.len,
			    (unsigned long long)r.at, r.message);
	}
	buf_clear(&r.out);
	return ok;
}

/* Append a gzip member made by zlib. */
static void
add_gzip(struct buf *b, const void *p, size_t n, int level, int strategy)
{
	z_stream z = {0};
	uLong bound;
	char *to;

	(void)deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 9, strategy);
	/* zlib 1.2.13's bound is a few bytes short for level 0. */
	bound = deflateBound(&z, (uLong)n) + 64;
	to = buf_room(b, bound);
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)bound;
	(void)deflate(&z, Z_FINISH);
	buf_wrote(b, z.total_out);
	(void)deflateEnd(&z);
}

static void
add_zstd(struct buf *b, const void *p, size_t n, int level, int window_log)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t bound = ZSTD_compressBound(n);
	ZSTD_inBuffer in = {p, n, 0};
	ZSTD_outBuffer out = {buf_room(b, bound), bound, 0};

	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	if (window_log != 0)
		(void)ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	else
		(void)ZSTD_CCtx_setPledgedSrcSize(c, n);
	if (window_log != 0) /* else the size, being known, sets the window */
		(void)ZSTD_compressStream2(c, &out, &in, ZSTD_e_continue);
	while (ZSTD_compressStream2(c, &out, &in, ZSTD_e_end) != 0)
		;
	buf_wrote(b, out.pos);
	(void)ZSTD_freeCCtx(c);
}

/* Text that compresses, with what does not in between. */
static void
add_text(struct buf *b, size_t n)
{
	unsigned char noise[64];
	size_t end = b->len + n;

	while (b->len < end) {
		buf_addf(b,
		    "{\"eventTime\":\"2026-01-02T03:04:%02uZ\",\"n\":%u}\n",
		    rnd_below(60), rnd_below(1000000));
		if (rnd_below(8) == 0) {
			rnd_bytes(noise, sizeof(noise));
			buf_add(b, noise, rnd_below(sizeof(noise)));
		}
	}
	buf_cut(b, end);
}

struct literal {
	const char *what;
	const char *data;
	size_t n;
	enum unpack_kind kind;
	enum unpack_err err;
	uint64_t at;
	const char *out;
};

#define EMPTY_MEMBER \
	"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0" /* 20 bytes */
#define HELLO_HEAD "\x1f\x8b\x08\0\0\0\0\0\0\x03"
#define HELLO_BODY "\xcb\x48\xcd\xc9\xc9\x07\0"
#define HELLO_TAIL "\x86\xa6\x10\x36\x05\0\0\0"
#define HELLO      HELLO_HEAD HELLO_BODY HELLO_TAIL /* 25 bytes */
#define ZSKIP      "\x5a\x2a\x4d\x18\x03\0\0\0abc"  /* 11 bytes */
/* A raw block "hi", a single segment of one byte's size: 11 bytes. */
#define ZHI "\x28\xb5\x2f\xfd\x20\x02\x11\0\0hi"

#define L(text) text, sizeof(text) - 1
static const struct literal literals[] = {
    {"nothing", L(""), UNPACK_PLAIN, UNPACK_FINE, 0, ""},
    {"text", L("a line\n"), UNPACK_PLAIN, UNPACK_FINE, 0, "a line\n"},
    {"one byte of a magic", L("\x1f"), UNPACK_PLAIN, UNPACK_FINE, 0, "\x1f"},
    {"almost gzip", L("\x1f\x8c\x08"), UNPACK_PLAIN, UNPACK_FINE, 0,
	"\x1f\x8c\x08"},
    {"three bytes of a magic", L("\x28\xb5\x2f"), UNPACK_PLAIN, UNPACK_FINE, 0,
	"\x28\xb5\x2f"},
    {"almost zstd", L("\x28\xb5\x2f\xfe!"), UNPACK_PLAIN, UNPACK_FINE, 0,
	"\x28\xb5\x2f\xfe!"},
    {"not quite skippable", L("Z*M!"), UNPACK_PLAIN, UNPACK_FINE, 0, "Z*M!"},
    {"a magic alone", L("\x1f\x8b"), UNPACK_GZIP, UNPACK_TRUNCATED, 2, ""},
    {"hello", L(HELLO), UNPACK_GZIP, UNPACK_FINE, 0, "hello"},
    {"empty member", L(EMPTY_MEMBER), UNPACK_GZIP, UNPACK_FINE, 0, ""},
    {"empty members around one", L(EMPTY_MEMBER HELLO EMPTY_MEMBER),
	UNPACK_GZIP, UNPACK_FINE, 0, "hello"},
    {"zeros after the last member", L(HELLO "\0\0\0\0\0\0\0\0\0\0\0\0"),
	UNPACK_GZIP, UNPACK_FINE, 0, "hello"},
    {"a member after zeros", L(HELLO "\0\0\0" HELLO), UNPACK_GZIP,
	UNPACK_TRAILING, 28, "hello"},
    {"text after the last member", L(HELLO "more"), UNPACK_GZIP,
	UNPACK_TRAILING, 25, "hello"},
    {"half a magic after it", L(HELLO "\x1f"), UNPACK_GZIP, UNPACK_TRUNCATED,
	26, "hello"},
    {"a broken magic after it", L(HELLO "\x1fx"), UNPACK_GZIP, UNPACK_TRAILING,
	25, "hello"},
    {"an unknown method", L("\x1f\x8b\x07\0\0\0\0\0\0\x03" HELLO_BODY),
	UNPACK_GZIP, UNPACK_BADGZIP, 2, ""},
    {"a reserved flag", L("\x1f\x8b\x08\x80\0\0\0\0\0\x03" HELLO_BODY),
	UNPACK_GZIP, UNPACK_BADGZIP, 3, ""},
    {"every optional field",
	L("\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x02\0xyname\0comment\0\x01"
	  "\x7f" HELLO_BODY HELLO_TAIL),
	UNPACK_GZIP, UNPACK_FINE, 0, "hello"},
    {"a wrong header checksum",
	L("\x1f\x8b\x08\x02\0\0\0\0\0\x03\0\0" HELLO_BODY HELLO_TAIL),
	UNPACK_GZIP, UNPACK_BADCHECKSUM, 0, ""},
    {"a wrong checksum in the second member",
	L(HELLO HELLO_HEAD HELLO_BODY "\x87\xa6\x10\x36\x05\0\0\0"),
	UNPACK_GZIP, UNPACK_BADCHECKSUM, 25, "hellohello"},
    {"a wrong length", L(HELLO_HEAD HELLO_BODY "\x86\xa6\x10\x36\x06\0\0\0"),
	UNPACK_GZIP, UNPACK_BADCHECKSUM, 0, "hello"},
    {"a reserved block type", L(HELLO_HEAD "\x07\0\0\0\0\0\0\0\0\0"),
	UNPACK_GZIP, UNPACK_BADGZIP, 0, ""},
    {"a distance before the beginning",
	L(HELLO_HEAD "\x4b\x04\x42\0\0\0\0\0\0"), UNPACK_GZIP, UNPACK_BADGZIP,
	0, ""},
    {"a frame", L(ZHI), UNPACK_ZSTD, UNPACK_FINE, 0, "hi"},
    {"frames, skippable ones among them", L(ZSKIP ZHI ZSKIP ZHI ZSKIP),
	UNPACK_ZSTD, UNPACK_FINE, 0, "hihi"},
    {"text after a frame", L(ZHI "text"), UNPACK_ZSTD, UNPACK_TRAILING, 11,
	"hi"},
    {"zeros after a frame", L(ZHI "\0"), UNPACK_ZSTD, UNPACK_TRAILING, 11,
	"hi"},
    {"half a magic after a frame", L(ZHI "\x28\xb5"), UNPACK_ZSTD,
	UNPACK_TRUNCATED, 13, "hi"},
    {"a reserved bit in a frame", L("\x28\xb5\x2f\xfd\x28\x02\x11\0\0hi"),
	UNPACK_ZSTD, UNPACK_BADZSTD, 0, ""},
    {"a dictionary", L("\x28\xb5\x2f\xfd\x21\x07\x02\x11\0\0hi"), UNPACK_ZSTD,
	UNPACK_BADZSTD, 0, ""},
    {"a window of 9 MiB", L("\x28\xb5\x2f\xfd\x00\x69\x01\0\0"), UNPACK_ZSTD,
	UNPACK_BADWINDOW, 0, ""},
    {"a window of 8 MiB", L("\x28\xb5\x2f\xfd\x00\x68\x01\0\0"), UNPACK_ZSTD,
	UNPACK_FINE, 0, ""},
    {"a segment of 16 EiB",
	L("\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0"),
	UNPACK_ZSTD, UNPACK_BADWINDOW, 0, ""},
};

static void
test_literals(void)
{
	struct result r = {0};

	for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++) {
		const struct literal *l = &literals[i];

		decode(&r, l->data, l->n, l->n + 1);
		buf_addc(&r.out, '\0');
		OK(r.kind == l->kind && r.err == l->err && r.at == l->at &&
			strcmp(r.out.p, l->out) == 0,
		    l->what);
		if (r.err != l->err || r.at != l->at)
			printf("# %s at %llu: %s\n", unpack_code(r.err),
			    (unsigned long long)r.at, r.message);
		buf_cut(&r.out, r.out.len - 1);
		OK(cuts_agree(&r, l->data, l->n), "cut anywhere");
	}
	buf_clear(&r.out);
}

/* Is each beginning of the stream an error, each cut of it agreeing? */
static bool
truncations(const struct buf *b, size_t from, const size_t *whole, size_t n)
{
	struct result r = {0}, bytes = {0};
	bool ok = true, fine;

	for (size_t len = from; len < b->len && ok; len++) {
		fine = false;
		for (size_t i = 0; i < n; i++)
			fine = fine || whole[i] == len;
		decode(&r, b->p, len, len);
		decode(&bytes, b->p, len, 1);
		ok = same(&r, &bytes) &&
		     r.err == (fine ? UNPACK_FINE : UNPACK_TRUNCATED) &&
		     (fine || r.at == len);
		if (!ok)
			printf("# cut to %zu: %s\n", len, unpack_code(r.err));
	}
	buf_clear(&r.out);
	buf_clear(&bytes.out);
	return ok;
}

static void
test_truncation(void)
{
	struct buf text = BUF_INIT(BIG), b = BUF_INIT(BIG);
	size_t ends[3];

	add_text(&text, 900);
	for (int i = 0; i < 3; i++) {
		add_gzip(&b, text.p + 300 * i, 300, i * 4 + 1, 0);
		ends[i] = b.len;
	}
	OK(truncations(&b, 2, ends, 3),
	    "gzip cut short at any byte is noticed");
	buf_reset(&b);
	for (int i = 0; i < 3; i++) {
		add_zstd(&b, text.p + 300 * i, 300, 3, i == 1 ? 17 : 0);
		ends[i] = b.len;
	}
	OK(truncations(&b, 4, ends, 3),
	    "zstd cut short at any byte is noticed");
	buf_clear(&b);
	buf_clear(&text);
}

/* Flip each bit of the stream: an error, or the same output (a bit of the
 * time, the name, the padding of the last deflate byte ..). */
static bool
flips(struct buf *b, const struct buf *text, unsigned *harmless)
{
	struct result r = {0}, bytes = {0};
	bool ok = true;

	*harmless = 0;
	for (size_t i = 0; i < b->len * 8 && ok; i++) {
		b->p[i / 8] = (char)(b->p[i / 8] ^ 1 << i % 8);
		decode(&r, b->p, b->len, b->len);
		decode(&bytes, b->p, b->len, 1);
		ok = same(&r, &bytes);
		if (r.err == UNPACK_FINE && r.kind != UNPACK_PLAIN) {
			(*harmless)++;
			ok = ok && r.out.len == text->len &&
			     memcmp(r.out.p, text->p, text->len) == 0;
		}
		if (!ok)
			printf(
			    "# bit %zu: %s (%s), %zu bytes\n# %s (%s), %zu\n",
			    i, unpack_code(r.err), r.message, r.out.len,
			    unpack_code(bytes.err), bytes.message,
			    bytes.out.len);
		b->p[i / 8] = (char)(b->p[i / 8] ^ 1 << i % 8);
	}
	buf_clear(&r.out);
	buf_clear(&bytes.out);
	return ok;
}

static void
test_flips(void)
{
	struct buf text = BUF_INIT(BIG), b = BUF_INIT(BIG);
	unsigned harmless;

	add_text(&text, 700);
	add_gzip(&b, text.p, 300, 9, 0);
	add_gzip(&b, text.p + 300, 400, 1, Z_FIXED);
	OK(flips(&b, &text, &harmless),
	    "no flipped bit of gzip goes unnoticed");
	printf("# %u of %zu bits say nothing of the content\n", harmless,
	    b.len * 8);
	OK(harmless < 150, "those are in time, system and padding only");
	buf_reset(&b);
	add_zstd(&b, text.p, 300, 3, 0);
	add_zstd(&b, text.p + 300, 400, 3, 17);
	OK(flips(&b, &text, &harmless),
	    "no flipped bit of zstd goes unnoticed");
	printf("# %u of %zu bits\n", harmless, b.len * 8);
	OK(harmless < 40, "almost every one is an error");
	buf_clear(&b);
	buf_clear(&text);
}

/* Random content in every shape zlib and libzstd can give it: most of it small,
 * as byte by byte is slow; some longer than each window and buffer on the way;
 * one of megabytes. */
static void
test_random(void)
{
	struct buf text = BUF_INIT(BIG), b = BUF_INIT(BIG);
	struct result r = {0};
	bool gzip = true, zstd = true;

	for (unsigned i = 0; i < 40; i++) {
		size_t n = i < 30   ? rnd_below(5000)
			   : i < 39 ? 140000 + rnd_below(100000)
				    : 1000000 + rnd_below(1000000);
		size_t first = n > 0 ? rnd_below((uint32_t)n) : 0;

		buf_reset(&text);
		add_text(&text, n);
		buf_reset(&b);
		add_gzip(&b, text.p, first, (int)(i % 10), (int)(i % 5));
		add_gzip(&b, text.p + first, n - first, (int)(i / 2 % 10), 0);
		decode(&r, b.p, b.len, b.len);
		gzip = gzip && r.err == UNPACK_FINE && r.out.len == n &&
		       (n == 0 || memcmp(r.out.p, text.p, n) == 0) &&
		       cuts_agree(&r, b.p, b.len);
		buf_reset(&b);
		add_zstd(&b, text.p, first, (int)(i % 20) - 3, 0);
		add_zstd(
		    &b, text.p + first, n - first, 3, i % 2 != 0 ? 23 : 12);
		decode(&r, b.p, b.len, b.len);
		zstd = zstd && r.err == UNPACK_FINE && r.out.len == n &&
		       (n == 0 || memcmp(r.out.p, text.p, n) == 0) &&
		       cuts_agree(&r, b.p, b.len);
	}
	OK(gzip, "what zlib packed comes back, however it is cut");
	OK(zstd, "what libzstd packed comes back, however it is cut");
	buf_clear(&r.out);
	buf_clear(&b);
	buf_clear(&text);
}

static bool
count_sink(void *ctx, const char *p, size_t n)
{
	(void)p;
	*(uint64_t *)ctx += n;
	return true;
}

/* Feed a bomb until it is refused. */
static enum unpack_err
bomb(const struct buf *b, unsigned times, uint64_t max_ratio, uint64_t *out)
{
	struct unpack_options o = {.max_ratio = max_ratio};
	enum unpack_err err;
	struct unpack u;

	*out = 0;
	unpack_init(&u, &o);
	for (unsigned i = 0; i < times; i++)
		if (!unpack_feed(&u, b->p, b->len, count_sink, out))
			break;
	(void)unpack_finish(&u, count_sink, out);
	err = u.err;
	unpack_free(&u);
	return err;
}

static void
test_ratio(void)
{
	struct buf zeros = BUF_INIT(BIG), b = BUF_INIT(BIG);
	uint64_t out;

	memset(buf_room(&zeros, 8 << 20), 0, 8 << 20);
	buf_wrote(&zeros, 8 << 20);
	add_gzip(&b, zeros.p, zeros.len, 9, 0);
	OK(bomb(&b, 8, 1000, &out) == UNPACK_FINE && out == 64 << 20,
	    "64 MiB may have any ratio");
	OK(bomb(&b, 16, 1000, &out) == UNPACK_BADRATIO && out <= 64 << 20,
	    "a gzip bomb is refused after that");
	OK(bomb(&b, 16, 1100, &out) == UNPACK_FINE, "a higher --max-ratio");
	OK(bomb(&b, 16, 0, &out) == UNPACK_FINE, "no limit");
	OK(bomb(&zeros, 16, 1, &out) == UNPACK_FINE, "plain has ratio 1");
	buf_reset(&b);
	add_zstd(&b, zeros.p, zeros.len, 19, 0);
	OK(bomb(&b, 16, 1000, &out) == UNPACK_BADRATIO && out <= 64 << 20,
	    "a zstd bomb is refused");
	buf_clear(&b);
	buf_clear(&zeros);
}

static void
test_sink(void)
{
	struct result r = {.refuse_at = 3};

	decode(&r, L(HELLO), 4);
	OK(r.err == UNPACK_STOPPED, "a sink that refuses stops gzip");
	decode(&r, L(ZHI ZHI), 4);
	OK(r.err == UNPACK_STOPPED && r.out.len == 4, "and zstd");
	decode(&r, L("hello"), 5);
	OK(r.err == UNPACK_STOPPED && r.out.len == 5, "and plain");
	buf_clear(&r.out);
}

/* Two decoders and memory for one window. */
static void
test_pool(void)
{
	struct buf text = BUF_INIT(BIG), b = BUF_INIT(BIG);
	struct unpack_pool pool = {
	    .limit = UNPACK_ZSTD_WINDOW + UNPACK_ZSTD_EXTRA};
	struct unpack_options o = {.pool = &pool};
	struct result r = {0}, s = {0};
	struct unpack u, v;
	size_t half, taken;

	r.out.max = s.out.max = BIG;
	add_text(&text, 100000);
	add_zstd(&b, text.p, text.len, 3, 23);
	half = b.len / 2;
	unpack_init(&u, &o);
	unpack_init(&v, &o);
	OK(unpack_feed(&u, b.p, half, sink, &r) && pool.used == pool.limit,
	    "the first takes all of the pool");
	OK(!unpack_feed(&v, b.p, half, sink, &s) && v.err == UNPACK_WAIT &&
		s.out.len == 0,
	    "the second waits");
	taken = (size_t)v.in;
	OK(!unpack_feed(&v, b.p + taken, half - taken, sink, &s) &&
		v.err == UNPACK_WAIT && v.in == taken,
	    "still waits");
	OK(v.need == pool.limit, "and says for how much");
	OK(unpack_feed(&u, b.p + half, b.len - half, sink, &r) &&
		unpack_finish(&u, sink, &r),
	    "the first ends");
	unpack_free(&u);
	OK(pool.used == 0, "its memory is back");
	OK(unpack_feed(&v, b.p + taken, b.len - taken, sink, &s) &&
		unpack_finish(&v, sink, &s) && s.out.len == text.len &&
		memcmp(s.out.p, text.p, text.len) == 0,
	    "the second goes on where it was");
	unpack_free(&v);
	OK(pool.used == 0 && r.out.len == text.len, "all of it is back");
	buf_clear(&r.out);
	buf_clear(&s.out);
	buf_clear(&b);
	buf_clear(&text);
}

static bool
slurp(struct buf *b, const char *dir, const char *name)
{
	char path[512];
	FILE *f;
	size_t n;

	buf_reset(b);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL)
		return false;
	while ((n = fread(buf_room(b, 65536), 1, 65536, f)) > 0)
		buf_wrote(b, n);
	(void)fclose(f);
	return true;
}

/* What Go's reader says of a case, as our code. */
static enum unpack_err
go_error(const struct json_val *v)
{
	return json_is(v, "nil")                   ? UNPACK_FINE
	       : json_is(v, "ErrChecksum")         ? UNPACK_BADCHECKSUM
	       : json_is(v, "ErrHeader")           ? UNPACK_TRAILING
	       : json_is(v, "io.ErrUnexpectedEOF") ? UNPACK_TRUNCATED
						   : UNPACK_STOPPED;
}

static void
go_case(
    const char *dir, const struct json_val *name, const struct json_val *error)
{
	struct buf file = BUF_INIT(4096), data = BUF_INIT(BIG);
	struct buf want = BUF_INIT(BIG);
	struct result r = {0};

	(void)json_text(&file, name);
	(void)slurp(&data, dir, file.p);
	if (strcmp(file.p, "go_07.gz") == 0)
		buf_addc(&data, '\x1f'); /* a constant in the original */
	buf_adds(&file, ".expected");
	(void)slurp(&want, dir, file.p);
	decode(&r, data.p, data.len, data.len);
	OK(r.err == go_error(error) && r.out.len == want.len &&
		(want.len == 0 || memcmp(r.out.p, want.p, want.len) == 0) &&
		cuts_agree(&r, data.p, data.len),
	    file.p);
	buf_clear(&file);
	buf_clear(&data);
	buf_clear(&want);
	buf_clear(&r.out);
}

static void
test_go(const char *dir)
{
	struct buf text = BUF_INIT(BIG);
	struct json_val key, name, error;
	struct json j;
	bool first;
	unsigned n = 0;

	if (!slurp(&text, dir, "_cases.json")) {
		printf("ok %d # SKIP no shared data of gzip\n", ++tap_count);
		return;
	}
	json_init(&j, text.p, text.len);
	(void)json_enter(&j, '{', &first);
	(void)json_member(&j, &first, &key);
	(void)json_enter(&j, '[', &first);
	for (; json_element(&j, &first); n++) {
		struct json_val v, k;
		bool inner;

		memset(&name, 0, sizeof(name));
		memset(&error, 0, sizeof(error));
		(void)json_enter(&j, '{', &inner);
		while (json_member(&j, &inner, &k) && json_value(&j, &v)) {
			if (json_is(&k, "file"))
				name = v;
			if (json_is(&k, "error"))
				error = v;
		}
		go_case(dir, &name, &error);
	}
	OK(n == 13, "13 cases of Go's gzip");
	buf_clear(&text);
}

static void
test_golden_zstd(const char *dir)
{
	static const struct {
		const char *name;
		size_t n;
	} cases[] = {{"block-128k.zst", 131068}, {"empty-block.zst", 0},
	    {"rle-first-block.zst", 1048576}};
	struct buf b = BUF_INIT(BIG);
	struct result r = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (!slurp(&b, dir, cases[i].name)) {
			printf("ok %d # SKIP no shared data of zstd\n",
			    ++tap_count);
			continue;
		}
		decode(&r, b.p, b.len, b.len);
		OK(r.err == UNPACK_FINE && r.out.len == cases[i].n &&
			cuts_agree(&r, b.p, b.len),
		    cases[i].name);
	}
	buf_clear(&r.out);
	buf_clear(&b);
}

int
main(void)
{
	test_literals();
	test_truncation();
	test_flips();
	test_random();
	test_ratio();
	test_sink();
	test_pool();
	test_go("../shared/data/gzip");
	test_golden_zstd("../shared/data/zstd/golden-decompression");
	IS(unpack_code(UNPACK_BADRATIO), "RatioExceeded", "a code's name");
	IS(unpack_kind_name(UNPACK_ZSTD), "zstd", "a kind's name");
	return tap_done();
}
