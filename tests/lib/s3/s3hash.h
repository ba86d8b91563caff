#ifndef S3HASH_H
#define S3HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * The digests of the S3 protocol, for the test equipment only: it judges the
 * product and therefore shares no code with it.  Running out of memory ends
 * the program.
 */
enum {
	S3HASH_SHA256 = 32, /* bytes of a digest */
	S3HASH_MD5 = 16,
	S3HASH_SHA256_HEX = 2 * S3HASH_SHA256 + 1, /* as text, with the NUL */
	S3HASH_MD5_HEX = 2 * S3HASH_MD5 + 1,
};

/** SHA-256 and MD5 (the ETag) of one stream of bytes, at the same time. */
struct s3hash {
	void *sha256;
	void *md5;
};

void s3hash_init(struct s3hash *h);
void s3hash_add(struct s3hash *h, const void *p, size_t n);
void s3hash_end(struct s3hash *h, unsigned char sha256[S3HASH_SHA256],
    unsigned char md5[S3HASH_MD5]);
/** Free without an end; harmless after s3hash_end(). */
void s3hash_free(struct s3hash *h);

void s3hash_sha256(unsigned char out[S3HASH_SHA256], const void *p, size_t n);
void s3hash_md5(unsigned char out[S3HASH_MD5], const void *p, size_t n);
void s3hash_hmac(unsigned char out[S3HASH_SHA256], const void *key,
    size_t key_len, const void *p, size_t n);

/** Write n bytes as 2n lower-case hex digits and a NUL. */
void s3hash_hex(char *out, const unsigned char *p, size_t n);

/** Append the bytes of a base64 text; false when it is none. */
bool s3hash_unbase64(struct buf *out, const char *p, size_t n);

/** Append n bytes in base64 with padding. */
void s3hash_base64(struct buf *out, const void *p, size_t n);

#endif
