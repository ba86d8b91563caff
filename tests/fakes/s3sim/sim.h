#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../lib/s3/s3hash.h"
#include "../../lib/s3/s3sig.h"
#include "buf.h"
#include "script.h"
#include "store.h"

/* What the whole server shares: its settings, a request, and its reply. */
struct sim {
	const char *region;     /* of buckets that are given none */
	const char *domain;     /* virtual hosts are BUCKET.domain */
	const char *owner;      /* account id that owns all buckets */
	int64_t max_skew_ms;    /* of a request's time */
	int64_t clock_ahead_ms; /* our clock against the real one (atomic) */
	int64_t object_max;     /* bytes of an upload */
};

extern struct sim sim;

/** The server's idea of the time, milliseconds since 1970. */
int64_t sim_now_ms(void);

/* Operations, by the names that scripts and counts use. */
enum op {
	OP_LIST,
	OP_GET,
	OP_HEAD,
	OP_PUT,
	OP_DELETE,
	OP_BUCKETS,
	OP_BUCKET_HEAD,
	OP_BUCKET_PUT,
	OP_BUCKET_DELETE,
	OP_LOCATION,
	OP_OTHER,
	OP_CONTROL, /* not S3: /_status, /_log, /_control; never counted */
	OP_COUNT
};

/** "LIST", "GET", .. */
const char *op_name(enum op op);

enum {
	HEADERS_MAX = 64,   /* of a request; no client sends as many */
	REPLY_HEADERS = 24, /* of a reply besides the two ids */
	BODY_MAX =
	    64 << 20, /* of a reply made in memory, and of control input */
};

struct reply_header {
	char name[48];
	char value[1200]; /* a Location with a long key fits */
};

struct reply {
	unsigned status;
	const char *code; /* of an error, else NULL */
	struct buf body;  /* XML or JSON; of an error without its end */
	struct reply_header headers[REPLY_HEADERS];
	size_t header_count;
	struct object *object; /* or bytes offset .. offset+length of this */
	int fd;                /* open on it, or -1 when it is in memory */
	int64_t offset, length;
};

struct request {
	char id[17];  /* x-amz-request-id */
	char id2[77]; /* x-amz-id-2 */
	const char *method;
	char *target;
	const char *path, *query; /* into target, as sent */
	size_t path_len, query_len;
	struct s3sig_header headers[HEADERS_MAX];
	size_t header_count;
	bool too_many_headers;
	bool loopback; /* the peer is on this machine */
	int socket;
	int64_t start_ms;
	enum op op;
	char bucket[256]; /* "" when the request is about none */
	struct buf key;
	bool bad_escape; /* the path's %-escapes are broken */
	bool started, refused;
	int64_t content_length; /* -1 when not said */
	bool uploading;
	struct upload upload;
	struct s3hash hash;
	int64_t body_len;
	uint32_t crc32;
	struct buf body; /* of control requests */
	struct reply reply;
	struct mischief mischief;
};

/** A header's value (the first of that name, any case), or NULL. */
const char *request_header(const struct request *r, const char *name);

/** A query parameter, decoded into out (reset first); false when not there. */
bool request_param(const struct request *r, const char *name, struct buf *out);

/** Is there a query parameter of this name, whatever its value? */
bool request_has(const struct request *r, const char *name);

/** Find op, bucket and key from method, Host and target. */
void request_route(struct request *r);

/** Add a header to the reply. */
void reply_header(struct request *r, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * Make the reply this error: its status is in a table, and so is the message
 * when NULL.  Elements may be added with reply_field(); the ids and the end
 * are added when it is sent.
 */
void reply_error(struct request *r, const char *code, const char *message);
void reply_field(struct request *r, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void reply_field_bytes(
    struct request *r, const char *name, const void *p, size_t n);

/** Close an error's XML; harmless on other replies. */
void reply_finish(struct request *r);

/** Append bytes as XML text. */
void xml_text(struct buf *out, const void *p, size_t n);

/** Write an HTTP-date (RFC 9110 section 5.6.7). */
void http_date(char out[40], int64_t ms);

#endif
