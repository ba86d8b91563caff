/* Listing one prefix: requests, pages, and what to do when they fail. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "lister.h"
#include "log.h"

enum { DOING_MAX = 400 /* "list 's3://..'" in a message */ };

void
lister_init(struct lister *l, struct lister_shared *shared,
    const struct s3_url *url, size_t text_max)
{
	memset(l, 0, sizeof(*l));
	l->shared = shared;
	l->url = url;
	l->down_since = -1;
	l->due_ms = INT64_MIN;
	l->token.max = PAGE_ELEMENT_MAX;
	l->last_key.max = PAGE_ELEMENT_MAX;
	l->mark.max = PAGE_ELEMENT_MAX;
	l->steps_max = 1;
	page_init(&l->page, text_max);
}

void
lister_free(struct lister *l)
{
	http_cancel(l->running);
	l->running = NULL;
	page_free(&l->page);
	buf_clear(&l->token);
	buf_clear(&l->last_key);
	buf_clear(&l->mark);
	s3_call_free(&l->call);
}

static const char *
doing(const struct lister *l, char out[DOING_MAX])
{
	const int max = DOING_MAX - 80;
	int n = l->url->key_len < (size_t)max ? (int)l->url->key_len : max;

	(void)snprintf(out, DOING_MAX, "list 's3://%.60s/%.*s'", l->url->bucket,
	    n, l->url->key);
	return out;
}

static void
fail(struct lister *l)
{
	l->state = LISTER_FAILED;
}

/* The verdict ends the listing, with its exit code or another. */
static void
fail_with_verdict(struct lister *l, enum exitcode code)
{
	char what[DOING_MAX];

	(void)s3_fault(&l->why, doing(l, what), &l->fault);
	l->fault.code = code;
	fail(l);
}

static void
give_up(struct lister *l, int64_t now)
{
	log_error("gave up after %lld s without an answer",
	    (long long)((now - l->down_since) / 1000));
	fail_with_verdict(l, EXIT_DOWN);
}

static bool
out_of_patience(const struct lister *l, int64_t now)
{
	return l->down_since >= 0 &&
	       now - l->down_since >= l->shared->give_up_ms;
}

/* Wait before the next attempt. */
static void
wait_to_retry(struct lister *l, int64_t retry_after_ms)
{
	char what[DOING_MAX];
	int64_t now = clock_mono_ms(), wait;

	if (l->down_since < 0)
		l->down_since = now;
	if (out_of_patience(l, now)) {
		give_up(l, now);
		return;
	}
	wait = backoff_ms(++l->attempt, retry_after_ms);
	l->shared->retries++;
	l->due_ms = now + wait;
	l->state = LISTER_WAITING;
	log_warn("cannot %s: %s%s%s; trying again in %lld.%lld s",
	    doing(l, what), l->why.code, l->why.message[0] != '\0' ? ": " : "",
	    l->why.message, (long long)(wait / 1000),
	    (long long)(wait % 1000 / 100));
}

static void
again_at_once(struct lister *l)
{
	l->due_ms = INT64_MIN;
	l->state = LISTER_WAITING;
}

/* The service refused the token: it may have grown old while the pipe was
 * full.  Then go on from the last key, once. */
static bool
leave_token(struct lister *l)
{
	if (l->token.len == 0 || l->last_key.len == 0 || l->by_key)
		return false;
	log_info("the store refused its continuation token; going on after "
		 "the last key");
	l->by_key = true;
	again_at_once(l);
	return true;
}

/* Put what is wrong with a page into the form of a verdict. */
static void
blame_page(struct lister *l, const char *code, const char *request_id)
{
	memset(&l->why, 0, sizeof(l->why));
	l->why.fate = S3_RETRY;
	l->why.exit = EXIT_BADCONFIG;
	(void)snprintf(l->why.code, sizeof(l->why.code), "%s", code);
	(void)snprintf(
	    l->why.message, sizeof(l->why.message), "%s", l->page.why);
	(void)snprintf(
	    l->why.request_id, sizeof(l->why.request_id), "%s", request_id);
	(void)snprintf(l->why.hint, sizeof(l->why.hint),
	    "is --endpoint (or AWS_ENDPOINT_URL_S3) the address of an S3 "
	    "service?");
}

