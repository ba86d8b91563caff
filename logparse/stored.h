#ifndef STORED_H
#define STORED_H

#include <stdbool.h>
#include <stddef.h>

#include "unpack.h"

/*
 * Chunks of stored bytes (s3fetch --raw, files): each object that has some
 * takes a decoder, and memory for those is limited.  An object that finds none
 * left waits, and its bytes with it, until others have ended; when too many
 * bytes wait, it fails.
 */
enum {
	STORED_DECODERS = 16 * 1024 * 1024, /* for decoders: some hundred of
				gzip, or one of Zstandard's largest */
	STORED_DECODER = 160 * 1024,     /* one of gzip; or of Zstandard besides
					    what unpack.h counts */
	STORED_WAITING = 8 * 1024 * 1024 /* bytes that may wait */
};

struct object;
struct parser;

/* What the objects of a parser share. */
struct stored {
	struct unpack_pool pool;
	struct object *first, *last; /* of those that wait */
	size_t waiting;              /* memory that their bytes take */
};

void stored_init(struct stored *s);

/** Decode the next n bytes of o into unwrap_take(), or let them wait.  False
 * when they are no good: the object has failed. */
bool stored_feed(struct object *o, const char *p, size_t n);

/** Decoding o's bytes has failed: write the error. */
void stored_fail(struct object *o);

/**
 * Go on with the objects that wait, as far as memory allows.  Returns one
 * whose end came while it waited, now written out or failed and the caller's
 * to close, after which to call again; or NULL.
 */
struct object *stored_resume(struct parser *p);

/** Forget o's bytes and return its memory. */
void stored_free(struct object *o);

#endif
