/* gzip and zstd for sample objects, and gzip of pieces used many times. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "log.h"
#include "samplepack.h"

enum { GZIP_LEVEL = 6, ZSTD_LEVEL = 3, BLOCK = 1 << 16 };

/* RFC 1952 section 2.3: deflate, no flags, no time, Unix. */
static const unsigned char gzip_header[10] = {
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};

void
samplepack_gzip(struct buf *out, const void *p, size_t n)
{
	static struct libdeflate_compressor *c;
	size_t bound, len;
	char *bytes;

	if (c == NULL && (c = libdeflate_alloc_compressor(GZIP_LEVEL)) == NULL)
		log_oom();
	bound = libdeflate_gzip_compress_bound(c, n);
	bytes = malloc(bound);
	if (bytes == NULL)
		log_oom();
	len = libdeflate_gzip_compress(c, p, n, bytes, bound);
	INVARIANT(len > 0);
	buf_add(out, bytes, len);
	free(bytes);
}

void
samplepack_zstd(struct buf *out, const void *p, size_t n)
{
	size_t bound = ZSTD_compressBound(n), len;
	ZSTD_CCtx *c = ZSTD_createCCtx();
	char *bytes = malloc(bound);

	if (bytes == NULL || c == NULL)
		log_oom();
	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	(void)ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	len = ZSTD_compress2(c, bytes, bound, p, n);
	INVARIANT(!ZSTD_isError(len));
	buf_add(out, bytes, len);
	free(bytes);
	(void)ZSTD_freeCCtx(c);
}

size_t
samplepack_readable(const void *gzip, size_t n)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)gzip, .avail_in = (uInt)n};
	unsigned char *block = malloc(BLOCK);
	size_t total = 0;
	int rc;

	if (block == NULL || inflateInit2(&z, 15 + 16) != Z_OK)
		log_oom();
	do {
		z.next_out = block;
		z.avail_out = BLOCK;
		rc = inflate(&z, Z_NO_FLUSH);
		total += BLOCK - z.avail_out;
	} while (rc == Z_OK);
	(void)inflateEnd(&z);
	free(block);
	return total;
}

void
samplepack_piece(struct samplepack_piece *piece, const void *p, size_t n)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n};
	size_t bound = n + n / 1000 + BLOCK;
	unsigned char *bytes = malloc(bound);

	if (bytes == NULL || deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, -15, 8,
				 Z_DEFAULT_STRATEGY) != Z_OK)
		log_oom();
	z.next_out = bytes;
	z.avail_out = (uInt)bound;
	/* A full flush ends at a byte, without the mark of the last block. */
	INVARIANT(deflate(&z, Z_FULL_FLUSH) == Z_OK && z.avail_out > 0);
	piece->deflated = (struct buf)BUF_INIT(SIZE_MAX / 2);
	buf_add(&piece->deflated, bytes, bound - z.avail_out);
	if (piece->deflated.err != 0)
		log_oom();
	piece->crc = (uint32_t)crc32_z(0, p, n);
	piece->raw = n;
	(void)deflateEnd(&z);
	free(bytes);
}

void
samplepack_piece_clear(struct samplepack_piece *piece)
{
	buf_clear(&piece->deflated);
}

bool
samplepack_begin(struct samplepack_stream *s, FILE *to)
{
	*s =
	    (struct samplepack_stream){.to = to, .stored = sizeof(gzip_header)};
	return fwrite(gzip_header, 1, sizeof(gzip_header), to) ==
	       sizeof(gzip_header);
}

bool
samplepack_add(
    struct samplepack_stream *s, const struct samplepack_piece *piece)
{
	s->crc =
	    (uint32_t)crc32_combine(s->crc, piece->crc, (z_off_t)piece->raw);
	s->raw += piece->raw;
	s->stored += piece->deflated.len;
	return fwrite(piece->deflated.p, 1, piece->deflated.len, s->to) ==
	       piece->deflated.len;
}

bool
samplepack_end(struct samplepack_stream *s)
{
	/* An empty last block of fixed codes, CRC-32, length (RFC 1952). */
	unsigned char end[10] = {0x03, 0x00};

	for (int i = 0; i < 4; i++) {
		end[2 + i] = (unsigned char)(s->crc >> 8 * i);
		end[6 + i] = (unsigned char)(s->raw >> 8 * i);
	}
	s->stored += sizeof(end);
	return fwrite(end, 1, sizeof(end), s->to) == sizeof(end);
}
