/* The ordered map under the store: objects by key, counts by key. */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "skip.h"

int
skip_order(const void *a, size_t na, const void *b, size_t nb)
{
	size_t n = na < nb ? na : nb;
	int c = n > 0 ? memcmp(a, b, n) : 0;

	return c != 0 ? c : (na > nb) - (na < nb);
}

/*
 * Find the last node before key on every level (or, with after, the last one
 * not beyond it); path[i] is the array of next pointers to follow there.
 */
static void
walk(struct skip *s, const void *key, size_t n, int after,
    struct skip_node **path[SKIP_LEVELS])
{
	struct skip_node **at = s->head;
	int c;

	for (int i = SKIP_LEVELS - 1; i >= 0; i--) {
		while (at[i] != NULL) {
			c = skip_order(at[i]->key, at[i]->len, key, n);
			if (c > 0 || (c == 0 && !after))
				break;
			at = at[i]->next;
		}
		path[i] = at;
	}
}

struct skip_node *
skip_from(struct skip *s, const void *key, size_t n, int after)
{
	struct skip_node **path[SKIP_LEVELS];

	walk(s, key, n, after, path);
	return path[0][0];
}

struct skip_node *
skip_find(struct skip *s, const void *key, size_t n)
{
	struct skip_node *node = skip_from(s, key, n, 0);

	if (node == NULL || skip_order(node->key, node->len, key, n) != 0)
		return NULL;
	return node;
}

/* One level more with probability a quarter (xorshift64). */
static int
draw_level(struct skip *s)
{
	int level = 1;

	if (s->seed == 0)
		s->seed = 88172645463325252ULL;
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 7;
	s->seed ^= s->seed << 17;
	for (unsigned long long x = s->seed; level < SKIP_LEVELS && x % 4 == 0;
	     x /= 4)
		level++;
	return level;
}

struct skip_node *
skip_put(struct skip *s, const void *key, size_t n)
{
	struct skip_node **path[SKIP_LEVELS], *node;
	int level;

	walk(s, key, n, 0, path);
	node = path[0][0];
	if (node != NULL && skip_order(node->key, node->len, key, n) == 0)
		return node;
	level = draw_level(s);
	node = malloc(sizeof(*node) + (size_t)level * sizeof(node->next[0]));
	if (node == NULL || (node->key = malloc(n + 1)) == NULL)
		log_oom();
	if (n > 0)
		memcpy(node->key, key, n);
	node->key[n] = '\0';
	node->len = n;
	node->value = NULL;
	for (int i = 0; i < level; i++) {
		node->next[i] = path[i][i];
		path[i][i] = node;
	}
	s->count++;
	return node;
}

void *
skip_remove(struct skip *s, const void *key, size_t n)
{
	struct skip_node **path[SKIP_LEVELS], *node;
	void *value;

	walk(s, key, n, 0, path);
	node = path[0][0];
	if (node == NULL || skip_order(node->key, node->len, key, n) != 0)
		return NULL;
	for (int i = 0; i < SKIP_LEVELS; i++)
		if (path[i][i] == node)
			path[i][i] = node->next[i];
	value = node->value;
	free(node->key);
	free(node);
	s->count--;
	return value;
}

void
skip_clear(struct skip *s, void (*drop)(void *value))
{
	struct skip_node *node = s->head[0], *next;

	for (; node != NULL; node = next) {
		next = node->next[0];
		if (drop != NULL && node->value != NULL)
			drop(node->value);
		free(node->key);
		free(node);
	}
	*s = (struct skip){.seed = s->seed};
}
