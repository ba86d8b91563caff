#ifndef EXPR_H
#define EXPR_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

/*
 * The expressions of jq's language that most filters are made of, asked of the
 * text of a row without libjq:
 *
 *	.A .A.b ."A" .["A"] . "text" 12 true false null -1
 *	== != < <= > >=  and or not  //  |  ( )  select(EXPR) around all
 *	test("re") test("re"; "i")  startswith("x") endswith("x") contains("x")
 *	IN("a", 1, ..)  in({"a": 1, ..})
 *
 * test() takes what pattern.h does.  All say what libjq says, or that they do
 * not know: of errors, for one, and of numbers that are compared exactly by
 *some versions and as doubles by others.
 */
enum {
	EXPR_COLUMNS_MAX = 16, /* columns of the row that are asked for */
	EXPR_NODES_MAX = 256
};

enum expr_answer {
	EXPR_YES,
	EXPR_NO,
	EXPR_UNSURE /* libjq is to be asked */
};

struct expr;

/** NULL: it is none of them. */
struct expr *expr_new(const char *text);
void expr_free(struct expr *e);

/** The names of the columns that it asks for, n of them. */
const char *const *expr_columns(const struct expr *e, size_t *n);

/**
 * Ask it.  row is an object; values[i] is the value of the ith column, p NULL
 * where the row has none.  Types of values need not be set.  There is one
 * answer at a time, in memory that all share.
 */
enum expr_answer expr_ask(const struct expr *e, const struct json_val *row,
    const struct json_val *values);

#endif
