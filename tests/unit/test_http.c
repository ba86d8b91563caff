/* common/http over plain connections: every way an exchange can go. */
#include <signal.h>
#include <unistd.h>

#define LB_INJECT 1 /* clock_inject() */
#include "clock.h"
#include "httpclient.h"
#include "httpserver.h"
#include "tap.h"

#define HEAD_OK "HTTP/1.1 200 OK\r\n"
#define URL_MAX 256

static void
url_of(char out[URL_MAX], const struct server *s, const char *path)
{
	(void)snprintf(out, URL_MAX, "http://127.0.0.1:%d%s", s->port, path);
}

/* One request to a server with this script. */
static void
once(const struct step *script, const struct http_options *o,
    struct http_request rq, struct result *x)
{
	struct http *h = client_new(o);
	struct server s;
	char url[URL_MAX];

	server_start(&s, script, NULL);
	url_of(url, &s, "/");
	rq.url = url;
	client_fetch(h, rq, x);
	http_free(h);
	server_stop(&s);
}

/* Replies, whole and broken, and what must be said of them. */
static const struct {
	const char *what;
	struct step script[6];
	enum http_failure failure;
	int status;
	const char *body;
	bool data; /* with on_data */
} replies[] = {
    {"a reply",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "Content-Length: 5\r\n\r\nhello", 0}},
	HTTP_NONE, 200, "hello", false},
    {"a reply given out in pieces",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "Content-Length: 5\r\n\r\nhe", 0},
	    {SLEEP, 0, 20}, {SEND, "llo", 0}},
	HTTP_NONE, 200, "hello", true},
    {"an error reply is collected, not given out",
	{{EXPECT, 0, 0},
	    {SEND, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope",
		0}},
	HTTP_NONE, 404, "nope", true},
    {"chunks",
	{{EXPECT, 0, 0}, {SEND,
			     HEAD_OK "Transfer-Encoding: chunked\r\n\r\n"
				     "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
			     0}},
	HTTP_NONE, 200, "abcde", false},
    {"a trailer is not a header",
	{{EXPECT, 0, 0},
	    {SEND,
		HEAD_OK "Content-Type: a\r\nTransfer-Encoding: chunked\r\n\r\n"
			"1\r\nx\r\n0\r\nContent-Type: evil\r\n\r\n",
		0}},
	HTTP_NONE, 200, "x", false},
    {"a body that ends with the connection",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "\r\nall of it", 0}}, HTTP_NONE, 200,
	"all of it", false},
    {"no body", {{EXPECT, 0, 0}, {SEND, "HTTP/1.1 204 No Content\r\n\r\n", 0}},
	HTTP_NONE, 204, "", true},
    {"an interim reply first",
	{{EXPECT, 0, 0},
	    {SEND,
		"HTTP/1.1 103 Early Hints\r\nContent-Type: "
		"wrong\r\n\r\n" HEAD_OK "Content-Length: 2\r\n\r\nok",
		0}},
	HTTP_NONE, 200, "ok", false},
    {"a redirect is not followed",
	{{EXPECT, 0, 0},
	    {SEND,
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
		"Content-Length: 0\r\n\r\n",
		0}},
	HTTP_NONE, 302, "", false},
    {"content encoding is not undone",
	{{EXPECT, 0, 0},
	    {SEND,
		HEAD_OK
		"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nraw",
		0}},
	HTTP_NONE, 200, "raw", true},
    {"reset before the reply", {{EXPECT, 0, 0}, {RESET, 0, 0}}, HTTP_CUT, 0, "",
	false},
    {"closed before the reply", {{EXPECT, 0, 0}}, HTTP_CUT, 0, "", false},
    {"cut inside the status line", {{EXPECT, 0, 0}, {SEND, "HTTP/1.1 2", 0}},
	HTTP_CUT, 0, "", false},
    {"cut inside the headers",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "Content-Len", 0}}, HTTP_CUT, 200, "",
	false},
    {"reset inside the headers",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "A: b\r\n", 0}, {SLEEP, 0, 20},
	    {RESET, 0, 0}},
	HTTP_CUT, 200, "", false},
    {"cut inside the body",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "Content-Length: 9\r\n\r\nhello", 0}},
	HTTP_CUT, 200, "hello", false},
    {"cut inside a body given out",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "Content-Length: 9\r\n\r\nhello", 0}},
	HTTP_CUT, 200, "hello", true},
    {"reset inside the body",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "Content-Length: 9\r\n\r\nhello", 0},
	    {SLEEP, 0, 20}, {RESET, 0, 0}},
	HTTP_CUT, 200, "hello", true},
    {"cut inside an error's body",
	{{EXPECT, 0, 0},
	    {SEND, "HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nhello", 0}},
	HTTP_CUT, 403, "hello", false},
    {"more than the length: the rest is not the reply's",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "Content-Length: 2\r\n\r\nhello", 0}},
	HTTP_NONE, 200, "he", false},
    {"cut between chunks",
	{{EXPECT, 0, 0},
	    {SEND, HEAD_OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		0}},
	HTTP_CUT, 200, "abc", true},
    {"cut inside a chunk",
	{{EXPECT, 0, 0},
	    {SEND, HEAD_OK "Transfer-Encoding: chunked\r\n\r\n9\r\nabc", 0}},
	HTTP_CUT, 200, "abc", true},
    {"a chunk without a length",
	{{EXPECT, 0, 0},
	    {SEND, HEAD_OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 0}},
	HTTP_CUT, 200, "", true},
    {"not HTTP", {{EXPECT, 0, 0}, {SEND, "SSH-2.0-OpenSSH_9.2\r\n", 0}},
	HTTP_CUT, 0, "", true},
    {"a header line that is none",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "nonsense\r\n\r\n", 0}}, HTTP_CUT, 200,
	"", true},
    {"one header line over the limit",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "A: ", 0}, {FILL, 0, 200000},
	    {SEND, "\r\n\r\n", 0}},
	HTTP_TOO_LARGE, 200, "", false},
    {"a header line just over the limit",
	{{EXPECT, 0, 0}, {SEND, HEAD_OK "A: ", 0}, {FILL, 0, HTTP_HEADERS_MAX},
	    {SEND, "\r\n\r\n", 0}},
	HTTP_TOO_LARGE, 200, "", false},
};

