#ifndef CAPTURE_H
#define CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "path.h"

enum {
	CAPTURE_UNMAPPED_MAX = 64, /* fields without a column that are noted */
	CAPTURE_KEPT_MAX = 10923   /* where they are kept: so many of the
				      shortest are what a column holds */
};

/* A field that no column takes, though the object around it has a place in the
 * tree. */
struct capture_field {
	const struct path_node *parent;
	struct json_val key, val;
};

/*
 * One forward pass over a record: checks that it is JSON, finds its end, and
 * notes the slices at the wanted paths.  No tree is built.
 */
struct capture {
	struct path_tree *tree;
	/* p NULL: not in the record; those behind the tree's: see format.h */
	struct json_val slot[PATH_SLOTS_MAX];
	unsigned long serial; /* of the record, for path_node.seen */
	struct json_val
	    first; /* name of the record's first member, or p NULL */
	/* Of this record: */
	uint64_t duplicates; /* members that came twice; the last one wins */
	struct capture_field *unmapped;
	size_t room; /* of that list */
	bool keep;   /* set by the caller: note up to CAPTURE_KEPT_MAX */
	size_t nunmapped;
	uint64_t others; /* more of them than there is room for */
};

enum capture_result {
	CAPTURE_OK,         /* the record ends at j->p */
	CAPTURE_MORE,       /* it goes on behind the text */
	CAPTURE_BAD,        /* not JSON at j->p: j->why */
	CAPTURE_NOT_OBJECT, /* a value of another type, passed over */
	CAPTURE_ENVELOPE    /* j->p is at the array that holds records */
};

void capture_init(struct capture *c, struct path_tree *tree);
void capture_free(struct capture *c);

/** Note a field of the object at parent that no column takes. */
void capture_unmapped(struct capture *c, const struct path_node *parent,
    const struct json_val *key, const struct json_val *val);

/** Of the noted fields that came twice, forget all but the last; they count as
 * duplicates. */
void capture_settle(struct capture *c);

/**
 * Pass the value at j->p.  With envelopes, stop at an array whose place is
 * marked as one; *depth is then how many objects are open around it.
 */
enum capture_result capture_record(
    struct capture *c, struct json *j, bool envelopes, unsigned *depth);

#endif
