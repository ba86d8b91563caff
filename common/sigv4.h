#ifndef SIGV4_H
#define SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * AWS Signature Version 4 (IAM User Guide, "Create a signed AWS API
 * request"), one function for each of its stages, so that tests compare each
 * with AWS's vectors.  Everything appends to a struct buf; memory running out
 * is the buffer's sticky error.
 */
enum {
	SIGV4_DATE_LEN = 16, /* 20150830T123600Z */
	SIGV4_HEX_LEN = 64,
	SIGV4_FIELDS_MAX = 48 /* headers or query parameters of one request */
};

/** SHA-256 of nothing: the payload hash of a request without a body. */
extern const char sigv4_empty_hash[];
/** The payload hash of a body that is not signed (S3 over TLS). */
extern const char sigv4_unsigned_payload[];

/** A query parameter, not encoded, or a header. */
struct sigv4_field {
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
};

enum sigv4_path {
	SIGV4_PATH_AGAIN,  /* normalised, encoded once more: all but S3 */
	SIGV4_PATH_AS_SENT /* S3's rule: exactly what is in the URL */
};

struct sigv4_request {
	const char *method;
	const char *path; /* as sent, encoded; "/" at least */
	size_t path_len;
	enum sigv4_path path_rule;
	const struct sigv4_field *query; /* any order */
	size_t nquery;
	const struct sigv4_field *headers; /* all that are to be signed */
	size_t nheaders;
	const char *payload_hash; /* hex, or one of the above */
};

/** Who signs, for what, when.  Nothing is owned. */
struct sigv4_signer {
	const char *access_key_id, *secret;
	const char *token; /* of a session, or NULL */
	const char *region, *service;
	char date[SIGV4_DATE_LEN + 1]; /* from sigv4_date() */
};

/** X-Amz-Date of a time in ms since 1970. */
void sigv4_date(char out[SIGV4_DATE_LEN + 1], int64_t wall_ms);

/** Percent-encode all but the unreserved characters of RFC 3986 section 2.3;
 * '/' too unless keep_slash. */
void sigv4_encode(struct buf *b, const char *s, size_t n, bool keep_slash);

/** The canonical query string: encoded and sorted; fit to be sent. */
void sigv4_query(struct buf *b, const struct sigv4_field *f, size_t n);

/** Stage 1: the canonical request. */
void sigv4_canonical(struct buf *b, const struct sigv4_request *r);

/** Stage 2: the string to sign, from n bytes of canonical request. */
void sigv4_string_to_sign(struct buf *b, const struct sigv4_signer *s,
    const char *canonical, size_t n);

/** Stage 3: the signature of n bytes of string to sign, in hex. */
void sigv4_signature(char out[SIGV4_HEX_LEN + 1], const struct sigv4_signer *s,
    const char *string, size_t n);

/**
 * All stages: the value of the Authorization header.  The headers of r hold
 * host, x-amz-date (the signer's date), and the token when there is one.
 */
void sigv4_authorization(
    struct buf *b, const struct sigv4_request *r, const struct sigv4_signer *s);

/**
 * Presign: the query string that carries the signature, valid for expires_s
 * seconds.  With sign_token false the token is added after signing.
 */
void sigv4_presign(struct buf *b, const struct sigv4_request *r,
    const struct sigv4_signer *s, unsigned expires_s, bool sign_token);

#endif
