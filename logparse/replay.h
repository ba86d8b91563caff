#ifndef REPLAY_H
#define REPLAY_H

#include "object.h"

/* Rejects out of a dead-letter file, parsed again. */

enum replay_result {
	REPLAY_ROW,      /* its row line was written */
	REPLAY_FILTERED, /* it is dropped on purpose */
	REPLAY_STILL,    /* it still is a reject: pass the line on */
	REPLAY_PART      /* a part of one, with more to come: the same */
};

/* The parts of a record in several lines are no records. */
struct replay {
	char id[WIRE_ID_LEN + 1];
	uint64_t n;
	bool parts; /* the record id, n has more parts to come */
	struct buf bytes;
};

void replay_init(struct replay *r);
void replay_free(struct replay *r);

/** Parse a reject line again. */
enum replay_result replay_line(
    struct replay *r, struct parser *p, const struct wire_line *w);

#endif
