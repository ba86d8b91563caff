#ifndef ENTRA_H
#define ENTRA_H

#include <stdint.h>

#include "buf.h"

struct request;
struct sim;

/** Answer POST /{tenant}/oauth2/v2.0/token (client credentials flow). */
void entra_token(struct request *q);

/** Answer the two discovery documents that Microsoft's clients ask for. */
void entra_discovery(struct request *q);

/** Append an access token for the configured audience, and count it. */
void entra_issue(struct sim *sim, const char *audience, struct buf *out);

#endif
