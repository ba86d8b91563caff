#ifndef PROOF_H
#define PROOF_H

#include <stdint.h>

#include "fault.h"

/*
 * Client assertions (RFC 7523): JWTs that prove who the client is without a
 * secret.  Two kinds: signed with a certificate registered for the app (PS256
 * with x5t#S256, or the older RS256 with x5t), or issued by an outside
 * identity provider that the app trusts (workload identity federation).
 */
struct proof_keys;

struct proof_result {
	int code;           /* 0, or the number of an AADSTS error */
	const char *why;    /* static text */
	char audience[512]; /* of a certificate's assertion, else "" */
};

/**
 * Load what assertions are judged by: a PEM certificate, a file
 * {"issuer","subject","audience","key":PEM file}, either may be NULL.
 * *keys is NULL when both are.
 */
bool proof_load(const char *cert_file, const char *federation_file,
    struct proof_keys **keys, struct fault *f);

/** Judge an assertion at time now (seconds).  keys may be NULL. */
void proof_check(const struct proof_keys *keys, const char *jwt,
    const char *client_id, int64_t now, struct proof_result *r);

void proof_free(struct proof_keys *keys);

#endif
