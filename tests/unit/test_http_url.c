/* common/http, httphead and httpurl: where requests may go, what headers say,
 * and that no log ever shows a secret. */
#include <sys/mman.h>
#include <unistd.h>

#define LB_INJECT 1 /* clock_inject() */
#include "clock.h"
#include "httpclient.h"
#include "httphead.h"
#include "httpserver.h"
#include "httpurl.h"
#include "tap.h"

/* FORBIDDEN, or whatever comes of trying: nothing listens on port 1. */
static const struct {
	const char *url;
	bool allow_plain;
	enum { YES, NO, NO_URL } may;
} urls[] = {
    {"http://127.0.0.1:1/", false, YES},
    {"HTTP://127.0.0.1:1/", false, YES},
    {"http://127.255.0.9:1/", false, YES},
    {"http://[::1]:1/", false, YES},
    {"http://localhost:1/", false, YES},
    {"http://LocalHost:1/", false, YES},
    {"https://127.0.0.1:1/", false, YES},
    {"http://169.254.1.9:8081/identity", false, YES}, /* IDENTITY_ENDPOINT */
    {"http://169.254.1.9:8082/identity", false, NO},
    {"http://169.254.1.9/identity", false, NO},
    {"http://169.254.169.253/", false, NO},
    {"http://[fe80::1]:1/", false, NO},
    {"http://example.com/", false, NO},
    {"http://10.0.0.1/", false, NO},
    {"http://0.0.0.0:1/", false, NO},
    {"http://[::]:1/", false, NO},
    {"http://[::ffff:127.0.0.1]:1/", false, NO},
    {"http://128.0.0.1/", false, NO},
    {"http://127.0.0.1.evil.example/", false, NO},
    {"http://127.0.0.1@evil.example/", false, NO},
    {"http://127.0.0.1:1@evil.example/", false, NO},
    {"http://evil.example#@127.0.0.1:1/", false, NO},
    {"http://user@127.0.0.1:1/", false, NO},
    {"http://:pw@127.0.0.1:1/", false, NO},
    {"https://user:pw@127.0.0.1:1/", false, NO},
    {"http://2130706433:1/", false, NO},
    {"http://0x7f000001:1/", false, NO},
    {"http://0177.0.0.1:1/", false, NO},
    {"http://127.1:1/", false, NO},
    {"http://%31%32%37.0.0.1:1/", false, NO},
    {"http://localhost.evil.example/", false, NO},
    {"http://notlocalhost:1/", false, NO},
    {"http://localhost.:1/", false, NO},
    {"http:/127.0.0.1:1/", false, NO},
    {"http:///127.0.0.1:1/", false, NO},
    {"http://127.0.0.1\\@evil.example/", false, NO},
    {"ftp://127.0.0.1/", false, NO},
    {"file:///etc/passwd", false, NO_URL},
    {"http://127.0.0.1:1/#x", false, NO},
    {"http://192.0.2.1@127.0.0.1:1/", true, NO},
    {"ftp://127.0.0.1:1/", true, NO},
    {"http://2130706433:1/", true, YES}, /* --allow-http was given */
    {"http://0.0.0.0:1/", true, YES},
    {"http://[fe80::1%25lo]:1/", true, NO},
    {"http://[127.0.0.1]:1/", false, NO_URL},
    {"http://127.0.0.1:1 /", false, NO_URL},
    {"http://127.0.0.1:1/a b", false, NO_URL},
    {"http://127.0.0.1:1/a\nb", false, NO_URL},
    {"http://127.0.0.1:99999/", false, NO_URL},
    {"//127.0.0.1:1/", false, NO_URL},
    {"127.0.0.1:1/", false, NO_URL},
    {"http://", false, NO_URL},
    {"", false, NO_URL},
};

/* A header of a request that is none would be another's line, or nobody's. */
static void
request_headers(void)
{
	static const struct {
		const char *line;
		bool fine;
	} lines[] = {{"X-A: b", true}, {"X-A: b\tc", true}, {"X-A:", true},
	    {"X-A: ", true}, {"X-A: \xc3\xa9", true}, {"Expectation: x", true},
	    {"Content-Type:", true}, {"Expect: 100-continue", true},
	    {"X-A", false}, {"", false}, {": b", false},
	    {"X-A: b\r\nHost: evil", false}, {"X-A: b\x7f", false},
	    {"X\x01: b", false}};
	struct http *h = client_new(&(struct http_options){.connect_ms = 200});

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *const list[] = {"X-First: 1", lines[i].line, NULL};
		struct http_request rq = {
		    .url = "http://127.0.0.1:1/", .headers = list};
		struct result x = {0};
		bool started = client_start(h, rq, &x) != NULL;
		char what[64];

		client_run(h);
		(void)snprintf(what, sizeof(what), "header %zu is %s", i,
		    lines[i].fine ? "one" : "none");
		OK(started == lines[i].fine &&
			(started || strstr(x.error, "header") != NULL),
		    what);
	}
	http_free(h);
}

