#ifndef CRYPTO_H
#define CRYPTO_H

#include <stddef.h>
#include <stdint.h>

/* Hashes, from OpenSSL's libcrypto; its types stay in crypto.c.  A failure of
 * libcrypto (no memory, a broken provider) ends the program: exit 71. */

enum { CRYPTO_SHA256_LEN = 32, CRYPTO_SHA256_HEX = 64 };

/** Let libcrypto read its configuration and make ready what it makes ready at
 * first use: before files can no longer be opened. */
void crypto_ready(void);

/** SHA-256 (FIPS 180-4) of n bytes. */
void crypto_sha256(const void *p, size_t n, uint8_t out[CRYPTO_SHA256_LEN]);

/** HMAC-SHA-256 (RFC 2104). */
void crypto_hmac_sha256(const void *key, size_t keylen, const void *p, size_t n,
    uint8_t out[CRYPTO_SHA256_LEN]);

/** Write n bytes as lower case hex and a NUL: out has 2 * n + 1 bytes. */
void crypto_hex(char *out, const uint8_t *p, size_t n);

#endif
