#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>

#include "fault.h"
#include "transfer.h"

/*
 * Is the store there?  Asked when an object fails again and again and no other
 * was answered meanwhile, which an outage and a broken object have in common.
 * The question is the first byte of the object that was last fetched whole;
 * before there is one, the HEAD of the bucket, which whoever may read objects
 * is answered as well, if only with 403.
 */
struct probe {
	const struct transfer_setup *setup;
	bool has_good;
	struct object good; /* fetched whole before; its text is not kept */
	struct s3_call call;
	struct http_call *running;
	char bucket[S3_BUCKET_MAX + 1]; /* that is asked */
	/** What the answer means; may not ask anew before it returns. */
	void (*ended)(void *ctx, const struct s3_verdict *v);
	void *ctx;
};

/** Note an object that was fetched whole, and is not empty. */
void probe_note(struct probe *p, const struct object *o);

/** Ask, for the sake of this object.  False with a fault: the request cannot
 * be built. */
bool probe_ask(struct probe *p, const struct object *o, struct fault *f);

/** Is the answer to come? */
bool probe_asking(const struct probe *p);

/** Forget all, and the question under way. */
void probe_free(struct probe *p);

#endif
