/* The objects that records on their way belong to. */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "objects.h"

void
objects_init(struct objects *os)
{
	memset(os, 0, sizeof(*os));
	os->finished_tail = &os->finished;
}

void
objects_free(struct objects *os)
{
	struct object *o, *next;

	for (o = os->all; o != NULL; o = next) {
		next = o->next;
		free(o->line);
		free(o);
	}
	objects_init(os);
}

bool
objects_full(const struct objects *os)
{
	return os->held >= OBJECTS_HELD_MAX || os->bytes >= OBJECTS_BYTES_MAX;
}

/* FNV-1a; ids are hashes already, but they come from outside. */
static struct object **
bucket_of(struct objects *os, const char *id)
{
	uint32_t h = 2166136261U;

	for (; *id != '\0'; id++)
		h = (h ^ (unsigned char)*id) * 16777619U;
	return &os->bucket[h % OBJECTS_BUCKETS];
}

struct object *
objects_find(struct objects *os, const char *id)
{
	struct object *o;

	for (o = *bucket_of(os, id); o != NULL; o = o->chain)
		if (strcmp(o->id, id) == 0)
			return o;
	return NULL;
}

static struct object *
add(struct objects *os, const char *id, const char *line, size_t n)
{
	struct object *o = calloc(1, sizeof(*o));

	if (o == NULL)
		log_oom();
	settle_init(&o->settle);
	(void)memccpy(o->id, id, '\0', WIRE_ID_LEN);
	if (line != NULL) {
		o->line = malloc(n + 1);
		if (o->line == NULL)
			log_oom();
		memcpy(o->line, line, n);
		o->line[n] = '\0';
		o->len = n;
	}
	o->next = os->all;
	if (os->all != NULL)
		os->all->prev = o;
	os->all = o;
	os->held++;
	os->bytes += o->len;
	return o;
}

struct object *
objects_open(struct objects *os, const char *id, const char *line, size_t n)
{
	struct object **bucket = bucket_of(os, id);
	struct object *o = add(os, id, line, n);

	o->chain = *bucket;
	*bucket = o;
	os->open++;
	return o;
}

static void
unlink_open(struct objects *os, struct object *o)
{
	struct object **at = bucket_of(os, o->id);

	while (*at != o)
		at = &(*at)->chain;
	*at = o->chain;
	os->open--;
}

struct object *
objects_stray(struct objects *os, const char *id, const struct json_val *object)
{
	struct object *o = os->stray;
	size_t n = object->p != NULL ? object->n : 0;

	if (o != NULL && strcmp(o->id, id) == 0 && o->len == n &&
	    (n == 0 || memcmp(o->line, object->p, n) == 0))
		return o;
	os->stray = NULL;
	if (o != NULL)
		objects_check(os, o);
	o = add(os, id, object->p, n);
	o->stray = true;
	os->stray = o;
	return o;
}

void
objects_end(struct objects *os, struct object *o, enum object_end how)
{
	INVARIANT(o->end == OBJECT_OPEN && !o->stray);
	unlink_open(os, o);
	o->end = how;
	objects_check(os, o);
}

void
objects_check(struct objects *os, struct object *o)
{
	if (o->settle.pending > 0 || o->listed)
		return;
	if (o->stray && os->stray != o) {
		objects_forget(os, o);
	} else if (!o->stray && o->end != OBJECT_OPEN) {
		o->listed = true;
		*os->finished_tail = o;
		os->finished_tail = &o->next_finished;
	}
}

struct object *
objects_finished(struct objects *os)
{
	struct object *o = os->finished;

	if (o == NULL)
		return NULL;
	os->finished = o->next_finished;
	if (os->finished == NULL)
		os->finished_tail = &os->finished;
	return o;
}

void
objects_forget(struct objects *os, struct object *o)
{
	if (o->prev != NULL)
		o->prev->next = o->next;
	else
		os->all = o->next;
	if (o->next != NULL)
		o->next->prev = o->prev;
	os->held--;
	os->bytes -= o->len;
	free(o->line);
	free(o);
}
