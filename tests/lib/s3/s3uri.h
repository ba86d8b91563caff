#ifndef S3URI_H
#define S3URI_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/* How S3 and its test tools write key bytes as text. */

enum s3uri_set {
	S3URI_SIGV4, /* UriEncode() of Signature Version 4: RFC 3986 unreserved
		      */
	S3URI_PATH,  /* the same, but '/' stays */
	S3URI_LISTING, /* encoding-type=url of listings: space is '+', '/' stays
			*/
};

/** Append n bytes, percent-encoded by the rules of set. */
void s3uri_encode(struct buf *out, const void *p, size_t n, enum s3uri_set set);

/**
 * Append n bytes with %XX decoded, and '+' as a space where plus says so.
 * Returns false at a '%' that two hex digits do not follow (out is then of no
 * use).
 */
bool s3uri_decode(struct buf *out, const void *p, size_t n, bool plus);

/* Longest piece of a file name that s3uri_file() makes: NAME_MAX less room. */
enum { S3URI_PIECE = 240 };

/**
 * Append the relative file name that stands for a key in a store's folder:
 * percent-encoded, '/' and a leading '.' included, so that every key is one
 * plain name; a name over S3URI_PIECE bytes goes on in a folder whose name
 * ends in '+' (which the encoding itself never leaves in a name).
 */
void s3uri_file(struct buf *out, const void *key, size_t n);

#endif