static void
policy(void)
{
	static char big[HTTP_HEADERS_MAX + 20];
	struct result last = {0};
	struct http *h;

	(void)setenv(
	    "IDENTITY_ENDPOINT", "http://169.254.1.9:8081/msi/token?x=y", 1);
	h = client_new(&(struct http_options){.connect_ms = 200});
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct http_request rq = {
		    .url = urls[i].url, .allow_plain = urls[i].allow_plain};
		struct result x = {0};
		bool started = client_start(h, rq, &x) != NULL;
		char what[128];

		client_run(h);
		(void)snprintf(what, sizeof(what), "'%.100s'", urls[i].url);
		for (char *s = what; *s != '\0'; s++)
			*s = *s == '#' || *s == '\n' || *s == '\\' ? '?' : *s;
		if (urls[i].may == NO_URL)
			OK(!started || x.failure == HTTP_FORBIDDEN, what);
		else
			OK(started && (x.failure == HTTP_FORBIDDEN) ==
					  (urls[i].may == NO),
			    what);
		if (x.failure == HTTP_FORBIDDEN && x.error[0] == '\0')
			OK(false, "it says why");
	}
	memset(big, 'a', sizeof(big) - 1);
	memcpy(big, "http://127.0.0.1:1/", 19);
	OK(client_start(h, (struct http_request){.url = big}, &last) == NULL &&
		strstr(last.error, "too long") != NULL,
	    "an endless URL");
	http_free(h);
	(void)unsetenv("IDENTITY_ENDPOINT");
}

static void
places(void)
{
	static const struct {
		const char *host;
		enum httpurl_place place;
	} t[] = {{"127.0.0.1", HTTPURL_LOOPBACK},
	    {"127.1.2.3", HTTPURL_LOOPBACK}, {"[::1]", HTTPURL_LOOPBACK},
	    {"[0:0:0:0:0:0:0:1]", HTTPURL_LOOPBACK},
	    {"localhost", HTTPURL_LOCALHOST}, {"LOCALHOST", HTTPURL_LOCALHOST},
	    {"169.254.169.254", HTTPURL_METADATA},
	    {"169.254.170.2", HTTPURL_METADATA},
	    {"169.254.170.23", HTTPURL_METADATA},
	    {"[fd00:ec2::23]", HTTPURL_METADATA},
	    {"[fd00:0ec2:0:0::23]", HTTPURL_METADATA},
	    {"[fd00:ec2::254]", HTTPURL_ELSEWHERE},
	    {"169.254.0.1", HTTPURL_LINK_LOCAL},
	    {"[fe80::1]", HTTPURL_LINK_LOCAL},
	    {"[febf::1]", HTTPURL_LINK_LOCAL}, {"[fec0::1]", HTTPURL_ELSEWHERE},
	    {"[]", HTTPURL_ELSEWHERE}, {"", HTTPURL_ELSEWHERE},
	    {"[", HTTPURL_ELSEWHERE}, {"126.255.255.255", HTTPURL_ELSEWHERE},
	    {"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]",
		HTTPURL_ELSEWHERE}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		OK(httpurl_place(t[i].host) == t[i].place, t[i].host);
}

static void
shown(void)
{
	static const struct {
		const char *url, *shown;
	} t[] = {
	    {"https://h/p", "https://h/p"},
	    {"https://h/p?prefix=a&X-Amz-Signature=ab12&list-type=2",
		"https://h/p?prefix=a&X-Amz-Signature=..&list-type=2"},
	    {"https://h?sig=x", "https://h?sig=.."},
	    {"https://u:p@h/a@b?uploads&se=", "https://h/a@b?uploads&se=.."},
	    {"u:p@h", "h"},
	    {"https://h/?a=b=c&prefix=?&d", "https://h/?a=..&prefix=?&d"},
	    {"https://h/p?prefix#sig=x", "https://h/p?prefix"},
	    {"https://h/?PREFIX=s", "https://h/?PREFIX=.."},
	};
	struct buf b = BUF_INIT(1000);

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_reset(&b);
		httpurl_show(&b, t[i].url);
		IS(b.p, t[i].shown, "a URL without its secrets");
	}
	buf_clear(&b);
}

