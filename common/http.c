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
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "clock.h"
#include "http.h"
#include "httphead.h"
#include "httpurl.h"
#include "log.h"
#include "rnd.h"

enum {
	IDLE_CONNECTIONS = 64,
	EASY_KEPT = 64,           /* idle handles, with their TLS sessions */
	BUFFER_BYTES = 64 * 1024, /* of libcurl, per transfer */
	FDS_MAX = 16,             /* of the caller, in one http_poll() */
	ROUND_MS = 1000, /* counted at most for time spent between polls */
	REAL_MS = 3000,  /* a fast test clock shortens no limit below this */
	KEEPALIVE_IDLE_S = 30, /* TCP probes, against silent middle boxes */
	KEEPALIVE_EVERY_S = 15
};

struct http {
	CURLM *multi;
	struct http_call *calls, *last; /* all, in the order of their start */
	size_t running;
	bool polling;
	char *ca_file, *user_agent, *proxy, *no_proxy, *identity;
	int64_t connect_ms, stall_ms;
	/* Time that passed while we listened: it stands still while the
	 * program is busy elsewhere, so a peer is never blamed for that. */
	int64_t listened_ms, seen_ms;
	CURL *idle[EASY_KEPT];
	size_t n_idle;
};

enum stage { STAGE_NEW, STAGE_ADDED, STAGE_DONE };

struct http_call {
	struct http *h;
	struct http_call *prev, *next;
	struct http_request rq; /* method, url and headers are not kept */
	enum stage stage;
	bool cancelled;
	CURL *easy;
	CURLU *url;
	struct curl_slist *headers, *pin;
	struct buf shown; /* method and URL, for the log */
	struct buf body;
	struct http_headers head;
	struct http_reply reply;
	char error[CURL_ERROR_SIZE + 64];
	bool plain, connected, head_done, restarted;
	int64_t started_ms;         /* of the clock, for the log */
	int64_t begun_ms, quiet_ms; /* of listened_ms: start, last byte */
	curl_off_t sent;            /* body bytes sent when last looked */
};

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

/* ------------------------------------------------------------ requests */

static void
wipe_list(struct curl_slist *l)
{
	for (struct curl_slist *i = l; i != NULL; i = i->next)
		explicit_bzero(i->data, strlen(i->data));
	curl_slist_free_all(l);
}

/* Give an easy handle back for the next request, with its TLS sessions. */
static void
put_easy(struct http *h, CURL *easy)
{
	if (h->n_idle < EASY_KEPT) {
		curl_easy_reset(easy);
		h->idle[h->n_idle++] = easy;
	} else {
		curl_easy_cleanup(easy);
	}
}

static void
call_free(struct http_call *c)
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
	curl_url_cleanup(c->url);
	wipe_list(c->headers);
	curl_slist_free_all(c->pin);
	buf_clear(&c->shown);
	buf_wipe(&c->body);
	httphead_free(&c->head);
	free(c);
}

/* Copy "Name: value"; libcurl wants "Name;" where the value is empty. */
static bool
add_header(struct http_call *c, const char *line, struct fault *f)
{
	const char *colon = strchr(line, ':');
	struct curl_slist *l;
	char *name = NULL;
	size_t n;

	for (const char *p = line; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			colon = NULL;
	if (colon == NULL || colon == line)
		return fault_set(f, EXIT_BUG, "a request header is none");
	n = (size_t)(colon - line);
	if (colon[1 + strspn(colon + 1, " \t")] == '\0') {
		name = strndup(line, n + 1);
		if (name != NULL)
			name[n] = ';';
		line = name;
	}
	l = line != NULL ? curl_slist_append(c->headers, line) : NULL;
	free(name);
	if (l == NULL)
		return fault_set(f, EXIT_SYSTEM, "out of memory");
	c->headers = l;
	return true;
}

static bool
has_header(const struct http_call *c, const char *name)
{
	size_t n = strlen(name);

	for (const struct curl_slist *i = c->headers; i != NULL; i = i->next)
		if (strncasecmp(i->data, name, n) == 0 &&
		    (i->data[n] == ':' || i->data[n] == ';'))
			return true;
	return false;
}

static bool
copy_headers(struct http_call *c, const char *const *headers, struct fault *f)
{
	static const char *const without[] = {"Content-Type", "Expect"};
	char line[32];

	for (; headers != NULL && *headers != NULL; headers++)
		if (!add_header(c, *headers, f))
			return false;
	/* Those that libcurl would make up: "Name:" leaves one out. */
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		struct curl_slist *l;

		if (has_header(c, without[i]))
			continue;
		(void)snprintf(line, sizeof(line), "%s:", without[i]);
		l = curl_slist_append(c->headers, line);
		if (l == NULL)
			return fault_set(f, EXIT_SYSTEM, "out of memory");
		c->headers = l;
	}
	return true;
}

