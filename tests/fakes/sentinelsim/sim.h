#ifndef SIM_H
#define SIM_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "bearer.h"
#include "options.h"
#include "plan.h"
#include "schema.h"
#include "stats.h"

/*
 * The simulator's whole state.  Threads: one a connection (they run
 * request.c), one that accepts, one for the control port, main.  Whatever
 * requests change is changed under lock, except the row files, which have a
 * lock per table.
 */
struct sim {
	struct options opt; /* read-only once started */
	struct schema schema;
	struct proof_keys *proof; /* for client assertions; may be NULL */
	pthread_mutex_t lock;
	pthread_cond_t wake; /* hold, stopping */
	struct bearer bearer;
	struct plan plan;
	struct stats stats;
	char *secret; /* the app's secret now */
	bool secret_expired;
	json_t *poison;       /* strings: a row that has one makes a 400 */
	int64_t clock_offset; /* ms the tests moved the clock on */
	int64_t start_offset;
	bool hold; /* ingestion waits until released */
	bool down; /* connections are reset */
	bool stopping;
	int request_log; /* fd or -1 */
	int stop_fd;     /* eventfd, readable when stopping */
	struct window_limits start_limits;
	struct server *server;
};

/** The simulator's wall clock in ms: real time plus what tests added. */
int64_t sim_now_ms(struct sim *sim);

/** malloc that cannot fail: out of memory ends the program, exit 71. */
void *sim_alloc(size_t n);
/** A zeroed array; likewise. */
void *sim_zalloc(size_t count, size_t size);
/** Grow an array; likewise. */
void *sim_grow(void *p, size_t count, size_t size);
/** A copy of n bytes with a NUL behind; likewise. */
char *sim_dup(const char *p, size_t n);
_Noreturn void sim_oom(void);

/**
 * A JSON string, or NULL when s is not UTF-8.  (Not json_string(): the
 * product's common/json.h has a function of that name, which the linker would
 * take in place of jansson's.)
 */
json_t *sim_text(const char *s);

/** Write a random GUID, 36 characters and NUL. */
void sim_guid(char out[37]);

/** ISO 8601 UTC with seven decimals, as Azure writes times. */
enum { SIM_TIME_MAX = 40 };
void sim_time(char out[SIM_TIME_MAX], int64_t ms);

/** Constant-time comparison of two strings. */
bool sim_same(const char *a, const char *b);

/**
 * Sleep ms of real time, or for ever when ms < 0, ending early when the peer
 * of fd closes its end (fd >= 0) or the simulator stops.
 */
void sim_pause(struct sim *sim, int fd, int64_t ms);

#endif
