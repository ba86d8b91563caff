/* The parts of http.h that are not about a request: settings, the end. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "httpcall.h"
#include "httpmem.h"
#include "log.h"
#include "rnd.h"

enum {
	IDLE_CONNECTIONS = 64,
	SPARE_FILES = 8, /* of libcurl, SQLite and ourselves, for a while */
	HTTPS_PORT = 443,
	HTTP_PORT = 80,   /* of the metadata addresses */
	PROXY_PORT = 1080 /* what libcurl takes where a proxy's URL has none */
};

/* A copy of s; NULL when it is NULL or empty. */
static char *
copy(const char *s)
{
	char *p;

	if (s == NULL || *s == '\0')
		return NULL;
	p = strdup(s);
	if (p == NULL)
		log_oom();
	return p;
}

/* The value of a variable that programs know in upper and lower case. */
static char *
from_env(const char *name, const char *lower)
{
	char *v = copy(getenv(name));

	return v != NULL ? v : copy(getenv(lower));
}

/* Whom TLS trusts, by libcurl's own idea of where the system keeps that. */
static struct trust *
system_trust(void)
{
	CURL *e = curl_easy_init();
	struct trust *t;
	char *file = NULL;

	if (e == NULL)
		log_oom();
	(void)curl_easy_getinfo(e, CURLINFO_CAINFO, &file);
	t = trust_system(file);
	curl_easy_cleanup(e);
	return t;
}

/* trust.c speaks to one TLS library. */
static bool
is_openssl(struct fault *f)
{
	const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;

	if (tls != NULL && strncmp(tls, "OpenSSL/", 8) == 0)
		return true;
	/* COV_EXCL_BEGIN: it takes another libcurl */
	fault_set(f, EXIT_BADCONFIG, "libcurl is built with '%s', not OpenSSL",
	    tls != NULL ? tls : "no TLS");
	return fault_hint(f, "install the package libcurl4 (not -gnutls)");
	/* COV_EXCL_END */
}

/* A descriptor for each connection, and while it is made one for each family of
 * addresses if we may: without them a store that is well would seem to be down,
 * and be waited for. */
static bool
enough_files(unsigned connections, struct fault *f)
{
	int used = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	rlim_t need =
	    (rlim_t)(used == -1 ? 0 : used) + connections + SPARE_FILES;
	struct rlimit r;

	if (used != -1)
		(void)close(used);
	if (getrlimit(RLIMIT_NOFILE, &r) != 0 ||
	    r.rlim_cur >= need + connections)
		return true;
	if (used == -1 || r.rlim_max < need) {
		fault_set(f, EXIT_BADCONFIG,
		    "%u connections need more open files than the %llu allowed",
		    connections, (unsigned long long)r.rlim_max);
		return fault_hint(f,
		    "raise the limit (ulimit -n; of systemd LimitNOFILE=) or "
		    "lower --jobs");
	}
	r.rlim_cur =
	    r.rlim_max < need + connections ? r.rlim_max : need + connections;
	(void)setrlimit(RLIMIT_NOFILE, &r);
	return true;
}

/* One that libcurl cannot make sense of would look like an outage.  Its text
 * may hold a password: not told. */
static bool
proxy_fine(const char *proxy, struct fault *f)
{
	static const char *const schemes[] = {
	    "http", "https", "socks4", "socks4a", "socks5", "socks5h"};
	CURLU *u;
	char *scheme = NULL;
	bool fine = false;

	if (proxy == NULL)
		return true;
	u = curl_url();
	if (u == NULL)
		log_oom();
	if (curl_url_set(u, CURLUPART_URL, proxy,
		CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK)
		for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
			fine = fine || strcasecmp(scheme, schemes[i]) == 0;
	curl_free(scheme);
	curl_url_cleanup(u);
	if (fine)
		return true;
	fault_set(f, EXIT_BADCONFIG, "HTTPS_PROXY is no address of a proxy");
	return fault_hint(f, "such as http://proxy.example.com:3128");
}

static bool
configure(struct http *h, const struct http_options *o, struct fault *f)
{
	long keep =
	    o->connections > 0 ? (long)o->connections : (long)IDLE_CONNECTIONS;
	const char *ca_file = o->ca_file;

	h->connect_ms = o->connect_ms > 0 ? o->connect_ms : HTTP_CONNECT_MS;
	h->stall_ms = o->stall_ms > 0 ? o->stall_ms : HTTP_STALL_MS;
	h->seen_ms = clock_mono_ms();
	h->user_agent = copy(o->user_agent);
	h->proxy = from_env("HTTPS_PROXY", "https_proxy");
	h->no_proxy = from_env("NO_PROXY", "no_proxy");
	h->identity = copy(getenv("IDENTITY_ENDPOINT"));
	if (ca_file == NULL)
		ca_file = getenv("SSL_CERT_FILE");
	h->trust = ca_file != NULL && *ca_file != '\0' ? trust_file(ca_file, f)
						       : system_trust();
	if (h->trust == NULL || !is_openssl(f) || !proxy_fine(h->proxy, f) ||
	    !enough_files(o->connections, f))
		return false;
	if (helper_running(o->names))
		h->names = names_new(o->names);
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

	if (!httpmem_start()) {
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
		httpcall_free(h->calls);
	while (h->n_idle > 0)
		curl_easy_cleanup(h->idle[--h->n_idle]);
	if (h->multi != NULL)
		(void)curl_multi_cleanup(h->multi);
	trust_free(h->trust);
	names_free(h->names);
	free(h->user_agent);
	wipe_free(h->proxy); /* may hold a password */
	free(h->no_proxy);
	free(h->identity);
	free(h);
	curl_global_cleanup();
}

/* The port of a URL, or 0. */
static unsigned
port_of(const char *url, unsigned otherwise)
{
	CURLU *u = curl_url();
	char *port = NULL;
	unsigned n = otherwise;

	if (u == NULL)
		log_oom();
	if (url == NULL)
		n = 0;
	else if (curl_url_set(u, CURLUPART_URL, url,
		     CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) ==
		     CURLUE_OK &&
		 curl_url_get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK)
		n = (unsigned)strtoul(port, NULL, 10);
	curl_free(port);
	curl_url_cleanup(u);
	return n;
}

void
http_ports(const struct http *h, struct sandbox *s)
{
	sandbox_port(s, HTTPS_PORT);
	sandbox_port(s, HTTP_PORT);
	sandbox_port(s, port_of(h->proxy, PROXY_PORT));
	sandbox_port(s, port_of(h->identity, HTTP_PORT));
}

void
http_port(const char *url, struct sandbox *s)
{
	sandbox_port(s, port_of(url, 0));
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
