/* Content-Encoding: gzip, all members of it.  The only user of zlib here. */
#include <limits.h>
#include <zlib.h>

#include "gunzip.h"
#include "sim.h"

enum { CHUNK = 128 * 1024 };

static enum gunzip_verdict
inflate_all(z_stream *z, unsigned char *chunk, struct buf *out)
{
	int rc = Z_STREAM_END;

	while (z->avail_in > 0 || rc != Z_STREAM_END) {
		if (rc == Z_STREAM_END && inflateReset(z) != Z_OK)
			return GUNZIP_BAD;
		z->next_out = chunk;
		z->avail_out = CHUNK;
		rc = inflate(z, Z_NO_FLUSH);
		if (rc != Z_OK && rc != Z_STREAM_END)
			return GUNZIP_BAD; /* Z_BUF_ERROR: truncated */
		buf_add(out, chunk, CHUNK - z->avail_out);
		if (out->err != 0)
			return GUNZIP_TOO_LARGE;
	}
	return GUNZIP_OK;
}

enum gunzip_verdict
gunzip_all(const void *p, size_t n, struct buf *out)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n};
	enum gunzip_verdict v;
	unsigned char *chunk;

	if (n == 0 || n > UINT_MAX)
		return GUNZIP_BAD;
	if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK) /* 16: gzip only */
		sim_oom();
	chunk = sim_alloc(CHUNK);
	v = inflate_all(&z, chunk, out);
	free(chunk);
	(void)inflateEnd(&z);
	return v;
}
