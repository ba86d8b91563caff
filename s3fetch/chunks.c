/* Bytes of one object as chunk lines; see chunks.h. */
#include <string.h>

#include "chunks.h"
#include "jsonw.h"
#include "log.h"
#include "out.h"
#include "utf8.h"

enum {
	BINARY_MAX = 96 * 1024, /* bytes a b64 line: 128 KiB of text, half of
				  WIRE_CHUNK_LINE_MAX */
	ODD_LINES = 8 /* of one piece that are picked out; our choice */
};

void
chunks_init(struct chunks *c, const char id[WIRE_ID_LEN + 1])
{
	*c = (struct chunks){.at = 0};
	memcpy(c->id, id, sizeof(c->id));
}

/* Write a piece without looking for text in it. */
static void
add_binary(struct chunks *c, const char *p, size_t n)
{
	struct jsonw w;
	size_t step;

	while (n > 0) {
		step = n < BINARY_MAX ? n : BINARY_MAX;
		jsonw_open(&w, out_buf());
		jsonw_text(&w, "id", c->id);
		jsonw_uint(&w, "at", c->at);
		jsonw_base64(&w, "b64", p, step);
		jsonw_end(&w);
		out_line();
		c->at += step;
		p += step;
		n -= step;
	}
}

static void
add_text(struct chunks *c, const char *p, size_t n)
{
	size_t used;

	while (n > 0) {
		used = wire_chunk(out_buf(), c->id, c->at, p, n, true);
		INVARIANT(used > 0 && used <= n);
		out_line();
		c->at += used;
		p += used;
		n -= used;
	}
}

/* Complete the character that was kept back, or find that it is none.
 * Returns how many bytes of p that took. */
static size_t
use_carry(struct chunks *c, const char *p, size_t n)
{
	size_t used = 0;

	while (used < n && c->ncarry > 0) {
		INVARIANT(c->ncarry < sizeof(c->carry));
		c->carry[c->ncarry++] = p[used++];
		if (utf8_tail(c->carry, c->ncarry) != c->ncarry) {
			add_text(c, c->carry, c->ncarry);
			c->ncarry = 0;
		}
	}
	return used;
}

/*
 * Write a piece with bytes in it that are no text.  A few lines of text that
 * hold such are written as bytes, so that the others stay readable; with more
 * of them it is no text.
 */
static void
add_mixed(struct chunks *c, const char *p, size_t n)
{
	const char *nl;
	size_t good, head;

	for (unsigned i = 0; i < ODD_LINES && n > 0; i++) {
		good = utf8_valid(p, n);
		nl = memrchr(p, '\n', good);
		head = good == n ? n : nl != NULL ? (size_t)(nl - p) + 1 : 0;
		add_text(c, p, head);
		p += head;
		n -= head;
		nl = n > 0 ? memchr(p + good - head, '\n', n - (good - head))
			   : NULL;
		if (nl == NULL)
			break;
		head = (size_t)(nl - p) + 1;
		add_binary(c, p, head);
		p += head;
		n -= head;
	}
	add_binary(c, p, n);
}

void
chunks_add(struct chunks *c, const char *p, size_t n)
{
	size_t used = use_carry(c, p, n), good;

	p += used;
	n -= used;
	if (n == 0)
		return;
	good = utf8_valid(p, n);
	if (good < n && utf8_tail(p + good, n - good) != n - good) {
		add_mixed(c, p, n);
		return;
	}
	add_text(c, p, good);
	if (good < n)
		memcpy(c->carry, p + good, n - good);
	c->ncarry = n - good;
}

void
chunks_end(struct chunks *c)
{
	if (c->ncarry > 0)
		add_binary(c, c->carry, c->ncarry);
	c->ncarry = 0;
}
