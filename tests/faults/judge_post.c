/*
 * What sentinelpost wrote: what a receipt calls settled was accepted or is a
 * dead letter; a failure of ours makes no dead letter.  The input's records
 * say who they are: "KEY#N" stands in each.
 */
#include <string.h>

#include "judge.h"

static bool
has(const struct buf *b, const char *s, size_t n)
{
	return b->len > 0 && memmem(b->p, b->len, s, n) != NULL;
}

static void
judge_receipt(
    const struct wire_line *w, const struct outcome *o, struct buf *why)
{
	static struct buf name = BUF_INIT(4096);
	uint64_t through = wire_number(&w->receipt, "through", 0);
	struct wire_object object;
	size_t key_len;
	const char *bad;

	if (!wire_object(&object, &w->object, &bad))
		return;
	buf_reset(&name);
	buf_addc(&name, '"');
	(void)wire_object_key(&object, &name);
	key_len = name.len;
	for (uint64_t n = 0; n < through; n++) {
		buf_cut(&name, key_len);
		buf_addf(&name, "#%llu\"", (unsigned long long)n);
		if (!has(&o->rows, name.p, name.len) &&
		    !has(&o->dead, name.p, name.len) &&
		    /* as in a reject, where the quotes are escaped */
		    !has(&o->dead, name.p + 1, name.len - 2))
			buf_addf(why, "settled, and nowhere: %s\n", name.p);
	}
}

static bool
is_partial(const struct wire_line *w)
{
	struct json_val status;

	return wire_member(&w->receipt, "status", &status) &&
	       json_is(&status, "partial");
}

/* Is there a dead letter for the same record? */
static bool
dead_before(const struct reference *ref, const struct wire_line *w)
{
	char a[WIRE_ID_LEN + 1], b[WIRE_ID_LEN + 1];
	const struct wire_line *v;

	for (size_t i = 0; i < ref->dead_lines.n; i++) {
		v = &ref->dead_lines.v[i];
		if (v->kind != w->kind)
			continue;
		if (w->kind == WIRE_OBJECT)
			return true;
		if (wire_id(v, a) && wire_id(w, b) && strcmp(a, b) == 0 &&
		    v->n.n == w->n.n && memcmp(v->n.p, w->n.p, v->n.n) == 0)
			return true;
	}
	return false;
}

void
judge_post(const struct reference *ref, const struct failnth *page,
    const struct outcome *o, const struct lines *l, bool torn_fine,
    struct buf *why)
{
	static struct lines dead;
	size_t receipts = 0, want = 0;

	lines_read(&dead, &o->dead, "");
	if (dead.wrong || (dead.torn && !torn_fine))
		buf_adds(why, "dead letters that are no wire\n");
	for (size_t i = 0; i < dead.n; i++)
		if (!dead_before(ref, &dead.v[i]))
			buf_addf(why,
			    "a dead letter that should not be: %.*s\n",
			    (int)dead.v[i].len, dead.v[i].line);
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].kind != WIRE_RECEIPT)
			continue;
		judge_receipt(&l->v[i], o, why);
		/* When partial ones come is up to the clock. */
		if (is_partial(&l->v[i]))
			continue;
		if (!lines_have(&ref->lines, &l->v[i]) && same_end(ref, o))
			buf_addf(why, "exit %d with another receipt: %.*s\n",
			    o->rc, (int)l->v[i].len, l->v[i].line);
		receipts++;
	}
	for (size_t i = 0; i < ref->lines.n; i++)
		want += ref->lines.v[i].kind == WIRE_RECEIPT &&
			!is_partial(&ref->lines.v[i]);
	if (same_end(ref, o) && receipts < want)
		buf_addf(why, "exit %d with %zu receipts of %zu\n", o->rc,
		    receipts, want);
	if (same_end(ref, o) &&
	    (dead.n < ref->dead_lines.n ||
		(dead.n > ref->dead_lines.n && !page->again)))
		buf_addf(why, "exit %d with %zu dead letters of %zu\n", o->rc,
		    dead.n, ref->dead_lines.n);
}