static void
retry_after(void)
{
	static const struct {
		const char *head; /* its lines, each with its end */
		int64_t ms;
	} t[] = {
	    {"", -1},
	    {"Retry-After: 0\r\n", 0},
	    {"Retry-After: 17\r\n", 17000},
	    {"retry-after:17  \r\n", 17000},
	    {"Retry-After: 0.3\r\n", 1000},
	    {"Retry-After: 3600\r\n", 3600000},
	    {"Retry-After: 3601\r\n", 3600000},
	    {"Retry-After: 99999999999999999999999999\r\n", 3600000},
	    {"Retry-After: -5\r\n", -1},
	    {"Retry-After: +5\r\n", -1},
	    {"Retry-After: 5 s\r\n", -1},
	    {"Retry-After: 1.x\r\n", -1},
	    {"Retry-After: soon\r\n", -1},
	    {"Retry-After:\r\n", -1},
	    {"Retry-After: 1\r\nRetry-After: 2\r\n", 2000},
	    {"Retry-After: Thu, 01 Jan 1970 00:01:40 GMT\r\n", 90000},
	    {"Retry-After: Thu, 01 Jan 1970 00:00:05 GMT\r\n", 0},
	    {"Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n", 3600000},
	    {"Retry-After: Thu, 01 Jan 1970 00:01:40\r\n", -1},
	    {"Date: Thu, 01 Jan 1970 00:01:10 GMT\r\n"
	     "Retry-After: Thu, 01 Jan 1970 00:01:40 GMT\r\n",
		30000},
	    {"Date: today\r\n"
	     "Retry-After: Thu, 01 Jan 1970 00:01:40 GMT\r\n",
		90000},
	};

	clock_inject(5000, 10000);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct http_headers h;
		struct http_reply r = {.headers = &h};
		const char *s = t[i].head, *end;

		httphead_init(&h);
		for (; *s != '\0'; s = end) {
			end = strchr(s, '\n') + 1;
			(void)httphead_add(&h, s, (size_t)(end - s));
		}
		OK(http_retry_after_ms(&r) == t[i].ms, "Retry-After");
		if (http_retry_after_ms(&r) != t[i].ms)
			printf("# %s got %lld\n", t[i].head,
			    (long long)http_retry_after_ms(&r));
		httphead_free(&h);
	}
}

static void
headers(void)
{
	struct http_headers h;
	struct http_reply r = {.headers = &h};
	char line[2000];
	int n = 0;

	httphead_init(&h);
	OK(http_header(&r, "a") == NULL, "no header");
	(void)httphead_add(&h, " folded into nothing\r\n", 22);
	(void)httphead_add(&h, "A:\t b c \r\n", 10);
	(void)httphead_add(&h, ": no name\r\n", 11);
	(void)httphead_add(&h, "AB: d\n", 6);
	(void)httphead_add(&h, "E:f\0g\r\n", 7);
	IS(http_header(&r, "a"), "b c", "white space goes");
	IS(http_header(&r, "ab"), "d", "a name is compared whole");
	OK(http_header(&r, "e") == NULL && http_header(&r, "") == NULL,
	    "a line with a NUL, or without a name, is left out");
	(void)httphead_add(&h, "a:2\r\n", 5);
	(void)httphead_add(&h, "\t3\r\n", 4);
	(void)httphead_add(&h, " \r\n", 3);
	IS(http_header(&r, "A"), "2 3", "the last one, unfolded");
	memset(line, 'x', sizeof(line));
	line[1] = ':';
	while (httphead_add(&h, line, sizeof(line)))
		n++;
	OK(n == 32, "64 KiB and no more");
	httphead_reset(&h);
	OK(http_header(&r, "A") == NULL && !httphead_add(&h, "a:b\r\n", 5),
	    "interim replies count too");
	httphead_free(&h);
	OK(httphead_status("HTTP/1.1 204\r\n", 14) == 204 &&
		httphead_status("HTTP/1.0 503 Oh\r\n", 17) == 503 &&
		httphead_status("HTTP/1.1 2x4 OK\r\n", 17) == 0 &&
		httphead_status("HTTP/1.1\r\n", 10) == 0 &&
		httphead_status("A: HTTP/1.1 204", 15) == 0,
	    "status lines");
}

static size_t
read_back(int fd, char *to, size_t n)
{
	ssize_t r = pread(fd, to, n - 1, 0);

	to[r > 0 ? r : 0] = '\0';
	return r > 0 ? (size_t)r : 0;
}

/* All that is said on stderr at the highest level, of an exchange full of
 * secrets. */
