#ifndef HTTPHEAD_H
#define HTTPHEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "http.h"

/*
 * The header lines of one reply, for http.c; users look them up with
 * http_header().  Kept as "name\0value\0" pairs in the order they came.
 */
struct http_headers {
	struct buf pairs;
	size_t seen; /* bytes of all lines of this exchange */
};

/** Empty, with the limit HTTP_HEADERS_MAX. */
void httphead_init(struct http_headers *h);

/** Forget the lines (another status line came); seen goes on counting. */
void httphead_reset(struct http_headers *h);

/** Overwrite and free. */
void httphead_free(struct http_headers *h);

/** Add a line of n bytes, its end of line included or not.  Returns false
 * when the limit is passed; a line that is no header is left out. */
bool httphead_add(struct http_headers *h, const char *line, size_t n);

/** The status of a status line, or 0 when it is none. */
int httphead_status(const char *line, size_t n);

/** The id by which the service knows the request, into r->request_id. */
void httphead_request_id(struct http_reply *r);

#endif