static void
all_replies(void)
{
	const struct http_options o = {.user_agent = "test/1"};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		struct http_request rq = {
		    .on_data = replies[i].data ? result_data : NULL};
		struct result x = {0};

		once(replies[i].script, &o, rq, &x);
		OK(x.done == 1 && x.failure == replies[i].failure &&
			x.status == replies[i].status,
		    replies[i].what);
		IS(x.body, replies[i].body, "its body");
		OK((x.failure == HTTP_NONE) == (x.error[0] == '\0'),
		    "an error text with a failure only");
		if (x.failure != replies[i].failure)
			printf("# failure %d status %d: %s\n", x.failure,
			    x.status, x.error);
	}
}

static void
many_headers(void)
{
	static const struct step script[] = {{EXPECT, 0, 0},
	    {SEND,
		HEAD_OK "x-ms-request-id:  abc-1 \t\r\nA: one\r\n"
			"X-Amz-Request-Id: IGNORED CR\r\nretry-after: 7\r\n"
			"a: two\r\nContent-Type: text/\r\n plain\r\n"
			"Empty:\r\nContent-Length: 0\r\n\r\n",
		0},
	    {END, 0, 0}};
	struct result x = {0};

	once(script, &(struct http_options){0}, (struct http_request){0}, &x);
	IS(x.id, "IGNORED", "the request id ends at white space");
	IS(x.type, "text/ plain", "a folded header is one");
	OK(x.retry_after == 7000, "Retry-After");
	OK(x.heads == 1, "on_head is called once");
}

static void
limits(void)
{
	static const struct step big[] = {{EXPECT, 0, 0},
	    {SEND, HEAD_OK "Content-Length: 5000\r\n\r\n", 0}, {FILL, 0, 5000},
	    {END, 0, 0}};
	static const struct step error[] = {{EXPECT, 0, 0},
	    {SEND, "HTTP/1.1 403 No\r\n\r\n", 0}, {FILL, 0, 100000000},
	    {END, 0, 0}};
	struct http_request rq = {.max_reply = 4999};
	struct result x = {0};

	once(big, &(struct http_options){0}, rq, &x);
	OK(x.failure == HTTP_TOO_LARGE && x.status == 200,
	    "a reply over its limit");
	rq.max_reply = 5000;
	once(big, &(struct http_options){0}, rq, &x);
	OK(x.failure == HTTP_NONE && x.body_len == 5000, "at its limit");
	rq.max_reply = 1000;
	once(error, &(struct http_options){0}, rq, &x);
	OK(x.failure == HTTP_NONE && x.status == 403 && x.body_len == 1000,
	    "of an error reply the rest is dropped");
}

