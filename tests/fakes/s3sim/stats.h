#ifndef STATS_H
#define STATS_H

#include <jansson.h>
#include <stdbool.h>

#include "fault.h"
#include "sim.h"

/* What was asked and answered: counts, and a log of the last requests. */

enum { STATS_LOG_MAX = 8192 /* requests that /_log can show */ };

/** Also write each request as a line to this file (NULL: not). */
bool stats_open(const char *log_file, struct fault *f);

/** A request has come, and one is over. */
void stats_enter(void);
void stats_leave(void);

/** Count and log a request of S3, before its reply is sent. */
void stats_count(const struct request *r);

/** The counts, with those by key where keys is set. */
json_t *stats_show(bool keys);

/** The last requests, one JSON object a line. */
void stats_log(struct buf *out);

/** All counts are 0, and the log in memory is empty. */
void stats_reset(void);

void stats_close(void);

#endif
