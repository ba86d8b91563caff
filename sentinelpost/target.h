#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "fault.h"
#include "opt.h"

/*
 * Where rows go: endpoint, data collection rules, streams; and what follows
 * from the endpoint: which of Azure's clouds it is in, so where tokens come
 * from and which scope they must have (Azure Monitor, Logs ingestion API
 * overview; Microsoft Entra, authentication endpoints).
 */
enum cloud { CLOUD_PUBLIC, CLOUD_GOV, CLOUD_CHINA };

enum {
	TARGET_HOST_MAX = 253, /* RFC 1035 section 2.3.4 */
	TARGET_RULES_MAX = 32, /* our own choice */
	TARGET_RULE_MAX = 64,  /* dcr- and 32 hex digits, with room */
	TARGET_NAME_MAX = 128, /* table or stream; our own choice */
	TARGET_STREAM_SIZE = TARGET_NAME_MAX + 8, /* "Custom-" and NUL too */
	TARGET_STREAMS_MAX = 256
};

struct target_stream {
	char table[TARGET_NAME_MAX + 1];
	char stream[TARGET_NAME_MAX + 1];
};

struct target {
	char base[TARGET_HOST_MAX + 32]; /* "https://host:port" */
	char host[TARGET_HOST_MAX + 1];  /* lower case, without brackets */
	bool loopback;
	enum cloud cloud;
	char authority[TARGET_HOST_MAX + 32]; /* "https://login..." */
	char rules[TARGET_RULES_MAX][TARGET_RULE_MAX + 1]; /* sorted */
	size_t nrules;
	char *to; /* host '/' rule '+' rule ..; owned */
	struct target_stream streams[TARGET_STREAMS_MAX];
	size_t nstreams;
};

/** Take the endpoint's URL.  False with a fault (64: it is none; 78: its host
 * is not one of Azure's). */
bool target_endpoint(struct target *t, const char *url, struct fault *f);

/** Take AZURE_AUTHORITY_HOST, or NULL for the cloud's own; after
 * target_endpoint().  False (78) when it belongs to another cloud. */
bool target_authority(struct target *t, const char *url, struct fault *f);

/** Add a rule's immutable id.  False with a fault (64).  A repeated one is
 * taken once. */
bool target_rule(struct target *t, const char *id, struct fault *f);

/** Add --stream TABLE=NAME.  False with a fault (64). */
bool target_map(struct target *t, const char *arg, struct fault *f);

/** Endpoint and rules are complete: make t->to. */
void target_done(struct target *t);

/** The scope of a token for this endpoint. */
const char *target_scope(const struct target *t);

/** May this be the name of a table or stream?  Letters, digits, '_', '-',
 * '.', at most TARGET_NAME_MAX. */
bool target_name(const char *s, size_t n);

/** The stream of a table (its name was checked) into out. */
void target_stream(
    const struct target *t, const char *table, char out[TARGET_STREAM_SIZE]);

/** Append the URL to post to. */
void target_url(
    const struct target *t, size_t rule, const char *stream, struct buf *b);

void target_free(struct target *t);

#endif
