#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The wanted places of a record, as a tree of member names and array
 * positions: userIdentity.arn, items[0].port, annotations["a.b/c"].  The first
 * element of an array whose member m is there and not null is groups[?m], and
 * the record itself a single dot.  Built once per format, walked along with
 * each record (capture.c).
 */
enum {
	PATH_NAME_MAX = 255,
	PATH_DEPTH_MAX = 16, /* steps of one path */
	PATH_SLOTS_MAX = 512 /* of one format */
};

struct path_node {
	char *name; /* NULL: the root, or a position of an array */
	size_t len;
	/* "NAME": as it stands in most records; NULL when there would be an
	 * escape in it, or other than ASCII. */
	char *label;
	size_t label_len;
	size_t index;        /* the position, when name is NULL */
	int slot;            /* where the value goes, or -1 */
	bool envelope;       /* an array here holds the records */
	bool column;         /* a column takes the whole value */
	unsigned uses;       /* sources of columns that take it */
	bool taken;          /* or something below: not rules alone */
	unsigned first, end; /* slots of this node and all below */
	unsigned long seen;  /* serial of the record that had it last */
	/* Records are alike: the child that came first, and the one that came
	 * behind this one, the last time. */
	struct path_node *begins, *follows;
	struct path_node *parent, **child;
	size_t n;
	bool positions;         /* children are positions of an array */
	struct path_node *pick; /* [?m]: the node of m; this is an element */
	unsigned short *table;  /* hash of names: index into child, plus 1 */
	unsigned mask;
};

struct path_tree {
	struct path_node root;
	unsigned slots;
};

void path_init(struct path_tree *t);
void path_free(struct path_tree *t);

/**
 * Add a path of n bytes; *node is its place, whose slot is its number (one
 * that was added before keeps its slot).  Returns false when it is no path;
 * *why then says what was expected and *at where.
 */
bool path_add(struct path_tree *t, const char *path, size_t n,
    struct path_node **node, const char **why, size_t *at);

/** The same for a member of the record whose name is these n bytes, whatever
 * is in them; NULL when there are too many, or it is too long or empty. */
struct path_node *path_name(struct path_tree *t, const char *name, size_t n);

/** After the last path: number the slots so that those below a node are
 * neighbours, and make the tables.  Slots of earlier calls change. */
void path_finish(struct path_tree *t);

/** The child of that name, or NULL. */
struct path_node *path_find(
    const struct path_node *node, const char *name, size_t n);

/** The same where a guess is worth a try: *guess, when it is not NULL, which
 * becomes what is found. */
struct path_node *path_guess(const struct path_node *node,
    struct path_node **guess, const char *name, size_t n);

/** Does the node's label stand at p, before end? */
static inline bool path_label_at(
    const struct path_node *node, const char *p, const char *end);

/* memcmp() of names, most of which are short: in words that overlap. */
static inline bool
path_same(const char *a, const char *b, size_t n)
{
	uint64_t x[2], y[2];
	size_t i = 0;

	if (n < 8)
		return memcmp(a, b, n) == 0;
	for (; i + 16 < n; i += 8) {
		memcpy(x, a + i, 8);
		memcpy(y, b + i, 8);
		if (x[0] != y[0])
			return false;
	}
	memcpy(&x[0], a + (i + 8 < n ? i : n - 8), 8);
	memcpy(&y[0], b + (i + 8 < n ? i : n - 8), 8);
	memcpy(&x[1], a + n - 8, 8);
	memcpy(&y[1], b + n - 8, 8);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

static inline bool
path_label_at(const struct path_node *node, const char *p, const char *end)
{
	return node->label != NULL && (size_t)(end - p) >= node->label_len &&
	       path_same(node->label, p, node->label_len);
}

#endif
