#ifndef S3URL_H
#define S3URL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "fault.h"

/* Names of S3: s3:// addresses, endpoints, addressing styles. */
enum {
	S3_BUCKET_MAX = 255, /* legacy us-east-1 buckets; 63 today */
	S3_KEY_MAX = 1024,   /* S3 User Guide, "Object key names", in bytes */
	S3_REGION_MAX = 48,
	S3_HOST_MAX = 320, /* 255, a bucket's label, a port */
	S3_PATH_MAX = 256
};

/** s3://BUCKET/KEY, taken apart; bytes as they are, nothing is decoded. */
struct s3_url {
	char bucket[S3_BUCKET_MAX + 1];
	const char *key; /* into the text that was parsed; may be empty */
	size_t key_len;
};

/** Take an address of n bytes apart.  A fault (64) when it is none of S3. */
bool s3_url_parse(
    struct s3_url *u, const char *text, size_t n, struct fault *f);

/** Can this name be a bucket's: letters, digits, '.', '-', '_'? */
bool s3_bucket_ok(const char *bucket);

/** Can this be a region: small letters, digits, '-'? */
bool s3_region_ok(const char *region);

struct s3_endpoint {
	bool tls;
	bool aws; /* one of AWS's own: s3.REGION.amazonaws.com .. */
	char host[S3_HOST_MAX]; /* lower case; with :PORT unless the default */
	char path[S3_PATH_MAX]; /* before the bucket: "" or "/x" */
};

/** Read an endpoint URL.  A fault (78) when it cannot be one. */
bool s3_endpoint_parse(struct s3_endpoint *e, const char *url, struct fault *f);

/** AWS's endpoint of a region, in whatever partition it is.  A fault (78) when
 * the region is malformed. */
bool s3_endpoint_of_region(struct s3_endpoint *e, const char *region, bool fips,
    bool dualstack, struct fault *f);

/** The region in the name of one of AWS's endpoints; false when there is
 * none. */
bool s3_endpoint_region(
    const struct s3_endpoint *e, char region[S3_REGION_MAX]);

enum s3_addressing {
	S3_ADDRESS_AUTO,   /* virtual at AWS when the name fits, else path */
	S3_ADDRESS_PATH,   /* https://HOST/BUCKET/KEY */
	S3_ADDRESS_VIRTUAL /* https://BUCKET.HOST/KEY */
};

/** Read "auto", "path" or "virtual"; false when it is none of them. */
bool s3_addressing_parse(enum s3_addressing *a, const char *s);

/** Does the bucket go into the host name? */
bool s3_use_virtual(
    enum s3_addressing a, const struct s3_endpoint *e, const char *bucket);

#endif
