#ifndef TORTURE_H
#define TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "failnth.h"

/* One filter on one small input, run again and again; all is the options'. */
struct scene {
	const char *name;   /* of the scene, in messages */
	const char *filter; /* "s3list" ..: what its output must be */
	char *const *argv;
	const char *library; /* failnth.so */
	const char *in;      /* file with its standard input, or NULL */
	const char *state;   /* its --state, made anew each time, or NULL */
	const char *like;    /* what to make it from, or NULL */
	const char *dead;    /* its --dead-letter, or NULL */
	const char *rows;    /* where the simulator keeps what it accepted */
	const char *save;    /* its --save, or NULL */
	const char *metrics; /* its --metrics, or NULL */
	int timeout_s;
	bool stop; /* run it under gdb, up to the first failure */
};

/* What came of one run. */
struct outcome {
	int rc;       /* exit status, or -1 */
	int sig;      /* signal that ended it, or 0 */
	bool timeout; /* it had to be killed */
	int64_t ms;   /* how long it took */
	struct buf out, err;
	struct buf rows, dead; /* what was added to these files */
	off_t rows_from;       /* where they began; kept from run to run */
	failnth_chains chains; /* of a page with trace */
};

/** Run the scene with these failures; fills o, whose buffers are reused. */
void scene_run(const struct scene *s, struct failnth *page, struct outcome *o);

/** Which calls of a class are worth a failure, in order; see picks_make(). */
struct picks {
	uint64_t *v;
	size_t n;
};

/**
 * Of `calls` calls all those of the filter itself, and of those that a library
 * makes by one and the same chain of functions, as libseccomp and libcrypto
 * do by the thousand while they start, the first two, the last, and one in 64
 * between.  every: all.  To be freed by picks_free().
 */
void picks_make(struct picks *p, const uint32_t chains[CHAINS_MAX],
    uint64_t calls, bool every);
void picks_free(struct picks *p);

/** What the run without failures said, to compare others with. */
struct reference;
struct reference *judge_reference(
    const struct scene *s, const struct outcome *o);

/** Append to why what is wrong with a run, one thing a line; nothing when it
 * is fine. */
void judge(const struct scene *s, const struct reference *ref,
    const struct failnth *page, const struct outcome *o, struct buf *why);

/** The same of the state file: sound, and no more settled than the run
 * without failures settled.  settled: how many are (NULL: of no interest). */
void judge_state(const struct scene *s, const struct reference *ref,
    const struct outcome *o, struct buf *why);

/** Empty the folder of --save. */
void save_fresh(const char *dir);

#endif
