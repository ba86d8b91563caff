#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "reply.h"
#include "target.h"

struct sim;

enum {
	/* A refused body is read and dropped up to here, so that the client
	 * sees the reply and no reset. */
	REQUEST_DRAIN_MAX = 64 * 1024 * 1024,
	REQUEST_TARGET_MAX = 8192,
	REQUEST_ID_MAX = 128
};

/* Headers that matter, in the order of request_header_name(). */
enum request_header {
	HEADER_AUTHORIZATION,
	HEADER_CONTENT_TYPE,
	HEADER_CONTENT_ENCODING,
	HEADER_CONTENT_LENGTH,
	HEADER_EXPECT,
	HEADER_CLIENT_REQUEST_ID,
	HEADER_METADATA,
	HEADER_IDENTITY,
	HEADER_HOST,
	HEADERS
};

/* A request and what became of it.  Knows nothing of sockets or MHD. */
struct request {
	struct sim *sim;
	const char *method; /* the server's */
	char *raw_target;
	struct target target;
	bool target_ok;
	char *header[HEADERS]; /* owned; NULL: absent */
	int fd;                /* to notice that the client left; not owned */
	bool tls;
	bool in_flight;  /* counted as such */
	struct buf body; /* limited to opt.max_length */
	uint64_t length; /* announced, or received so far */
	bool too_long;   /* over the limit: body is incomplete */
	/* what became of it */
	char id[37];      /* x-ms-request-id */
	char planned[32]; /* fault or scripted step, or "" */
	uint64_t rows, raw;
	struct reply reply;
};

enum request_outcome {
	REQUEST_REPLY,
	REQUEST_RESET, /* reset the connection */
	REQUEST_CLOSE  /* end it without a reply */
};

const char *request_header_name(enum request_header h);

struct request *request_new(struct sim *sim, const char *raw_target);

/** All headers are there: find out how long the body is. */
void request_begin(struct request *q);

/** More of the body.  False: stop reading, close the connection. */
bool request_body(struct request *q, const char *p, size_t n);

/** The request is complete (or refused early): make the reply. */
enum request_outcome request_serve(struct request *q);

void request_free(struct request *q);

#endif
