#ifndef ACK_H
#define ACK_H

#include <stdbool.h>
#include <stdint.h>

#include "metrics.h"
#include "pump.h"

/*
 * What s3ack does: receipts from standard input into the state, then on to
 * standard output, with every other line in its place.  A receipt is passed on
 * only after the transaction that holds it is on the disk; and that stdout is
 * closed, full or has lost its reader never keeps a receipt that was read
 * from the state.
 */
enum {
	ACK_BURST_MAX = 1000,       /* receipts of one transaction */
	ACK_HELD_MAX = 1024 * 1024, /* bytes held back until it is made */
	/* After --stop-within, for the receipts that the stage before writes
	 * when its own --stop-within, which began with ours, is over. */
	ACK_GRACE_MS = 2000,
	/* Once nobody takes the output: how long receipts are still entered
	 * that come without a pause, and what is a pause. */
	ACK_DRAIN_MS = 2000,
	ACK_PAUSE_MS = 100,
	ACK_PRUNE_BATCH = 1000, /* rows removed at a time */
	ACK_PRUNE_EVERY_MS = 60000
};

struct ack_options {
	const char *state; /* file, or NULL: pass on and count only */
	const char *name;
	unsigned need;
	int64_t stop_within_ms;
};

/* For metrics and the done line. */
struct ack_counts {
	uint64_t receipts, delivered, gone, partial, failed;
	uint64_t settled, quarantined; /* objects, by the state */
	uint64_t records, rows, filtered, dead, dead_objects; /* of ends */
	uint64_t refused, garbage, long_lines, commits, pruned;
};

/**
 * Work until the end of input, or until stopped; lines go to out.  Returns the
 * exit code: the worst of our own and those of the done lines.  Ends the
 * process itself when standard output fails.  What is still pending in out then
 * was not taken by the reader before the time to stop was over.
 */
int ack_run(const struct ack_options *o, struct ack_counts *n,
    struct metrics *m, struct pump *out);

#endif
