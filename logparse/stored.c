/* Decoding of many objects at once in limited memory; see stored.h. */
#include "log.h"
#include "object.h"
#include "unwrap.h"

void
stored_init(struct stored *s)
{
	*s = (struct stored){.pool = {.limit = STORED_DECODERS}};
}

/* Take the memory that any decoder needs; false while there is none. */
static bool
begin(struct object *o)
{
	struct unpack_pool *pool = &o->parser->stored.pool;

	if (o->decoding)
		return true;
	if (pool->limit - pool->used < STORED_DECODER)
		return false;
	pool->used += STORED_DECODER;
	o->decoding = true;
	return true;
}

static void
queue(struct object *o)
{
	struct stored *s = &o->parser->stored;

	if (s->first == NULL)
		s->first = o;
	else
		s->last->next = o;
	s->last = o;
	o->next = NULL;
	o->waiting = true;
}

static void
unqueue(struct object *o)
{
	struct stored *s = &o->parser->stored;
	struct object *before = NULL, *at = s->first;

	for (; at != o; at = at->next)
		before = at;
	if (before == NULL)
		s->first = o->next;
	else
		before->next = o->next;
	if (s->last == o)
		s->last = before;
	o->waiting = false;
}

/* Keep bytes until there is memory to decode them. */
static bool
keep(struct object *o, const char *p, size_t n)
{
	struct stored *s = &o->parser->stored;

	if (s->waiting + n > STORED_WAITING) {
		object_fail(o, "NoMemory", true,
		    "too many compressed objects are open at once");
		log_hint("run s3fetch without --raw, or with fewer --jobs");
		return false;
	}
	hold_add(&o->stored, &s->waiting, p, n);
	if (!o->waiting)
		queue(o);
	return true;
}

/* Decode what can be; *taken says how much was.  False with o->unpack.err,
 * UNPACK_WAIT when it is for want of memory. */
static bool
decode(struct object *o, const char *p, size_t n, size_t *taken)
{
	uint64_t before = o->unpack.in;
	bool ok;

	*taken = 0;
	if (!begin(o)) {
		o->unpack.err = UNPACK_WAIT;
		return false;
	}
	ok = unpack_feed(&o->unpack, p, n, unwrap_take, o);
	*taken = (size_t)(o->unpack.in - before);
	return ok;
}

void
stored_fail(struct object *o)
{
	if (o->unpack.err == UNPACK_STOPPED)
		object_refuse(o);
	else
		object_fail(
		    o, unpack_code(o->unpack.err), false, o->unpack.message);
}

bool
stored_feed(struct object *o, const char *p, size_t n)
{
	size_t taken;

	if (o->waiting)
		return keep(o, p, n);
	if (decode(o, p, n, &taken))
		return true;
	if (o->unpack.err == UNPACK_WAIT)
		return keep(o, p + taken, n - taken);
	stored_fail(o);
	return false;
}

struct object *
stored_resume(struct parser *p)
{
	struct object *o;
	size_t taken;

	while ((o = p->stored.first) != NULL) {
		if (!decode(o, o->stored.p, o->stored.len, &taken)) {
			if (o->unpack.err == UNPACK_WAIT) {
				hold_drop(
				    &o->stored, &p->stored.waiting, taken);
				return NULL;
			}
			stored_fail(o);
		} else {
			unqueue(o);
			hold_free(&o->stored, &p->stored.waiting);
		}
		if (o->ended) {
			if (!o->failed)
				object_end(o);
			return o;
		}
	}
	return NULL;
}

void
stored_free(struct object *o)
{
	if (o->waiting)
		unqueue(o);
	hold_free(&o->stored, &o->parser->stored.waiting);
	unpack_free(&o->unpack);
	if (o->decoding)
		o->parser->stored.pool.used -= STORED_DECODER;
	o->decoding = false;
}
