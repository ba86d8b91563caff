/* A request made into options of libcurl: the URL policy, TLS, headers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "httpcall.h"
#include "httpurl.h"
#include "log.h"

enum {
	BUFFER_BYTES = 64 * 1024, /* of libcurl, per transfer */
	KEEPALIVE_IDLE_S = 30,    /* TCP probes, against silent middle boxes */
	KEEPALIVE_EVERY_S = 15
};

void
httpset_wipe(struct curl_slist *l)
{
	for (struct curl_slist *i = l; i != NULL; i = i->next)
		explicit_bzero(i->data, strlen(i->data));
	curl_slist_free_all(l);
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

bool
httpset_has(const struct curl_slist *l, const char *name)
{
	size_t n = strlen(name);

	for (; l != NULL; l = l->next)
		if (strncasecmp(l->data, name, n) == 0 &&
		    (l->data[n] == ':' || l->data[n] == ';'))
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

		if (httpset_has(c->headers, without[i]))
			continue;
		(void)snprintf(line, sizeof(line), "%s:", without[i]);
		l = curl_slist_append(c->headers, line);
		if (l == NULL)
			return fault_set(f, EXIT_SYSTEM, "out of memory");
		c->headers = l;
	}
	return true;
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
static void
pin(struct http_call *c, const char *host, const char *port)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "%s:%s:127.0.0.1,[::1]", host, port);
	c->pin = curl_slist_append(NULL, line);
	if (c->pin == NULL)
		log_oom();
}

static bool
forbid(struct http_call *c, const char *why)
{
	return httpcall_fail(c, HTTP_FORBIDDEN, why);
}

/* May a plain request go to this host of its URL? */
static bool
plain_allowed(
    struct http_call *c, const char *url, const char *host, const char *port)
{
	enum httpurl_place place = httpurl_place(host);

	if (c->rq.allow_plain)
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

static bool
has_part(CURLU *u, CURLUPart part)
{
	char *s = NULL;
	bool there = curl_url_get(u, part, &s, 0) == CURLUE_OK;

	curl_free(s);
	return there;
}

/* Judge a parsed URL.  A proxy is for https to elsewhere alone. */
static bool
judge(struct http_call *c, const char *url, const char *scheme,
    const char *host, const char *port)
{
	enum httpurl_place place = httpurl_place(host);

	c->plain = strcasecmp(scheme, "https") != 0;
	c->proxied = c->h->proxy != NULL && !c->plain &&
		     place != HTTPURL_LOOPBACK && place != HTTPURL_LOCALHOST &&
		     place != HTTPURL_METADATA &&
		     !httpurl_bypass(c->h->no_proxy, host);
	if (place == HTTPURL_LOCALHOST)
		pin(c, host, port);
	if (c->plain && strcasecmp(scheme, "http") != 0)
		return forbid(c, "not an https URL");
	if (has_part(c->url, CURLUPART_USER) ||
	    has_part(c->url, CURLUPART_PASSWORD))
		return forbid(c, "a URL with user or password");
	if (has_part(c->url, CURLUPART_ZONEID))
		return forbid(c, "a URL with a zone in its address");
	if (has_part(c->url, CURLUPART_FRAGMENT))
		return forbid(c, "a URL with a fragment");
	return !c->plain || plain_allowed(c, url, host, port);
}

/* False with a fault: it is no URL.  One that may not be used shows in
 * reply.failure. */
static bool
set_url(struct http_call *c, const char *url, struct fault *f)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
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
	if (ok && judge(c, url, scheme, host, port))
		httpname_plan(c, host, port, c->proxied ? c->h->proxy : NULL);
	if (!ok)
		(void)fault_set(
		    f, EXIT_BADCONFIG, "cannot %s: not a URL", c->shown.p);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	return ok;
}

static void
must_set(CURLcode rc)
{
	if (rc == CURLE_OUT_OF_MEMORY)
		log_oom();
	INVARIANT(rc == CURLE_OK);
}

#define SET(option, value) must_set(curl_easy_setopt(e, option, value))

static CURLcode
on_tls(CURL *e, void *ssl_ctx, void *trust)
{
	(void)e;
	trust_use(trust, ssl_ctx);
	return CURLE_OK;
}

static void
set_security(struct http_call *c, CURL *e)
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
	/* These authorities and no others. */
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_PROXY_CAINFO, NULL);
	SET(CURLOPT_PROXY_CAPATH, NULL);
	SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
	SET(CURLOPT_SSL_CTX_DATA, h->trust);
	/* An empty string also keeps libcurl from asking the environment. */
	SET(CURLOPT_PROXY, c->proxied ? h->proxy : "");
	SET(CURLOPT_NOPROXY, "");
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
	/* Do not wait for a name server when a request is cancelled. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	/* Refused while a handle used before still has its buffer, as after a
	 * name that was not found; then that one is of this size already. */
	(void)curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_ms);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
	SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_EVERY_S);
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
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->rq.body_len);
	}
	if (strcmp(method, "GET") != 0 || body)
		SET(CURLOPT_CUSTOMREQUEST, method);
}
#undef SET

bool
httpset_request(
    struct http_call *c, const struct http_request *r, struct fault *f)
{
	struct http *h = c->h;

	buf_addf(&c->shown, "%s ", r->method);
	httpurl_show(&c->shown, r->url);
	if (c->shown.err != 0)
		return fault_set(f, EXIT_BADCONFIG, "a URL is too long");
	if (!set_url(c, r->url, f) || !copy_headers(c, r->headers, f))
		return false;
	c->easy = h->n_idle > 0 ? h->idle[--h->n_idle] : curl_easy_init();
	if (c->easy == NULL)
		return fault_set(f, EXIT_SYSTEM, "out of memory");
	httpcall_hook(c);
	set_transfer(c, c->easy);
	set_security(c, c->easy);
	set_method(c, c->easy, r->method);
	return true;
}
