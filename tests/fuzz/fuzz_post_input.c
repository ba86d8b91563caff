/*
 * What sentinelpost makes of its input, any lines at all; the service takes
 * every row.  Invariants: each row that was read is accepted, dead or, without
 * a dead-letter file, lost; receipts balance (an INVARIANT of receipt.c);
 * whatever is written, to standard output or
 * to the dead-letter file, is the wire, and what a dead letter says can be
 * read again.  The first byte chooses options.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "sentinelpost/flow.h"
#include "sentinelpost/input.h"
#include "sentinelpost/receipt.h"
#include "utf8.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { OPTION_DEAD = 1, OPTION_BARE = 2, OPTION_MISSING = 4, OPTION_DRY = 8 };

static struct config config;
static char dead_path[64];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void
remove_dead(void)
{
	(void)unlink(dead_path);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct fault f = {0};
	int null = open("/dev/null", O_WRONLY);

	(void)argc;
	(void)argv;
	CHECK(null != -1 && dup2(null, STDOUT_FILENO) == STDOUT_FILENO);
	(void)snprintf(dead_path, sizeof(dead_path), "/dev/shm/fuzz-dead.%ld",
	    (long)getpid());
	(void)atexit(remove_dead);
	CHECK(target_endpoint(&config.target, "http://127.0.0.1:1", &f));
	CHECK(target_rule(&config.target, "dcr-1", &f));
	CHECK(target_map(&config.target, "Bare=Custom-Bare", &f));
	target_done(&config.target);
	config.max_dead = 20;
	config.level = PACK_PLAIN;
	config.jobs = 1;
	return 0;
}

/* Each line of a text is the wire. */
static void
check_wire(const char *p, size_t n, bool dead)
{
	const char *nl, *why;
	struct wire_line w;

	for (; n > 0; n -= (size_t)(nl - p) + 1, p = nl + 1) {
		nl = memchr(p, '\n', n);
		CHECK(nl != NULL);
		CHECK(wire_parse(&w, p, (size_t)(nl - p), &why));
		CHECK(utf8_valid(p, (size_t)(nl - p)) == (size_t)(nl - p));
		if (!dead)
			continue;
		CHECK(w.kind == WIRE_ROW || w.kind == WIRE_REJECT ||
		      w.kind == WIRE_OBJECT);
		CHECK(w.dead.p != NULL && w.dead.type == JSON_OBJECT);
	}
}

static uint64_t
check_dead(void)
{
	static char text[1 << 20];
	int fd = open(dead_path, O_RDONLY);
	uint64_t lines = 0;
	ssize_t n;

	CHECK(fd != -1);
	n = read(fd, text, sizeof(text));
	CHECK(n >= 0 && close(fd) == 0 && unlink(dead_path) == 0);
	check_wire(text, (size_t)n, true);
	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

/* All lines of data, as run.c would give them. */
static void
feed(struct flow *f, const char *p, size_t n)
{
	struct input_place at = {.number = 0};
	const char *nl;
	size_t len;

	while (n > 0 && flow_ready(f)) {
		nl = memchr(p, '\n', n);
		len = nl != NULL ? (size_t)(nl - p) : n;
		at.torn = nl == NULL;
		at.number++;
		(config.bare != NULL ? input_bare : input_line)(f, p, len, &at);
		len += nl != NULL;
		at.offset += len;
		p += len;
		n -= len;
		flow_check_hold(f);
		/* Some are settled now, others later. */
		if (at.number % 3 == 0)
			flow_flush(f, INT64_MAX);
		if (at.number % 5 == 0)
			receipts_finished(f);
		if (at.number % 7 == 0)
			receipts_partial(f);
	}
}

static void
check_flow(const struct flow *f)
{
	uint64_t rows = 0;

	for (const struct object *o = f->objects.all; o != NULL; o = o->next)
		CHECK(o->settle.pending == 0);
	for (size_t i = 0; i < f->batches->ntables; i++) {
		CHECK(f->batches->tables[i]->open == NULL);
		rows += f->batches->tables[i]->rows;
	}
	CHECK(f->batches->nfree == BATCHES);
	/* Rejects and lines that are no wire are dead or lost as well. */
	CHECK(rows <= f->n.rows);
	CHECK(f->n.rows - rows <= f->n.dead + f->n.lost);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fault why = {0};
	static struct flow f;
	unsigned options;
	struct buf *out;
	char *text;

	if (n == 0)
		return 0;
	options = data[0];
	config.missing_filtered = (options & OPTION_MISSING) != 0;
	config.dry_run = (options & OPTION_DRY) != 0;
	config.bare = (options & OPTION_BARE) != 0 ? "Custom-Bare" : NULL;
	text = malloc(n);
	CHECK(text != NULL);
	memcpy(text, data + 1, n - 1);
	flow_init(&f, &config);
	if ((options & OPTION_DEAD) != 0 && !config.dry_run)
		f.dead = dead_open(dead_path, NULL, &why);
	feed(&f, text, n - 1);
	flow_flush(&f, INT64_MAX);
	receipts_finished(&f);
	receipts_partial(&f);
	CHECK(receipts_sync(&f));
	check_flow(&f);
	out = out_buf();
	if (out->len > 0)
		check_wire(out->p, out->len, false);
	out_flush();
	CHECK(out->len == 0);
	if (f.dead != NULL)
		CHECK(check_dead() == dead_lines(f.dead));
	flow_free(&f);
	free(text);
	return 0;
}