static bool
same(const struct buf *b, const char *s, size_t n)
{
	return b->len == n && n > 0 && memcmp(b->p, s, n) == 0;
}

/* Does the listing come round again, as with a store that does not know
 * continuation tokens?  Without this it would never end.  Returns why, or
 * NULL. */
static const char *
stalled(const struct lister *l)
{
	const struct page *p = &l->page;
	const struct page_entry *last = p->n > 0 ? &p->v[p->n - 1] : NULL;

	if (last != NULL &&
	    same(&l->last_key, page_text(p, last->key), last->key_len))
		return "the store gives the same page again instead of the "
		       "next";
	if (!p->truncated)
		return NULL;
	if (p->has_token &&
	    (same(&l->mark, p->token.p, p->token.len) ||
		(!l->by_key && same(&l->token, p->token.p, p->token.len))))
		return "the store gives a continuation token that it gave "
		       "before";
	if (p->n > 0)
		return NULL;
	if (!p->has_token)
		return "the store gives neither keys nor where to go on";
	return l->empty >= LISTER_EMPTY_MAX
		   ? "the store gives page after page without a key"
		   : NULL;
}

/* Remember a token to know by whether it comes again, however long the circle
 * is: that of twice as many pages on, each time (R. P. Brent, 1980). */
static void
mark_token(struct lister *l)
{
	if (++l->steps < l->steps_max)
		return;
	l->steps = 0;
	l->steps_max *= 2;
	buf_reset(&l->mark);
	buf_add(&l->mark, l->token.p, l->token.len);
}

/* A whole page is there: note where the next one begins. */
static void
take_page(struct lister *l)
{
	struct page *p = &l->page;
	const struct page_entry *last;

	if (p->n > 0) {
		last = &p->v[p->n - 1];
		buf_reset(&l->last_key);
		buf_add(&l->last_key, page_text(p, last->key), last->key_len);
	}
	l->by_key = !p->has_token;
	buf_reset(&l->token);
	if (p->has_token) {
		buf_add(&l->token, p->token.p, p->token.len);
		mark_token(l);
	}
	l->empty = p->n > 0 ? 0 : l->empty + 1;
	l->attempt = l->unreadable = l->lessons = 0;
	l->down_since = -1;
	l->next = 0;
	l->shared->pages++;
	l->state = LISTER_READY;
}

static void
end_page(struct lister *l, const struct http_reply *r)
{
	const char *why;

	switch (page_end(&l->page, l->url->key, l->url->key_len)) {
	case PAGE_WHOLE:
		why = stalled(l);
		if (why == NULL) {
			take_page(l);
			return;
		}
		(void)snprintf(l->page.why, sizeof(l->page.why), "%s", why);
		blame_page(l, "ListingStalled", r->request_id);
		fail_with_verdict(l, EXIT_BADCONFIG);
		return;
	case PAGE_FOREIGN:
		blame_page(l, "NotAListing", r->request_id);
		fail_with_verdict(l, EXIT_BADCONFIG);
		return;
	case PAGE_ERROR:
		/* An error after the status was sent: as a 5xx would be. */
		blame_page(l, "ErrorInListing", r->request_id);
		wait_to_retry(l, -1);
		return;
	case PAGE_BROKEN:
		blame_page(l, "MalformedListing", r->request_id);
		if (++l->unreadable >= LISTER_PAGE_TRIES)
			fail_with_verdict(l, EXIT_BADCONFIG);
		else
			wait_to_retry(l, -1);
		return;
	}
}

static void
tell_breaker(struct lister *l, enum s3_fate fate)
{
	struct breaker *b = &l->shared->breaker;

	if (fate == S3_RETRY)
		breaker_failure(b, clock_mono_ms());
	else if (fate == S3_THROTTLED || fate == S3_AGAIN)
		breaker_neutral(b);
	else
		breaker_success(b);
}

