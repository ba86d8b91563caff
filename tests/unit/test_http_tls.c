/* common/http over TLS: whom it trusts, and what a broken handshake is. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "httpclient.h"
#include "httpserver.h"
#include "tap.h"

#define REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

struct identity {
	X509 *cert;
	EVP_PKEY *key;
};

static void
extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	(void)X509_add_ext(cert, e, -1);
	X509_EXTENSION_free(e);
}

/* A certificate for these names, by this authority (NULL: one itself), valid
 * for an hour from some hours from now. */
static struct identity
certify(const char *names, const struct identity *by, long from_hours)
{
	static long serial = 1;
	struct identity id = {X509_new(), EVP_EC_gen("P-256")};
	X509_NAME *name = X509_get_subject_name(id.cert);
	X509 *issuer = by != NULL ? by->cert : id.cert;

	(void)X509_set_version(id.cert, 2);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial++);
	(void)X509_gmtime_adj(
	    X509_getm_notBefore(id.cert), (from_hours - 1) * 3600);
	(void)X509_gmtime_adj(
	    X509_getm_notAfter(id.cert), (from_hours + 1) * 3600);
	(void)X509_set_pubkey(id.cert, id.key);
	(void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)(by == NULL ? "an authority" : "a server"),
	    -1, -1, 0);
	(void)X509_set_issuer_name(id.cert, X509_get_subject_name(issuer));
	if (by == NULL)
		extend(
		    id.cert, issuer, NID_basic_constraints, "critical,CA:TRUE");
	if (names != NULL)
		extend(id.cert, issuer, NID_subject_alt_name, names);
	(void)X509_sign(id.cert, by != NULL ? by->key : id.key, EVP_sha256());
	return id;
}

static void
identity_free(struct identity *id)
{
	X509_free(id->cert);
	EVP_PKEY_free(id->key);
}

static SSL_CTX *
context(const struct identity *id, int max_version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	/* So that old versions are offered at all. */
	SSL_CTX_set_security_level(c, 0);
	(void)SSL_CTX_set_min_proto_version(c, TLS1_VERSION);
	(void)SSL_CTX_set_max_proto_version(c, max_version);
	(void)SSL_CTX_use_certificate(c, id->cert);
	(void)SSL_CTX_use_PrivateKey(c, id->key);
	return c;
}

static char ca_path[] = "/tmp/test_http_tls-XXXXXX";
static char other_path[] = "/tmp/test_http_tls-XXXXXX";

static void
write_ca(char *path, const struct identity *ca)
{
	int fd = mkstemp(path);
	FILE *f = fd != -1 ? fdopen(fd, "w") : NULL;

	if (f == NULL || PEM_write_X509(f, ca->cert) != 1 || fclose(f) != 0) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
}

static const struct step talk[] = {
    {EXPECT, 0, 0}, {SEND, REPLY, 0}, {AGAIN, 0, 0}};
