#ifndef CHOOSE_H
#define CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "glob.h"
#include "state.h"

/* Which of the objects that are listed are given to the next stage. */
struct choose {
	int64_t since_ms, until_ms; /* since <= modified < until */
	struct glob_rules globs;
	unsigned shard, shards; /* this one of so many; 0 of 1: all */
	struct state *state;    /* or NULL */
};

enum choice {
	CHOICE_GIVE,
	CHOICE_FOLDER,      /* the empty object that stands for a folder */
	CHOICE_TIME,        /* outside --since and --until */
	CHOICE_FILTERED,    /* by --include and --exclude */
	CHOICE_SHARD,       /* another shard's */
	CHOICE_SETTLED,     /* delivered or gone, says the state */
	CHOICE_WAITING,     /* failed, and to be tried later */
	CHOICE_QUARANTINED, /* failed too often */
	CHOICES
};

/** The name of a choice in totals and metrics. */
extern const char *const choice_names[CHOICES];

/**
 * Choose.  *v holds where to go on when the choice is CHOICE_GIVE; size and
 * modified_ms are the object's.  False with a fault when the state cannot be
 * read.
 */
bool choose_object(const struct choose *c, const struct state_object *o,
    uint64_t size, int64_t modified_ms, enum choice *choice,
    struct state_verdict *v, struct fault *f);

/** Which of shards a key belongs to: the first 8 bytes of its SHA-256, as a
 * big-endian number, modulo shards. */
unsigned choose_shard(const void *key, size_t n, unsigned shards);

/** Read "I/N", 0 <= I < N; false when it is none. */
bool choose_shard_parse(const char *s, unsigned *shard, unsigned *shards);

#endif
