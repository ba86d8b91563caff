/* sentinelpost/batch: rows into bodies, cut by exact size. */
#include <stdlib.h>

#include "sentinelpost/batch.h"
#include "tap.h"

static struct target target;

/* The body of some rows, as a string for the caller to free. */
static char *
body(struct batch *b, uint32_t first, uint32_t count)
{
	struct batch_slice s;
	char *copy;

	batch_slice(b, first, count, &s);
	copy = malloc(s.n + 1);
	if (copy == NULL)
		abort();
	memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	batch_restore(&s);
	return copy;
}

static void
is_body(struct batch *b, uint32_t first, uint32_t count, const char *want)
{
	char *got = body(b, first, count);

	IS(got, want, want);
	free(got);
}

static struct batch *
add(struct batches *bs, struct table *t, const char *row, int64_t now)
{
	const struct batch_row about = {.n = 7};

	return batch_add(bs, t, row, strlen(row), &about, now);
}

static void
release(struct batches *bs, struct batch *b)
{
	b->unsettled = 0;
	batch_release(bs, b);
}

static void
slices(void)
{
	struct batches *bs = batches_new();
	struct table *t = batches_table(bs, &target, "T", 1);
	struct batch *b;
	const char *row;
	size_t n;

	OK(batches_table(bs, &target, "T", 1) == t, "a table is found again");
	OK(batches_table(bs, &target, "TT", 2) != t &&
		batches_table(bs, &target, "T", 1) == t,
	    "another one is another");
	IS(t->stream, "Custom-T", "its stream");
	OK(batch_close(t) == NULL && batches_oldest(bs) == -1, "no batch yet");
	OK(add(bs, t, "{\"a\":1}", 5) == NULL, "a row");
	OK(add(bs, t, "{}", 6) == NULL && add(bs, t, "{\"b\":[,]}", 7) == NULL,
	    "two more");
	OK(batches_oldest(bs) == 5, "its age is that of the first row");
	OK(batches_close_oldest(bs, 5) == NULL, "it is not older than that");
	b = batches_close_oldest(bs, 6);
	OK(b != NULL && b->nrows == 3 && b->unsettled == 3 && t->open == NULL,
	    "it is closed");
	is_body(b, 0, 3, "[{\"a\":1},{},{\"b\":[,]}]");
	is_body(b, 0, 1, "[{\"a\":1}]");
	is_body(b, 1, 1, "[{}]");
	is_body(b, 1, 2, "[{},{\"b\":[,]}]");
	is_body(b, 2, 1, "[{\"b\":[,]}]");
	is_body(b, 0, 3, "[{\"a\":1},{},{\"b\":[,]}]");
	row = batch_row(b, 1, &n);
	OK(n == 2 && memcmp(row, "{}", 2) == 0 && b->rows[1].n == 7,
	    "a row alone");
	release(bs, b);
	OK(bs->nfree == BATCHES, "it is free again");
	batches_free(bs);
}

/* Rows of every size up to the limit: no body is over it, and none is cut
 * where the next row had fit. */
static void
sizes(void)
{
	static char row[BATCH_RAW_MAX];
	static const size_t lengths[] = {
	    2, 3, 99, 100, 499998, 499999, 333331, 999996, 999997, 999998};
	struct batches *bs = batches_new();
	struct table *t = batches_table(bs, &target, "T", 1);
	const struct batch_row about = {.n = 1};
	struct batch *full;
	struct batch_slice s;
	size_t want, used;
	bool ok = true;

	memset(row, 'x', sizeof(row));
	OK(batch_fits(999998) && !batch_fits(999999), "the longest row");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		size_t n = lengths[i];

		full = NULL;
		for (want = 0; full == NULL; want++)
			full = batch_add(bs, t, row, n, &about, 0);
		want--;
		batch_slice(full, 0, full->nrows, &s);
		used = s.n;
		batch_restore(&s);
		ok = ok && full->nrows == want &&
		     used == 2 + want * n + (want - 1) &&
		     used <= BATCH_RAW_MAX &&
		     (used + 1 + n > BATCH_RAW_MAX || want == BATCH_ROWS_MAX);
		release(bs, full);
		release(bs, batch_close(t));
	}
	OK(ok, "each body holds as many rows as fit, and no more");
	batches_free(bs);
}

static void
pool(void)
{
	struct batches *bs = batches_new();
	struct batch *b;
	struct table *t;
	char name[16];
	bool ok = true;

	for (int i = 0; i < BATCHES; i++) {
		(void)snprintf(name, sizeof(name), "T%d", i);
		ok = ok && batches_ready(bs);
		t = batches_table(bs, &target, name, strlen(name));
		(void)add(bs, t, "{}", 100 - i);
	}
	OK(ok && !batches_ready(bs), "a fixed number of batches");
	b = batches_close_oldest(bs, INT64_MAX);
	OK(b != NULL && strcmp(b->table->name, "T19") == 0,
	    "the oldest goes first");
	OK(!batches_ready(bs), "closed is not free");
	release(bs, b);
	OK(batches_ready(bs), "settled is");
	for (int i = BATCHES; i < BATCH_TABLES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "T%d", i);
		ok = ok && batches_table(bs, &target, name, strlen(name));
	}
	OK(ok && batches_table(bs, &target, "U", 1) == NULL,
	    "a fixed number of tables");
	batches_free(bs);
}

int
main(void)
{
	slices();
	sizes();
	pool();
	return tap_done();
}
