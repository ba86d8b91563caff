/* s3list/lister: a prefix, page by page, against a server that does what no S3
 * should: what is asked again, what is gone on with, and what ends it. */
#include "httpserver.h"

#define LB_INJECT /* the clock is ours */
#include "../../s3list/lister.h"
#include "clock.h"
#include "log.h"
#include "tap.h"

enum { REPLIES = 12, WALL = 1700000000, STEPS = 4 * REPLIES, PAGE = 1 << 20 };

#define MODIFIED "<LastModified>2026-01-02T03:04:05.000Z</LastModified>"
#define KEY(k)   "<Contents><Key>" k "</Key>" MODIFIED "<Size>1</Size></Contents>"
#define LIST(more, rest)                                     \
	"<ListBucketResult><EncodingType>url</EncodingType>" \
	"<IsTruncated>" more "</IsTruncated>" rest "</ListBucketResult>"
#define TOKEN(t) "<NextContinuationToken>" t "</NextContinuationToken>"
#define ERROR(code) \
	"<Error><Code>" code "</Code><Message>told</Message></Error>"

struct reply {
	const char *status; /* NULL: the connection is reset */
	const char *body;
	const char *asked; /* what the request has to hold, or NULL */
};

struct scene {
	const char *what;
	struct reply replies[REPLIES];
	int64_t give_up_ms; /* 0: six hours */
	const char *keys;   /* that were given */
	enum lister_state end;
	enum exitcode code; /* of a failure: and its words */
	const char *says;
};

