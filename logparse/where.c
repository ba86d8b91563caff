/* --where and --map: see where.h. */
#include <stdlib.h>

#include "log.h"
#include "where.h"
#include "wire.h"

bool
where_wanted(const struct opt_list *wheres, const struct opt_list *maps)
{
	return wheres->n > 0 || maps->n > 0;
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
	if (maps->n == 1) {
		w->map = jqrun_new("--map", maps->v[0], f);
		if (w->map == NULL)
			return false;
	}
	if (wheres->n == 0)
		return true;
	w->v = calloc(wheres->n, sizeof(*w->v));
	if (w->v == NULL)
		log_oom();
	for (; w->n < wheres->n; w->n++) {
		w->v[w->n] = jqrun_new("--where", wheres->v[w->n], f);
		if (w->v[w->n] == NULL)
			return false;
	}
	return true;
}

void
where_close(struct where *w)
{
	for (size_t i = 0; i < w->n; i++)
		jqrun_free(w->v[i]);
	free(w->v);
	jqrun_free(w->map);
	buf_clear(&w->made);
}

bool
where_none(const struct where *w)
{
	return w->n == 0 && w->map == NULL;
}

/* Do all say yes? */
static enum jqrun_result
ask(struct where *w, struct jqrun_error *e)
{
	enum jqrun_result r = JQRUN_YES;

	for (size_t i = 0; i < w->n && r == JQRUN_YES; i++)
		r = jqrun_any(w->v[i], e);
	return r;
}

enum where_result
where_row(struct where *w, struct buf *b, size_t at,
    struct value_counts *counts, const char **why, struct jqrun_error *e)
{
	enum jqrun_result r;

	jqrun_row(b->p + at, b->len - at);
	*why = "where-error";
	r = ask(w, e);
	if (r == JQRUN_YES && w->map != NULL) {
		*why = "map-error";
		buf_reset(&w->made);
		r = jqrun_map(w->map, &w->made, counts, e);
	}
	jqrun_end();
	if (r == JQRUN_YES && w->map != NULL) {
		buf_cut(b, at);
		buf_add(b, w->made.p, w->made.len);
		if (w->made.err != 0)
			b->err = w->made.err;
	}
	return r == JQRUN_YES  ? WHERE_ROW
	       : r == JQRUN_NO ? WHERE_FILTERED
			       : WHERE_FAILED;
}
