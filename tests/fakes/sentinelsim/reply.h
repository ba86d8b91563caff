#ifndef REPLY_H
#define REPLY_H

#include <jansson.h>
#include <stdbool.h>

#include "buf.h"

/* What a request is answered with. */
enum {
	REPLY_BODY_MAX = 64 * 1024 * 1024,
	REPLY_HEADERS = 24,
	REPLY_HEADER_MAX = 1024
};

struct reply {
	unsigned status;
	char code[64]; /* an error's code: x-ms-error-code, refusal counter */
	size_t nheaders;
	struct {
		char name[64];
		char value[REPLY_HEADER_MAX];
	} header[REPLY_HEADERS];
	struct buf body;
};

/** 204 and no headers. */
void reply_init(struct reply *r);
void reply_free(struct reply *r);

/** Add or replace a header; control characters in value become spaces. */
void reply_header(struct reply *r, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** A JSON body; o is freed. */
void reply_json(struct reply *r, unsigned status, json_t *o);

/**
 * An error of the ingestion endpoint: {"error":{"code","message","details"}}
 * and x-ms-error-code.
 */
void reply_error(struct reply *r, unsigned status, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** The usual code and message of a status, for faults without their own. */
const char *reply_usual_code(unsigned status);
const char *reply_usual_message(unsigned status);

#endif