static const struct scene scenes[] = {
    {"two pages",
	{{.status = "200",
	     .body = LIST("true", KEY("p/a") KEY("p/b") TOKEN("t/+="))},
	    {.status = "200",
		.body = LIST("false", KEY("p/c")),
		.asked = "continuation-token=t%2F%2B%3D"}},
	0, "p/a p/b p/c ", LISTER_DONE, 0, ""},
    {"a page without objects in the middle",
	{{.status = "200", .body = LIST("true", KEY("p/a") TOKEN("1"))},
	    {.status = "200",
		.body = LIST("true", TOKEN("2")),
		.asked = "token=1"},
	    {.status = "200",
		.body = LIST("false", KEY("p/b")),
		.asked = "token=2"}},
	0, "p/a p/b ", LISTER_DONE, 0, ""},
    {"a store without tokens: by the last key",
	{{.status = "200", .body = LIST("true", KEY("p/a%20b"))},
	    {.status = "200",
		.body = LIST("false", KEY("p/c")),
		.asked = "start-after=p%2Fa%20b"}},
	0, "p/a b p/c ", LISTER_DONE, 0, ""},
    {"a token that is refused: by the last key",
	{{.status = "200", .body = LIST("true", KEY("p/a") TOKEN("old"))},
	    {.status = "400",
		.body = ERROR("InvalidArgument"),
		.asked = "token=old"},
	    {.status = "200",
		.body = LIST("false", KEY("p/b")),
		.asked = "start-after=p%2Fa"}},
	0, "p/a p/b ", LISTER_DONE, 0, ""},
    {"refused by the last key, too: that ends it",
	{{.status = "200", .body = LIST("true", KEY("p/a") TOKEN("old"))},
	    {.status = "400", .body = ERROR("InvalidArgument")},
	    {.status = "400", .body = ERROR("InvalidArgument")}},
	0, "p/a ", LISTER_FAILED, EXIT_BADCONFIG, "400 InvalidArgument: told"},
    {"the first page is refused: there is nothing to go on from",
	{{.status = "400", .body = ERROR("InvalidArgument")}}, 0, "",
	LISTER_FAILED, EXIT_BADCONFIG, "InvalidArgument"},
    {"the same page again",
	{{.status = "200",
	     .body = LIST("true", KEY("p/a") KEY("p/b") TOKEN("1"))},
	    {.status = "200",
		.body = LIST("true", KEY("p/a") KEY("p/b") TOKEN("2"))}},
	0, "p/a p/b ", LISTER_FAILED, EXIT_BADCONFIG, "same page again"},
    {"empty pages of one token",
	{{.status = "200", .body = LIST("true", KEY("p/a") TOKEN("1"))},
	    {.status = "200", .body = LIST("true", TOKEN("2"))},
	    {.status = "200", .body = LIST("true", TOKEN("2"))}},
	0, "p/a ", LISTER_FAILED, EXIT_BADCONFIG, "ListingStalled"},
    {"pages of one token, though their keys differ",
	{{.status = "200", .body = LIST("true", KEY("p/a") TOKEN("1"))},
	    {.status = "200", .body = LIST("true", KEY("p/b") TOKEN("1"))}},
	0, "p/a ", LISTER_FAILED, EXIT_BADCONFIG, "token that it gave before"},
    {"tokens that go round",
	{{.status = "200", .body = LIST("true", KEY("p/a") TOKEN("0"))},
	    {.status = "200", .body = LIST("true", KEY("p/b") TOKEN("1"))},
	    {.status = "200", .body = LIST("true", KEY("p/c") TOKEN("2"))},
	    {.status = "200", .body = LIST("true", TOKEN("3"))},
	    {.status = "200", .body = LIST("true", KEY("p/b") TOKEN("1"))},
	    {.status = "200", .body = LIST("true", KEY("p/c") TOKEN("2"))},
	    {.status = "200", .body = LIST("true", TOKEN("3"))},
	    {.status = "200", .body = LIST("true", KEY("p/b") TOKEN("1"))},
	    {.status = "200", .body = LIST("true", KEY("p/c") TOKEN("2"))}},
	0, "p/a p/b p/c p/b ", LISTER_FAILED, EXIT_BADCONFIG,
	"token that it gave before"},
    {"an empty page that is not the last, with no way on",
	{{.status = "200", .body = LIST("true", "")}}, 0, "", LISTER_FAILED,
	EXIT_BADCONFIG, "ListingStalled"},
    {"no listing at all",
	{{.status = "200", .body = "<html><body>hello</body></html>"}}, 0, "",
	LISTER_FAILED, EXIT_BADCONFIG, "NotAListing: the answer is no listing"},
    {"an error inside a reply of 200: as a 500 would be",
	{{.status = "200", .body = ERROR("InternalError")},
	    {.status = "200", .body = LIST("false", KEY("p/a"))}},
	0, "p/a ", LISTER_DONE, 0, ""},
    {"broken pages, and then a whole one",
	{{.status = "200", .body = "<ListBucketResult><Contents>"},
	    {.status = "200", .body = ""}, {.status = "200", .body = "{}"},
	    {.status = "200", .body = LIST("false", KEY("p/a") "<")},
	    {.status = "200", .body = LIST("false", KEY("p/a"))}},
	0, "p/a ", LISTER_DONE, 0, ""},
    {"five that are broken end it",
	{{.status = "200", .body = "<x "}, {.status = "200", .body = "x"},
	    {.status = "200", .body = "<ListBucketResult></y>"},
	    {.status = "200", .body = ""}, {.status = "200", .body = "<?x"}},
	0, "", LISTER_FAILED, EXIT_BADCONFIG, "MalformedListing"},
    {"outages of each kind are waited out",
	{{.status = NULL}, {.status = "503", .body = ""},
	    {.status = "500", .body = ERROR("InternalError")},
	    {.status = "429", .body = ""},
	    {.status = "503", .body = ERROR("SlowDown")},
	    {.status = "408", .body = ""},
	    {.status = "200", .body = LIST("false", KEY("p/a"))}},
	0, "p/a ", LISTER_DONE, 0, ""},
    {"until --give-up",
	{{.status = "503", .body = ""}, {.status = "503", .body = ""},
	    {.status = "503", .body = ""}, {.status = "503", .body = ""},
	    {.status = "503", .body = ""}, {.status = "503", .body = ""},
	    {.status = "503", .body = ""}, {.status = "503", .body = ""},
	    {.status = "503", .body = ""}, {.status = "503", .body = ""},
	    {.status = "503", .body = ""}, {.status = "503", .body = ""}},
	90000, "", LISTER_FAILED, EXIT_DOWN, "HTTP503"},
    {"which is at once when it is 0", {{.status = "503", .body = ""}}, -1, "",
	LISTER_FAILED, EXIT_DOWN, "HTTP503"},
    {"denied", {{.status = "403", .body = ERROR("AccessDenied")}}, 0, "",
	LISTER_FAILED, EXIT_DENIED,
	"cannot list 's3://logs/p/': 403 AccessDenied: told"},
    {"no such bucket", {{.status = "404", .body = ERROR("NoSuchBucket")}}, 0,
	"", LISTER_FAILED, EXIT_BADCONFIG, "NoSuchBucket"},
    {"a 404 that is not S3's", {{.status = "404", .body = "not found"}}, 0, "",
	LISTER_FAILED, EXIT_BADCONFIG, "HTTP404"},
    {"gone, which no listing is",
	{{.status = "404", .body = ERROR("NoSuchKey")}}, 0, "", LISTER_FAILED,
	EXIT_BADCONFIG, "NoSuchKey"},
    {"a key outside the prefix",
	{{.status = "200", .body = LIST("false", KEY("q/a"))}}, 0, "",
	LISTER_FAILED, EXIT_BADCONFIG, "does not begin with the prefix"},
};

