#ifndef WHERE_H
#define WHERE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "fault.h"
#include "jqrun.h"
#include "opt.h"
#include "value.h"

/*
 * --where and --map: which rows go out, and what is made of them.  All --where
 * are asked first, in their order, until one says no; then --map.  They see
 * rows that are made here, not those that pass.
 */
struct where {
	struct jqrun **v; /* of --where */
	size_t n;
	struct jqrun *map; /* or NULL */
	struct buf made;   /* the row that it makes */
};

enum where_result { WHERE_ROW, WHERE_FILTERED, WHERE_FAILED };

/** Is there an expression?  To be asked before where_open(). */
bool where_wanted(const struct opt_list *wheres, const struct opt_list *maps);

/** Compile the options' expressions; false with a fault (64). */
bool where_open(struct where *w, const struct opt_list *wheres,
    const struct opt_list *maps, struct fault *f);

void where_close(struct where *w);

/** Is there nothing to be asked? */
bool where_none(const struct where *w);

/**
 * The row that b holds from at on: kept, and made anew in its place, or not.
 * When it is not kept, what b holds is not to be used.  On WHERE_FAILED *why is
 * the reject's reason, and e says more.
 */
enum where_result where_row(struct where *w, struct buf *b, size_t at,
    struct value_counts *counts, const char **why, struct jqrun_error *e);

#endif