static const struct step cut[] = {{EXPECT, 0, 0},
    {SEND, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhello", 0},
    {SLEEP, 0, 50}, {RESET, 0, 0}};
static const struct step no_length[] = {{EXPECT, 0, 0},
    {SEND, "HTTP/1.1 200 OK\r\n\r\nhello", 0}, {SLEEP, 0, 50}, {RESET, 0, 0}};
static const struct step no_length_end[] = {
    {EXPECT, 0, 0}, {SEND, "HTTP/1.1 200 OK\r\n\r\nhello", 0}, {END, 0, 0}};
static const struct step reset[] = {{RESET, 0, 0}};
static const struct step silent[] = {{WAIT, 0, 0}};

static struct result
fetch(const char *host, const struct step *script, SSL_CTX *tls, const char *ca,
    int64_t connect_ms)
{
	const struct http_options o = {.ca_file = ca, .connect_ms = connect_ms};
	struct http *h = client_new(&o);
	struct http_request rq = {0};
	struct result x = {0};
	struct server s;
	char url[256];

	server_start(&s, script, tls);
	(void)snprintf(url, sizeof(url), "https://%s:%d/", host, s.port);
	rq.url = url;
	client_fetch(h, rq, &x);
	http_free(h);
	server_stop(&s);
	if (x.failure != HTTP_NONE)
		printf("# failure %d: %s\n", x.failure, x.error);
	return x;
}

static void
trust(const struct identity *ca)
{
	struct identity good, wrong, old, early;
	SSL_CTX *c;
	struct result x;

	good = certify("IP:127.0.0.1,DNS:localhost", ca, 0);
	wrong = certify("DNS:other.example", ca, 0);
	old = certify("IP:127.0.0.1", ca, -2);
	early = certify("IP:127.0.0.1", ca, 2);
	c = context(&good, 0);
	x = fetch("127.0.0.1", talk, c, ca_path, 0);
	OK(x.failure == HTTP_NONE && strcmp(x.body, "ok") == 0,
	    "a certificate of our authority");
	x = fetch("localhost", talk, c, ca_path, 0);
	OK(x.failure == HTTP_NONE, "by name");
	x = fetch("127.0.0.1", talk, c, other_path, 0);
	OK(x.failure == HTTP_TLS, "of an unknown authority");
	x = fetch("127.0.0.2", talk, c, ca_path, 0);
	OK(x.failure == HTTP_CONNECT || x.failure == HTTP_TLS, "elsewhere");
	(void)setenv("SSL_CERT_FILE", ca_path, 1);
	x = fetch("127.0.0.1", talk, c, NULL, 0);
	OK(x.failure == HTTP_NONE, "SSL_CERT_FILE names authorities");
	x = fetch("127.0.0.1", talk, c, other_path, 0);
	OK(x.failure == HTTP_TLS, "unless the option does");
	(void)unsetenv("SSL_CERT_FILE");
	x = fetch("127.0.0.1", talk, c, NULL, 0);
	OK(x.failure == HTTP_TLS, "the system's do not know it");
	x = fetch("127.0.0.1", cut, c, ca_path, 0);
	OK(x.failure == HTTP_CUT && x.status == 200, "cut inside the body");
	x = fetch("127.0.0.1", no_length, c, ca_path, 0);
	OK(x.failure == HTTP_CUT && x.status == 200,
	    "a body without length must end as TLS does");
	x = fetch("127.0.0.1", no_length_end, c, ca_path, 0);
	OK(x.failure == HTTP_NONE && strcmp(x.body, "hello") == 0,
	    "then it is whole");
	SSL_CTX_free(c);
	c = context(&wrong, 0);
	x = fetch("127.0.0.1", talk, c, ca_path, 0);
	OK(x.failure == HTTP_TLS, "of another host");
	SSL_CTX_free(c);
	c = context(&old, 0);
	x = fetch("127.0.0.1", talk, c, ca_path, 0);
	OK(x.failure == HTTP_TLS, "expired");
	SSL_CTX_free(c);
	c = context(&early, 0);
	x = fetch("127.0.0.1", talk, c, ca_path, 0);
	OK(x.failure == HTTP_TLS, "not valid yet");
	SSL_CTX_free(c);
	identity_free(&good);
	identity_free(&wrong);
	identity_free(&old);
	identity_free(&early);
}

static void
handshakes(const struct identity *ca)
{
	struct identity id = certify("IP:127.0.0.1", ca, 0);
	SSL_CTX *v12 = context(&id, TLS1_2_VERSION);
	SSL_CTX *v11 = context(&id, TLS1_1_VERSION);
	struct result x;

	x = fetch("127.0.0.1", talk, v12, ca_path, 0);
	OK(x.failure == HTTP_NONE, "TLS 1.2");
	x = fetch("127.0.0.1", talk, v11, ca_path, 0);
	OK(x.failure == HTTP_TLS, "TLS 1.1 is refused");
	x = fetch("127.0.0.1", talk, NULL, ca_path, 200);
	OK(x.failure != HTTP_NONE && x.status == 0, "a server without TLS");
	x = fetch("127.0.0.1",
	    (const struct step[]){{SEND, REPLY, 0}, {END, 0, 0}}, NULL, ca_path,
	    0);
	OK(x.failure == HTTP_TLS, "one that speaks at once");
	x = fetch("127.0.0.1", reset, v12, ca_path, 0);
	OK(x.failure == HTTP_CONNECT,
	    "a handshake reset is an outage, not a wrong setting");
	x = fetch("127.0.0.1", &(struct step){END, 0, 0}, NULL, ca_path, 0);
	OK(x.failure == HTTP_CONNECT, "so is one that ends");
	x = fetch("127.0.0.1", silent, v12, ca_path, 100);
	OK(x.failure == HTTP_TIMEOUT, "and one without an answer");
	SSL_CTX_free(v11);
	SSL_CTX_free(v12);
	identity_free(&id);
}

/* Kept connections and broken pipes, with TLS. */
static void
connections(const struct identity *ca)
{
	static const struct step hasty[] = {{SLEEP, 0, 50}, {RESET, 0, 0}};
	static char body[8000000];
	struct identity id = certify("IP:127.0.0.1", ca, 0);
	SSL_CTX *c = context(&id, 0);
	struct http *h = client_new(&(struct http_options){.ca_file = ca_path});
	struct http_request rq = {0};
	struct result x[20] = {0};
	struct server s, t;
	char url[256];
	int good = 0;

	server_start(&s, talk, c);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", s.port);
	rq.url = url;
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < 20; i++)
			(void)client_start(h, rq, &x[i]);
		client_run(h);
		for (int i = 0; i < 20; i++)
			good += x[i].failure == HTTP_NONE;
	}
	OK(good == 60 && s.requests == 60, "sixty exchanges");
	OK(s.connections <= 20, "on twenty connections");
	server_start(&t, hasty, c);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", t.port);
	rq.method = "POST";
	rq.body = body;
	rq.body_len = sizeof(body);
	client_fetch(h, rq, &x[0]);
	OK(x[0].failure == HTTP_CUT, "reset while sending: no SIGPIPE");
	http_free(h);
	server_stop(&s);
	server_stop(&t);
	SSL_CTX_free(c);
	identity_free(&id);
}

