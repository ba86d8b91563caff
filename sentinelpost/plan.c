/* The outcome of a dry run; see plan.h. */
#include "plan.h"
#include "jsonw.h"

void
plan_lines(struct buf *b, const struct batches *bs)
{
	struct jsonw w;

	for (size_t i = 0; i < bs->ntables; i++) {
		const struct table *t = bs->tables[i];

		jsonw_open(&w, b);
		jsonw_object(&w, "plan");
		jsonw_text(&w, "table", t->name);
		jsonw_text(&w, "stream", t->stream);
		jsonw_uint(&w, "requests", t->requests);
		jsonw_uint(&w, "rows", t->rows);
		jsonw_uint(&w, "bytes", t->raw_bytes);
		jsonw_uint(&w, "body_bytes", t->body_bytes);
		jsonw_end(&w);
		jsonw_end(&w);
		buf_addc(b, '\n');
	}
}

static void
row(struct buf *b, const char *name, const struct table *t)
{
	buf_addf(b, "%-32s %9llu %11llu %14llu %14llu\n", name,
	    (unsigned long long)t->requests, (unsigned long long)t->rows,
	    (unsigned long long)t->raw_bytes,
	    (unsigned long long)t->body_bytes);
}

void
plan_text(struct buf *b, const struct batches *bs)
{
	struct table total = {0};

	buf_addf(b, "%-32s %9s %11s %14s %14s\n", "stream", "requests", "rows",
	    "bytes", "as sent");
	for (size_t i = 0; i < bs->ntables; i++) {
		const struct table *t = bs->tables[i];

		row(b, t->stream, t);
		total.requests += t->requests;
		total.rows += t->rows;
		total.raw_bytes += t->raw_bytes;
		total.body_bytes += t->body_bytes;
	}
	row(b, "total", &total);
}
