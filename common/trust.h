#ifndef TRUST_H
#define TRUST_H

#include <stdbool.h>

#include "fault.h"

/*
 * The certificate authorities that TLS trusts: read once, at the start, since
 * files cannot be opened later; parsed once, where libcurl would do it for
 * each connection (some 25 ms for the authorities of a Debian system).
 * OpenSSL's X509 types stay in trust.c.
 */
struct trust;

/**
 * Read the PEM file of a setting (--ca, AWS_CA_BUNDLE, SSL_CERT_FILE), and
 * trust nobody else.  NULL with a fault (78) when it cannot be read or holds
 * none.
 */
struct trust *trust_file(const char *file, struct fault *f);

/**
 * Read the system's authorities, at this path (NULL: none is known).  They are
 * parsed when they are needed.  Where there are none nobody is trusted, which
 * those who do without TLS never notice.
 */
struct trust *trust_system(const char *file);

/** Set them for an SSL_CTX. */
void trust_use(struct trust *t, void *ssl_ctx);

void trust_free(struct trust *t);

#endif
