/* Rows into request bodies; see batch.h. */
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "log.h"

struct batches *
batches_new(void)
{
	struct batches *bs = calloc(1, sizeof(*bs));

	if (bs == NULL)
		log_oom();
	for (size_t i = BATCHES; i-- > 0;) {
		bs->all[i].next_free = bs->free;
		bs->free = &bs->all[i];
	}
	bs->nfree = BATCHES;
	return bs;
}

void
batches_free(struct batches *bs)
{
	if (bs == NULL)
		return;
	for (size_t i = 0; i < BATCHES; i++) {
		free(bs->all[i].raw);
		free(bs->all[i].rows);
	}
	for (size_t i = 0; i < bs->ntables; i++)
		free(bs->tables[i]);
	free(bs);
}

static bool
is_named(const struct table *t, const char *name, size_t n)
{
	return strncmp(t->name, name, n) == 0 && t->name[n] == '\0';
}

struct table *
batches_table(
    struct batches *bs, const struct target *target, const char *name, size_t n)
{
	struct table *t = bs->last;

	if (t != NULL && is_named(t, name, n))
		return t;
	for (size_t i = 0; i < bs->ntables; i++)
		if (is_named(bs->tables[i], name, n))
			return bs->last = bs->tables[i];
	if (bs->ntables == BATCH_TABLES_MAX)
		return NULL;
	INVARIANT(target_name(name, n));
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		log_oom();
	memcpy(t->name, name, n);
	target_stream(target, t->name, t->stream);
	bs->tables[bs->ntables++] = t;
	return bs->last = t;
}

bool
batches_ready(const struct batches *bs)
{
	/* A row closes at most one batch and begins one. */
	return bs->nfree > 0;
}

bool
batch_fits(size_t n)
{
	return n + 2 <= BATCH_RAW_MAX;
}

/* A new, empty batch for a table. */
static struct batch *
begin(struct batches *bs, struct table *t, int64_t now)
{
	struct batch *b = bs->free;

	INVARIANT(b != NULL && t->open == NULL);
	bs->free = b->next_free;
	bs->nfree--;
	if (b->raw == NULL) {
		/* Pages that are never written to cost nothing. */
		b->raw = malloc(BATCH_RAW_MAX);
		b->rows = malloc(BATCH_ROWS_MAX * sizeof(*b->rows));
		if (b->raw == NULL || b->rows == NULL)
			log_oom();
	}
	b->raw[0] = '[';
	b->len = 1;
	b->nrows = b->unsettled = 0;
	b->table = t;
	b->born = now;
	t->open = b;
	return b;
}

struct batch *
batch_add(struct batches *bs, struct table *t, const char *row, size_t n,
    const struct batch_row *about, int64_t now)
{
	struct batch *b = t->open, *full = NULL;

	INVARIANT(batch_fits(n));
	/* The comma before it and the bracket at the end count. */
	if (b != NULL && (b->len + 1 + n + 1 > BATCH_RAW_MAX ||
			     b->nrows == BATCH_ROWS_MAX)) {
		full = batch_close(t);
		b = NULL;
	}
	if (b == NULL)
		b = begin(bs, t, now);
	if (b->nrows > 0)
		b->raw[b->len++] = ',';
	b->rows[b->nrows] = *about;
	b->rows[b->nrows].start = b->len;
	b->nrows++;
	b->unsettled++;
	memcpy(b->raw + b->len, row, n);
	b->len += (uint32_t)n;
	t->rows++;
	return full;
}

struct batch *
batch_close(struct table *t)
{
	struct batch *b = t->open;

	t->open = NULL;
	return b;
}

struct batch *
batches_close_oldest(struct batches *bs, int64_t before)
{
	struct table *oldest = NULL, *t;

	for (size_t i = 0; i < bs->ntables; i++) {
		t = bs->tables[i];
		if (t->open != NULL && t->open->born < before &&
		    (oldest == NULL || t->open->born < oldest->open->born))
			oldest = t;
	}
	return oldest != NULL ? batch_close(oldest) : NULL;
}

int64_t
batches_oldest(const struct batches *bs)
{
	int64_t born = -1;

	for (size_t i = 0; i < bs->ntables; i++) {
		const struct batch *b = bs->tables[i]->open;

		if (b != NULL && (born == -1 || b->born < born))
			born = b->born;
	}
	return born;
}

uint64_t
batches_unsettled(const struct batches *bs)
{
	uint64_t n = 0;

	for (size_t i = 0; i < BATCHES; i++)
		n += bs->all[i].unsettled;
	return n;
}

/* Where row i ends; nrows - 1 ends where the text does. */
static uint32_t
row_end(const struct batch *b, uint32_t i)
{
	return i + 1 < b->nrows ? b->rows[i + 1].start - 1 : b->len;
}

const char *
batch_row(const struct batch *b, uint32_t i, size_t *n)
{
	*n = row_end(b, i) - b->rows[i].start;
	return b->raw + b->rows[i].start;
}

void
batch_slice(
    struct batch *b, uint32_t first, uint32_t count, struct batch_slice *s)
{
	uint32_t start = b->rows[first].start - 1;
	uint32_t end = row_end(b, first + count - 1);

	INVARIANT(count > 0 && end < BATCH_RAW_MAX);
	s->p = b->raw + start;
	s->n = end - start + 1;
	s->before = b->raw[start];
	s->after = end < b->len ? b->raw[end] : ']';
	b->raw[start] = '[';
	b->raw[end] = ']';
}

void
batch_restore(const struct batch_slice *s)
{
	s->p[0] = s->before;
	s->p[s->n - 1] = s->after;
}

void
batch_release(struct batches *bs, struct batch *b)
{
	INVARIANT(b->unsettled == 0);
	b->table = NULL;
	b->nrows = 0;
	b->next_free = bs->free;
	bs->free = b;
	bs->nfree++;
}
