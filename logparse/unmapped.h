#ifndef UNMAPPED_H
#define UNMAPPED_H

#include <stddef.h>
#include <stdint.h>

#include "capture.h"
#include "jsonw.h"

/*
 * The names of fields that have no column, with how often they came: member
 * names with dots between, from the record's, or the object's around it, down.
 * Those beyond the limits are counted together, and so are names that have
 * escapes in them or are no text.
 */
enum {
	UNMAPPED_NAMES = 64,
	UNMAPPED_NAME_MAX = 64,  /* of the last member's */
	UNMAPPED_PATH_MAX = 1024 /* of all of them */
};

struct unmapped {
	struct unmapped_name {
		const struct path_node *parent;
		unsigned char len;
		char name[UNMAPPED_NAME_MAX];
		uint64_t count;
	} * v;
	size_t n, room;
	uint64_t others;
};

void unmapped_free(struct unmapped *u);

/** Count those of the record that was captured last. */
void unmapped_count(struct unmapped *u, const struct capture *c);

/** Count one. */
void unmapped_name(struct unmapped *u, const struct path_node *parent,
    const struct json_val *key);

/** Write them as a member "unmapped" of an object, if there are any. */
void unmapped_write(const struct unmapped *u, struct jsonw *w);

#endif
