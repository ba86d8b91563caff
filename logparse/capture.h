#ifndef CAPTURE_H
#define CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "path.h"

/*
 * One forward pass over a record: checks that it is JSON, finds its end, and
 * notes the slices at the wanted paths.  No tree is built.
 */
struct capture {
	struct path_tree *tree;
	struct json_val slot[PATH_SLOTS_MAX]; /* p NULL: not in the record */
	unsigned long serial; /* of the record, for path_node.seen */
	uint64_t duplicates;  /* members that came twice; the last one wins */
	struct json_val
	    first; /* name of the record's first member, or p NULL */
	/** Called for each member that has no place in the tree, though the
	 * object around it has; may be NULL. */
	void (*unmapped)(void *ctx, const struct path_node *parent,
	    const struct json_val *key);
	void *ctx;
};

enum capture_result {
	CAPTURE_OK,         /* the record ends at j->p */
	CAPTURE_MORE,       /* it goes on behind the text */
	CAPTURE_BAD,        /* not JSON at j->p: j->why */
	CAPTURE_NOT_OBJECT, /* a value of another type, passed over */
	CAPTURE_ENVELOPE    /* j->p is at the array that holds records */
};

void capture_init(struct capture *c, struct path_tree *tree);

/**
 * Pass the value at j->p.  With envelopes, stop at an array whose place is
 * marked as one; *depth is then how many objects are open around it.
 */
enum capture_result capture_record(
    struct capture *c, struct json *j, bool envelopes, unsigned *depth);

#endif
