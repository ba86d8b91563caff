#ifndef UNPACK_IMPL_H
#define UNPACK_IMPL_H

#include "unpack.h"

/* What the three files of the decoder share; private to them: unpack.c tells
 * the kinds apart, unpack_gzip.c and unpack_zstd.c take one step of theirs. */
enum {
	UNPACK_HOLD = 18 /* the longest fixed part: a Zstandard header, RFC
			    8878 section 3.1.1.1, with the magic */
};

enum step {
	DETECT, /* the first bytes, in hold */
	PLAIN,
	GZIP_HEAD, /* of a member: its fixed part */
	GZIP_EXTRA_LEN,
	GZIP_EXTRA,
	GZIP_NAME,
	GZIP_COMMENT,
	GZIP_HEAD_CRC,
	GZIP_BODY,
	GZIP_TAIL,
	GZIP_NEXT,    /* between members: another one or padding */
	GZIP_PADDING, /* zero bytes to the end */
	ZSTD_HEAD,    /* of a frame */
	ZSTD_FRAME
};

struct unpack_state {
	enum step step;
	uint8_t hold[UNPACK_HOLD]; /* a fixed part that is incomplete */
	size_t held;
	uint64_t start; /* stored offset of the member or frame */

	unsigned flags;      /* of the member */
	size_t extra;        /* bytes of its extra field to come */
	uint32_t head_crc;   /* of the header so far */
	uint32_t crc, total; /* of the member's output, total modulo 2^32 */
	struct inflate_state *inflate; /* ISA-L's */

	struct ZSTD_DCtx_s *zstd;
	uint64_t window; /* of the frame */
	size_t charged;  /* taken from the pool */

	uint8_t out[UNPACK_OUT];
};

/* The part of the input that is still to be decoded. */
struct unpack_input {
	const uint8_t *p;
	size_t n;
	const uint8_t *start; /* of all that was fed */
	unpack_sink *sink;
	void *ctx;
};

/** Record an error; always returns false. */
bool unpack_fail(struct unpack *u, enum unpack_err err, uint64_t at,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** Count n stored bytes as taken. */
void unpack_take(struct unpack *u, struct unpack_input *in, size_t n);

/** Hand out n decoded bytes. */
bool unpack_emit(
    struct unpack *u, const struct unpack_input *in, const void *p, size_t n);

/** Collect input in hold until there are want bytes of it; true when so. */
bool unpack_collect(struct unpack *u, struct unpack_input *in, size_t want);

/** Take one step of a GZIP_ or ZSTD_ state; in->n > 0. */
bool unpack_gzip_step(struct unpack *u, struct unpack_input *in);
bool unpack_zstd_step(struct unpack *u, struct unpack_input *in);

/** Can the n > 0 bytes at p begin a Zstandard or skippable frame? */
bool unpack_zstd_magic(const uint8_t *p, size_t n);

/** Free the Zstandard decoder and return its memory to the pool. */
void unpack_zstd_free(struct unpack *u);

#endif
