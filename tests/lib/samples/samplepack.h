#ifndef SAMPLEPACK_H
#define SAMPLEPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "buf.h"

/* Compressed forms of sample objects.  The bytes are the same for the same
 * input and the same version of the libraries. */

/** Append p as one gzip member. */
void samplepack_gzip(struct buf *out, const void *p, size_t n);

/** Append p as one zstd frame with a checksum. */
void samplepack_zstd(struct buf *out, const void *p, size_t n);

/** How many bytes a gzip file gives before it breaks off or ends. */
size_t samplepack_readable(const void *gzip, size_t n);

/*
 * One gzip member made of pieces that are compressed once and written many
 * times: gigabytes within seconds.
 */
struct samplepack_piece {
	struct buf
	    deflated; /* ends at a byte and refers to nothing before it */
	uint32_t crc;
	uint64_t raw; /* bytes */
};

void samplepack_piece(struct samplepack_piece *piece, const void *p, size_t n);
void samplepack_piece_clear(struct samplepack_piece *piece);

struct samplepack_stream {
	FILE *to;
	uint32_t crc;
	uint64_t raw, stored;
};

/** false with errno set when writing fails; so the others. */
bool samplepack_begin(struct samplepack_stream *s, FILE *to);
bool samplepack_add(
    struct samplepack_stream *s, const struct samplepack_piece *piece);
bool samplepack_end(struct samplepack_stream *s);

#endif
