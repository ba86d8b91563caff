#ifndef PLAN_H
#define PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/*
 * What goes wrong on purpose: replies that a test scripted for the next
 * requests, and faults drawn at random from a seed.  The script comes first.
 * The draw of the nth request depends on the seed and n alone.
 */
enum plan_kind { PLAN_INGEST, PLAN_TOKEN };

enum plan_action {
	PLAN_SERVE,        /* as if nothing were planned, perhaps later */
	PLAN_REPLY,        /* this reply instead */
	PLAN_RESET_BEFORE, /* reset the connection; nothing is accepted */
	PLAN_RESET_AFTER,  /* serve, then reset instead of replying */
	PLAN_TIMEOUT       /* nothing, until the client leaves or delay_ms */
};

enum { PLAN_FAULTS = 32, PLAN_SCRIPT_MAX = 10000 };

struct plan_fault {
	char name[24];
	enum plan_kind kind;
	enum plan_action action;
	unsigned status;
	uint32_t ppm;   /* how often, in a million */
	int64_t arg_ms; /* -1: not given */
};

struct plan {
	uint64_t seed, draws[2];
	size_t nfaults;
	struct plan_fault fault[PLAN_FAULTS];
	json_t *script; /* array of items, first match wins */
};

struct plan_step {
	enum plan_action action;
	char name[32]; /* for the counters; "" when nothing is planned */
	bool scripted;
	bool after; /* PLAN_REPLY: serve first, keep the rows */
	unsigned status;
	int64_t delay_ms;    /* before the reply; PLAN_TIMEOUT: -1 for ever */
	int64_t retry_after; /* seconds; -1: no such header */
	json_t *item;        /* the script's, owned; or NULL */
};

void plan_init(struct plan *p);
void plan_free(struct plan *p);

/**
 * Replace the seeded faults: "429=5%,reset-after=1%,slow=1%:2s", or "" for
 * none (README.md lists the names).
 */
bool plan_seed(
    struct plan *p, uint64_t seed, const char *text, struct fault *f);

/** Append the items of an array to the script. */
bool plan_script(struct plan *p, const json_t *items, struct fault *f);

void plan_clear_script(struct plan *p);

/** What to do with this request; free the step afterwards. */
void plan_next(struct plan *p, enum plan_kind kind, const char *rule,
    const char *stream, struct plan_step *step);

void plan_step_free(struct plan_step *step);

/** Read "250ms", "2s", "5m", "1h"; a bare number is seconds. */
bool plan_duration(const char *s, size_t n, int64_t *ms);

#endif
