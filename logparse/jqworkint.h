#ifndef JQWORKINT_H
#define JQWORKINT_H

#include <stdint.h>
#include <sys/types.h>

#include "jqwork.h"
#include "wire.h"

/* What the ends of a jqwork share; no other file includes this. */

enum { JQWORK_WHAT_MAX = 64 /* bytes of a constant text of ours */ };

/** An order, or the answer to it, which holds the same.  The socket only wakes:
 * what is sent may end with a worker that had taken it and begun nothing, so an
 * order is what is in the memory that all share. */
struct jqwork_order {
	uint32_t seq;
	uint32_t program;
	bool map;
};

/** Memory of all three processes.  The master writes it when no order is in
 * work, and believes nothing of what it finds there. */
struct jqwork_shared {
	_Atomic uint32_t due;      /* the last order */
	_Atomic uint32_t done;     /* the last one that was answered */
	volatile uint32_t busy;    /* the order in work; 0: none */
	volatile uint32_t taken;   /* orders so far */
	struct jqwork_order order; /* due */
	uint64_t row;              /* its number: what is there of it stays */
	size_t n;                  /* bytes of text */
	enum jqrun_result result;
	struct value_counts counts;
	char what[JQWORK_WHAT_MAX]; /* of an error */
	char said[JQRUN_SAID_MAX + 1];
	struct fault fault;       /* of the start */
	char text[WIRE_LINE_MAX]; /* the row; what was made of it, unless n is
				     more than that */
};

struct jqwork {
	const struct jqwork_program *v;
	size_t n;
	int fd; /* our end of the socket */
	struct jqwork_shared *shared;
	uint32_t seq;
	uint64_t row;     /* its number, from 1 */
	const char *text; /* the row; NULL: it is there */
	size_t ntext;
	struct jqrun **programs; /* the worker's */
};

/** Be the keeper: never returns. */
_Noreturn void jqkeep_run(struct jqwork *w, pid_t master);

#endif
