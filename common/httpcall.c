/* What happens to one request: libcurl's callbacks, limits of time, its end. */
#include <fcntl.h>
#include <string.h>

#include "clock.h"
#include "httpcall.h"
#include "httpurl.h"
#include "log.h"

enum { REAL_MS = 3000 /* a fast test clock shortens no limit below this */ };

/* The exchange moved on by n bytes. */
static void
heard(struct http_call *c, size_t n)
{
	c->quiet_ms = c->h->listened_ms;
	c->slow_bytes += n;
	if (c->slow_bytes < HTTP_SLOW_BYTES)
		return;
	c->slow_bytes = 0;
	c->slow_ms = c->quiet_ms;
}

bool
httpcall_fail(struct http_call *c, enum http_failure failure, const char *why)
{
	if (c->reply.failure == HTTP_NONE) {
		c->reply.failure = failure;
		c->reply.error = why;
	}
	return false;
}

/* The end of the headers. */
static bool
on_head_end(struct http_call *c)
{
	c->head_done = true;
	httphead_request_id(&c->reply);
	if (c->rq.on_head != NULL && !c->rq.on_head(c->rq.ctx, &c->reply))
		return httpcall_fail(c, HTTP_ABORTED, "given up by us");
	return !c->cancelled;
}

static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	int status;

	n *= size;
	heard(c, n);
	if (c->cancelled)
		return 0;
	if (c->head_done) { /* trailers: nobody asked for them */
		c->head.seen += n;
		return c->head.seen <= HTTP_HEADERS_MAX ? n : 0;
	}
	status = httphead_status(line, n);
	if (status != 0) {
		/* Of several (100, 103, then the real one) the last counts. */
		httphead_reset(&c->head);
		c->reply.status = status;
	}
	if (!httphead_add(&c->head, line, n)) {
		(void)httpcall_fail(
		    c, HTTP_TOO_LARGE, "the headers are over 64 KiB");
		return 0;
	}
	if (c->reply.status >= 200 && n <= 2 &&
	    (line[0] == '\r' || line[0] == '\n') && !on_head_end(c))
		return 0;
	return n;
}

/* Keep body bytes.  What an error reply says beyond the limit is not needed:
 * the exchange ends there, the reply counts as whole. */
static bool
collect(struct http_call *c, const char *p, size_t n)
{
	size_t room = c->body.max - c->body.len;

	if (n > room && c->reply.status / 100 == 2)
		return httpcall_fail(
		    c, HTTP_TOO_LARGE, "the reply is over its limit");
	buf_add(&c->body, p, n < room ? n : room);
	if (c->body.err != 0)
		log_oom();
	c->cut_short = n > room;
	return !c->cut_short;
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	bool ok;

	n *= size;
	heard(c, n);
	if (c->cancelled)
		return 0;
	c->reply.received += n;
	if (c->rq.on_data != NULL && c->reply.status / 100 == 2) {
		ok = c->rq.on_data(c->rq.ctx, p, n);
		if (!ok)
			(void)httpcall_fail(c, HTTP_ABORTED, "given up by us");
	} else {
		ok = collect(c, p, n);
	}
	return ok && !c->cancelled ? n : 0;
}

/* Give out the request's body; never again after it was cancelled, for then
 * it may be gone. */
static size_t
on_send(char *p, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	size_t left = c->rq.body_len - c->sent;

	n *= size;
	if (c->cancelled)
		return CURL_READFUNC_ABORT;
	if (n > left)
		n = left;
	heard(c, n);
	memcpy(p, (const char *)c->rq.body + c->sent, n);
	c->sent += n;
	return n;
}

/* A kept connection that turns out to be dead: libcurl begins again. */
static int
on_rewind(void *ctx, curl_off_t offset, int whence)
{
	struct http_call *c = ctx;

	if (whence != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > c->rq.body_len)
		return CURL_SEEKFUNC_CANTSEEK;
	c->sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* Connected, nothing sent yet: plain http must really be where the URL's
 * host led us to believe. */
static int
on_connected(void *ctx, char *ip, char *local, int port, int local_port)
{
	struct http_call *c = ctx;

	(void)local;
	(void)port;
	(void)local_port;
	if (c->plain && !c->rq.allow_plain &&
	    httpurl_address(ip) == HTTPURL_ELSEWHERE) {
		(void)httpcall_fail(
		    c, HTTP_FORBIDDEN, "plain http led to another host");
		return CURL_PREREQFUNC_ABORT;
	}
	c->connected = true;
	heard(c, HTTP_SLOW_BYTES);
	return CURL_PREREQFUNC_OK;
}

static int
on_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	(void)ctx;
	(void)purpose;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

void
httpcall_hook(struct http_call *c)
{
	/* Options with a pointer fail for want of memory alone, these never. */
	(void)curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->error);
	(void)curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_READFUNCTION, on_send);
	(void)curl_easy_setopt(c->easy, CURLOPT_READDATA, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_SEEKFUNCTION, on_rewind);
	(void)curl_easy_setopt(c->easy, CURLOPT_SEEKDATA, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_PREREQFUNCTION, on_connected);
	(void)curl_easy_setopt(c->easy, CURLOPT_PREREQDATA, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
}

