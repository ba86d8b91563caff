#ifndef TRANSFER_H
#define TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "chunks.h"
#include "fault.h"
#include "http.h"
#include "object.h"
#include "s3.h"
#include "save.h"
#include "unpack.h"

/*
 * One object on its way: the request, the reply's bytes through the decoder
 * to chunk lines (or into a file), and how that ended.  A body that was cut
 * is gone on with where it stopped, decoder and all: the next attempt asks
 * for the rest by Range, of the same bytes by If-Match.  When to start an
 * attempt, and what to make of its end, is the caller's.
 */
struct transfer_totals {
	uint64_t objects;      /* came to their end */
	uint64_t bytes;        /* of chunks */
	uint64_t stored_bytes; /* received and used */
	uint64_t errors;       /* objects that came to an error */
};

/* What all transfers share. */
struct transfer_setup {
	struct http *http;
	struct s3 *s3;
	bool raw;
	struct helper *saver; /* who makes files (--save); NULL: lines */
	struct unpack_options unpack;
	struct transfer_totals totals;
};

enum transfer_end {
	TRANSFER_DONE,    /* the object is complete, its end line written */
	TRANSFER_BAD,     /* its bytes are: see code and message */
	TRANSFER_CHANGED, /* what the store sends is not the object asked for */
	TRANSFER_MEMORY,  /* stopped until others have returned theirs */
	TRANSFER_LOCAL,   /* its file cannot be written: see fault */
	TRANSFER_LEFT,    /* stopped because the time is over */
	TRANSFER_FAILED   /* the attempt failed: see verdict */
};

struct transfer;

/* Told of; may start and cancel transfers, but not free this one. */
struct transfer_calls {
	void (*reached)(void *ctx, struct transfer *t);
	void (*progress)(void *ctx, struct transfer *t, uint64_t n);
	void (*ended)(void *ctx, struct transfer *t, enum transfer_end how);
	bool (*late)(void *ctx); /* asked before each piece: is it to stop? */
	bool (*id_open)(void *ctx, const char *id); /* is it another's? */
	void *ctx;
};

struct transfer {
	struct object object;
	struct transfer_setup *setup;
	const struct transfer_calls *calls;

	struct s3_call call;
	struct http_call *http; /* an attempt is under way */
	uint64_t stored;        /* bytes of the object used so far */
	uint64_t skip;          /* of this reply, before those */
	uint64_t total;         /* of the object */
	bool has_total;
	bool opened;     /* its open line is written */
	bool etag_asked; /* the line's own etag is asked for */
	struct chunks chunks;
	struct unpack unpack;
	struct save save;

	/* How the attempt ended. */
	bool stopped; /* by us, with this: */
	enum transfer_end how;
	const char *code; /* TRANSFER_BAD, _CHANGED */
	char message[256];
	struct s3_verdict verdict;
	struct fault fault; /* TRANSFER_LOCAL */
};

/** Ready for t->object, which was filled. */
void transfer_begin(struct transfer *t, struct transfer_setup *setup,
    const struct transfer_calls *calls);

/** Start an attempt.  False with a fault: the request cannot be built. */
bool transfer_start(struct transfer *t, struct fault *f);

/** Stop an attempt without a word, if there is one. */
void transfer_cancel(struct transfer *t);

/** Write the object's error line, after its open line if that is missing. */
void transfer_error(struct transfer *t, const struct wire_error *e);

/** Give back what it holds; t->object keeps its memory. */
void transfer_reset(struct transfer *t);

#endif
