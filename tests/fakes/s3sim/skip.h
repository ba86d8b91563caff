#ifndef SKIP_H
#define SKIP_H

#include <stddef.h>

/*
 * An ordered map from byte strings to pointers: a skip list.  The order is
 * that of the bytes, the shorter first, which for UTF-8 text is S3's order of
 * keys.  Not locked; running out of memory ends the program.
 */
enum { SKIP_LEVELS = 20 };

struct skip_node {
	void *value;
	char *key; /* followed by a NUL that is not part of it */
	size_t len;
	struct skip_node *next[]; /* as many as its level */
};

struct skip {
	struct skip_node *head[SKIP_LEVELS];
	size_t count;
	unsigned long long seed;
};

/** The node with this key, or NULL. */
struct skip_node *skip_find(struct skip *s, const void *key, size_t n);

/** The first node whose key is >= key (after = 0) or > key (after = 1). */
struct skip_node *skip_from(
    struct skip *s, const void *key, size_t n, int after);

/** The node with this key, made with a NULL value where there is none. */
struct skip_node *skip_put(struct skip *s, const void *key, size_t n);

/** Remove a key; returns its value, or NULL where there is none. */
void *skip_remove(struct skip *s, const void *key, size_t n);

/** Remove all; drop (may be NULL) is called with each value. */
void skip_clear(struct skip *s, void (*drop)(void *value));

/** Compare two keys: < 0, 0, > 0. */
int skip_order(const void *a, size_t na, const void *b, size_t nb);

#endif
