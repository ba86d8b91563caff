#ifndef OBJECT_H
#define OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "s3url.h"
#include "wire.h"

/* One object to fetch: what its line says, checked so that nothing in it can
 * do harm in a URL, a header or a file name. */
enum {
	OBJECT_LINE_MAX = 64 * 1024, /* a key of 1,024 bytes, escaped and
					repeated, and the handle of a queue's
					message (at most 16 KiB) fit well */
	OBJECT_ETAG_MAX = 255,       /* S3's have 34; others' a few more */
	OBJECT_VERSION_MAX = 1024,   /* S3 User Guide, "Versioning" */
	OBJECT_ENDPOINT_MAX = 512,
	OBJECT_NAME_MAX = 400 /* of a message */
};

struct object {
	struct buf text; /* the object line that an open line carries */
	char bucket[S3_BUCKET_MAX + 1];
	char key[S3_KEY_MAX + 1]; /* any bytes */
	size_t key_len;
	char etag[OBJECT_ETAG_MAX + 1]; /* without quotes; "": none */
	char version[OBJECT_VERSION_MAX + 1];
	char region[S3_REGION_MAX];
	char endpoint[OBJECT_ENDPOINT_MAX + 1];
	bool has_size;
	uint64_t size;
	uint64_t receives;   /* too many, says s3list; 0: not said */
	const char *refused; /* why it cannot be fetched, or NULL */
};

/** Forget what it holds, keep memory. */
void object_reset(struct object *o);
void object_free(struct object *o);

/**
 * Take an object line (store "s3").  False when it names no object that could
 * be spoken of; *why says what is wrong with it.  One that has a name but
 * cannot be fetched has why in o->refused.  A dead letter's own members go,
 * and with them what the queue said: it is fetched because somebody asked for
 * it again.
 */
bool object_from_line(
    struct object *o, const struct json_val *line, const char **why);

/** Take s3://BUCKET/KEY of n bytes; nothing in it is decoded. */
bool object_from_url(
    struct object *o, const char *url, size_t n, const char **why);

/** What a reply tells of an object whose line does not say: each is NULL or
 * as in the HTTP header. */
struct object_facts {
	const char *etag, *modified;
	bool has_size;
	uint64_t size;
};

/** Add what was learned to the line where it has no etag.  False when the
 * etag cannot be used. */
bool object_learn(struct object *o, const struct object_facts *facts);

/** An etag as a header or line has it, without W/ and quotes; false when it
 * cannot be one. */
bool object_etag(char out[OBJECT_ETAG_MAX + 1], const char *s, size_t n);

/** "s3://bucket/key", cut and with control characters replaced. */
void object_name(const struct object *o, char out[OBJECT_NAME_MAX]);

#endif
