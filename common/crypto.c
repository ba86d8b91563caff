/* Hashing with libcrypto's EVP interface. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "crypto.h"
#include "log.h"

void
crypto_ready(void)
{
	uint8_t out[CRYPTO_SHA256_LEN];

	(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	crypto_sha256("", 0, out);
	crypto_hmac_sha256("", 0, "", 0, out);
}

void
crypto_sha256(const void *p, size_t n, uint8_t out[CRYPTO_SHA256_LEN])
{
	if (EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL) != 1)
		log_oom();
}

void
crypto_hmac_sha256(const void *key, size_t keylen, const void *p, size_t n,
    uint8_t out[CRYPTO_SHA256_LEN])
{
	unsigned len = 0;

	if (keylen > INT32_MAX ||
	    HMAC(EVP_sha256(), key, (int)keylen, p, n, out, &len) == NULL ||
	    len != CRYPTO_SHA256_LEN)
		log_oom();
}

void
crypto_hex(char *out, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}
