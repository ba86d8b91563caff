#ifndef HTTP_H
#define HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "fault.h"
#include "helper.h"

/*
 * HTTP/1.1 on one libcurl multi handle per process; libcurl's types stay in
 * http.c.  Requests run side by side, connections are kept, nothing is
 * followed or retried here, that is the caller's business; only a request on
 * a kept connection that had just ended sets out once more.  TLS is 1.2 or
 * later and always verified.
 *
 * Plain http goes only where the design allows it: loopback (names pinned to
 * the loopback addresses), the metadata addresses, IDENTITY_ENDPOINT, and
 * hosts of requests marked allow_plain.  No proxy is used for these.
 */
enum {
	HTTP_CONNECT_MS = 10000, /* time to connect, TLS included */
	HTTP_STALL_MS = 60000,   /* no byte either way for so long: a failure */
	HTTP_SLOW_STALLS = 10,   /* nor fewer than HTTP_SLOW_BYTES in so many
				    times that: whoever drips holds nobody */
	HTTP_SLOW_BYTES = 16 * 1024,
	HTTP_HEADERS_MAX = 64 * 1024, /* of one reply, all lines together */
	HTTP_REPLY_MAX = 1024 * 1024, /* of a collected body, unless told */
	HTTP_FDS_MAX = 16,            /* of the caller, in one http_poll() */
	HTTP_RETRY_AFTER_MAX_MS = 3600000 /* no service is obeyed for longer */
};

struct http_options {
	const char *ca_file;    /* --ca or AWS_CA_BUNDLE; NULL: the system's */
	const char *user_agent; /* "logbridge/0.1.0 s3fetch" */
	unsigned connections; /* at once, and kept when idle; 0: 64 are kept */
	struct helper *names; /* who looks names up; NULL: libcurl does */
	/* 0: the above.  A stall is counted only while http_poll() listens:
	 * a program held up by its own output blames no peer for it. */
	int64_t connect_ms, stall_ms;
};

enum http_failure {
	HTTP_NONE,      /* there is a whole reply; see status */
	HTTP_CONNECT,   /* no connection: refused, unreachable, reset, DNS */
	HTTP_TLS,       /* the peer's certificate or the handshake */
	HTTP_TIMEOUT,   /* connect, stall or deadline */
	HTTP_CUT,       /* the connection ended inside the exchange */
	HTTP_TOO_LARGE, /* headers or collected body over their limit */
	HTTP_ABORTED,   /* a callback returned false */
	HTTP_FORBIDDEN, /* the URL may not be used, see error */
	HTTP_PROXY      /* the proxy wants (other) credentials: 407 */
};

/** Valid inside callbacks only. */
struct http_reply {
	enum http_failure failure;
	int status;           /* 0 when no status line came */
	const char *error;    /* what failed, for a message; "" when nothing */
	char request_id[128]; /* x-amz-request-id, x-ms-request-id .. or "" */
	const char *body;     /* collected; see http_request */
	size_t body_len;
	uint64_t received; /* body bytes that came, given out or not */
	const struct http_headers *headers;
};

/** The value of a header, without white space around it (name in any case;
 * the last one of that name), or NULL. */
const char *http_header(const struct http_reply *r, const char *name);

/** Retry-After (RFC 9110 section 10.2.3) in ms from now, either form, or -1
 * when there is none that can be read. */
int64_t http_retry_after_ms(const struct http_reply *r);

struct http_request {
	const char *method;         /* "GET", "POST" .. */
	const char *url;            /* path sent as it is, /./ and // too */
	const char *const *headers; /* "Name: value", NULL ends; copied */
	const void *body;           /* stays the caller's until on_done */
	size_t body_len;
	size_t max_reply;    /* limit of the collected body; 0: 1 MiB */
	int64_t deadline_ms; /* for the whole exchange, as stall_ms; 0: none */
	bool allow_plain;    /* --allow-http was given for this host */

	/** The reply's status and headers are there; false aborts.  May be
	 * NULL. */
	bool (*on_head)(void *ctx, const struct http_reply *r);
	/** Body bytes of a 2xx reply as they come; false aborts.  NULL, or
	 * another status: they are collected in reply.body (of an error
	 * reply what is over max_reply is dropped).  Bodies are given as
	 * they are stored: a Content-Encoding is not undone. */
	bool (*on_data)(void *ctx, const char *p, size_t n);
	/** The end, once for each request but a cancelled one; not NULL.  The
	 * call is gone afterwards. */
	void (*on_done)(void *ctx, const struct http_reply *r);
	void *ctx;
};

struct http;
struct http_call;

/* Every callback may start and cancel requests, but not call http_poll() or
 * http_free(). */

struct http *http_new(const struct http_options *o, struct fault *f);
void http_free(struct http *h); /* cancels what is under way */

/** Start a request; it sets out with the next http_poll().  Returns NULL with
 * a fault when memory is out or the URL or a header is none; on_done is then
 * not called. */
struct http_call *http_start(
    struct http *h, const struct http_request *r, struct fault *f);

/** Forget a request that has not ended (NULL: nothing); its callbacks are not
 * called any more, its body may be freed. */
void http_cancel(struct http_call *c);

/** Requests under way. */
size_t http_running(const struct http *h);

/**
 * Wait until something happens on fds or a request, at most timeout_ms of
 * the program's clock (-1: for ever), and move the requests on.  It may
 * return early, with nothing done; a signal makes it return.  revents of fds
 * are filled: POLLERR and POLLHUP also where events are 0; a negative fd is
 * passed over; at most HTTP_FDS_MAX.  Returns false on a failure of the
 * system.
 */
bool http_poll(struct http *h, struct pollfd *fds, size_t n, int64_t timeout_ms,
    struct fault *f);

/** Allow the ports that http itself knows of: those of http and https, of the
 * proxy, of IDENTITY_ENDPOINT. */
void http_ports(const struct http *h, struct sandbox *s);

/** Allow the port that a URL names; NULL names none. */
void http_port(const char *url, struct sandbox *s);

/** A GUID (RFC 9562, version 4) for x-ms-client-request-id; out has 37. */
void http_guid(char out[37]);

#endif
