#ifndef S3SIG_H
#define S3SIG_H

#include <stddef.h>

#include "buf.h"
#include "s3hash.h"

/*
 * Signature Version 4 with S3's rules (AWS General Reference, "Create a
 * signed AWS API request"; S3 API Reference, "Authenticating Requests: Using
 * the Authorization Header"), for the test equipment: s3put signs with it,
 * s3sim judges with it.  The product has an implementation of its own, and
 * neither may ever use the other's.
 *
 * S3's rules: the path is encoded once and not normalised.
 */
struct s3sig_header {
	const char *name; /* any case */
	const char *value;
};

struct s3sig_request {
	const char *method;
	const char *path; /* as sent, percent-encoded, without the query */
	size_t path_len;
	const char *query; /* as sent, without '?'; NULL or "" when none */
	size_t query_len;
	const struct s3sig_header *headers;
	size_t header_count;
};

/** The time and place that a signature is good for. */
struct s3sig_scope {
	char time[17]; /* yyyymmddThhmmssZ */
	char date[9];  /* yyyymmdd of the scope */
	const char *region;
	const char *service;
};

enum { S3SIG_MAX = 1 << 20 /* limit of a canonical request */ };

/**
 * Append the canonical request.  signed_headers is the list as it stands in
 * the Authorization header (lower case, ';' between); payload the value of
 * x-amz-content-sha256.  A path or query with a broken %-escape is taken as
 * it is.  A query parameter X-Amz-Signature is left out.
 */
void s3sig_canonical(struct buf *out, const struct s3sig_request *r,
    const char *signed_headers, const char *payload);

/** Append the string to sign for a canonical request. */
void s3sig_string(
    struct buf *out, const struct s3sig_scope *s, const struct buf *canonical);

/** The signature in hex of a string to sign. */
void s3sig_sign(char out[S3HASH_SHA256_HEX], const struct s3sig_scope *s,
    const char *secret, const struct buf *string);

#endif
