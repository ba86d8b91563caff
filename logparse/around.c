/* What is around records and has no column: see around.h. */
#include "around.h"
#include "unmapped.h"

void
around_take(struct framer *f)
{
	struct context *x = &f->context;

	capture_settle(x->capture);
	context_take(x);
	if (!f->format->around && x->nrest == 0)
		context_forget(x);
}

void
around_count(struct framer *f)
{
	const struct capture *c = f->context.capture;

	f->duplicates += c->duplicates;
	if (f->unmapped != NULL)
		unmapped_count(f->unmapped, c);
}

/* Does nothing stand before the array? */
static bool
is_first(const struct framer *f, const struct capture *c)
{
	return c->duplicates == 0 && format_is_envelope(f->format, &c->first);
}

void
around_head(struct framer *f, const struct capture *c, const char *p, size_t n)
{
	unsigned depth;
	struct json j;

	f->seen = false;
	if (f->context.capture == NULL || is_first(f, c))
		return;
	json_init(&j, p, n);
	(void)capture_record(f->context.capture, &j, true, &depth);
	around_take(f);
	around_count(f);
}

/* The open objects' innermost place in the tree around records. */
static const struct path_node *
innermost(const struct framer *f)
{
	const struct path_node *node = f->format->records->parent;
	unsigned depth = 0;

	for (const struct path_node *n = node; n != NULL; n = n->parent)
		depth++;
	for (; depth > f->depth; depth--)
		node = node->parent;
	return node;
}

void
around_tail(struct framer *f, const struct json_val *key)
{
	if (f->unmapped != NULL && !f->seen)
		unmapped_name(f->unmapped, innermost(f), key);
}

bool
around_is_records(const struct framer *f, const struct json_val *key)
{
	const struct path_node *records = f->format->records;

	return records != NULL && innermost(f) == records->parent &&
	       json_is(key, records->name);
}
