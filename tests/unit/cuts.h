#ifndef CUTS_H
#define CUTS_H

/* For tests of framing: what comes of a text, whole and in pieces of all sizes.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "tap.h"

/** Puts into b what came of text[0..n), given in pieces of step bytes. */
typedef void cuts_fn(struct buf *b, const char *text, size_t n, size_t step);

static inline void
check_cuts(cuts_fn *run, const char *text, size_t n, const char *want)
{
	struct buf whole = BUF_INIT(1 << 20), cut = BUF_INIT(1 << 20);
	char label[128] = "";
	bool same = true;

	for (size_t i = 0; i < n && i < sizeof(label) - 1; i++)
		label[i] = text[i] < ' ' || text[i] == '#' ? '~' : text[i];
	run(&whole, text, n, n > 0 ? n : 1);
	IS(whole.p != NULL ? whole.p : "", want, label);
	for (size_t step = 1; step < n && same; step += step / 8 + 1) {
		buf_reset(&cut);
		run(&cut, text, n, step);
		same = cut.len == whole.len &&
		       (cut.len == 0 || memcmp(cut.p, whole.p, cut.len) == 0);
		if (!same)
			printf("# steps of %zu: %s\n", step, cut.p);
	}
	OK(same, "  and the same however it is cut");
	buf_clear(&whole);
	buf_clear(&cut);
}

#endif