/* ---------------------------------------------------------- URL policy */

static bool
forbid(struct http_call *c, const char *why)
{
	c->reply.failure = HTTP_FORBIDDEN;
	(void)snprintf(c->error, sizeof(c->error), "%s", why);
	return false;
}

/* Is a link-local host and port the one that IDENTITY_ENDPOINT names? */
static bool
is_identity(const struct http *h, const char *host, const char *port)
{
	CURLU *u = curl_url();
	char *ihost = NULL, *iport = NULL;
	bool same;

	same = u != NULL && h->identity != NULL &&
	       curl_url_set(u, CURLUPART_URL, h->identity, 0) == CURLUE_OK &&
	       curl_url_get(u, CURLUPART_HOST, &ihost, 0) == CURLUE_OK &&
	       curl_url_get(u, CURLUPART_PORT, &iport, CURLU_DEFAULT_PORT) ==
		   CURLUE_OK &&
	       strcasecmp(host, ihost) == 0 && strcmp(port, iport) == 0;
	curl_free(ihost);
	curl_free(iport);
	curl_url_cleanup(u);
	return same;
}

/* A name for loopback goes there, whatever a name server says. */
static bool
pin(struct http_call *c, const char *host, const char *port)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "%s:%s:127.0.0.1,[::1]", host, port);
	c->pin = curl_slist_append(NULL, line);
	return c->pin != NULL || forbid(c, "out of memory");
}

/* May the request go where its URL says?  A proxy is for https to elsewhere
 * alone, *direct tells. */
static bool
allowed(struct http_call *c, const char *url, const char *host,
    const char *port, bool *direct)
{
	enum httpurl_place place = httpurl_place(host);

	*direct = c->plain || place == HTTPURL_LOOPBACK ||
		  place == HTTPURL_LOCALHOST || place == HTTPURL_METADATA;
	if (place == HTTPURL_LOCALHOST && !pin(c, host, port))
		return false;
	if (!c->plain || c->rq.allow_plain)
		return true;
	/* The parser understands 0x7f.1 and the like; nobody means well by
	 * them. */
	if (strncasecmp(url + strlen("http://"), host, strlen(host)) != 0)
		return forbid(c, "plain http to a host in disguise");
	if (place == HTTPURL_LINK_LOCAL && is_identity(c->h, host, port))
		return true;
	if (place == HTTPURL_ELSEWHERE || place == HTTPURL_LINK_LOCAL)
		return forbid(c, "plain http is not used for this host");
	return true;
}

/* Parse and judge the URL.  False with a fault: it is none.  A URL that is
 * one but may not be used shows in reply.failure. */
