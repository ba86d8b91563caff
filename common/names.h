#ifndef NAMES_H
#define NAMES_H

#include <stdint.h>

#include "helper.h"

/*
 * Addresses of hosts, looked up by a helper (design.md, Sandbox with helpers):
 * what the C library's resolver and its modules open, ask and start threads
 * for is not the filter's business.  Lookups of different hosts go on side by
 * side; an answer serves for a minute, and longer where the next lookup fails:
 * that a name server is down says nothing of the service.
 */
enum {
	NAMES_HOST_MAX = 253,     /* RFC 1035 section 2.3.4, as text */
	NAMES_TEXT_MAX = 1024,    /* addresses of one host; more are left out */
	NAMES_FRESH_MS = 60000,   /* what libcurl does by itself */
	NAMES_STALE_MS = 3600000, /* of an answer, when there is no newer one */
	NAMES_HOSTS = 64          /* remembered */
};

/** Let a helper that is not started yet (of kind SANDBOX_NAMES) do it. */
void names_serve(struct helper *h);

struct names;

/** Ask this helper.  Ends the program when memory is out. */
struct names *names_new(struct helper *h);
void names_free(struct names *n);

enum names_got {
	NAMES_KNOWN,  /* *text: "192.0.2.1,[2001:db8::1]" */
	NAMES_WAIT,   /* it is being looked up */
	NAMES_FAILED, /* *text says why */
	NAMES_GONE    /* the helper has ended */
};

/**
 * The addresses of a host, at a time of the program's clock.  Asks for them
 * where none are known that are fresh.  A failure from before `since` is none:
 * it is asked again.  *text is valid until the next call.
 */
enum names_got names_get(struct names *n, const char *host, int64_t since,
    int64_t now, const char **text);

/** Take the answers that came.  False when the helper has ended. */
bool names_take(struct names *n, int64_t now);

/** Lookups under way; the descriptor to watch while there are any. */
unsigned names_waiting(const struct names *n);
int names_fd(const struct names *n);

#endif
