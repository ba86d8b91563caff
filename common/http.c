/*
 * HTTP on one libcurl multi handle.  libcurl forbids most calls from inside
 * its callbacks, and ours may do as they please; so requests are added,
 * ended and freed only by http_poll(), outside of curl_multi_perform().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "httpcall.h"
#include "log.h"

enum {
	IDLE_CONNECTIONS = 64,
	ROUND_MS = 200 /* counted at most for time spent between polls */
};

/* ------------------------------------------------------------ requests */

/* Give an easy handle back for the next request, with its TLS sessions. */
static void
put_easy(struct http *h, CURL *easy)
{
	if (h->n_idle < HTTP_EASY_KEPT) {
		curl_easy_reset(easy);
		h->idle[h->n_idle++] = easy;
	} else {
		curl_easy_cleanup(easy);
	}
}

void
httpcall_free(struct http_call *c)
{
	struct http *h = c->h;

	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		h->calls = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	else
		h->last = c->prev;
	if (c->stage == STAGE_ADDED)
		(void)curl_multi_remove_handle(h->multi, c->easy);
	if (c->easy != NULL)
		put_easy(h, c->easy);
	free(c->lookup[0]);
	free(c->lookup[1]);
	curl_url_cleanup(c->url);
	httpset_wipe(c->headers);
	curl_slist_free_all(c->pin);
	buf_clear(&c->shown);
	buf_clear(&c->body);
	httphead_free(&c->head);
	free(c);
}

struct http_call *
http_start(struct http *h, const struct http_request *r, struct fault *f)
{
	struct http_call *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		(void)fault_set(f, EXIT_SYSTEM, "out of memory");
		return NULL;
	}
	c->h = h;
	c->rq = *r;
	c->shown.max = HTTP_HEADERS_MAX;
	c->body.secret = true; /* it may be a token */
	c->body.max = r->max_reply > 0 ? r->max_reply : HTTP_REPLY_MAX;
	httphead_init(&c->head);
	c->reply.headers = &c->head;
	c->reply.error = "";
	c->prev = h->last;
	if (h->last != NULL)
		h->last->next = c;
	else
		h->calls = c;
	h->last = c;
	if (!httpset_request(c, r, f)) {
		httpcall_free(c);
		return NULL;
	}
	c->rq.method = c->rq.url = NULL;
	c->rq.headers = NULL;
	h->running++;
	return c;
}

void
http_cancel(struct http_call *c)
{
	if (c == NULL || c->cancelled || c->stage == STAGE_DONE)
		return;
	c->cancelled = true;
	c->h->running--;
	if (!c->h->polling)
		httpcall_free(c);
}

/* ----------------------------------------------------------- the end */

static void
log_end(const struct http_call *c, int64_t ms)
{
	const struct http_reply *r = &c->reply;

	if (r->failure == HTTP_NONE)
		log_debug("%s: %d in %lld ms, %llu bytes%s%s", c->shown.p,
		    r->status, (long long)ms, (unsigned long long)r->received,
		    r->request_id[0] != '\0' ? ", request id " : "",
		    r->request_id);
	else
		log_debug("%s: %s (after %lld ms, status %d)", c->shown.p,
		    r->error, (long long)ms, r->status);
}

/* The end of a request; not of one that was cancelled. */
static void
finish(struct http_call *c, CURLcode code)
{
	c->stage = STAGE_DONE;
	if (c->cancelled)
		return;
	c->h->running--;
	httpcall_conclude(c, code);
	if (log_on(LEVEL_DEBUG))
		log_end(c, clock_mono_ms() - c->started_ms);
	c->rq.on_done(c->rq.ctx, &c->reply);
}

/* libcurl's clock says that connecting took too long, ours that we did not
 * listen. */
static bool
looked_away(const struct http_call *c, CURLcode code)
{
	return code == CURLE_OPERATION_TIMEDOUT && !c->connected &&
	       c->h->listened_ms - c->begun_ms < c->h->connect_ms / 2;
}

