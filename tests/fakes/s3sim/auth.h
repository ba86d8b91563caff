#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>

#include "sim.h"

/**
 * Judge the signature of a request for a bucket in region (NULL where that is
 * not known), as far as the headers go.  False: the reply is an error.
 */
bool auth_check(struct request *r, const char *region);

/** Judge x-amz-content-sha256 against the body.  False as above. */
bool auth_check_body(
    struct request *r, const unsigned char sha256[S3HASH_SHA256]);

#endif
