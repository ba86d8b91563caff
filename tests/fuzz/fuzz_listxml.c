/*
 * The page of a listing, however its XML is cut: the outcome is that of the
 * whole; and each key that comes out begins with the prefix.
 */
#include <stdlib.h>
#include <string.h>

#include "s3list/page.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { TEXT_MAX = 64 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parse in pieces whose sizes follow from seed; all at once when it is 0. */
static enum page_result
parse(struct page *p, const char *s, size_t n, unsigned seed)
{
	size_t step;

	page_begin(p);
	while (n > 0) {
		step = n;
		if (seed != 0) {
			seed = seed * 1103515245 + 12345;
			step = 1 + (seed >> 16) % 40;
		}
		if (step > n)
			step = n;
		if (!page_feed(p, s, step))
			break;
		s += step;
		n -= step;
	}
	return page_end(p, "k", 1);
}

static bool
same_text(const struct page *a, uint32_t at, uint32_t an, const struct page *b,
    uint32_t bt, uint32_t bn)
{
	return an == bn && memcmp(page_text(a, at), page_text(b, bt), an) == 0;
}

static void
compare(const struct page *a, const struct page *b)
{
	const struct page_entry *x, *y;

	CHECK(a->n == b->n && a->truncated == b->truncated &&
	      a->encoded == b->encoded && a->has_token == b->has_token);
	CHECK(a->token.len == b->token.len &&
	      (a->token.len == 0 ||
		  memcmp(a->token.p, b->token.p, a->token.len) == 0));
	for (size_t i = 0; i < a->n; i++) {
		x = &a->v[i];
		y = &b->v[i];
		CHECK(same_text(a, x->key, x->key_len, b, y->key, y->key_len));
		CHECK(same_text(
		    a, x->etag, x->etag_len, b, y->etag, y->etag_len));
		CHECK(x->size == y->size && x->modified_ms == y->modified_ms);
		CHECK(x->key_len > 0 && *page_text(a, x->key) == 'k');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page whole, pieces;
	enum page_result r;

	page_init(&whole, TEXT_MAX);
	page_init(&pieces, TEXT_MAX);
	r = parse(&whole, (const char *)data, size, 0);
	CHECK(parse(&pieces, (const char *)data, size, 1) == r);
	if (r == PAGE_WHOLE)
		compare(&whole, &pieces);
	else
		CHECK(whole.n == 0 && whole.why[0] != '\0');
	page_begin(&pieces); /* used again after whatever it was */
	page_free(&whole);
	page_free(&pieces);
	return 0;
}
