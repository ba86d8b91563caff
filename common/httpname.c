/* Names of a request's hosts, looked up before libcurl gets it. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "httpcall.h"
#include "httpurl.h"
#include "log.h"

static bool
is_address(const char *host)
{
	struct in_addr four;

	return host[0] == '[' || inet_pton(AF_INET, host, &four) == 1;
}

/* Note "host:port"; a dot at the end is only for the resolver. */
static void
need(struct http_call *c, const char *host, const char *port)
{
	size_t n = c->lookup[0] != NULL ? 1 : 0;

	if (is_address(host) || httpurl_place(host) == HTTPURL_LOCALHOST)
		return;
	if (asprintf(&c->lookup[n], "%s:%s", host, port) == -1)
		log_oom();
}

/* Whom a proxy's URL names; libcurl asks for it by scheme and port so. */
static void
need_proxy(struct http_call *c, const char *proxy, bool *resolves)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	CURLU *u = curl_url();

	*resolves = true;
	if (u == NULL)
		log_oom();
	if (curl_url_set(u, CURLUPART_URL, proxy,
		CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		if (curl_url_get(u, CURLUPART_PORT, &port, 0) != CURLUE_OK)
			port = NULL;
		/* The ports that libcurl takes for a proxy without one. */
		need(c, host,
		    port != NULL                       ? port
		    : strcasecmp(scheme, "https") == 0 ? "443"
						       : "1080");
		*resolves = strcasecmp(scheme, "socks4") != 0 &&
			    strcasecmp(scheme, "socks5") != 0;
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
}

void
httpname_plan(
    struct http_call *c, const char *host, const char *port, const char *proxy)
{
	bool resolves = false;

	if (c->h->names == NULL)
		return;
	if (proxy != NULL)
		need_proxy(c, proxy, &resolves);
	if (!resolves)
		need(c, host, port);
}

/* Tell libcurl: "host:port:address,address". */
static void
tell(struct http_call *c, const char *pair, const char *addresses)
{
	struct curl_slist *l;
	char *line;

	if (asprintf(&line, "%s:%s", pair, addresses) == -1)
		log_oom();
	l = curl_slist_append(c->pin, line);
	free(line);
	if (l == NULL)
		log_oom();
	c->pin = l;
}

enum httpname
httpname_look(struct http_call *c)
{
	char host[NAMES_HOST_MAX + 1];
	const char *addresses[2] = {NULL, NULL};
	int64_t now = clock_mono_ms();

	if (c->lookup[0] == NULL)
		return HTTPNAME_READY;
	for (size_t i = 0; i < 2 && c->lookup[i] != NULL; i++) {
		size_t n = (size_t)(strrchr(c->lookup[i], ':') - c->lookup[i]);

		(void)snprintf(
		    host, sizeof(host), "%.*s", (int)n, c->lookup[i]);
		switch (n < sizeof(host) ? names_get(c->h->names, host,
					       c->asked_ms, now, &addresses[i])
					 : NAMES_FAILED) {
		case NAMES_KNOWN:
			break;
		case NAMES_WAIT:
			return HTTPNAME_WAIT;
		case NAMES_GONE:
			return HTTPNAME_GONE;
		case NAMES_FAILED:
			(void)snprintf(c->error, sizeof(c->error),
			    "could not resolve host '%.100s': %.100s", host,
			    addresses[i] != NULL ? addresses[i]
						 : "it is too long");
			return HTTPNAME_FAILED;
		}
	}
	for (size_t i = 0; i < 2 && c->lookup[i] != NULL; i++) {
		tell(c, c->lookup[i], addresses[i]);
		free(c->lookup[i]);
		c->lookup[i] = NULL;
	}
	if (curl_easy_setopt(c->easy, CURLOPT_RESOLVE, c->pin) != CURLE_OK)
		log_oom();
	return HTTPNAME_READY;
}
