#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

#include "buf.h"

/*
 * Memory for secrets: keys, tokens, passwords.  It is locked (never on a swap
 * device), in no core dump, in no child, apart from all other memory, and
 * overwritten when it is given back.  Where the system locks no memory, and
 * for what does not fit, it is ordinary memory that is overwritten all the
 * same.  What libcurl and OpenSSL copy for a request stays theirs.
 */
enum { SECRET_ARENA = 256 * 1024 /* of 8 MiB that Debian lets a user lock */ };

/** n bytes, zero.  Ends the program when memory is out. */
void *secret_alloc(size_t n);

/** Overwrite and give back; NULL is fine. */
void secret_free(void *p);

/** A copy of n bytes, with a NUL behind. */
char *secret_copy(const void *p, size_t n);

/** Make b a buffer of at most max bytes in such memory.  It must be emptied
 * with secret_buf_reset() and ended with secret_buf_free(), never with
 * buf_clear(). */
void secret_buf(struct buf *b, size_t max);
void secret_buf_reset(struct buf *b);
void secret_buf_free(struct buf *b);

#endif
