/* Open objects by id: a hash table with linear probing. */
#include <stdlib.h>
#include <string.h>

#include "idmap.h"
#include "log.h"

enum { FIRST = 64, SIZE_MAX_SLOTS = 4 * WIRE_OPEN_MAX };

/* Ids are hex from a hash, but may be made up by others: use all of one, in
 * three overlapping words mixed as in Fibonacci hashing (Knuth 6.4). */
static size_t
place(const struct idmap *m, const char *id)
{
	static const unsigned char at[] = {0, 8, WIRE_ID_LEN - 8};
	uint64_t h = 0, word;

	for (size_t i = 0; i < sizeof(at); i++) {
		memcpy(&word, id + at[i], sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15;
		h ^= h >> 32;
	}
	return (size_t)h & (m->size - 1);
}

static size_t
find(const struct idmap *m, const char *id)
{
	size_t i = place(m, id);

	while (m->slot[i].value != NULL &&
	       memcmp(m->slot[i].id, id, WIRE_ID_LEN) != 0)
		i = (i + 1) & (m->size - 1);
	return i;
}

void *
idmap_get(const struct idmap *m, const char *id)
{
	return m->n == 0 ? NULL : m->slot[find(m, id)].value;
}

static void
grow(struct idmap *m)
{
	struct idmap old = *m;

	m->size = old.size > 0 ? old.size * 2 : FIRST;
	m->slot = calloc(m->size, sizeof(*m->slot));
	if (m->slot == NULL)
		log_oom();
	for (size_t i = 0; i < old.size; i++)
		if (old.slot[i].value != NULL)
			m->slot[find(m, old.slot[i].id)] = old.slot[i];
	free(old.slot);
}

int
idmap_put(struct idmap *m, const char *id, void *value)
{
	size_t i;

	if (m->n == WIRE_OPEN_MAX)
		return -1;
	if ((m->n + 1) * 2 > m->size && m->size < SIZE_MAX_SLOTS)
		grow(m);
	i = find(m, id);
	memcpy(m->slot[i].id, id, WIRE_ID_LEN);
	m->slot[i].id[WIRE_ID_LEN] = '\0';
	m->slot[i].value = value;
	m->n++;
	return 0;
}

void *
idmap_take(struct idmap *m, const char *id)
{
	struct idmap_slot moved;
	size_t i, k;
	void *value;

	if (m->n == 0)
		return NULL;
	i = find(m, id);
	value = m->slot[i].value;
	if (value == NULL)
		return NULL;
	m->slot[i].value = NULL;
	m->n--;
	/* Put the ones that stood behind it where they are found again. */
	for (k = (i + 1) & (m->size - 1); m->slot[k].value != NULL;
	     k = (k + 1) & (m->size - 1)) {
		moved = m->slot[k];
		m->slot[k].value = NULL;
		m->slot[find(m, moved.id)] = moved;
	}
	return value;
}

void *
idmap_next(const struct idmap *m, size_t *i)
{
	while (*i < m->size)
		if (m->slot[(*i)++].value != NULL)
			return m->slot[*i - 1].value;
	return NULL;
}

void
idmap_free(struct idmap *m)
{
	free(m->slot);
	*m = (struct idmap){0};
}