static void
on_done(void *ctx, const struct http_reply *r)
{
	struct lister *l = ctx;

	l->running = NULL;
	if (r->failure == HTTP_ABORTED) {
		/* page_feed() saw that it is no use */
		breaker_success(&l->shared->breaker);
		end_page(l, r);
		return;
	}
	s3_judge(l->shared->s3, &l->call, l->url->bucket, r, &l->why);
	tell_breaker(l, l->why.fate);
	switch (l->why.fate) {
	case S3_FINE:
		end_page(l, r);
		return;
	case S3_AGAIN:
		if (++l->lessons > LISTER_LESSONS)
			break;
		again_at_once(l);
		return;
	case S3_RETRY:
	case S3_THROTTLED:
		wait_to_retry(l, l->why.retry_after_ms);
		return;
	case S3_REFUSED:
		if (leave_token(l))
			return;
		break;
	case S3_GONE:
	case S3_DENIED:
	case S3_STOP:
		break;
	}
	fail_with_verdict(l, l->why.exit);
}

static bool
on_data(void *ctx, const char *p, size_t n)
{
	struct lister *l = ctx;

	return page_feed(&l->page, p, n);
}

static struct sigv4_field
field(const char *name, const char *value, size_t value_len)
{
	return (struct sigv4_field){name, strlen(name), value, value_len};
}

static bool
ask(struct lister *l)
{
	const struct lister_shared *shared = l->shared;
	struct sigv4_field q[6];
	struct s3_ask a = {
	    .method = "GET", .bucket = l->url->bucket, .query = q};
	struct http_request r = {.on_data = on_data, .on_done = on_done};
	char max_keys[16];
	int n;

	n = snprintf(max_keys, sizeof(max_keys), "%u", shared->max_keys);
	q[a.nquery++] = field("list-type", "2", 1);
	q[a.nquery++] = field("encoding-type", "url", 3);
	q[a.nquery++] = field("max-keys", max_keys, (size_t)n);
	if (l->url->key_len > 0)
		q[a.nquery++] = field("prefix", l->url->key, l->url->key_len);
	if (l->by_key)
		q[a.nquery++] =
		    field("start-after", l->last_key.p, l->last_key.len);
	else if (l->token.len > 0)
		q[a.nquery++] =
		    field("continuation-token", l->token.p, l->token.len);
	else if (shared->start_after != NULL)
		q[a.nquery++] = field("start-after", shared->start_after,
		    strlen(shared->start_after));
	if (!s3_build(shared->s3, &l->call, &a, &l->fault))
		return false;
	s3_call_fill(&l->call, &r);
	r.ctx = l;
	page_begin(&l->page);
	l->running = http_start(shared->http, &r, &l->fault);
	s3_call_sent(&l->call);
	return l->running != NULL;
}

void
lister_step(struct lister *l, int64_t now)
{
	if (l->state != LISTER_WAITING)
		return;
	if (out_of_patience(l, now)) {
		give_up(l, now);
		return;
	}
	if (now < l->due_ms || !breaker_allows(&l->shared->breaker, now))
		return;
	if (ask(l)) {
		l->state = LISTER_ASKING;
	} else {
		breaker_neutral(&l->shared->breaker);
		fail(l);
	}
}

void
lister_next(struct lister *l)
{
	INVARIANT(l->state == LISTER_READY);
	if (l->page.truncated)
		again_at_once(l);
	else
		l->state = LISTER_DONE;
}

int64_t
lister_wait_ms(const struct lister *l, int64_t now)
{
	int64_t wait, breaker, patience;

	if (l->state != LISTER_WAITING)
		return -1;
	wait = l->due_ms > now ? l->due_ms - now : 0;
	breaker = breaker_wait_ms(&l->shared->breaker, now);
	if (breaker < 0)
		return -1;
	if (breaker > wait)
		wait = breaker;
	if (l->down_since >= 0) {
		patience = l->down_since + l->shared->give_up_ms - now;
		if (patience < wait)
			wait = patience > 0 ? patience : 0;
	}
	return wait;
}