static void
aborts(void)
{
	static const struct step endless[] = {{EXPECT, 0, 0},
	    {SEND, HEAD_OK "\r\n", 0}, {FILL, 0, 100000000}, {END, 0, 0}};
	struct http_request rq = {.on_data = result_data};
	struct result x = {.refuse_data = true};

	once(endless, &(struct http_options){0}, rq, &x);
	OK(x.failure == HTTP_ABORTED && x.status == 200 && x.done == 1,
	    "on_data gives up");
	x.refuse_head = true;
	once(endless, &(struct http_options){0}, rq, &x);
	OK(x.failure == HTTP_ABORTED && x.data == 0, "on_head gives up");
}

static void
refused(void)
{
	struct http *h = client_new(&(struct http_options){0});
	struct http_request rq = {0};
	struct result x = {0};
	struct server s;
	char url[URL_MAX];

	server_start(&s, &(struct step){END, 0, 0}, NULL);
	url_of(url, &s, "/");
	server_stop(&s);
	rq.url = url;
	client_fetch(h, rq, &x);
	OK(x.failure == HTTP_CONNECT && x.status == 0 && x.error[0] != '\0',
	    "connection refused");
	rq.url = "https://name.invalid/";
	client_fetch(h, rq, &x);
	OK(x.failure == HTTP_CONNECT, "no such host");
	http_free(h);
}

static bool
sent_has(struct server *s, const char *text)
{
	bool has;

	(void)pthread_mutex_lock(&s->lock);
	has = strcasestr(s->last, text) != NULL;
	(void)pthread_mutex_unlock(&s->lock);
	if (!has)
		printf("# no '%s' in\n# %s\n", text, s->last);
	return has;
}

static void
requests(void)
{
	static const struct step script[] = {{EXPECT, 0, 0},
	    {SEND, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0},
	    {AGAIN, 0, 0}};
	static const char *const headers[] = {
	    "X-One: 1", "x-empty:", "Content-Type: application/json", NULL};
	static const char *const evil[] = {"A: b\r\nC: d", NULL};
	static char body[1000000];
	struct http *h =
	    client_new(&(struct http_options){.user_agent = "test/1"});
	struct http_request rq = {.headers = headers};
	struct result x = {0};
	struct server s;
	char url[URL_MAX];

	server_start(&s, script, NULL);
	url_of(url, &s, "/a//b/../c%2f./?x=%20&y=a+b");
	rq.url = url;
	client_fetch(h, rq, &x);
	OK(sent_has(&s, "GET /a//b/../c%2f./?x=%20&y=a+b HTTP/1.1\r\n"),
	    "the path is sent as it is");
	OK(sent_has(&s, "\r\nX-One: 1\r\n") && sent_has(&s, "\r\nx-empty:\r\n"),
	    "headers, an empty one too");
	OK(sent_has(&s, "\r\nUser-Agent: test/1\r\n"), "user agent");
	OK(strcasestr(s.last, "accept-encoding") == NULL &&
		strcasestr(s.last, "cookie") == NULL,
	    "nothing else is asked for");
	memset(body, 'b', sizeof(body));
	rq.method = "POST";
	rq.body = body;
	rq.body_len = sizeof(body);
	client_fetch(h, rq, &x);
	OK(x.failure == HTTP_NONE && s.body_bytes == sizeof(body),
	    "a body of a million bytes");
	OK(sent_has(&s, "POST /") &&
		sent_has(&s, "\r\nContent-Length: 1000000\r\n") &&
		sent_has(&s, "\r\nContent-Type: application/json\r\n") &&
		strcasestr(s.last, "expect") == NULL &&
		strcasestr(s.last, "chunked") == NULL,
	    "its length is told, its type is ours, nothing is expected");
	rq.headers = NULL;
	rq.body_len = 0;
	client_fetch(h, rq, &x);
	OK(sent_has(&s, "\r\nContent-Length: 0\r\n") &&
		strcasestr(s.last, "content-type") == NULL,
	    "an empty body");
	rq.method = "PUT";
	rq.body_len = 3;
	client_fetch(h, rq, &x);
	OK(sent_has(&s, "PUT /") && sent_has(&s, "\r\nContent-Length: 3\r\n"),
	    "PUT");
	rq.method = "DELETE";
	rq.body_len = 0;
	client_fetch(h, rq, &x);
	OK(sent_has(&s, "DELETE /") &&
		strcasestr(s.last, "content-length") == NULL,
	    "DELETE");
	OK(s.connections == 1 && s.requests == 5, "all on one connection");
	rq.headers = evil;
	OK(client_start(h, rq, &x) == NULL, "a header with a line end");
	http_free(h);
	server_stop(&s);
}

