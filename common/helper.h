#ifndef HELPER_H
#define HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "sandbox.h"

/*
 * A helper: a process forked before the sandbox closes, that does for its
 * filter what the filter then may not, and is confined to just that.  What it
 * does is registered before it starts (who opens files, who looks names up),
 * so it takes orders, never names of its master's choosing: the master says
 * "the seventh operand", and the helper knows which that is.
 *
 *	h = helper_new("files", SANDBOX_FILES);
 *	helper_serve(h, HELPER_OPERAND, open_operand, operands);
 *	helper_path(h, operands[0], LANDLOCK_READ);
 *	helper_start(h, &fault);
 *	.. sandbox_close() ..
 *	helper_ask(h, HELPER_OPERAND, 7, NULL, 0, &reply, &fault);
 *
 * One message is one order or one answer, over a socketpair that keeps their
 * bounds; descriptors pass with them.  The helper ends when its master does,
 * however that comes about, and ignores the signals that ask to stop.  It
 * inherits no secret: credential variables are wiped before anything else.
 */
enum helper_kind {
	HELPER_METRICS,      /* a piece of the text */
	HELPER_METRICS_DONE, /* write it */
	HELPER_OPERAND,      /* open one */
	HELPER_DEAD_OPEN,
	HELPER_DEAD_FOLDER,
	HELPER_SAVE_BEGIN,
	HELPER_SAVE_FINISH,
	HELPER_SAVE_ABANDON,
	HELPER_NAME, /* look one up */
	HELPER_KINDS
};

enum {
	HELPER_DATA_MAX = 16 * 1024, /* of one message */
	HELPER_WAIT_MS = 60000       /* for an answer; disks can be slow */
};

/** What an answer holds. */
struct helper_reply {
	uint32_t seq; /* of the order */
	uint32_t arg;
	int err;     /* errno, or 0 */
	int fd;      /* or -1; the receiver's */
	bool silent; /* set by a helper_fn: no answer is sent */
	size_t n;
	char data[HELPER_DATA_MAX + 1]; /* and a NUL */
};

/** Do what an order says, in the helper; the reply is zero, its fd -1.  The
 * descriptor is closed once it was sent. */
typedef void helper_fn(void *ctx, uint32_t arg, const char *data, size_t n,
    struct helper_reply *reply);

struct helper;

/** name: for people (ps -o comm) and messages.  Ends the program when memory
 * is out. */
struct helper *helper_new(const char *name, enum sandbox_kind kind);

/** Register who does a kind of order.  ctx lives on in the helper. */
void helper_serve(
    struct helper *h, enum helper_kind kind, helper_fn *fn, void *ctx);

/** Allow it a path (copied; enum landlock_right). */
void helper_path(struct helper *h, const char *path, unsigned rights);

/** The same for the folder that a path lies in, links followed. */
void helper_folder(struct helper *h, const char *path, unsigned rights);

/** Let it keep the descriptors that this program was started with: operands
 * such as /dev/fd/63 mean them. */
void helper_keep_descriptors(struct helper *h);

/** Have n orders done side by side, by threads of it (1). */
void helper_threads(struct helper *h, unsigned n);

/**
 * Start it, when anything was registered, and wait until it is confined.
 * False with a fault: 71 no process, 78 its sandbox does not close.
 */
bool helper_start(struct helper *h, struct fault *f);

/** Is it there to be asked?  NULL is not. */
bool helper_running(const struct helper *h);

/** Its socket, which becomes readable when there is an answer. */
int helper_fd(const struct helper *h);

/** An order, for those who wait. */
struct helper_order {
	enum helper_kind kind;
	uint32_t arg;
	const void *data;
	size_t n;
	int ms; /* to wait for the answer; 0: HELPER_WAIT_MS */
};

/** Give an order and do not wait.  Returns the number that its answer will
 * have, or 0 with errno: EAGAIN (it takes no more), EPIPE (it has ended). */
uint32_t helper_send(struct helper *h, enum helper_kind kind, uint32_t arg,
    const void *data, size_t n);

/** Give an order, waiting at most ms until the helper takes it; as above. */
uint32_t helper_push(struct helper *h, const struct helper_order *o, int ms);

enum helper_got { HELPER_ANSWER, HELPER_NOTHING, HELPER_GONE };

/** Take the next answer, whosever it is, waiting at most ms. */
enum helper_got helper_next(struct helper *h, struct helper_reply *r, int ms);

/**
 * Give an order and wait for its answer.  Answers of other orders are dropped,
 * but that of helper_note().  False with a fault (74) when the helper has
 * ended or does not answer in time; that an order failed is no fault, see
 * r->err.
 */
bool helper_ask(struct helper *h, const struct helper_order *o,
    struct helper_reply *r, struct fault *f);

/** Keep the answer of order seq for later, whenever it comes by: *err is -1
 * until then.  One order at a time. */
void helper_note(struct helper *h, uint32_t seq, int *err);

/** End it: it is given a moment to be gone, so that nothing of a filter
 * outlives it. */
void helper_free(struct helper *h);

#endif