static bool
set_url(struct http_call *c, const char *url, bool *direct, struct fault *f)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *extra = NULL;
	bool ok;

	c->url = curl_url();
	if (c->url == NULL)
		return fault_set(f, EXIT_SYSTEM, "out of memory");
	ok = curl_url_set(c->url, CURLUPART_URL, url, CURLU_PATH_AS_IS) ==
		 CURLUE_OK &&
	     curl_url_get(c->url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	     curl_url_get(c->url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	     curl_url_get(c->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
		 CURLUE_OK;
	if (!ok) {
		(void)fault_set(
		    f, EXIT_BADCONFIG, "cannot %s: not a URL", c->shown.p);
		goto out;
	}
	c->plain = strcasecmp(scheme, "https") != 0;
	if (strcasecmp(scheme, "http") != 0 && c->plain)
		(void)forbid(c, "not an https URL");
	else if (curl_url_get(c->url, CURLUPART_USER, &extra, 0) == CURLUE_OK ||
		 curl_url_get(c->url, CURLUPART_PASSWORD, &extra, 0) ==
		     CURLUE_OK)
		(void)forbid(c, "user or password in a URL");
	else if (curl_url_get(c->url, CURLUPART_ZONEID, &extra, 0) == CURLUE_OK)
		(void)forbid(c, "zone in an address");
	else if (curl_url_get(c->url, CURLUPART_FRAGMENT, &extra, 0) ==
		 CURLUE_OK)
		(void)forbid(c, "fragment in a URL");
	else
		(void)allowed(c, url, host, port, direct);
out:
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(extra);
	return ok;
}

/* ----------------------------------------------------------- callbacks */

static void
heard(struct http_call *c)
{
	c->quiet_ms = c->h->listened_ms;
}

static bool
fail(struct http_call *c, enum http_failure failure, const char *why)
{
	if (c->reply.failure == HTTP_NONE) {
		c->reply.failure = failure;
		(void)snprintf(c->error, sizeof(c->error), "%s", why);
	}
	return false;
}

/* The end of the headers. */
static bool
on_head_end(struct http_call *c)
{
	c->head_done = true;
	httphead_request_id(&c->reply);
	if (c->rq.on_head != NULL && !c->cancelled &&
	    !c->rq.on_head(c->rq.ctx, &c->reply))
		return fail(c, HTTP_ABORTED, "given up by us");
	return true;
}

static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	int status;

	n *= size;
	heard(c);
	if (c->cancelled)
		return 0;
	status = c->head_done ? 0 : httphead_status(line, n);
	if (status != 0) {
		/* Of several (100, 103, then the real one) the last counts. */
		httphead_reset(&c->head);
		c->reply.status = status;
	}
	if (c->head_done) /* trailers: nobody asked for them */
		c->head.seen += n;
	else if (!httphead_add(&c->head, line, n))
		(void)fail(c, HTTP_TOO_LARGE, "headers over 64 KiB");
	if (c->head.seen > HTTP_HEADERS_MAX)
		(void)fail(c, HTTP_TOO_LARGE, "headers over 64 KiB");
	if (c->reply.failure != HTTP_NONE)
		return 0;
	if (!c->head_done && c->reply.status >= 200 && n <= 2 &&
	    (line[0] == '\r' || line[0] == '\n') && !on_head_end(c))
		return 0;
	return n;
}

/* Keep body bytes.  Of an error reply what is over the limit is not needed:
 * the exchange ends there, the reply counts as whole. */
static bool
collect(struct http_call *c, const char *p, size_t n)
{
	size_t max = c->body.max, room = max - c->body.len;
	bool good = c->reply.status / 100 == 2;

	if (n > room && good)
		return fail(c, HTTP_TOO_LARGE, "reply over its limit");
	buf_add(&c->body, p, n < room ? n : room);
	if (c->body.err != 0)
		log_oom();
	return n <= room;
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_call *c = ctx;
	bool ok;

	n *= size;
	heard(c);
	if (c->cancelled)
		return 0;
	c->reply.received += n;
	if (c->rq.on_data != NULL && c->reply.status / 100 == 2) {
		ok = c->rq.on_data(c->rq.ctx, p, n);
		if (!ok)
			(void)fail(c, HTTP_ABORTED, "given up by us");
	} else {
		ok = collect(c, p, n);
	}
	return ok && !c->cancelled ? n : 0;
}

/* Connected, nothing sent yet: plain http must really be where the URL's
 * host led us to believe. */
static int
on_connected(void *ctx, char *ip, char *local, int port, int local_port)
{
	struct http_call *c = ctx;
	enum httpurl_place place = httpurl_address(ip);

	(void)local;
	(void)port;
	(void)local_port;
	if (c->plain && !c->rq.allow_plain && place == HTTPURL_ELSEWHERE) {
		(void)fail(c, HTTP_FORBIDDEN, "plain http led elsewhere");
		return CURL_PREREQFUNC_ABORT;
	}
	c->connected = true;
	heard(c);
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

/* --------------------------------------------------------------- setup */

#define SET(option, value)                                         \
	do {                                                       \
		CURLcode rc_ = curl_easy_setopt(e, option, value); \
		if (rc_ == CURLE_OUT_OF_MEMORY)                    \
			log_oom();                                 \
		INVARIANT(rc_ == CURLE_OK);                        \
	} while (0)

static void
set_security(struct http_call *c, CURL *e, bool direct)
{
	const struct http *h = c->h;

	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
	if (h->ca_file != NULL) {
		/* These authorities and no others. */
		SET(CURLOPT_CAINFO, h->ca_file);
		SET(CURLOPT_CAPATH, NULL);
		SET(CURLOPT_PROXY_CAINFO, h->ca_file);
		SET(CURLOPT_PROXY_CAPATH, NULL);
	}
	/* An empty string also keeps libcurl from asking the environment. */
	SET(CURLOPT_PROXY, direct || h->proxy == NULL ? "" : h->proxy);
	SET(CURLOPT_NOPROXY, h->no_proxy != NULL ? h->no_proxy : "");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_RESOLVE, c->pin); /* NULL too: the handle may be used */
}

static void
set_transfer(struct http_call *c, CURL *e)
{
	const struct http *h = c->h;

	SET(CURLOPT_CURLU, c->url);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
	SET(CURLOPT_HTTPHEADER, c->headers);
	if (h->user_agent != NULL)
		SET(CURLOPT_USERAGENT, h->user_agent);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_ms);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
	SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_EVERY_S);
	SET(CURLOPT_ERRORBUFFER, c->error);
	SET(CURLOPT_PRIVATE, c);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, c);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, c);
	SET(CURLOPT_PREREQFUNCTION, on_connected);
	SET(CURLOPT_PREREQDATA, c);
	SET(CURLOPT_SOCKOPTFUNCTION, on_socket);
}