static void
secrets(void)
{
	static const struct step script[] = {{EXPECT, 0, 0},
	    {SEND,
		"HTTP/1.1 200 OK\r\nx-ms-request-id: id-7\r\n"
		"Set-Cookie: s3cret5\r\nContent-Length: 7\r\n\r\ns3cret6",
		0},
	    {END, 0, 0}};
	static const char *const with[] = {"Authorization: Bearer s3cret1",
	    "x-amz-security-token: s3cret2", "X-aws-ec2-metadata-token:s3cret3",
	    NULL};
	struct http *h;
	struct http_request rq = {.method = "POST",
	    .headers = with,
	    .body = "client_secret=s3cret4",
	    .body_len = 21};
	struct result x = {0};
	struct server s;
	char url[256], said[20000];
	int keep = dup(STDERR_FILENO);
	int fd = memfd_create("stderr", 0);

	(void)setenv("HTTPS_PROXY", "http://me:s3cret8@127.0.0.1:1", 1);
	h = client_new(&(struct http_options){0});
	server_start(&s, script, NULL);
	log_init("t");
	log_use_json(false);
	for (int i = 0; i < 5; i++)
		log_more();
	(void)dup2(fd, STDERR_FILENO);
	(void)snprintf(url, sizeof(url),
	    "http://127.0.0.1:%d/path?X-Amz-Signature=s3cret7&prefix=p",
	    s.port);
	rq.url = url;
	client_fetch(h, rq, &x);
	rq.url = "http://u:s3cret9@127.0.0.1/";
	client_fetch(h, rq, &x);
	rq.url = "https://host.invalid/?sig=s3cret10";
	client_fetch(h, rq, &x);
	http_free(h);
	server_stop(&s);
	(void)dup2(keep, STDERR_FILENO);
	(void)close(keep);
	(void)unsetenv("HTTPS_PROXY");
	OK(read_back(fd, said, sizeof(said)) > 0, "something is said");
	OK(strstr(said, "s3cret") == NULL, "no secret among it");
	OK(strstr(said, "/path?X-Amz-Signature=..&prefix=p: 200") != NULL &&
		strstr(said, "request id id-7") != NULL &&
		strstr(said, "headers: Authorization, x-amz-security-token, "
			     "X-aws-ec2-metadata-token\n") != NULL,
	    "what helps to find a fault is");
	if (strstr(said, "s3cret") != NULL)
		printf("# %s\n", said);
	(void)close(fd);
}

static void
bypasses(void)
{
	static const struct {
		const char *list, *host;
		bool yes;
	} t[] = {{NULL, "a.example", false}, {"", "a.example", false},
	    {"*", "a.example", true}, {"a,*", "b.example", false},
	    {"a.example", "a.example", true}, {"A.Example", "a.exAMPle", true},
	    {"example", "a.example", true}, {".example", "a.example", true},
	    {".example", "example", true}, {"ample", "a.example", false},
	    {"a.example.", "a.example", true},
	    {"a.example", "a.example.", true},
	    {"b.example", "a.example", false},
	    {"x, y ,a.example", "a.example", true},
	    {"x\ty a.example", "a.example", true}, {",,.,", "a.example", false},
	    {"10.0.0.1", "10.0.0.1", true}, {"10.0.0.1", "10.0.0.10", false},
	    {"0.0.1", "10.0.0.1", false}, {"10.0.0.0/8", "10.9.8.7", true},
	    {"10.0.0.0/8", "11.9.8.7", false},
	    {"10.0.0.0/12", "10.15.0.1", true},
	    {"10.0.0.0/12", "10.16.0.1", false},
	    {"10.0.0.0/0", "192.0.2.1", true},
	    {"10.0.0.0/33", "10.0.0.1", false},
	    {"10.0.0.0/", "10.0.0.1", false}, {"10.0.0.0/x", "10.0.0.1", false},
	    {"2001:db8::1", "[2001:db8::1]", true},
	    {"[2001:db8::1]", "[2001:db8:0::1]", true},
	    {"2001:db8::/32", "[2001:db8:5::1]", true},
	    {"2001:db8::/32", "[2001:db9::1]", false},
	    {"2001:db8::/31", "[2001:db9::1]", true},
	    {"::/0", "10.0.0.1", false}, {"0.0.0.0/0", "a.example", false}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char name[128];

		(void)snprintf(name, sizeof(name), "NO_PROXY '%s', host '%s'",
		    t[i].list != NULL ? t[i].list : "(none)", t[i].host);
		OK(httpurl_bypass(t[i].list, t[i].host) == t[i].yes, name);
	}
}

int
main(void)
{
	bypasses();
	(void)unsetenv("HTTPS_PROXY");
	(void)unsetenv("https_proxy");
	policy();
	request_headers();
	places();
	shown();
	headers();
	secrets();
	retry_after();
	return tap_done();
}