static void
head_request(void)
{
	static const struct step script[] = {{EXPECT, 0, 0},
	    {SEND, HEAD_OK "Content-Length: 1234\r\n\r\n", 0}, {AGAIN, 0, 0}};
	struct result x = {0};

	once(script, &(struct http_options){0},
	    (struct http_request){.method = "HEAD"}, &x);
	OK(x.failure == HTTP_NONE && x.status == 200 && x.body_len == 0,
	    "HEAD has no body");
}

static void
parallel(void)
{
	static const struct step script[] = {{EXPECT, 0, 0}, {SLEEP, 0, 20},
	    {SEND, HEAD_OK "Content-Length: 2\r\n\r\nok", 0}, {AGAIN, 0, 0}};
	static struct result x[100];
	struct http *h = client_new(&(struct http_options){.connections = 100});
	struct http_request rq = {.on_data = result_data};
	struct server s;
	char url[URL_MAX];
	int good = 0, first;

	server_start(&s, script, NULL);
	url_of(url, &s, "/");
	rq.url = url;
	for (int i = 0; i < 100; i++)
		(void)client_start(h, rq, &x[i]);
	OK(http_running(h) == 100, "a hundred under way");
	client_run(h);
	for (int i = 0; i < 100; i++)
		good += x[i].failure == HTTP_NONE && x[i].data == 2 &&
			x[i].done == 1;
	OK(good == 100 && s.requests == 100, "a hundred replies");
	first = s.connections;
	for (int i = 0; i < 100; i++)
		(void)client_start(h, rq, &x[i]);
	client_run(h);
	OK(s.connections == first && s.requests == 200,
	    "a second hundred takes no new connection");
	http_free(h);
	server_stop(&s);
}

/* A chain: each end starts the next, and cancels one. */
struct chain {
	struct http *h;
	struct http_call *victim, *hanging;
	const char *url;
	int left, ends, victims;
};

static void
victim_done(void *ctx, const struct http_reply *r)
{
	(void)r;
	((struct chain *)ctx)->victims++;
}

static void chain_start(struct chain *c);

static bool
chain_data(void *ctx, const char *p, size_t n)
{
	struct chain *c = ctx;

	(void)p;
	(void)n;
	/* A pair of them from inside libcurl: one goes on, one never starts. */
	if (c->victim == NULL) {
		struct fault f = {0};
		struct http_request rq = {.method = "GET",
		    .url = c->url,
		    .on_done = victim_done,
		    .ctx = c};

		c->victim = http_start(c->h, &rq, &f);
		http_cancel(http_start(c->h, &rq, &f));
	}
	return true;
}

static void
chain_done(void *ctx, const struct http_reply *r)
{
	struct chain *c = ctx;

	if (r->failure == HTTP_NONE)
		c->ends++;
	http_cancel(c->victim);
	c->victim = NULL;
	http_cancel(c->hanging);
	c->hanging = NULL;
	if (--c->left > 0)
		chain_start(c);
}

static void
chain_start(struct chain *c)
{
	struct fault f = {0};
	struct http_request rq = {.method = "POST",
	    .url = c->url,
	    .body = "hi",
	    .body_len = 2,
	    .on_data = chain_data,
	    .on_done = chain_done,
	    .ctx = c};

	(void)http_start(c->h, &rq, &f);
}

