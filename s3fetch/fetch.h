#ifndef FETCH_H
#define FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include "input.h"
#include "probe.h"
#include "transfer.h"
#include "tries.h"

/*
 * Many objects on their way at once: takes them from the input while there is
 * a free place, starts attempts when they are due and the breaker lets them,
 * and brings each object to its end.
 */
enum {
	FETCH_JOBS = 16,          /* unless --jobs says otherwise */
	FETCH_JOBS_MAX = 1024,    /* of the 4,096 that a pipe may have open */
	FETCH_FIXED = 22 << 20,   /* memory beside the jobs: the program and its
				   libraries, 12 MiB; a line of 8 MiB */
	FETCH_PER_JOB = 384 << 10 /* connection, TLS, decoder but its window */
};

struct fetch_options {
	unsigned jobs;
	uint64_t memory;
	int64_t give_up_ms, stop_within_ms;
	bool any_endpoint; /* object lines' endpoints do not count */
};

struct slot;

struct fetch {
	struct fetch_options o;
	struct transfer_setup *setup;
	struct input *in;
	struct transfer_calls calls;
	struct unpack_pool pool;
	struct store store;
	struct probe probe;
	struct slot *slots;
	unsigned busy;       /* slots in use */
	uint64_t retries;    /* attempts after the first */
	uint64_t left;       /* objects that were not taken */
	bool stopping, down; /* SIGTERM came; the store was called down */
	int64_t stop_at;
	bool failed; /* the line stops, for fault */
	struct fault fault;
	int worst; /* exit code so far */
};

/** Set up; setup and in stay the caller's.  False with a fault: 64
 * when the memory does not do for the jobs, 71. */
bool fetch_init(struct fetch *f, const struct fetch_options *o,
    struct transfer_setup *setup, struct input *in, struct fault *fault);
void fetch_free(struct fetch *f);

/** The exit code of what has happened so far. */
int fetch_code(const struct fetch *f);

/** Fetch all.  Returns the exit code; what stopped the line was logged. */
int fetch_run(struct fetch *f);

#endif
