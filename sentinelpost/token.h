#ifndef TOKEN_H
#define TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "fault.h"
#include "http.h"
#include "retry.h"
#include "target.h"

/*
 * The access token (Microsoft identity platform, OAuth 2.0 client credentials
 * flow).  It is fetched when it is first needed, renewed TOKEN_EARLY_MS before
 * it ends, and the old one serves while renewal fails, until it ends.  Once
 * the destination answers 401 a new one is fetched; when that is refused too
 * the line stops.
 */
enum {
	TOKEN_EARLY_MS = 300000, /* Azure's own libraries use five minutes */
	TOKEN_LIFE_MAX_S = 7 * 86400, /* Entra gives 10 minutes to 28 hours */
	TOKEN_MAX = 32 * 1024,        /* a token is 1.5 to 4 KB */
	TOKEN_REPLY_MAX = 128 * 1024,
	TOKEN_DEADLINE_MS = 60000,
	TOKEN_ID_MAX = 128 /* tenant and client ids are GUIDs, or a domain */
};

/* What the answer to a token request means. */
enum token_verdict { TOKEN_GOT, TOKEN_LATER, TOKEN_REFUSED };

struct token_answer {
	struct buf token;   /* TOKEN_GOT */
	int64_t life_ms;    /* likewise */
	struct fault fault; /* else */
};

/** Judge a reply; pure.  The answer's token is the caller's to wipe. */
enum token_verdict token_read(
    struct token_answer *a, const struct http_reply *r, const char *authority);

struct token {
	const struct target *target;
	struct http *http;
	int64_t give_up_ms;
	char tenant[TOKEN_ID_MAX + 1], client[TOKEN_ID_MAX + 1];
	struct buf secret;
	struct buf header;   /* "Authorization: Bearer ..", or empty */
	unsigned generation; /* counts tokens got */
	int64_t ends, renew_at;
	bool rejected;        /* the destination refused this one */
	bool renewed_for_401; /* this one replaced a refused one and was not
			       * accepted yet */
	/* The request under way, and when to make the next. */
	struct http_call *call;
	struct buf form;
	struct breaker breaker;
	unsigned attempts;
	int64_t next_try, failing_since; /* the latter -1: is not */
	bool stopped;                    /* with this fault */
	struct fault fault;
	uint64_t fetched, failed; /* for metrics */
};

/**
 * Take the credentials from the environment (AZURE_TENANT_ID,
 * AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, which is wiped there).  False with a
 * fault (77) that names what is missing.  Out of memory ends the program.
 */
bool token_init(struct token *t, const struct target *target, struct http *http,
    int64_t give_up_ms, struct fault *f);
void token_free(struct token *t);

/** Fetch or renew when it is time to.  t->stopped says that none will come:
 * refused (77, 78), or unavailable past --give-up (69). */
void token_tick(struct token *t, int64_t now);

/** May requests be made with t->header now? */
bool token_usable(const struct token *t, int64_t now);

/** The destination took a request with the token of this generation. */
void token_accepted(struct token *t, unsigned generation);

/** It answered 401.  False when the token was a new one already fetched for
 * that reason: the line stops. */
bool token_refused(struct token *t, unsigned generation, int64_t now);

/** How long until token_tick() has something to do, or -1. */
int64_t token_wait_ms(const struct token *t, int64_t now);

#endif
