#ifndef HTTPCALL_H
#define HTTPCALL_H

#include <curl/curl.h>

#include "buf.h"
#include "fault.h"
#include "http.h"
#include "httphead.h"
#include "names.h"
#include "trust.h"

/*
 * One request under way: what http.c (the loop), httpset.c (a request made
 * into options of libcurl) and httpcall.c (what happens to it) share.  No
 * other file includes this or libcurl.
 */
enum { HTTP_EASY_KEPT = 64 /* idle handles, with their TLS sessions */ };

struct http {
	CURLM *multi;
	struct http_call *calls, *last; /* all, in the order of their start */
	size_t running;
	bool polling;
	char *user_agent, *proxy, *no_proxy, *identity;
	struct trust *trust;
	struct names *names; /* NULL: libcurl looks names up */
	int64_t connect_ms, stall_ms;
	/* Time that passed while we listened: it stands still while the
	 * program is busy elsewhere, so a peer is never blamed for that. */
	int64_t listened_ms, seen_ms;
	CURL *idle[HTTP_EASY_KEPT];
	size_t n_idle;
};

enum http_stage {
	STAGE_NEW,
	STAGE_NAMES, /* its names are looked up */
	STAGE_ADDED, /* libcurl has it */
	STAGE_DONE
};

struct http_call {
	struct http *h;
	struct http_call *prev, *next;
	struct http_request rq; /* method, url and headers are not kept */
	enum http_stage stage;
	bool cancelled;
	CURL *easy;
	CURLU *url;
	struct curl_slist *headers, *pin;
	char *lookup[2];  /* "host:port" to be looked up, or NULL */
	int64_t asked_ms; /* of the clock: when that began */
	struct buf shown; /* method and URL, for the log */
	struct buf body;
	struct http_headers head;
	struct http_reply reply;
	char error[CURL_ERROR_SIZE]; /* by libcurl or us */
	bool plain, proxied, connected, head_done;
	bool cut_short; /* by us: what an error reply says beyond its limit */
	bool restarted;
	int64_t started_ms;         /* of the clock, for the log */
	int64_t begun_ms, quiet_ms; /* of listened_ms: start, last byte */
	int64_t slow_ms;            /* since when these came: */
	size_t slow_bytes;
	size_t sent; /* body bytes given to libcurl */
};

/**
 * Fill c->easy and all it needs from a request.  False with a fault: the
 * request is none, or memory is out.  A URL that may not be used shows in
 * c->reply.failure.
 */
bool httpset_request(
    struct http_call *c, const struct http_request *r, struct fault *f);

/** Note which names are to be looked up for a request to host and port, by way
 * of a proxy or not; both are NULL where a proxy is to do it. */
void httpname_plan(
    struct http_call *c, const char *host, const char *port, const char *proxy);

enum httpname { HTTPNAME_READY, HTTPNAME_WAIT, HTTPNAME_FAILED, HTTPNAME_GONE };

/** Are they known?  READY: libcurl has been told; FAILED: c->error says why;
 * GONE: nobody is there who could. */
enum httpname httpname_look(struct http_call *c);

/** Is a header of this name in the list? */
bool httpset_has(const struct curl_slist *l, const char *name);

/** Overwrite and free. */
void httpset_wipe(struct curl_slist *l);

/** Set libcurl's callbacks for c. */
void httpcall_hook(struct http_call *c);

/** Note the first reason why c fails; always returns false. */
bool httpcall_fail(
    struct http_call *c, enum http_failure failure, const char *why);

/** Take it out of its list and free it. */
void httpcall_free(struct http_call *c);

/** Work out the reply after libcurl ended with code; nothing is called. */
void httpcall_conclude(struct http_call *c, CURLcode code);

/** Has c passed one of its limits of time?  Then its failure is set. */
bool httpcall_overdue(struct http_call *c);

/** How long until a limit of c may be passed: ms, 0 or less when now. */
int64_t httpcall_left(const struct http_call *c);

#endif
