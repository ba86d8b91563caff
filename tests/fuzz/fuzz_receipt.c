/*
 * Receipt lines, on any bytes.  Invariants: what is taken names an object of
 * which the id is the hash, holds no text longer than the state takes and no
 * NUL but in the key; the same line read again, or through a used reader,
 * gives the same; a line taken without its spaces is taken too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "s3list/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check(const struct receipt *rc, const struct wire_line *w)
{
	const struct state_receipt *r = &rc->r;
	struct wire_object o;
	const char *why;
	char id[17];

	require(wire_object(&o, &w->object, &why) && wire_object_id(&o, id));
	require(strtoull(id, NULL, 16) == rc->id);
	require(strncmp(id, w->id.p + 1, 16) == 0);
	require(r->object.key_len <= STATE_KEY_MAX);
	require(strlen(r->object.store) <= STATE_TEXT_MAX);
	require(strlen(r->object.bucket) <= STATE_TEXT_MAX);
	require(strlen(r->object.etag) <= STATE_TEXT_MAX);
	require(strlen(r->object.version) <= STATE_TEXT_MAX);
	require(strlen(r->to) <= STATE_TO_MAX);
	require(strlen(r->format) <= STATE_TEXT_MAX);
	require(strlen(r->reason) <= STATE_TEXT_MAX);
	require(r->fetch <= 0xffff && r->status <= STATE_IS_FAILED);
}

static bool
same(const struct receipt *a, const struct receipt *b)
{
	return a->id == b->id && a->r.fetch == b->r.fetch &&
	       a->r.status == b->r.status && a->r.through == b->r.through &&
	       a->r.dead == b->r.dead && a->r.counts == b->r.counts &&
	       a->r.modified_ms == b->r.modified_ms &&
	       strcmp(a->r.to, b->r.to) == 0 &&
	       strcmp(a->r.reason, b->r.reason) == 0 &&
	       strcmp(a->r.format, b->r.format) == 0 &&
	       a->r.object.key_len == b->r.object.key_len &&
	       memcmp(a->r.object.key, b->r.object.key, a->r.object.key_len) ==
		   0;
}

/* Readers that are used for one line after another: what they held before
 * must not matter. */
static struct receipt used, again;

/* Put the right id into a line, so that hashes keep no one out. */
static void
correct_id(struct buf *line, const struct wire_line *w)
{
	struct wire_object o;
	const char *why;
	char id[17];

	require(wire_object(&o, &w->object, &why) && wire_object_id(&o, id));
	memcpy(line->p + (w->id.p + 1 - w->line), id, 16);
}

static void
look(const struct buf *line)
{
	struct buf compact = BUF_INIT(WIRE_LINE_MAX);
	struct wire_line w, c;
	struct receipt fresh;
	enum receipt_result got;
	const char *why;

	require(wire_parse(&w, line->p, line->len, &why));
	receipt_init(&fresh);
	got = receipt_read(&fresh, &w, &why);
	require((got == RECEIPT_FINE) == (why == NULL));
	require(receipt_read(&used, &w, &why) == got);
	if (got == RECEIPT_FINE) {
		check(&fresh, &w);
		require(same(&fresh, &used));
		json_compact(&compact, line->p, line->len);
		require(wire_parse(&c, compact.p, compact.len, &why));
		require(receipt_read(&again, &c, &why) == RECEIPT_FINE);
		require(same(&fresh, &again));
	}
	receipt_free(&fresh);
	buf_clear(&compact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf line = BUF_INIT(WIRE_LINE_MAX);
	struct wire_line w;
	const char *why;

	if (used.key.max == 0) {
		receipt_init(&used);
		receipt_init(&again);
	}
	buf_add(&line, data, n);
	if (n > 0 && wire_parse(&w, line.p, line.len, &why) &&
	    w.kind == WIRE_RECEIPT) {
		look(&line);
		if (receipt_read(&used, &w, &why) == RECEIPT_FORGED) {
			correct_id(&line, &w);
			look(&line);
		}
	}
	buf_clear(&line);
	return 0;
}