static void
set_method(struct http_call *c, CURL *e, const char *method)
{
	bool body = c->rq.body_len > 0 || strcmp(method, "POST") == 0 ||
		    strcmp(method, "PUT") == 0;

	if (strcmp(method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
		return;
	}
	if (body) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->rq.body_len);
		SET(CURLOPT_POSTFIELDS,
		    c->rq.body_len > 0 ? (const char *)c->rq.body : "");
	}
	if (strcmp(method, "GET") != 0 || body)
		SET(CURLOPT_CUSTOMREQUEST, method);
}
#undef SET

static bool
set_up(struct http_call *c, const struct http_request *r, struct fault *f)
{
	struct http *h = c->h;
	bool direct = true;

	buf_addf(&c->shown, "%s ", r->method);
	httpurl_show(&c->shown, r->url);
	if (c->shown.err != 0)
		return fault_set(f, EXIT_BADCONFIG, "a URL is too long");
	if (!set_url(c, r->url, &direct, f) || !copy_headers(c, r->headers, f))
		return false;
	c->easy = h->n_idle > 0 ? h->idle[--h->n_idle] : curl_easy_init();
	if (c->easy == NULL)
		return fault_set(f, EXIT_SYSTEM, "out of memory");
	set_transfer(c, c->easy);
	set_security(c, c->easy, direct);
	set_method(c, c->easy, r->method);
	return true;
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
	c->body.max = r->max_reply > 0 ? r->max_reply : HTTP_REPLY_MAX;
	httphead_init(&c->head);
	c->reply.headers = &c->head;
	c->reply.error = c->error;
	c->prev = h->last;
	if (h->last != NULL)
		h->last->next = c;
	else
		h->calls = c;
	h->last = c;
	if (!set_up(c, r, f)) {
		call_free(c);
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
		call_free(c);
}

/* ----------------------------------------------------------- the end */

/* A handshake that the peer broke off is an outage, one that it refused or
 * that we did is a wrong setting; libcurl has one code for all. */
static bool
tls_refused(const char *why)
{
	return strstr(why, "SSL routines") != NULL &&
	       strstr(why, "unexpected eof") == NULL;
}

static enum http_failure
classify(const struct http_call *c, CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return HTTP_NONE;
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
	case CURLE_OUT_OF_MEMORY: /* so 7.88 calls a line over 100 KB */
#if LIBCURL_VERSION_NUM >= 0x080600
	case CURLE_TOO_LARGE:
#endif
		if (c->reply.status != 0 && !c->head_done)
			return HTTP_TOO_LARGE;
		if (code == CURLE_OUT_OF_MEMORY)
			log_oom();
		return HTTP_CUT;
	default:
		return c->connected ? HTTP_CUT : HTTP_CONNECT;
	}
}

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

