#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "window.h"

enum { OPTIONS_STREAMS = 64 };

/* The command line and environment; strings belong to argv or environ. */
struct options {
	uint16_t port, control_port; /* 0: any free one */
	const char *port_file, *control_port_file, *pid_file;
	const char *tls_cert, *tls_key;
	const char *config, *tables, *rows_dir, *request_log;
	const char *rule; /* of --tables and --stream */
	size_t nstreams;
	char *stream[OPTIONS_STREAMS]; /* NAME[=FILE] */
	const char *tenant, *client_id, *audience;
	char *secret; /* owned; "" when none is configured */
	const char *client_cert, *federation, *identity_header, *arc_dir;
	int64_t token_life;  /* seconds */
	int64_t now;         /* clock at start, seconds; -1: the real one */
	uint64_t max_length; /* of a body, as sent */
	uint64_t max_raw;    /* of a body, inflated; 0: none */
	bool apply, no_gzip, discard;
	struct window_limits limits;
	const char *faults;
	uint64_t fault_seed;
	bool has_seed;
};

enum options_verdict { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_BAD };

/** Read the command line; OPTIONS_BAD fills f, OPTIONS_HELP printed. */
enum options_verdict options_read(
    struct options *o, int argc, char **argv, struct fault *f);

void options_free(struct options *o);

#endif