/* A kept connection ended just when it was used again.  libcurl sees to that
 * only where it noticed while reading. */
static bool
was_stale(const struct http_call *c, CURLcode code)
{
	long made = 1;

	(void)curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &made);
	return c->connected && made == 0 && c->head.seen == 0 &&
	       (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
		   code == CURLE_GOT_NOTHING);
}

/* Begin again, once, where the failure says nothing of the peer. */
static bool
restart(struct http_call *c, CURLcode code)
{
	if (c->cancelled || c->restarted || c->reply.failure != HTTP_NONE ||
	    (!looked_away(c, code) && !was_stale(c, code)))
		return false;
	(void)curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, 1L);
	c->restarted = true;
	c->connected = false;
	c->sent = 0;
	c->stage = STAGE_NEW;
	return true;
}

static void
ended(struct http_call *c, CURLcode code)
{
	if (c->stage == STAGE_ADDED)
		(void)curl_multi_remove_handle(c->h->multi, c->easy);
	if (!restart(c, code))
		finish(c, code);
}

/* ------------------------------------------------------------- polling */

static void
log_start(const struct http_call *c)
{
	struct buf b = BUF_INIT(HTTP_HEADERS_MAX);

	for (const struct curl_slist *i = c->headers; i != NULL; i = i->next) {
		size_t n = strcspn(i->data, ":;");

		if (i->data[n] == ':' && i->data[n + 1] == '\0')
			continue;
		buf_adds(&b, b.len > 0 ? ", " : "");
		buf_add(&b, i->data, n);
	}
	log_debug("%s: %zu bytes, headers: %s", c->shown.p, c->rq.body_len,
	    b.p != NULL ? b.p : "none");
	buf_clear(&b);
}

/* Note when a request sets out. */
static void
begin(struct http_call *c)
{
	if (!c->restarted)
		c->started_ms = clock_mono_ms();
	c->asked_ms = clock_mono_ms();
	c->begun_ms = c->quiet_ms = c->slow_ms = c->h->listened_ms;
	c->slow_bytes = 0;
	c->error[0] = '\0';
	c->stage = STAGE_NAMES;
	if (c->reply.failure != HTTP_NONE)
		finish(c, CURLE_OK);
	else if (log_on(LEVEL_DEBUG))
		log_start(c);
}

/* Hand a request to libcurl, once its names are known. */
static bool
add(struct http_call *c, struct fault *f)
{
	switch (httpname_look(c)) {
	case HTTPNAME_WAIT:
		return true;
	case HTTPNAME_GONE:
		return fault_set(f, EXIT_IO, "the helper for names has ended");
	case HTTPNAME_FAILED:
		finish(c, CURLE_COULDNT_RESOLVE_HOST);
		return true;
	case HTTPNAME_READY:
		break;
	}
	/* Once more: for libcurl the time begins now. */
	c->quiet_ms = c->slow_ms = c->h->listened_ms;
	if (curl_multi_add_handle(c->h->multi, c->easy) != CURLM_OK)
		return fault_set(f, EXIT_SYSTEM, "out of memory");
	c->stage = STAGE_ADDED;
	return true;
}

/* Let new requests set out; end those that may not go anywhere. */
static bool
add_new(struct http *h, struct fault *f)
{
	struct http_call *last = h->last; /* on_done() may start more */

	for (struct http_call *c = h->calls; c != NULL;
	     c = c == last ? NULL : c->next) {
		if (c->stage == STAGE_NEW && !c->cancelled)
			begin(c);
		if (c->stage == STAGE_NAMES && !c->cancelled && !add(c, f))
			return false;
	}
	return true;
}

static void
check_limits(struct http *h)
{
	for (struct http_call *c = h->calls; c != NULL; c = c->next)
		if (!c->cancelled && c->stage != STAGE_NEW &&
		    c->stage != STAGE_DONE && httpcall_overdue(c))
			ended(c, CURLE_OPERATION_TIMEDOUT);
}