/* libcurl's own limit for connecting runs while the program is elsewhere. */
static void
busy(const struct identity *ca)
{
	struct identity id = certify("IP:127.0.0.1", ca, 0);
	SSL_CTX *c = context(&id, 0);
	struct http *h = client_new(
	    &(struct http_options){.ca_file = ca_path, .connect_ms = 2000});
	struct http_request rq = {0};
	struct fault f = {0};
	struct result x = {0};
	struct server s;
	char url[256];

	server_start(&s, talk, c);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", s.port);
	rq.url = url;
	(void)client_start(h, rq, &x);
	(void)http_poll(h, NULL, 0, 0, &f);
	(void)usleep(2200000);
	client_run(h);

	OK(x.failure == HTTP_NONE && x.done == 1,
	    "a program that was busy while connecting connects again");
	http_free(h);
	server_stop(&s);
	SSL_CTX_free(c);
	identity_free(&id);
}

static void
no_file(void)
{
	struct fault f = {0};

	OK(http_new(&(struct http_options){.ca_file = "/nonexistent/ca.pem"},
	       &f) == NULL &&
		f.code == EXIT_BADCONFIG && strstr(f.text, "ca.pem") != NULL,
	    "a CA file that is not there is a wrong setting");
	http_free(NULL);
}

/* A proxy is asked to connect for https to other hosts, and for no other. */
/* A proxy that cannot reach the host, or not now, is an outage. */
static void
proxy_is_down(struct result *x)
{
	static const struct step down[] = {{EXPECT, 0, 0},
	    {SEND, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", 0},
	    {END, 0, 0}};
	struct http_request rq = {.url = "https://host.invalid/"};
	struct server proxy;
	struct http *h;
	char url[256];

	server_start(&proxy, down, NULL);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", proxy.port);
	(void)setenv("HTTPS_PROXY", url, 1);
	h = client_new(&(struct http_options){.connect_ms = 20000});
	client_fetch(h, rq, x);
	OK(x->failure == HTTP_CONNECT && x->status == 0,
	    "a proxy that fails is an outage");
	http_free(h);
	server_stop(&proxy);
}

static void
proxies(void)
{
	static const struct step refuse[] = {{EXPECT, 0, 0},
	    {SEND,
		"HTTP/1.1 407 Go away\r\nX-Amz-Request-Id: p\r\n"
		"Content-Length: 0\r\n\r\n",
		0},
	    {END, 0, 0}};
	static const struct step plain[] = {
	    {EXPECT, 0, 0}, {SEND, REPLY, 0}, {END, 0, 0}};
	static const char *const with[] = {"Authorization: s3cret", NULL};
	struct http_request rq = {
	    .url = "https://host.invalid/", .headers = with};
	struct result x = {0};
	struct server proxy, s;
	struct http *h;
	char url[256];

	server_start(&proxy, refuse, NULL);
	server_start(&s, plain, NULL);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", proxy.port);
	(void)setenv("HTTPS_PROXY", url, 1);
	(void)setenv("http_proxy", url, 1);
	(void)setenv("ALL_PROXY", url, 1);
	h = client_new(&(struct http_options){.connect_ms = 20000});
	client_fetch(h, rq, &x);
	OK(x.failure == HTTP_PROXY && x.status == 0 && x.id[0] == '\0',
	    "a proxy's refusal is no reply of the service");
	OK(strstr(proxy.last, "CONNECT host.invalid:443") != NULL &&
		strstr(proxy.last, "s3cret") == NULL,
	    "it is asked, and gets no credentials");
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/", s.port);
	rq.url = url;
	client_fetch(h, rq, &x);
	OK(x.failure == HTTP_NONE && proxy.connections == 1,
	    "none for plain http");
	http_free(h);
	/* Which does not speak TLS, and is not waited for. */
	h = client_new(&(struct http_options){.connect_ms = 300});
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", s.port);
	client_fetch(h, rq, &x);
	OK(proxy.connections == 1, "nor for https to loopback");
	http_free(h);
	proxy_is_down(&x);
	(void)setenv("NO_PROXY", "other.example,.invalid", 1);
	h = client_new(&(struct http_options){0});
	rq.url = "https://host.invalid/";
	client_fetch(h, rq, &x);
	OK(x.failure == HTTP_CONNECT && proxy.connections == 1,
	    "nor for hosts of NO_PROXY");
	http_free(h);
	server_stop(&proxy);
	server_stop(&s);
}

int
main(void)
{
	struct identity ca = certify(NULL, NULL, 0);
	struct identity other = certify(NULL, NULL, 0);

	(void)unsetenv("HTTPS_PROXY");
	(void)unsetenv("https_proxy");
	(void)unsetenv("NO_PROXY");
	(void)unsetenv("no_proxy");
	(void)unsetenv("SSL_CERT_FILE");
	write_ca(ca_path, &ca);
	write_ca(other_path, &other);
	trust(&ca);
	handshakes(&ca);
	connections(&ca);
	busy(&ca);
	no_file();
	proxies();
	(void)unlink(ca_path);
	(void)unlink(other_path);
	identity_free(&ca);
	identity_free(&other);
	return tap_done();
}
