#ifndef AWSENV_H
#define AWSENV_H

#include <stdbool.h>

#include "fault.h"

/*
 * What AWS's SDKs take from the environment, with their names and precedence
 * ("AWS SDKs and Tools Reference Guide", settings reference).
 */

/** The region: option, AWS_REGION, AWS_DEFAULT_REGION, or NULL. */
const char *aws_region(const char *option);

/** The S3 endpoint: option, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or NULL.
 * AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true hides the latter two. */
const char *aws_s3_endpoint(const char *option);

/** A PEM file of certificate authorities: AWS_CA_BUNDLE, or NULL. */
const char *aws_ca_bundle(void);

/** Is this variable set to "true" (any case)?  AWS_USE_FIPS_ENDPOINT .. */
bool aws_flag(const char *name);

/** Credentials; the strings belong to the struct aws_auth. */
struct aws_creds {
	const char *access_key_id, *secret;
	const char *token; /* of a session, or NULL */
};

/*
 * Where credentials come from.  There is one source, the environment; others
 * (profiles, roles, the metadata service) take their place in the same chain,
 * and may have to wait for a service, which is why getting can say "not yet".
 */
struct aws_auth;

/**
 * Find credentials.  The secrets are registered with log_secret() and their
 * variables overwritten, so call it once.  Returns NULL with a fault (77 when
 * there are none).
 */
struct aws_auth *aws_auth_new(struct fault *f);
void aws_auth_free(struct aws_auth *a); /* overwrites them; NULL is fine */

/** The credentials of now, or NULL while they are being fetched. */
const struct aws_creds *aws_auth_get(struct aws_auth *a);

/**
 * The service refused them (ExpiredToken, InvalidToken, ..): may the source
 * have newer ones by now?  Then sign again, else the line stops.
 */
bool aws_auth_refused(struct aws_auth *a);

#endif
