#ifndef UNPACK_H
#define UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decoding a stream of stored bytes that arrives in pieces: gzip (RFC 1952,
 * every member), Zstandard (RFC 8878, every frame, skippable ones too) or
 * plain, told apart by the first bytes and never by a name.  What comes out,
 * and which error it is, does not depend on how the stream was cut; how much
 * of a damaged member or frame comes out before its error may.
 *
 * gzip: header checksum, CRC-32 and length are verified.  Zero bytes up to
 * the end after the last member are padding and ignored, as gzip(1) does;
 * anything else there is an error, for it may be a torn member.
 * Zstandard: checksums are verified where frames have one; dictionaries and
 * the formats before 1.0 are not supported; a frame says how much memory
 * (its window) it takes, and one over the limit is refused.
 * A stream shorter than the magic numbers (2 and 4 bytes) is plain.
 *
 * Memory: about 90 KiB for gzip, about 0.4 MiB and the window for Zstandard,
 * none for plain, and one output window.
 */
enum {
	UNPACK_OUT = 64 * 1024, /* most bytes handed to the sink at once, but
				   for plain: as much as was fed */
	UNPACK_ZSTD_WINDOW = 8 * 1024 * 1024, /* what RFC 8878 section
				   3.1.1.1.2 asks a decoder to support */
	UNPACK_ZSTD_EXTRA = 512 * 1024,       /* beside the window */
	UNPACK_RATIO = 1000,                  /* --max-ratio, unless told */
	UNPACK_RATIO_FROM = 64 * 1024 * 1024  /* output before it counts */
};

enum unpack_kind { UNPACK_UNKNOWN, UNPACK_PLAIN, UNPACK_GZIP, UNPACK_ZSTD };

enum unpack_err {
	UNPACK_FINE,
	UNPACK_STOPPED, /* the sink returned false */
	UNPACK_WAIT,    /* the pool has no room: not an error of the data */
	UNPACK_BADGZIP,
	UNPACK_BADCHECKSUM, /* a CRC or length that differs */
	UNPACK_TRUNCATED,   /* ends inside a member or frame */
	UNPACK_TRAILING,    /* bytes after the last member or frame */
	UNPACK_BADRATIO,
	UNPACK_BADZSTD,
	UNPACK_BADWINDOW /* a Zstandard window over the limit */
};

/* Memory that many decoders share for their Zstandard windows. */
struct unpack_pool {
	size_t limit, used;
};

struct unpack_options {
	uint64_t max_ratio;       /* stored : decoded, 1 : max; 0: no limit */
	size_t window_max;        /* 0: UNPACK_ZSTD_WINDOW */
	struct unpack_pool *pool; /* outlives the decoder; NULL: none */
	/* What max_ratio is held against, in place of the bytes taken: of the
	 * stored bytes, where what they gave is decoded once more. */
	const uint64_t *stored;
};

struct unpack {
	enum unpack_kind kind;
	enum unpack_err err;
	uint64_t in;  /* stored bytes taken */
	uint64_t out; /* decoded bytes given out */
	size_t need;  /* UNPACK_WAIT: the memory of the pool it waits for */
	uint64_t at;  /* stored offset of the error */
	char message[160]; /* what is wrong and where, for an error line */

	struct unpack_options opts;
	struct unpack_state *state; /* the decoder's own */
};

/** Receives decoded bytes, valid during the call; false stops. */
typedef bool unpack_sink(void *ctx, const char *p, size_t n);

/** Ready for the first byte.  Allocates nothing yet; running out of memory
 * later ends the program (exit 71). */
void unpack_init(struct unpack *u, const struct unpack_options *o);

/** Free what it holds and return its share of the pool. */
void unpack_free(struct unpack *u);

/**
 * Decode the next n stored bytes.  Returns false with u->err, u->at and
 * u->message set; what could be decoded before went to the sink.  Errors are
 * sticky but for UNPACK_WAIT: nothing is lost then, u->in says how much was
 * taken, and the stream goes on by feeding from there when other decoders
 * have returned memory.
 */
bool unpack_feed(
    struct unpack *u, const char *p, size_t n, unpack_sink *sink, void *ctx);

/**
 * The stream ended.  A plain stream shorter than a magic number goes to the
 * sink here.  Returns false when it ended early (UNPACK_TRUNCATED), or with
 * the error there was.
 */
bool unpack_finish(struct unpack *u, unpack_sink *sink, void *ctx);

/** The name of an error on the wire: "BadGzip", "BadChecksum", "Truncated",
 * "TrailingGarbage", "RatioExceeded", "BadZstd", "WindowTooLarge"; "Stopped"
 * and "Wait" never leave the program. */
const char *unpack_code(enum unpack_err err);

/** "plain", "gzip", "zstd", or "unknown". */
const char *unpack_kind_name(enum unpack_kind kind);

#endif
