#ifndef STATS_H
#define STATS_H

#include <jansson.h>
#include <stdint.h>

/*
 * What GET /_status tells.  Counters with names are JSON objects from name to
 * count; hostile clients choose some of the names, so each holds at most
 * STATS_NAMES of them and adds the others up under "(others)".
 */
enum { STATS_NAMES = 1000, STATS_NAME_MAX = 128 };

struct stats {
	json_t *by_status; /* "204": n; "reset", "closed": no reply was sent */
	json_t *by_kind;   /* ingest, token, discovery, identity, other */
	json_t *refused;   /* by error code */
	json_t *lost;      /* rows the real service accepts and loses */
	json_t *faults;    /* seeded faults by name */
	json_t *scripted;  /* scripted replies by status or action */
	uint64_t requests, in_flight, in_flight_max, held;
	uint64_t throttled;
	uint64_t max_wire, max_raw; /* largest accepted or refused body */
	uint64_t tokens_issued, tokens_refused;
	uint64_t connections, connections_reset;
};

/* What one request, or all, brought to a table. */
struct tally {
	uint64_t requests, rows;
	uint64_t wire, raw, kept;   /* bytes: sent, inflated, written */
	uint64_t time_missing;      /* no TimeGenerated, or null */
	uint64_t time_bad;          /* not a time */
	uint64_t time_past;         /* > 2 days ago: replaced by the service */
	uint64_t time_future;       /* > 1 day ahead: likewise */
	uint64_t time_form;         /* Auxiliary plan: not six decimals */
	uint64_t duplicate_columns; /* a member name twice in one row */
	uint64_t lone_surrogates;
	uint64_t rows_changed; /* by --apply */
	uint64_t sum;          /* of the rows: ../../lib/sum/rowsum.h */
	json_t *undeclared;    /* column -> rows: dropped silently */
	json_t *clash;         /* column -> rows: not the declared type */
	json_t *too_long;      /* column -> rows: over 64 KB */
	json_t *filled;        /* column -> rows with a value not null */
};

void stats_init(struct stats *s);
void stats_free(struct stats *s);

/** Add n to a named counter. */
void stats_count(json_t *counters, const char *name, uint64_t n);

void tally_init(struct tally *t);
/** Add what b counted to a. */
void tally_add(struct tally *a, const struct tally *b);
void tally_free(struct tally *t);
/** As JSON; the caller owns it. */
json_t *tally_json(const struct tally *t);

/** As JSON; the caller owns it. */
json_t *stats_json(const struct stats *s);

#endif
