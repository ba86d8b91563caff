#ifndef RUN_H
#define RUN_H

#include <stddef.h>
#include <stdint.h>

#include "glob.h"
#include "opt.h"
#include "s3.h"

/* What the command line asks for. */
struct run_options {
	struct s3_options s3;
	const char *state_file; /* --state, or NULL */
	const char *name;       /* --name */
	int64_t since_ms, until_ms;
	bool has_since;
	const char *start_after; /* or NULL */
	struct glob_rules globs;
	unsigned shard, shards;
	unsigned jobs;
	const struct s3_url *urls; /* the operands */
	size_t nurls;
	struct opt_common common;
};

enum { RUN_JOBS_MAX = 64 };

/**
 * List: write the object lines and the done line.  Returns the exit code;
 * what went wrong was logged.
 */
int run_list(const struct run_options *o);

#endif
