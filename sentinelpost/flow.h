#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "batch.h"
#include "deadletter.h"
#include "fault.h"
#include "guard.h"
#include "objects.h"
#include "post.h"
#include "target.h"

/* Bytes of done lines that are held back: of thousands of filters that ran side
 * by side.  More go on at once. */
enum { FLOW_DONE_MAX = 1024 * 1024 };

/* What the command line says. */
struct config {
	struct target target;
	const char *dead_letter; /* or NULL */
	const char *ca_file;     /* or NULL */
	const char *bare;        /* the stream of --bare, or NULL */
	const char *metrics;
	unsigned jobs;
	int level; /* of pack.h */
	int64_t linger_ms, max_dead;
	int64_t give_up_ms, stop_within_ms;
	bool dry_run, missing_filtered, progress;
};

/*
 * What the done line and the metrics tell.  Nothing is lost silently: what was
 * read is accepted, dead (in the file), lost (refused, and there is no file)
 * or still on its way; see flow_check_counts().
 */
struct flow_counts {
	uint64_t lines, rows, accepted, rejects, dead, lost, strays;
	uint64_t marks, receipts_dropped, not_wire, too_long, lost_ends;
	uint64_t delivered, gone, partial, failed, dead_objects;
};

/*
 * The state of one run, shared by what reads lines (input.c), what hears of
 * their fate (flow.c), what tells of it (receipt.c) and the loop (run.c).
 */
struct flow {
	const struct config *c;
	struct objects objects;
	struct batches *batches;
	struct post *post; /* NULL in a dry run */
	struct pack *pack;
	struct deadletter *dead; /* or NULL */
	struct guard guard;
	uint64_t *not_wire_run; /* of guard: no wire, or no rows */
	struct flow_counts n;
	enum exitcode code; /* worst so far */
	bool stopped;       /* with this fault, not printed yet */
	struct fault fault;
	bool hold;  /* read nothing until all rows are settled: see guard.h */
	bool ended; /* all that was read is where it will be */
	bool knows_wire; /* a line of the wire was read */
	/* Done lines that were read.  They go on with our own: a reader who saw
	 * them before could not tell that we were killed behind them. */
	struct buf done;
	int64_t now; /* of this turn of the loop */
};

/** Out of memory ends the program. */
void flow_init(struct flow *f, const struct config *c);
void flow_free(struct flow *f);

/** Stop the line: the first fault counts. */
void flow_stop(struct flow *f, const struct fault *why);

/** Note an exit code. */
void flow_code(struct flow *f, enum exitcode code);

/** May another line be read? */
bool flow_ready(const struct flow *f);

/** Send a closed batch (NULL: nothing). */
void flow_send(struct flow *f, struct batch *b);

/** Send all open batches begun before that time (INT64_MAX: all). */
void flow_flush(struct flow *f, int64_t before);

/** The sink of post.h. */
struct post_sink flow_sink(struct flow *f);

/** Stop the line: nothing that was read is the wire. */
void flow_not_wire(struct flow *f);

/** Look whether a hold may end, or the line must. */
void flow_check_hold(struct flow *f);

/* A record that will never be taken; each returns what became of it. */
enum settle_outcome flow_dead_row(
    struct flow *f, const struct dead_row *r, const struct dead_why *why);
enum settle_outcome flow_dead_bytes(struct flow *f, const struct object *o,
    uint64_t n, const char *p, size_t len, const char *reason);
/** more: other lines of the same record follow; the last one counts. */
enum settle_outcome flow_dead_reject(
    struct flow *f, struct object *o, const struct wire_line *w, bool more);

/**
 * A row of this table is dead: counts the run, may stop the line.  sent: the
 * service refused it; else it was not sent, and rows read before it may still
 * be on their way: the line is put on hold until their fate is known.
 */
void flow_dead_table(struct flow *f, struct table *t, bool sent);

/** Count one more reject of a run of guard.h; may put the line on hold. */
void flow_reject_run(struct flow *f, uint64_t *run);

/** At the end: does what was read add up to what became of it, of all and of
 * the objects that are still open?  Says so and notes exit 70 when not. */
void flow_check_counts(struct flow *f);

/** An object's format is known from now on. */
void flow_format(struct flow *f, struct object *o, const char *s, size_t n);

/** The object's name for messages: "s3://bucket/key", cut to fit. */
void flow_name(const struct object *o, char *out, size_t n);

#endif
