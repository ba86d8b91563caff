#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "buf.h"
#include "dice.h"
#include "exitcode.h"
#include "trail.h"

/* Sample objects: where in a trail they belong, their files, and the manifest
 * on standard output.  Failures end the program. */

enum {
	OBJECT_MAX = 1 << 30, /* raw bytes of an object that is no huge one */
	DELIVERY_MS = 300000, /* CloudTrail delivers about every five minutes */
	DAY_MS = 86400000,
	PATH_ROOM = 16384 /* PATH_MAX and a key of which all is escaped */
};

/** What all samples of a run have in common. */
struct plan {
	const char *dir;
	uint64_t seed;
	int64_t days;      /* over which the objects spread .. */
	int64_t newest_ms; /* .. up to this time */
};

_Noreturn void sample_die(
    enum exitcode code, const char *what, const char *why);

struct site {
	struct trail_place place;
	int64_t at_ms;   /* of delivery */
	char day[11];    /* yyyy/mm/dd */
	char minute[14]; /* yyyymmddThhmm */
	char tag[17];    /* 16 random letters and digits */
};

/** Site number i of n in the plan; d is set to throw for its events. */
void sample_site(const struct plan *plan, struct site *s, struct dice *d,
    int64_t i, int64_t n);

/** CloudTrail's name for a file of a kind ("", "-Insight", "-Digest"); key is
 * reset first. */
void sample_key(struct buf *key, const struct site *s, const char *kind,
    const char *suffix);

/** A line of the manifest. */
struct truth {
	const char *kind;
	uint64_t raw, stored;
	uint64_t records, bad, filtered; /* the latter two among the first */
	bool unsound;
};

/** Append {"Records":[..]} on one line, without a newline: CloudTrail's form.
 * ends, when not NULL, gets the offset behind each of the n records. */
void sample_records(struct buf *raw, struct dice *d,
    const struct trail_place *p, size_t n, size_t *ends);

/** Write an object's file and its line of the manifest; sets t->stored. */
void sample_write(const struct plan *plan, const struct buf *key,
    const struct buf *bytes, const struct site *s, struct truth *t);

/** The same in steps: path gets the file's path, file its name below DIR. */
FILE *sample_open(const struct plan *plan, const struct buf *key,
    struct buf *file, struct buf *path);
void sample_close(FILE *f, const char *path, const struct site *s);
void sample_tell(
    const struct buf *file, const struct buf *key, const struct truth *t);

#endif
