#ifndef UNWRAP_H
#define UNWRAP_H

#include "object.h"

/** Decoded bytes of the object ctx: an unpack_sink, behind which there may be
 * another decoder.  False: object_refuse() says why. */
bool unwrap_take(void *ctx, const char *p, size_t n);

/** There are no more of them. */
bool unwrap_finish(struct object *o);

#endif
