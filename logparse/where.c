/* --where and --map: see where.h. */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "where.h"
#include "wire.h"

/* All are programs of libjq: those that are asked without it are so when it is
 * needed. */
static bool
open_programs(struct where *w, const struct opt_list *wheres,
    const struct opt_list *maps, struct fault *f)
{
	w->programs = calloc(wheres->n + maps->n, sizeof(*w->programs));
	w->v = calloc(wheres->n + 1, sizeof(*w->v));
	if (w->programs == NULL || w->v == NULL)
		log_oom();
	for (; w->n < wheres->n; w->n++) {
		w->v[w->n].quick = expr_new(wheres->v[w->n]);
		w->programs[w->n] = (struct jqwork_program){
		    "--where", wheres->v[w->n], w->v[w->n].quick != NULL};
		w->quick |= w->programs[w->n].late;
	}
	if (w->map)
		w->programs[w->n] =
		    (struct jqwork_program){"--map", maps->v[0], false};
	w->jq = jqwork_start(w->programs, wheres->n + maps->n, f);
	return w->jq != NULL;
}

bool
where_open(struct where *w, const struct opt_list *wheres,
    const struct opt_list *maps, struct fault *f)
{
	*w = (struct where){.made = BUF_INIT(WIRE_LINE_MAX)};
	if (maps->n > 1) {
		fault_set(f, EXIT_BADUSAGE, "--map is given more than once");
		return fault_hint(f, "join what they do: --map 'ONE | OTHER'");
	}
	w->map = maps->n == 1;
	return (wheres->n == 0 && !w->map) || open_programs(w, wheres, maps, f);
}

void
where_close(struct where *w)
{
	for (size_t i = 0; i < w->n; i++)
		expr_free(w->v[i].quick);
	jqwork_free(w->jq);
	free(w->programs);
	free(w->v);
	free(w->starts);
	buf_clear(&w->made);
}

size_t *
where_starts_room(struct where *w, const struct format *f)
{
	if (f->n + 1 > w->room) {
		w->room = f->n + 1;
		w->starts = realloc(w->starts, w->room * sizeof(*w->starts));
		if (w->starts == NULL)
			log_oom();
	}
	return w->starts;
}

/* --- without libjq
 * ------------------------------------------------------------ */

/* Where the columns are in rows of this format. */
static const struct where_known *
known_of(struct where_expr *x, const struct format *f)
{
	struct where_known *k;
	const char *const *names;
	size_t n;

	for (size_t i = 0; i < x->nknown; i++)
		if (x->known[i].format == f)
			return &x->known[i];
	INVARIANT(x->nknown < FORMATS_MAX);
	k = &x->known[x->nknown++];
	k->format = f;
	names = expr_columns(x->quick, &n);
	for (size_t i = 0; i < n; i++) {
		k->column[i] = -1;
		for (size_t c = 0; c < f->n; c++)
			if (strcmp(f->columns[c].name, names[i]) == 0)
				k->column[i] = (short)c;
	}
	return k;
}

/* What stands behind the columns, with the row's last bracket: values of those
 * that are asked for. */
static void
look_behind(
    const struct expr *x, const char *p, size_t n, struct json_val *values)
{
	struct json_val key, val;
	const char *const *names;
	struct json j;
	bool first = false;
	size_t nnames;

	names = expr_columns(x, &nnames);
	json_init(&j, p, n);
	while (json_member(&j, &first, &key) && json_value(&j, &val))
		for (size_t i = 0; i < nnames; i++)
			if (json_is(&key, names[i]))
				values[i] = val;
}

/* Ask it of the row that b holds from at on. */
static enum expr_answer
ask_quick(const struct where *w, struct where_expr *x, const struct format *f,
    const struct buf *b, size_t at)
{
	const struct where_known *k = known_of(x, f);
	const struct json_val row = {b->p + at, b->len - at, JSON_OBJECT, 0};
	const size_t behind = w->starts[f->n];
	struct json_val values[EXPR_COLUMNS_MAX];
	size_t n, start, end, label;
	short c;

	(void)expr_columns(x->quick, &n);
	for (size_t i = 0; i < n; i++) {
		values[i].p = NULL;
		c = k->column[i];
		if (c < 0)
			continue;
		start = w->starts[c];
		end = w->starts[c + 1];
		if (start == end)
			continue;
		/* The first has no comma. */
		label = f->columns[c].label_len - (c == 0);
		values[i].p = b->p + start + label;
		values[i].n = end - start - label;
	}
	if (b->len - behind > 1)
		look_behind(x->quick, b->p + behind, b->len - behind, values);
	return expr_ask(x->quick, &row, values);
}

/* --- with it
 * ------------------------------------------------------------------ */

/* Do all say yes? */
static enum jqrun_result
ask(struct where *w, const struct format *f, const struct buf *b, size_t at,
    struct jqrun_error *e)
{
	enum jqrun_result r = JQRUN_YES;
	enum expr_answer quick;

	for (size_t i = 0; i < w->n && r == JQRUN_YES; i++) {
		quick = EXPR_UNSURE;
		if (w->v[i].quick != NULL)
			quick = ask_quick(w, &w->v[i], f, b, at);
		if (quick == EXPR_NO)
			r = JQRUN_NO;
		if (quick != EXPR_UNSURE)
			continue;
		r = jqwork_any(w->jq, i, e);
	}
	return r;
}

enum where_result
where_row(struct where *w, const struct format *f, struct buf *b, size_t at,
    struct value_counts *counts, const char **why, struct jqrun_error *e)
{
	enum jqrun_result r;

	/* Too long a row is told by who writes it. */
	if (b->len - at > WIRE_LINE_MAX)
		return WHERE_ROW;
	jqwork_row(w->jq, b->p + at, b->len - at);
	*why = "where-error";
	r = ask(w, f, b, at, e);
	if (r == JQRUN_YES && w->map) {
		*why = "map-error";
		buf_reset(&w->made);
		r = jqwork_map(w->jq, w->n, &w->made, counts, e);
		if (r == JQRUN_YES) {
			buf_cut(b, at);
			buf_add(b, w->made.p, w->made.len);
			if (w->made.err != 0)
				b->err = w->made.err;
		}
	}
	return r == JQRUN_YES  ? WHERE_ROW
	       : r == JQRUN_NO ? WHERE_FILTERED
			       : WHERE_FAILED;
}
