#ifndef BEARER_H
#define BEARER_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Access tokens: JWTs signed with a key of this run (HS256; clients must
 * treat a token as opaque, so its algorithm is nobody's business).  Nothing is
 * stored: revoking raises the generation that a token must carry.
 */
struct bearer {
	unsigned char key[32];
	unsigned generation;
};

enum bearer_verdict {
	BEARER_OK,
	BEARER_MALFORMED, /* not one of our tokens' shape */
	BEARER_FORGED,
	BEARER_REVOKED,
	BEARER_EXPIRED,
	BEARER_AUDIENCE
};

/** Draw a key. */
void bearer_init(struct bearer *b);

/** Append a token for this audience, good from now for life seconds. */
void bearer_issue(const struct bearer *b, const char *tenant,
    const char *client_id, const char *audience, int64_t now, int64_t life,
    struct buf *out);

/** Judge a token of n bytes at time now (seconds). */
enum bearer_verdict bearer_check(const struct bearer *b, const char *token,
    size_t n, const char *audience, int64_t now);

/** One line of English. */
const char *bearer_text(enum bearer_verdict v);

#endif
