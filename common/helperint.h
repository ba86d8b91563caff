#ifndef HELPERINT_H
#define HELPERINT_H

#include <sys/types.h>

#include "helper.h"

/* What the two ends of a helper share; no other file includes this. */
struct helper {
	const char *name;
	struct sandbox box;
	struct landlock_path *paths; /* those of box */
	size_t npaths;
	struct {
		helper_fn *fn;
		void *ctx;
	} serves[HELPER_KINDS];
	bool wanted, keep;
	unsigned threads;
	int fd; /* our end; -1: it does not run */
	uint32_t seq;
	uint32_t noted; /* see helper_note() */
	int *noted_err;
	struct helper_reply spare; /* of the start */
};

/** A message: this, then data. */
struct helper_head {
	uint32_t seq, kind, arg;
	int32_t err;
};

/** Send a message, with a descriptor unless it is -1.  False with errno. */
bool helper_put(int socket, const struct helper_head *head, const void *data,
    size_t n, int fd, int flags);

/** Receive one; data has HELPER_DATA_MAX + 1 bytes, for a NUL.  1, 0 at the
 * end, -1 with errno. */
int helper_get(
    int socket, struct helper_head *head, char *data, size_t *n, int *fd);

/** Be the helper: never returns. */
_Noreturn void helper_run(struct helper *h, pid_t master);

#endif
