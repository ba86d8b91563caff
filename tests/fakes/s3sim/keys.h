#ifndef KEYS_H
#define KEYS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/* The access keys that the server knows.  Any thread may call. */
enum {
	KEYS_TEXT_MAX = 256,   /* of ids and secrets; AWS's have 20 and 40 */
	KEYS_TOKEN_MAX = 4096, /* of session tokens; AWS names no limit */
};

struct key {
	char secret[KEYS_TEXT_MAX];
	char token[KEYS_TOKEN_MAX]; /* must be sent along; "" none */
	int64_t expires_ms; /* the token is refused from then; 0 never */
};

/** Find a key; false when there is none. */
bool keys_find(const char *id, struct key *out);

/**
 * Add or replace a key from {"access_key_id", "secret_access_key",
 * "session_token"?, "expires"? (RFC 3339)}; false with *why set.
 */
bool keys_add(const json_t *j, const char **why);

/** Remove a key; false when it is not there. */
bool keys_remove(const char *id);

void keys_clear(void);

/** How many there are. */
size_t keys_count(void);

/** Add the environment's AWS_ACCESS_KEY_ID and so on, where set. */
bool keys_from_environment(struct fault *f);

/** Add keys from a file: one such JSON object, or an array of them. */
bool keys_from_file(const char *path, struct fault *f);

#endif
