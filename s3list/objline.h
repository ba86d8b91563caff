#ifndef OBJLINE_H
#define OBJLINE_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* The object line of the wire (docs/wire.md): the one thing s3list gives. */
struct objline {
	const char *store, *bucket;
	const void *key; /* any bytes */
	size_t key_len;
	uint64_t size;
	const char *etag; /* etag_len may be 0: there is none */
	size_t etag_len;
	const char *modified;
	size_t modified_len;
	const char *version, *region, *endpoint; /* each or NULL */
	uint64_t skip;
	const char *format; /* "" when there is no skip */
	const char *extra;  /* members ready to append, or NULL */
};

/** Append the line, with its newline. */
void objline_write(struct buf *b, const struct objline *o);

#endif
