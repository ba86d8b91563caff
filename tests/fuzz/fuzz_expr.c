/*
 * Expressions of --where that are asked without libjq, and rows: a line each.
 * Invariants: what is taken is a program of libjq's, too, which says the same
 * of the row, unless the answer is left to it; reading what is out of reach
 * ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "logparse/expr.h"
#include "logparse/jqlex.h"
#include "logparse/jqrun.h"
#include "utf8.h"

#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { TEXT_MAX = 4096, DEPTH_MAX = 50 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Is it a row: an object in UTF-8, not too deep for libjq, whose members are
 * there once? */
static bool
is_row(const char *p, size_t n)
{
	struct json_val v, key;
	struct json j, again;
	unsigned depth = 0;
	bool first, first_again;

	json_init(&j, p, n);
	if (!json_value(&j, &v) || !json_done(&j) || v.type != JSON_OBJECT ||
	    utf8_valid(p, n) != n || json_mendable(p, n, v.flags))
		return false;
	for (size_t i = 0; i < n; i++)
		depth += p[i] == '{' || p[i] == '[';
	json_init(&j, p, n);
	CHECK(json_enter(&j, '{', &first));
	while (json_member(&j, &first, &key) && json_value(&j, &v)) {
		again = j;
		first_again = first;
		if ((key.flags & JSON_ESCAPES) != 0)
			return false;
		struct json_val k, w;
		while (json_member(&again, &first_again, &k) &&
		       json_value(&again, &w))
			if (k.n == key.n && memcmp(k.p, key.p, k.n) == 0)
				return false;
	}
	return depth < DEPTH_MAX;
}

static enum expr_answer
ask(const struct expr *e, const char *p, size_t n)
{
	const struct json_val row = {p, n, JSON_OBJECT, 0};
	struct json_val values[EXPR_COLUMNS_MAX] = {0}, key, v;
	const char *const *names;
	struct json j;
	size_t count;
	bool first;

	names = expr_columns(e, &count);
	json_init(&j, p, n);
	(void)json_enter(&j, '{', &first);
	while (json_member(&j, &first, &key) && json_value(&j, &v))
		for (size_t i = 0; i < count; i++)
			if (json_is(&key, names[i]))
				values[i] = v;
	return expr_ask(e, &row, values);
}

static void
check(const char *text, const char *p, size_t n)
{
	struct expr *e = expr_new(text);
	struct jqrun_error error;
	struct fault f = {0};
	enum expr_answer quick;
	struct jqrun *jq;
	bool deep;
	struct jqlex l;

	(void)jqlex_refused(&l, text, &deep);
	if (e == NULL)
		return;
	quick = ask(e, p, n);
	jq = jqrun_new("--where", text, &f);
	CHECK(jq != NULL);
	jqrun_row(p, n);
	if (quick != EXPR_UNSURE)
		CHECK(jqrun_any(jq, &error) ==
		      (quick == EXPR_YES ? JQRUN_YES : JQRUN_NO));
	jqrun_end();
	jqrun_free(jq);
	expr_free(e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *end = memchr(data, '\n', n);
	char *text, *row;
	size_t ntext, nrow;

	if (end == NULL || n > TEXT_MAX)
		return 0;
	ntext = (size_t)(end - data);
	nrow = n - ntext - 1;
	text = malloc(ntext + 1);
	row = malloc(nrow + 1);
	CHECK(text != NULL && row != NULL);
	memcpy(text, data, ntext);
	text[ntext] = '\0';
	memcpy(row, end + 1, nrow);
	if (is_row(row, nrow))
		check(text, row, nrow);
	free(text);
	free(row);
	return 0;
}