/* Behind all the pages without a key that may be. */
static const struct scene crowded[] = {
    {"pages without a key, so many",
	{{.status = "200", .body = LIST("true", TOKEN("1"))},
	    {.status = "200", .body = LIST("true", KEY("p/a") TOKEN("2"))},
	    {.status = "200", .body = LIST("false", TOKEN("3"))}},
	0, "p/a ", LISTER_DONE, 0, ""},
    {"one too many",
	{{.status = "200", .body = LIST("true", TOKEN("1"))},
	    {.status = "200", .body = LIST("true", TOKEN("2"))}},
	0, "", LISTER_FAILED, EXIT_BADCONFIG, "page after page without a key"},
};

static char text[REPLIES][4096];

/* The server's part, on one connection or several. */
static void
write_script(const struct scene *s, struct step script[STEPS])
{
	struct step *at = script;
	int n = 0;

	for (int i = 0; i < REPLIES; i++)
		if (s->replies[i].status != NULL)
			n = i + 1;
	for (int i = 0; i < n; i++) {
		const struct reply *r = &s->replies[i];

		*at++ = (struct step){EXPECT, NULL, 0};
		if (r->status == NULL) {
			*at++ = (struct step){NEXT, NULL, 0};
			continue;
		}
		(void)snprintf(text[i], sizeof(text[i]),
		    "HTTP/1.1 %s X\r\nContent-Length: %zu\r\n\r\n%s", r->status,
		    strlen(r->body), r->body);
		*at++ = (struct step){TURN, NULL, 0};
		*at++ = (struct step){SEND, text[i], 0};
	}
	*at = (struct step){END, NULL, 0};
}

static struct fault fault;

/* Let the lister work; the clock moves only when it waits.  Returns how many
 * requests lacked what they have to hold. */
static int
drive(struct lister *l, struct server *server, const struct scene *s,
    struct buf *keys)
{
	int64_t now = 0, wait;
	int asked = 0, wrong = 0;

	while (l->state != LISTER_DONE && l->state != LISTER_FAILED) {
		clock_inject(now, (int64_t)WALL * 1000 + now);
		lister_step(l, now);
		if (l->state == LISTER_ASKING) {
			(void)http_poll(l->shared->http, NULL, 0, 1000, &fault);
			if (l->state == LISTER_ASKING)
				continue;
			(void)pthread_mutex_lock(&server->lock);
			wrong += s->replies[asked].asked != NULL &&
				 strstr(server->last,
				     s->replies[asked].asked) == NULL;
			(void)pthread_mutex_unlock(&server->lock);
			asked++;
		}
		if (l->state == LISTER_READY) {
			for (; l->next < l->page.n; l->next++) {
				buf_add(keys,
				    page_text(&l->page, l->page.v[l->next].key),
				    l->page.v[l->next].key_len);
				buf_addc(keys, ' ');
			}
			lister_next(l);
		} else if (l->state == LISTER_WAITING) {
			wait = lister_wait_ms(l, now);
			now += wait > 0 ? wait : 0;
		}
	}
	return wrong;
}

