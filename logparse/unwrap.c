/*
 * What an object's bytes may be wrapped in once more, gzip in gzip, as Firehose
 * makes of what CloudWatch Logs compressed; and those that are none for us.
 */
#include <string.h>

#include "log.h"
#include "unwrap.h"

/* Take no more bytes.  (To fail at once would free the decoder that calls.) */
static bool
refuse(struct object *o, const char *code, bool retry, const char *text)
{
	o->refusal = code;
	o->refusal_retry = retry;
	o->refusal_text = text;
	return false;
}

/* The next decoded bytes: as they are, or gzip once more, as Firehose makes of
 * what CloudWatch Logs compressed. */
static bool
deliver(struct object *o, const char *p, size_t n)
{
	if (!o->nested)
		return object_bytes(o, p, n);
	return unpack_feed(&o->inner, p, n, object_bytes, o) ||
	       refuse(o, unpack_code(o->inner.err), false, o->inner.message);
}

/* A decoder for what is gzip once more.  A bomb in a bomb is measured by what
 * is stored of it, where that is known. */
static bool
nest(struct object *o)
{
	struct unpack_pool *pool = &o->parser->stored.pool;
	const uint64_t *known = o->size > 0 ? &o->size : NULL;

	if (pool->limit - pool->used < STORED_DECODER)
		return refuse(o, "NoMemory", true,
		    "too many compressed objects are open at once");
	pool->used += STORED_DECODER;
	o->nested = true;
	unpack_init(&o->inner,
	    &(struct unpack_options){.max_ratio = o->parser->max_ratio,
		.pool = pool,
		.stored = o->raw ? &o->unpack.in : known});
	return true;
}

/* What the object's first bytes say.  False when it is none for us. */
static bool
begin(struct object *o, const char *p, size_t n)
{
	o->begun = true;
	if (n >= OBJECT_HEAD && memcmp(p, "PAR1", OBJECT_HEAD) == 0)
		return refuse(o, "Parquet", false,
		    "it is Parquet, which logparse does not read: have the "
		    "log delivered as text or JSON");
	return n < 3 || memcmp(p, "\x1f\x8b\x08", 3) != 0 || nest(o);
}

bool
unwrap_take(void *ctx, const char *p, size_t n)
{
	struct object *o = ctx;
	size_t want = OBJECT_HEAD - o->nhead;

	if (o->begun)
		return deliver(o, p, n);
	if (o->nhead == 0 && n >= OBJECT_HEAD)
		return begin(o, p, n) && deliver(o, p, n);
	if (n < want)
		want = n;
	memcpy(o->head + o->nhead, p, want);
	o->nhead += want;
	if (o->nhead < OBJECT_HEAD)
		return true;
	return begin(o, o->head, o->nhead) && deliver(o, o->head, o->nhead) &&
	       (n == want || deliver(o, p + want, n - want));
}

bool
unwrap_finish(struct object *o)
{
	if (!o->begun && o->nhead > 0 &&
	    !(begin(o, o->head, o->nhead) && deliver(o, o->head, o->nhead)))
		return false;
	return !o->nested || unpack_finish(&o->inner, object_bytes, o) ||
	       refuse(o, unpack_code(o->inner.err), false, o->inner.message);
}
