#ifndef WHERE_H
#define WHERE_H

#include <stdbool.h>
#include <stddef.h>

#include "detect.h"
#include "expr.h"
#include "jqwork.h"
#include "opt.h"
#include "value.h"

/*
 * --where and --map: which rows go out, and what is made of them.  All --where
 * are asked first, in their order, until one says no; then --map.  They see
 * rows that are made here, not those that pass.
 */
struct where_expr {
	const char *text;
	struct expr *quick; /* without libjq, or NULL */
	/* Where the columns that quick asks for are in rows of a format: -1 is
	 * among what comes behind its columns, if anywhere. */
	struct where_known {
		const struct format *format;
		short column[EXPR_COLUMNS_MAX];
	} known[FORMATS_MAX];
	size_t nknown;
};

struct where {
	struct where_expr *v; /* of --where */
	size_t n;
	bool quick, map;                 /* one of them is; there is --map */
	struct jqwork_program *programs; /* of them all, --map last */
	struct jqwork *jq;               /* or NULL: there are none */
	struct buf made;                 /* the row that --map makes */
	size_t *starts;                  /* see where_starts() */
	size_t room;
};

enum where_result { WHERE_ROW, WHERE_FILTERED, WHERE_FAILED };

/** Take the options' expressions, and start who runs those of libjq: before the
 * sandbox closes.  False with a fault (64; see jqwork_start()). */
bool where_open(struct where *w, const struct opt_list *wheres,
    const struct opt_list *maps, struct fault *f);

void where_close(struct where *w);

/** Is there nothing to be asked? */
static inline bool
where_none(const struct where *w)
{
	return w->n == 0 && !w->map;
}

/**
 * Where to note, for where_row(), at which offset of the buffer each column of
 * a row of this format begins: of those that are left out, where the next one
 * does, and one more, where the last one ends.  NULL: nobody wants to know.
 */
static inline size_t *where_starts(struct where *w, const struct format *f);
size_t *where_starts_room(struct where *w, const struct format *f);

/**
 * The row, of format f, that b holds from at on: kept, and made anew in its
 * place, or not.  When it is not kept, what b holds is not to be used.  On
 * WHERE_FAILED *why is the reject's reason, and e says more.
 */
enum where_result where_row(struct where *w, const struct format *f,
    struct buf *b, size_t at, struct value_counts *counts, const char **why,
    struct jqrun_error *e);

static inline size_t *
where_starts(struct where *w, const struct format *f)
{
	return w->quick ? where_starts_room(w, f) : NULL;
}

#endif