static void
play(const struct scene *s, unsigned empty)
{
	struct step script[STEPS];
	struct server server;
	char endpoint[64];
	struct s3_options options = {.endpoint = endpoint};
	const struct http_options http = {
	    .user_agent = "test", .connections = 1};
	struct s3_url url = {.bucket = "logs", .key = "p/", .key_len = 2};
	struct lister_shared shared = {.max_keys = 100,
	    .give_up_ms = s->give_up_ms == 0  ? 6 * 3600 * 1000
			  : s->give_up_ms < 0 ? 0
					      : s->give_up_ms};
	struct buf keys = BUF_INIT(4096);
	struct lister l;
	int wrong;

	write_script(s, script);
	server_start(&server, script, NULL);
	(void)snprintf(
	    endpoint, sizeof(endpoint), "http://127.0.0.1:%d", server.port);
	(void)setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	(void)setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	clock_inject(0, (int64_t)WALL * 1000);
	breaker_init(&shared.breaker);
	shared.s3 = s3_new(&options, &fault);
	shared.http = http_new(&http, &fault);
	if (shared.s3 == NULL || shared.http == NULL)
		abort();
	lister_init(&l, &shared, &url, PAGE);
	l.empty = empty;
	wrong = drive(&l, &server, s, &keys);
	IS(keys.p != NULL ? keys.p : "", s->keys, s->what);
	OK(wrong == 0, "each page is asked for as it should be");
	OK(l.state == s->end, "how it ends");
	if (l.state == LISTER_FAILED) {
		OK(l.fault.code == s->code &&
			strstr(l.fault.text, s->says) != NULL,
		    "why");
		printf("# %s\n", l.fault.text);
	}
	lister_free(&l);
	http_free(shared.http);
	s3_free(shared.s3);
	buf_clear(&keys);
	server_stop(&server);
}

/* One that is given up in the middle. */
static void
test_cancel(void)
{
	static const struct step script[] = {
	    {EXPECT, NULL, 0}, {WAIT, NULL, 0}, {END, NULL, 0}};
	struct server server;
	char endpoint[64];
	struct s3_options options = {.endpoint = endpoint};
	const struct http_options http = {
	    .user_agent = "test", .connections = 1};
	struct s3_url url = {.bucket = "logs"};
	struct lister_shared shared = {.max_keys = 100, .give_up_ms = 1000};
	struct lister l;

	server_start(&server, script, NULL);
	(void)snprintf(
	    endpoint, sizeof(endpoint), "http://127.0.0.1:%d", server.port);
	(void)setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	clock_inject(0, (int64_t)WALL * 1000);
	breaker_init(&shared.breaker);
	shared.s3 = s3_new(&options, &fault);
	shared.http = http_new(&http, &fault);
	lister_init(&l, &shared, &url, PAGE);
	lister_step(&l, 0);
	while (server.requests == 0)
		(void)http_poll(shared.http, NULL, 0, 10, &fault);
	OK(l.state == LISTER_ASKING && lister_wait_ms(&l, 0) == -1,
	    "while it asks there is nothing to wait for but the reply");
	lister_free(&l);
	OK(http_running(shared.http) == 0, "freed, it asks no more");
	http_free(shared.http);
	s3_free(shared.s3);

	/* No credentials: nothing can be asked. */
	(void)unsetenv("AWS_SECRET_ACCESS_KEY");
	shared.s3 = s3_new(&options, &fault);
	shared.http = http_new(&http, &fault);
	lister_init(&l, &shared, &url, PAGE);
	lister_step(&l, 0);
	OK(l.state == LISTER_FAILED && l.fault.code == EXIT_DENIED,
	    "without credentials it fails at once");
	lister_free(&l);
	http_free(shared.http);
	s3_free(shared.s3);
	server_stop(&server);
}

int
main(void)
{
	if (freopen("/dev/null", "w", stderr) == NULL)
		return 1;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++)
		play(&scenes[i], 0);
	for (size_t i = 0; i < sizeof(crowded) / sizeof(*crowded); i++)
		play(&crowded[i], LISTER_EMPTY_MAX - 1);
	test_cancel();
	return tap_done();
}
