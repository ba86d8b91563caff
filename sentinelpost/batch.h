#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "objects.h"
#include "target.h"

/*
 * Rows gathered into bodies of the Logs Ingestion API: a JSON array of rows
 * of one table, the rows' own bytes, cut by exact size.  A fixed number of
 * batches exists, which bounds the filter's memory; a caller that wants a new
 * row taken asks batches_ready() first and stops reading while it says no.
 */
enum {
	/* Azure Monitor limits 1 MB a call, "both compressed and
	 * uncompressed", '[', ',' and ']' included; Microsoft's own clients
	 * fill 1,000,000 bytes. */
	BATCH_RAW_MAX = 1000000,
	BATCH_BODY_MAX = 1048576, /* the enforced Content-Length */
	BATCH_ROWS_MAX = 16384,   /* of 24 bytes bookkeeping each */
	/* 20 x (1,000,000 + 393,216) bytes and the packed bodies of those in
	 * flight stay within the budget of 64 MiB. */
	BATCHES = 20,
	BATCH_TABLES_MAX = 256 /* a rule declares at most 10 streams */
};

struct table {
	char name[TARGET_NAME_MAX + 1];
	char stream[TARGET_STREAM_SIZE];
	struct batch *open; /* being filled, or NULL */
	uint64_t dead_run;  /* see guard.h */
	/* For --dry-run and totals. */
	uint64_t rows, requests, raw_bytes, body_bytes;
};

struct batch_row {
	struct object *object;
	uint64_t n;     /* or SETTLE_NO_N */
	uint32_t start; /* of the row's text in raw */
	uint32_t segment;
};

struct batch {
	struct table *table;
	char *raw; /* '[' row ',' row ..; byte len is for the ']' */
	uint32_t len;
	struct batch_row *rows;
	uint32_t nrows, unsettled;
	int64_t born; /* clock when its first row came */
	struct batch *next_free;
};

struct batches {
	struct batch all[BATCHES];
	struct batch *free;
	size_t nfree;
	struct table *tables[BATCH_TABLES_MAX];
	size_t ntables;
	struct table *last; /* asked for */
};

/** Out of memory ends the program. */
struct batches *batches_new(void);
void batches_free(struct batches *bs);

/** Find or make a table; its name was checked.  NULL: too many. */
struct table *batches_table(
    struct batches *bs, const struct target *t, const char *name, size_t n);

/** Is there room for any one row, whatever its table and size? */
bool batches_ready(const struct batches *bs);

/** Does a row of n bytes fit into a request at all? */
bool batch_fits(size_t n);

/**
 * Add a row of n bytes (batch_fits).  Returns a batch that became full and is
 * now the caller's to send, or NULL.  batches_ready() must hold.
 */
struct batch *batch_add(struct batches *bs, struct table *t, const char *row,
    size_t n, const struct batch_row *about, int64_t now);

/** Take the open batch of a table away from it, to be sent; NULL if none. */
struct batch *batch_close(struct table *t);

/** Close the one that has waited longest (all: since before `before`), or
 * NULL when there is none. */
struct batch *batches_close_oldest(struct batches *bs, int64_t before);

/** When the oldest open batch began, or -1. */
int64_t batches_oldest(const struct batches *bs);

/** Rows that were added and are not settled yet. */
uint64_t batches_unsettled(const struct batches *bs);

/** The text of row i. */
const char *batch_row(const struct batch *b, uint32_t i, size_t *n);

/**
 * The array of rows first .. first + count - 1, as a body.  It lies inside
 * raw: valid until batch_restore(), which must follow before anything else is
 * done with the batch.
 */
struct batch_slice {
	char *p;
	size_t n;
	char before, after; /* what the brackets replace */
};
void batch_slice(
    struct batch *b, uint32_t first, uint32_t count, struct batch_slice *s);
void batch_restore(const struct batch_slice *s);

/** All rows are settled: it may be filled again. */
void batch_release(struct batches *bs, struct batch *b);

#endif