/*
 * libcurl has one code for all that goes wrong in a handshake.  One that was
 * broken off, or refused for the moment, is an outage; one that either side
 * refused is a wrong setting, and stops the line.
 */
static bool
tls_refused(const char *why)
{
	/* "error:0A000410:SSL routines::..", of other parts of it too */
	return strstr(why, " routines:") != NULL &&
	       strstr(why, "unexpected eof") == NULL &&
	       strstr(why, "alert internal error") == NULL;
}

/* Did the proxy want credentials before it would connect? */
static bool
proxy_denies(const struct http_call *c)
{
	long status = 0;

	if (c->connected)
		return false;
	(void)curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return status == 407;
}

static enum http_failure
classify(const struct http_call *c, CURLcode code)
{
	if (proxy_denies(c))
		return HTTP_PROXY;
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
		return tls_refused(c->error) ? HTTP_TLS : HTTP_CONNECT;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HTTP_TLS;
	case CURLE_OUT_OF_MEMORY: /* before 8.6 a header over 100 KB, too */
#if LIBCURL_VERSION_NUM >= 0x080600
	case CURLE_TOO_LARGE:
#endif
		if (c->connected && !c->head_done)
			return HTTP_TOO_LARGE;
		if (code == CURLE_OUT_OF_MEMORY)
			log_oom();
		return HTTP_CUT;
	default:
		return c->connected ? HTTP_CUT : HTTP_CONNECT;
	}
}

void
httpcall_conclude(struct http_call *c, CURLcode code)
{
	struct http_reply *r = &c->reply;

	r->body = c->body.p != NULL ? c->body.p : "";
	r->body_len = c->body.len;
	if (r->failure != HTTP_NONE || c->cut_short)
		return;
	if (code == CURLE_OK && !c->head_done) {
		/* libcurl takes an end inside the headers for their end. */
		(void)httpcall_fail(c, HTTP_CUT, "the headers ended early");
		return;
	}
	if (code == CURLE_OK && c->sent < c->rq.body_len &&
	    r->status / 100 == 2) {
		/* Nobody can accept what was not sent. */
		(void)httpcall_fail(
		    c, HTTP_CUT, "the answer came before the request was sent");
		return;
	}
	if (code == CURLE_OK)
		return;
	r->failure = classify(c, code);
	if (r->failure == HTTP_TOO_LARGE)
		r->error = "a header is over its limit";
	else if (c->error[0] != '\0')
		r->error = c->error;
	else
		r->error = curl_easy_strerror(code);
}

/* A limit in ms of the program's clock, but not unreal in a test build whose
 * clock runs a thousand times too fast. */
static int64_t
realistic(int64_t ms)
{
	int64_t real = clock_wait_ms(ms);

	if (real >= ms || real >= REAL_MS || real < 1)
		return ms;
	return (ms < REAL_MS ? ms : REAL_MS) * (ms / real);
}

static int64_t
deadline_left(const struct http_call *c)
{
	return c->rq.deadline_ms <= 0
		   ? INT64_MAX
		   : c->begun_ms + realistic(c->rq.deadline_ms) -
			 c->h->listened_ms;
}

static int64_t
slow_left(const struct http_call *c)
{
	return c->slow_ms + realistic(c->h->stall_ms * HTTP_SLOW_STALLS) -
	       c->h->listened_ms;
}

int64_t
httpcall_left(const struct http_call *c)
{
	int64_t deadline = deadline_left(c);
	int64_t stall =
	    c->quiet_ms + realistic(c->h->stall_ms) - c->h->listened_ms;
	int64_t slow = slow_left(c);

	if (c->stage == STAGE_NAMES)
		stall = c->begun_ms + realistic(c->h->connect_ms) -
			c->h->listened_ms;
	stall = slow < stall ? slow : stall;
	return deadline < stall ? deadline : stall;
}

bool
httpcall_overdue(struct http_call *c)
{
	if (httpcall_left(c) > 0)
		return false;
	if (deadline_left(c) <= 0)
		return !httpcall_fail(
		    c, HTTP_TIMEOUT, "the exchange took too long");
	if (c->stage == STAGE_NAMES)
		return !httpcall_fail(
		    c, HTTP_TIMEOUT, "looking the name up took too long");
	if (slow_left(c) <= 0)
		return !httpcall_fail(c, HTTP_TIMEOUT, "the peer is too slow");
	return !httpcall_fail(
	    c, HTTP_TIMEOUT, "the peer was silent for too long");
}