static void
callbacks(void)
{
	static const struct step script[] = {{EXPECT, 0, 0},
	    {SEND, HEAD_OK "Content-Length: 2\r\n\r\nok", 0}, {AGAIN, 0, 0}};
	static const struct step hang[] = {{EXPECT, 0, 0}, {WAIT, 0, 0}};
	struct chain c = {.left = 50};
	struct fault f = {0};
	struct http_request rq = {
	    .method = "GET", .on_done = victim_done, .ctx = &c};
	struct server s, deaf;
	char url[URL_MAX], deaf_url[URL_MAX];

	server_start(&s, script, NULL);
	server_start(&deaf, hang, NULL);
	url_of(url, &s, "/");
	url_of(deaf_url, &deaf, "/");
	c.h = client_new(&(struct http_options){0});
	c.url = url;
	rq.url = deaf_url;
	c.hanging = http_start(c.h, &rq, &f);
	chain_start(&c);
	client_run(c.h);
	OK(c.ends == 50, "requests started by the end of others");
	OK(c.victims == 0, "a cancelled request ends in silence");
	c.hanging = http_start(c.h, &rq, &f);
	for (int i = 0; i < 5; i++)
		(void)http_poll(c.h, NULL, 0, 10, &f);
	http_cancel(c.hanging);
	OK(http_running(c.h) == 0 && c.victims == 0, "cancelled from outside");
	c.hanging = http_start(c.h, &rq, &f);
	(void)http_poll(c.h, NULL, 0, 10, &f);
	http_free(c.h); /* with one under way */
	OK(c.victims == 0, "freed with one under way");
	server_stop(&s);
	server_stop(&deaf);
}

