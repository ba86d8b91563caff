#ifndef LISTER_H
#define LISTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "fault.h"
#include "http.h"
#include "page.h"
#include "retry.h"
#include "s3.h"

/*
 * The listing of one prefix, page by page, in the background of http_poll().
 * A page is taken in whole before any line of it is written: so a page that
 * fails midway leaves no trace, and a pipe that is full for hours holds no
 * connection open.
 *
 * An outage is waited out (design.md, Retry); a page is asked for again from
 * where it began.  A continuation token that the service refuses after such a
 * pause is replaced by the last key.
 */
enum {
	LISTER_PAGE_TRIES = 5, /* a page that cannot be read is not waited for
				* as long as an outage */
	/* Pages without a key, in a row; stores give one where they have
	 * looked through a thousand deleted ones. */
	LISTER_EMPTY_MAX = 100000,
	LISTER_LESSONS = 16,   /* S3_AGAIN in a row at one page; our choice */
	LISTER_MAX_KEYS = 1000 /* S3 API Reference, ListObjectsV2, max-keys */
};

/** What all listers of a program share; nothing is owned. */
struct lister_shared {
	struct s3 *s3;
	struct http *http;
	struct breaker breaker;
	int64_t give_up_ms;
	const char *start_after; /* --start-after, or NULL */
	unsigned max_keys;       /* of one page */
	uint64_t pages, retries; /* for metrics */
};

enum lister_state {
	LISTER_WAITING, /* for due_ms, or the breaker */
	LISTER_ASKING,  /* a request is under way */
	LISTER_READY,   /* page and next are the caller's */
	LISTER_DONE,    /* all pages were given */
	LISTER_FAILED   /* see fault */
};

struct lister {
	struct lister_shared *shared;
	const struct s3_url *url; /* bucket and prefix */
	enum lister_state state;
	struct page page;
	size_t next; /* for the caller: entries of the page dealt with */
	struct fault fault;
	int64_t due_ms; /* while waiting */

	/* the lister's own */
	struct buf token;          /* of the page to ask for, or empty */
	struct buf last_key;       /* of the page before */
	struct buf mark;           /* a token given before, see mark_token() */
	uint64_t steps, steps_max; /* pages since, until the next one */
	unsigned empty, lessons;   /* in a row */
	bool by_key;               /* ask from last_key instead of by token */
	unsigned attempt;          /* failures of this page, in a row */
	unsigned unreadable;       /* of these: it came, but made no sense */
	int64_t down_since;        /* the first of them, or -1 */
	struct s3_verdict why;
	struct s3_call call;
	struct http_call *running;
};

/** Begin; text_max bounds what a page keeps.  url must stay. */
void lister_init(struct lister *l, struct lister_shared *shared,
    const struct s3_url *url, size_t text_max);

/** Cancel what is under way and free. */
void lister_free(struct lister *l);

/** Ask for a page if it is time to: call with the time of now whenever
 * anything may have changed. */
void lister_step(struct lister *l, int64_t now);

/** The page was dealt with: go on to the next one, or be done. */
void lister_next(struct lister *l);

/** How long until lister_step() may do something: -1 for ever (a reply, or
 * the caller, comes first). */
int64_t lister_wait_ms(const struct lister *l, int64_t now);

#endif
