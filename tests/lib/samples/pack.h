#ifndef PACK_H
#define PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "buf.h"

/* Compressed forms of sample objects.  The bytes are the same for the same
 * input and the same version of the libraries. */

/** Append p as one gzip member. */
void pack_gzip(struct buf *out, const void *p, size_t n);

/** Append p as one zstd frame with a checksum. */
void pack_zstd(struct buf *out, const void *p, size_t n);

/** How many bytes a gzip file gives before it breaks off or ends. */
size_t pack_readable(const void *gzip, size_t n);

/*
 * One gzip member made of pieces that are compressed once and written many
 * times: gigabytes within seconds.
 */
struct pack_piece {
	struct buf
	    deflated; /* ends at a byte and refers to nothing before it */
	uint32_t crc;
	uint64_t raw; /* bytes */
};

void pack_piece(struct pack_piece *piece, const void *p, size_t n);
void pack_piece_clear(struct pack_piece *piece);

struct pack_stream {
	FILE *to;
	uint32_t crc;
	uint64_t raw, stored;
};

/** false with errno set when writing fails; so the others. */
bool pack_begin(struct pack_stream *s, FILE *to);
bool pack_add(struct pack_stream *s, const struct pack_piece *piece);
bool pack_end(struct pack_stream *s);

#endif