/* The time to wait, in ms of the program's clock. */
static int64_t
wait_for(struct http *h, int64_t timeout_ms)
{
	int64_t left;

	for (const struct http_call *c = h->calls; c != NULL; c = c->next) {
		if (c->cancelled || c->stage == STAGE_DONE)
			return 0;
		left = httpcall_left(c);
		if (timeout_ms < 0 || left < timeout_ms)
			timeout_ms = left > 0 ? left : 0;
	}
	return timeout_ms;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Wait for the caller's descriptors and libcurl's. */
static bool
wait_all(struct http *h, struct pollfd *fds, size_t n, int64_t timeout_ms,
    struct fault *f)
{
	struct curl_waitfd extra[HTTP_FDS_MAX + 1];
	unsigned used = 0;
	int64_t before, after;
	int wait = clock_wait_ms(timeout_ms);
	CURLMcode rc;

	INVARIANT(n <= HTTP_FDS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (fds[i].fd < 0)
			continue;
		/* An urgent-data event never comes on a pipe; asking for it
		 * makes sure that libcurl looks for errors. */
		extra[used] = (struct curl_waitfd){
		    .fd = fds[i].fd, .events = CURL_WAIT_POLLPRI};
		if ((fds[i].events & POLLIN) != 0)
			extra[used].events |= CURL_WAIT_POLLIN;
		if ((fds[i].events & POLLOUT) != 0)
			extra[used].events |= CURL_WAIT_POLLOUT;
		used++;
	}
	if (h->names != NULL && names_waiting(h->names) > 0)
		extra[used++] = (struct curl_waitfd){
		    .fd = names_fd(h->names), .events = CURL_WAIT_POLLIN};
	before = clock_mono_ms();
	rc = curl_multi_poll(
	    h->multi, extra, used, wait < 0 ? INT32_MAX : wait, NULL);
	after = clock_mono_ms();
	h->listened_ms +=
	    least(before - h->seen_ms, ROUND_MS) +
	    least(after - before,
		wait < 0 ? after - before : timeout_ms + ROUND_MS);
	h->seen_ms = after;
	if (rc != CURLM_OK)
		return fault_set(
		    f, EXIT_SYSTEM, "cannot wait: %s", curl_multi_strerror(rc));
	/* libcurl does not tell of POLLERR and POLLHUP; this does. */
	while (n > 0 && poll(fds, (nfds_t)n, 0) == -1)
		if (errno != EINTR)
			return fault_set(
			    f, EXIT_SYSTEM, "cannot poll: %s", strerror(errno));
	return true;
}

static bool
perform(struct http *h, struct fault *f)
{
	struct http_call *c;
	CURLMsg *m;
	CURLMcode rc;
	int left;

	rc = curl_multi_perform(h->multi, &left);
	if (rc != CURLM_OK)
		return fault_set(f, EXIT_SYSTEM, "libcurl failed: %s",
		    curl_multi_strerror(rc));
	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c);
		ended(c, code);
	}
	check_limits(h);
	if (h->names != NULL && !names_take(h->names, clock_mono_ms()))
		return fault_set(f, EXIT_IO, "the helper for names has ended");
	return true;
}

/* Free what has ended or was cancelled. */
static void
reap(struct http *h)
{
	struct http_call *next;

	for (struct http_call *c = h->calls; c != NULL; c = next) {
		next = c->next;
		if (c->stage == STAGE_DONE || c->cancelled)
			httpcall_free(c);
	}
}

bool
http_poll(struct http *h, struct pollfd *fds, size_t n, int64_t timeout_ms,
    struct fault *f)
{
	bool ok;

	INVARIANT(!h->polling);
	h->polling = true;
	ok = add_new(h, f) && wait_all(h, fds, n, wait_for(h, timeout_ms), f) &&
	     perform(h, f);
	reap(h);
	h->polling = false;
	return ok;
}

size_t
http_running(const struct http *h)
{
	return h->running;
}