static void
finish(struct http_call *c)
{
	c->stage = STAGE_DONE;
	if (c->cancelled)
		return;
	c->h->running--;
	c->reply.body = c->body.p != NULL ? c->body.p : "";
	c->reply.body_len = c->body.len;
	if (c->reply.failure == HTTP_NONE)
		c->error[0] = '\0';
	if (log_on(LEVEL_DEBUG))
		log_end(c, clock_mono_ms() - c->started_ms);
	c->rq.on_done(c->rq.ctx, &c->reply);
}

/* libcurl's clock says that connecting took too long, ours that we did not
 * listen: nothing was sent, so begin again. */
static bool
restart(struct http_call *c, CURLcode code)
{
	struct http *h = c->h;

	if (code != CURLE_OPERATION_TIMEDOUT || c->connected || c->restarted ||
	    h->listened_ms - c->begun_ms >= h->connect_ms / 2)
		return false;
	c->restarted = true;
	c->stage = STAGE_NEW;
	return true;
}

static void
ended(struct http_call *c, CURLcode code)
{
	bool cut_error = c->head_done && c->reply.status / 100 != 2 &&
			 c->body.max > 0 && c->body.len == c->body.max &&
			 c->reply.failure == HTTP_NONE;

	(void)curl_multi_remove_handle(c->h->multi, c->easy);
	if (!c->cancelled && c->reply.failure == HTTP_NONE && restart(c, code))
		return;
	c->stage = STAGE_DONE;
	if (code != CURLE_OK && !cut_error) {
		if (c->error[0] == '\0')
			(void)snprintf(c->error, sizeof(c->error), "%s",
			    curl_easy_strerror(code));
		if (c->reply.failure == HTTP_NONE)
			c->reply.failure = classify(c, code);
	}
	finish(c);
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

/* Hand new requests to libcurl; end those that may not go anywhere. */
static bool
add_new(struct http *h, struct fault *f)
{
	for (struct http_call *c = h->calls; c != NULL; c = c->next) {
		if (c->stage != STAGE_NEW || c->cancelled)
			continue;
		if (!c->restarted)
			c->started_ms = clock_mono_ms();
		c->begun_ms = c->quiet_ms = h->listened_ms;
		if (c->reply.failure != HTTP_NONE) {
			finish(c);
			continue;
		}
		c->error[0] = '\0';
		if (log_on(LEVEL_DEBUG))
			log_start(c);
		if (curl_multi_add_handle(h->multi, c->easy) != CURLM_OK)
			return fault_set(f, EXIT_SYSTEM, "out of memory");
		c->stage = STAGE_ADDED;
	}
	return true;
}

/* How long until a limit of c is passed, and what it is called. */
static int64_t
limit_left(struct http_call *c, const char **what)
{
	int64_t now = c->h->listened_ms, left, deadline;

	*what = "the peer was silent for too long";
	left = c->quiet_ms + c->h->stall_ms - now;
	if (c->rq.deadline_ms > 0) {
		deadline = c->begun_ms + realistic(c->rq.deadline_ms) - now;
		if (deadline < left) {
			*what = "the exchange took too long";
			left = deadline;
		}
	}
	return left;
}

/* Have bytes of the request's body gone out since the last look? */
static bool
sending(struct http_call *c)
{
	curl_off_t sent = 0;

	(void)curl_easy_getinfo(c->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	if (sent == c->sent)
		return false;
	c->sent = sent;
	heard(c);
	return true;
}

static void
check_limits(struct http *h)
{
	const char *what;

	for (struct http_call *c = h->calls; c != NULL; c = c->next) {
		if (c->stage != STAGE_ADDED || c->cancelled ||
		    limit_left(c, &what) > 0)
			continue;
		if (sending(c) && limit_left(c, &what) > 0)
			continue;
		c->error[0] = '\0';
		(void)fail(c, HTTP_TIMEOUT, what);
		ended(c, CURLE_OPERATION_TIMEDOUT);
	}
}

/* The time to wait, in ms of the program's clock. */
static int64_t
wait_for(struct http *h, int64_t timeout_ms)
{
	const char *what;
	int64_t left;

	for (struct http_call *c = h->calls; c != NULL; c = c->next) {
		if (c->cancelled || c->stage == STAGE_DONE)
			return 0;
		left = limit_left(c, &what);
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
	struct curl_waitfd extra[FDS_MAX];
	unsigned used = 0;
	int64_t before, after;
	int wait = clock_wait_ms(timeout_ms);
	CURLMcode rc;

	INVARIANT(n <= FDS_MAX);
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
			call_free(c);
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

/* ---------------------------------------------------- opening, closing */

/* Copy the first variable of the two that is set and not empty. */
static char *
from_env(const char *name, const char *other)
{
	const char *v = getenv(name);

	if (v == NULL || *v == '\0')
		v = getenv(other);
	if (v == NULL || *v == '\0')
		return NULL;
	return strdup(v);
}

/* A CA file that cannot be read is a wrong setting; say so at once, not as a
 * failure of every request. */
static bool
check_ca(const char *path, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return fault_set(f, EXIT_BADCONFIG, "cannot read '%s': %s",
		    path, strerror(errno));
	(void)close(fd);
	return true;
}

static bool
configure(struct http *h, const struct http_options *o, struct fault *f)
{
	long keep =
	    o->connections > 0 ? (long)o->connections : (long)IDLE_CONNECTIONS;

	h->connect_ms = o->connect_ms > 0 ? o->connect_ms : HTTP_CONNECT_MS;
	h->stall_ms = realistic(o->stall_ms > 0 ? o->stall_ms : HTTP_STALL_MS);
	h->seen_ms = clock_mono_ms();
	h->user_agent = o->user_agent != NULL ? strdup(o->user_agent) : NULL;
	h->ca_file = o->ca_file != NULL
			 ? strdup(o->ca_file)
			 : from_env("SSL_CERT_FILE", "CURL_CA_BUNDLE");
	h->proxy = from_env("HTTPS_PROXY", "https_proxy");
	h->no_proxy = from_env("NO_PROXY", "no_proxy");
	h->identity = from_env("IDENTITY_ENDPOINT", "MSI_ENDPOINT");
	if (h->ca_file != NULL && !check_ca(h->ca_file, f))
		return false;
	h->multi = curl_multi_init();
	if (h->multi == NULL ||
	    curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, keep) != CURLM_OK)
		return fault_set(f, EXIT_SYSTEM, "out of memory");
	return true;
}

struct http *
http_new(const struct http_options *o, struct fault *f)
{
	struct http *h;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		(void)fault_set(f, EXIT_SYSTEM, "libcurl does not start");
		return NULL;
	}
	h = calloc(1, sizeof(*h));
	if (h == NULL) {
		(void)fault_set(f, EXIT_SYSTEM, "out of memory");
		curl_global_cleanup();
		return NULL;
	}
	if (!configure(h, o, f)) {
		http_free(h);
		return NULL;
	}
	return h;
}

static void
wipe_free(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	INVARIANT(!h->polling);
	while (h->calls != NULL)
		call_free(h->calls);
	while (h->n_idle > 0)
		curl_easy_cleanup(h->idle[--h->n_idle]);
	if (h->multi != NULL)
		(void)curl_multi_cleanup(h->multi);
	free(h->ca_file);
	free(h->user_agent);
	wipe_free(h->proxy); /* may hold a password */
	free(h->no_proxy);
	free(h->identity);
	free(h);
	curl_global_cleanup();
}

void
http_guid(char out[37])
{
	unsigned char b[16];
	int at = 0;

	rnd_bytes(b, sizeof(b));
	b[6] = (unsigned char)(0x40 | (b[6] & 0x0f)); /* version 4 */
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f)); /* RFC 9562's variant */
	for (size_t i = 0; i < sizeof(b); i++)
		at += snprintf(out + at, 4, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}
