#ifndef UNMAPPED_H
#define UNMAPPED_H

#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "jsonw.h"
#include "path.h"

/*
 * The names of fields that have no column, with how often they came.  Names
 * are the last member's; those beyond the limit are counted together.
 */
enum { UNMAPPED_NAMES = 64, UNMAPPED_NAME_MAX = 64 };

struct unmapped {
	struct unmapped_name {
		const struct path_node *parent;
		unsigned char len;
		char name[UNMAPPED_NAME_MAX];
		uint64_t count;
	} * v; /* UNMAPPED_NAMES of them once there is one */
	size_t n;
	uint64_t others;
};

void unmapped_free(struct unmapped *u);

/** Count the member key of the object at parent. */
void unmapped_count(struct unmapped *u, const struct path_node *parent,
    const struct json_val *key);

/** Write them as a member "unmapped" of an object, if there are any. */
void unmapped_write(const struct unmapped *u, struct jsonw *w);

#endif
