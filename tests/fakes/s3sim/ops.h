#ifndef OPS_H
#define OPS_H

#include <stdbool.h>
#include <stddef.h>

#include "sim.h"

/* What S3 does with a request: each fills in r->reply. */

/** Draw the secret of the continuation tokens; once, before any request. */
void ops_init(void);

/**
 * Once the headers are there: whether to go on and take a body.  False: the
 * reply (an error) is ready.
 */
bool ops_begin(struct request *r);

/** Some bytes of the body of a PUT. */
void ops_body(struct request *r, const void *p, size_t n);

/** All of the request is there: make the reply. */
void ops_finish(struct request *r);

/** ListObjectsV2 (list.c). */
void ops_list(struct request *r);

/** Judge If-Match and its kin (range.c); false: the reply is ready. */
bool ops_conditions(struct request *r, const struct object *o);

/** Set the reply's part of the object from Range; false: it is an error. */
bool ops_range(struct request *r, const struct object *o);

#endif
