#ifndef ACKINT_H
#define ACKINT_H

#include "ack.h"
#include "line.h"
#include "lockfile.h"
#include "receipt.h"
#include "unsettled.h"

/* What the files of s3ack's loop share among themselves, and nobody else
 * uses. */

struct ack {
	const struct ack_options *o;
	struct ack_counts *n;
	struct metrics *metrics;
	struct state *state; /* or NULL */
	struct lockfile lock;
	struct line_reader in;
	struct pump *out; /* lines read since the last commit */
	unsigned burst;   /* receipts among them that are in the state */
	bool begun;       /* a transaction is under way */
	int out_errno;    /* stdout takes no more, for this reason */
	struct receipt receipt;
	struct unsettled unsettled;
	int code;         /* the worst so far */
	bool wire;        /* a line of the wire was read */
	bool done;        /* a destination was done, after the last receipt */
	bool early;       /* a stage before the destination was done */
	bool undelivered; /* a row or chunk was: warned of once */
	bool stopped;     /* --stop-within is over */
	int64_t stop_at;  /* when it will be, or 0 */
	int64_t prune_at; /* when to look for what is old */
	struct fault fault;
};

/** A reason to end with this code, or a worse one. */
void ack_worse(struct ack *a, int code);

/** Take a line: a receipt goes into the transaction, all are held until it is
 * made.  torn: it has no newline.  False with a->fault when the state fails. */
bool ack_line(struct ack *a, const char *p, size_t n, bool torn);

/** A line of n bytes was too long. */
void ack_long_line(struct ack *a, size_t n);

/** Input is at its end, and all of it is in the state: see what that means for
 * the exit code. */
void ack_judge(struct ack *a);

#endif