/* An abrupt end while we send: no SIGPIPE, which would kill this test. */
static void
broken_pipe(void)
{
	static const struct step script[] = {{SLEEP, 0, 20}, {RESET, 0, 0}};
	static const struct step early[] = {
	    {SEND,
		"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n"
		"Connection: close\r\n\r\n",
		0},
	    {SLEEP, 0, 200}, {END, 0, 0}};
	static const struct step too_early[] = {
	    {SEND, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", 0},
	    {SLEEP, 0, 200}, {END, 0, 0}};
	static const struct step with_body[] = {
	    {SEND, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0},
	    {SLEEP, 0, 200}, {END, 0, 0}};
	static char body[8000000];
	struct http_request rq = {
	    .method = "POST", .body = body, .body_len = sizeof(body)};
	struct result x = {0};

	once(script, &(struct http_options){0}, rq, &x);
	OK(x.failure == HTTP_CUT, "reset while sending");
	once(early, &(struct http_options){0}, rq, &x);
	OK(x.failure == HTTP_NONE && x.status == 413,
	    "a reply before the request was read");
	/* What was not sent, nobody can have accepted. */
	once(too_early, &(struct http_options){0}, rq, &x);
	OK(x.failure == HTTP_CUT, "success before the request was sent");
	printf("# %s\n", x.error);
	once(with_body, &(struct http_options){0}, rq, &x);
	OK(x.failure == HTTP_CUT, "the same with a body");
	printf("# %s\n", x.error);
}

/* A kept connection that the server closed is replaced in silence. */
static void
stale(void)
{
	static const struct step script[] = {{EXPECT, 0, 0},
	    {SEND, HEAD_OK "Content-Length: 2\r\n\r\nok", 0}, {END, 0, 0}};
	struct http *h = client_new(&(struct http_options){0});
	struct http_request rq = {
	    .method = "POST", .body = "abc", .body_len = 3};
	struct result x = {0};
	struct server s;
	char url[URL_MAX];
	int good = 0;

	server_start(&s, script, NULL);
	url_of(url, &s, "/");
	rq.url = url;
	for (int i = 0; i < 20; i++) {
		client_fetch(h, rq, &x);
		good += x.failure == HTTP_NONE;
	}
	OK(good == 20 && s.connections >= 20 && s.requests == 20,
	    "closed connections are not reused");
	http_free(h);
	server_stop(&s);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

static void
polling(void)
{
	static const struct step hang[] = {{EXPECT, 0, 0}, {WAIT, 0, 0}};
	struct http *h = client_new(&(struct http_options){0});
	struct http_request rq = {0};
	struct fault f = {0};
	struct result x = {0};
	struct sigaction sa = {.sa_handler = on_alarm};
	struct pollfd fds[3] = {{.fd = -1, .events = POLLIN}};
	struct server s;
	char url[URL_MAX];
	int in[2], out[2];
	bool ok = true;

	if (pipe(in) != 0 || pipe(out) != 0)
		return;
	server_start(&s, hang, NULL);
	url_of(url, &s, "/");
	rq.url = url;
	(void)client_start(h, rq, &x);
	fds[1] = (struct pollfd){.fd = in[0], .events = POLLIN};
	fds[2] = (struct pollfd){.fd = out[1], .events = 0};
	for (int i = 0; i < 5; i++)
		ok = http_poll(h, fds, 3, 5, &f) && ok;
	OK(ok && fds[0].revents == 0 && fds[1].revents == 0 &&
		fds[2].revents == 0,
	    "nothing happens");
	(void)!write(in[1], "x", 1);
	while (fds[1].revents == 0 && ok)
		ok = http_poll(h, fds, 3, -1, &f);
	OK(ok && fds[1].revents == POLLIN && fds[2].revents == 0,
	    "a readable descriptor wakes");
	fds[1].fd = -1;
	(void)close(out[0]);
	while (fds[2].revents == 0 && ok)
		ok = http_poll(h, fds, 3, -1, &f);
	OK(ok && fds[2].revents == POLLERR && fds[1].revents == 0,
	    "a pipe whose reader left wakes, though nothing was asked of it");
	fds[2].fd = -1;
	(void)sigaction(SIGALRM, &sa, NULL);
	(void)ualarm(30000, 30000);
	OK(http_poll(h, fds, 3, 60000, &f), "a signal ends the wait");
	(void)ualarm(0, 0);
	OK(http_running(h) == 1 && x.done == 0, "the request goes on");
	http_free(h);
	server_stop(&s);
	for (int i = 0; i < 2; i++) {
		(void)close(in[i]);
		if (i > 0)
			(void)close(out[i]);
	}
}

/* The rest stops the clock and moves it by hand. */
static int64_t now_ms = 1000;

static void
tick(int64_t ms)
{
	now_ms += ms;
	clock_inject(now_ms, now_ms);
}

/* Poll until all have ended, each turn taking ms of the clock. */
static void
run_clock(struct http *h, int64_t ms)
{
	struct fault f = {0};

	while (http_running(h) > 0 && http_poll(h, NULL, 0, 5, &f))
		tick(ms);
}

static bool
slow_data(void *ctx, const char *p, size_t n)
{
	tick(600000); /* our own output is blocked for ten minutes */
	return result_data(ctx, p, n);
}

static bool
less_slow_data(void *ctx, const char *p, size_t n)
{
	tick(900);
	return result_data(ctx, p, n);
}

static void
stalls(void)
{
	static const struct step drip[] = {{EXPECT, 0, 0},
	    {SEND, HEAD_OK "Content-Length: 9\r\n\r\n", 0}, {SLEEP, 0, 30},
	    {SEND, "a", 0}, {SLEEP, 0, 30}, {SEND, "b", 0}, {SLEEP, 0, 30},
	    {SEND, "c", 0}, {WAIT, 0, 0}};
	const struct http_options o = {.stall_ms = 1000};
	struct http *h = client_new(&o);
	struct http_request rq = {.on_data = less_slow_data};
	struct fault f = {0};
	struct result x = {0};
	struct server s;
	char url[URL_MAX];

	server_start(&s, drip, NULL);
	url_of(url, &s, "/");
	rq.url = url;
	(void)client_start(h, rq, &x);
	while (x.data < 3 && x.done == 0)
		(void)http_poll(h, NULL, 0, 5, &f);
	OK(x.data == 3 && x.done == 0, "slowness is no failure");
	run_clock(h, 100);
	OK(x.failure == HTTP_TIMEOUT && x.status == 200 &&
		strstr(x.error, "silent") != NULL,
	    "silence is one");
	rq.deadline_ms = 900;
	(void)client_start(h, rq, &x);
	run_clock(h, 100);
	OK(x.failure == HTTP_TIMEOUT &&
		strstr(x.error, "took too long") != NULL,
	    "a deadline");
	http_free(h);
	server_stop(&s);
}

/* A byte now and then is no silence, but nothing to wait for without end. */
static void
drips(void)
{
	enum { PIECES = 100 };
	static const struct {
		struct step piece;
		const char *head, *error, *what;
		enum http_failure want;
	} cases[] = {
	    {{FILL, 0, 1}, HEAD_OK "Content-Length: 9999\r\n\r\n", "too slow",
		"a body that drips", HTTP_TIMEOUT},
	    {{SEND, "X: y\r\n", 0}, "HTTP/1.1 200 OK\r\n", "too slow",
		"headers that drip", HTTP_TIMEOUT},
	    {{FILL, 0, HTTP_SLOW_BYTES},
		HEAD_OK "Content-Length: 1638400\r\n\r\n", "",
		"one that pauses is fast enough", HTTP_NONE},
	};
	const struct http_options o = {.stall_ms = 100};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct step script[3 + 2 * PIECES] = {
		    {EXPECT, 0, 0}, {SEND, cases[i].head, 0}};
		struct http *h = client_new(&o);
		struct result x = {0};
		struct http_request rq = {.on_data = result_data};
		struct fault f = {0};
		struct server s;
		char url[URL_MAX];

		for (int k = 0; k < PIECES; k++) {
			script[2 + 2 * k] = cases[i].piece;
			script[3 + 2 * k] = (struct step){SLEEP, 0, 5};
		}
		script[2 + 2 * PIECES].op = WAIT;
		server_start(&s, script, NULL);
		url_of(url, &s, "/");
		rq.url = url;
		(void)client_start(h, rq, &x);
		/* Each turn takes a fifth of a stall; the server is heard in
		 * one of four at least. */
		while (x.done == 0 && http_poll(h, NULL, 0, 1000, &f))
			tick(20);
		OK(x.failure == cases[i].want &&
			strstr(x.error, cases[i].error) != NULL,
		    cases[i].what);
		http_free(h);
		server_stop(&s);
	}
}

/* A program held up by its own output blames nobody. */
static void
held_up(void)
{
	static const struct step first[] = {{EXPECT, 0, 0},
	    {SEND, HEAD_OK "Content-Length: 2\r\n\r\na", 0}, {SLEEP, 0, 50},
	    {SEND, "b", 0}, {WAIT, 0, 0}};
	static const struct step other[] = {{EXPECT, 0, 0}, {SLEEP, 0, 100},
	    {SEND, HEAD_OK "Content-Length: 2\r\n\r\nok", 0}, {WAIT, 0, 0}};
	struct http *h = client_new(&(struct http_options){0});
	struct http_request rq = {.on_data = slow_data};
	struct result x = {0}, y = {0};
	struct server s, t;
	char url[URL_MAX], url2[URL_MAX];

	server_start(&s, first, NULL);
	server_start(&t, other, NULL);
	url_of(url, &s, "/");
	url_of(url2, &t, "/");
	rq.url = url;
	(void)client_start(h, rq, &x);
	rq.url = url2;
	rq.on_data = result_data;
	(void)client_start(h, rq, &y);
	run_clock(h, 1);
	OK(y.failure == HTTP_NONE && y.data == 2,
	    "a peer that was silent while we were busy is not at fault");
	OK(x.failure == HTTP_NONE && x.data == 2, "nor is the busy one's");
	http_free(h);
	server_stop(&s);
	server_stop(&t);
}

static void
guid(void)
{
	char a[37], b[37];

	http_guid(a);
	http_guid(b);
	OK(strlen(a) == 36 && a[8] == '-' && a[13] == '-' && a[18] == '-' &&
		a[23] == '-' && a[14] == '4' && strchr("89ab", a[19]) != NULL,
	    "a GUID of version 4");
	OK(strcmp(a, b) != 0, "another one");
}

int
main(void)
{
	all_replies();
	many_headers();
	limits();
	aborts();
	refused();
	requests();
	head_request();
	parallel();
	callbacks();
	broken_pipe();
	stale();
	polling();
	guid();
	tick(0);
	stalls();
	drips();
	held_up();
	return tap_done();
}
