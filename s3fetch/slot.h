#ifndef SLOT_H
#define SLOT_H

#include "fetch.h"

/* One of the places for objects in hand, and what becomes of the object in
 * it.  Private to s3fetch's loop (fetch.c). */
enum slot_state {
	SLOT_FREE,
	SLOT_WAITING, /* for tries.due and the breaker */
	SLOT_RUNNING, /* an attempt is under way */
	SLOT_MEMORY   /* until there is room for its window */
};

struct slot {
	struct transfer transfer;
	struct tries tries;
	enum slot_state state;
	int64_t tried_ms;  /* when the last attempt began; 0: none yet */
	uint64_t progress; /* new bytes of it */
};

/** Take the object that was read into the free slot. */
void slot_take(struct fetch *f, struct slot *s);

/* What a transfer tells (struct transfer_calls). */
void slot_reached(void *ctx, struct transfer *t);
void slot_progress(void *ctx, struct transfer *t, uint64_t n);
void slot_ended(void *ctx, struct transfer *t, enum transfer_end how);
bool slot_id_open(void *ctx, const char *id);

/** The store answered: if it was called down, that is over. */
void slot_store_up(struct fetch *f);

/** The line stops for this reason: nothing more is taken or begun. */
void slot_stop_line(struct fetch *f, const struct fault *why);

/** The store is down for too long: every object in hand fails, to be tried
 * again, and the line stops. */
void slot_give_up_all(struct fetch *f, int64_t now);

/** Leave the objects in hand as they are, open. */
void slot_leave_all(struct fetch *f);

#endif
