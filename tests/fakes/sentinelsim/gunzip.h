#ifndef GUNZIP_H
#define GUNZIP_H

#include <stddef.h>

#include "buf.h"

enum gunzip_verdict {
	GUNZIP_OK,
	GUNZIP_BAD,      /* no gzip, truncated, wrong CRC, trailing bytes */
	GUNZIP_TOO_LARGE /* out's limit was reached */
};

/**
 * Inflate every member of a gzip body (RFC 1952 section 2.2) into out.
 * Bytes after the last member, zeros too, make it bad.
 */
enum gunzip_verdict gunzip_all(const void *p, size_t n, struct buf *out);

#endif
