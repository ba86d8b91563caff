/* SHA-256, MD5, HMAC, hex and base64 for the test equipment (OpenSSL). */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "log.h"
#include "s3hash.h"

static EVP_MD_CTX *
begin(const EVP_MD *md)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx == NULL || EVP_DigestInit_ex(ctx, md, NULL) != 1)
		log_oom();
	return ctx;
}

void
s3hash_init(struct s3hash *h)
{
	h->sha256 = begin(EVP_sha256());
	h->md5 = begin(EVP_md5());
}

void
s3hash_add(struct s3hash *h, const void *p, size_t n)
{
	INVARIANT(EVP_DigestUpdate(h->sha256, p, n) == 1);
	INVARIANT(EVP_DigestUpdate(h->md5, p, n) == 1);
}

void
s3hash_end(struct s3hash *h, unsigned char sha256[S3HASH_SHA256],
    unsigned char md5[S3HASH_MD5])
{
	INVARIANT(EVP_DigestFinal_ex(h->sha256, sha256, NULL) == 1);
	INVARIANT(EVP_DigestFinal_ex(h->md5, md5, NULL) == 1);
	s3hash_free(h);
}

void
s3hash_free(struct s3hash *h)
{
	EVP_MD_CTX_free(h->sha256);
	EVP_MD_CTX_free(h->md5);
	*h = (struct s3hash){NULL, NULL};
}

void
s3hash_sha256(unsigned char out[S3HASH_SHA256], const void *p, size_t n)
{
	INVARIANT(EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL) == 1);
}

void
s3hash_md5(unsigned char out[S3HASH_MD5], const void *p, size_t n)
{
	INVARIANT(EVP_Digest(p, n, out, NULL, EVP_md5(), NULL) == 1);
}

void
s3hash_hmac(unsigned char out[S3HASH_SHA256], const void *key, size_t key_len,
    const void *p, size_t n)
{
	INVARIANT(
	    HMAC(EVP_sha256(), key, (int)key_len, p, n, out, NULL) != NULL);
}

void
s3hash_hex(char *out, const unsigned char *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

void
s3hash_base64(struct buf *out, const void *p, size_t n)
{
	unsigned char *text = malloc(n / 3 * 4 + 5);

	if (text == NULL)
		log_oom();
	buf_add(out, text, (size_t)EVP_EncodeBlock(text, p, (int)n));
	free(text);
}

bool
s3hash_unbase64(struct buf *out, const char *p, size_t n)
{
	unsigned char *bytes = malloc(n / 4 * 3 + 1);
	int len = -1;

	if (bytes == NULL)
		log_oom();
	if (n > 0 && n % 4 == 0)
		len = EVP_DecodeBlock(bytes, (const unsigned char *)p, (int)n);
	/* EVP_DecodeBlock() counts the padding's zero bytes. */
	if (len >= 0)
		buf_add(out, bytes,
		    (size_t)len - (p[n - 1] == '=') - (p[n - 2] == '='));
	free(bytes);
	return len >= 0;
}
