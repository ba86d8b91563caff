#ifndef B64_H
#define B64_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/** Append base64url without padding (RFC 4648 section 5). */
void b64_encode(const void *p, size_t n, struct buf *out);

/** Append what n characters of unpadded base64url stand for. */
bool b64_decode(const char *p, size_t n, struct buf *out);

#endif
