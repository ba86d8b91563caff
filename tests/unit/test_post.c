/* sentinelpost/post: when requests are made and made again, on a clock that
 * stands still, against a scripted server. */
#define LB_INJECT 1 /* clock_inject() */
#include "clock.h"
#include "httpclient.h"
#include "httpserver.h"
#include "secret.h"
#include "sentinelpost/post.h"
#include "tap.h"

enum { HOUR = 3600000, FAR = 100 * HOUR };

static struct {
	struct target target;
	struct token token;
	struct http *http;
	struct server server;
	struct pack *pack;
	struct batches *batches;
	struct post *post;
	struct object object;
	int64_t now;
	unsigned accepted, refused;
	int status; /* of the last refusal */
} test;

static void
accepted(void *ctx, struct batch *b, uint32_t first, uint32_t count,
    const char *request_id)
{
	(void)ctx;
	(void)first;
	(void)request_id;
	test.accepted += count;
	b->unsettled -= count;
	if (b->unsettled == 0)
		batch_release(test.batches, b);
}

static void
refused(void *ctx, struct batch *b, uint32_t i, const struct reply *r)
{
	(void)ctx;
	(void)i;
	test.refused++;
	test.status = r->status;
	if (--b->unsettled == 0)
		batch_release(test.batches, b);
}

static void
at(int64_t now)
{
	test.now = now;
	clock_inject(now, 1700000000000 + now);
}

static void
later(int64_t ms)
{
	at(test.now + ms);
}

/* A destination with so many rules, which so many requests may go to. */
static void
begin(const struct step *script, unsigned rules, unsigned jobs)
{
	struct fault f = {0};
	struct post_options o = {.target = &test.target,
	    .token = &test.token,
	    .jobs = jobs,
	    .give_up_ms = HOUR,
	    .sink = {accepted, refused, NULL}};
	char id[16];

	memset(&test, 0, sizeof(test));
	at(1000000);
	server_start(&test.server, script, NULL);
	(void)snprintf(test.target.base, sizeof(test.target.base),
	    "http://127.0.0.1:%d", test.server.port);
	(void)snprintf(test.target.host, sizeof(test.target.host), "127.0.0.1");
	for (unsigned i = 0; i < rules; i++) {
		(void)snprintf(id, sizeof(id), "dcr-%u", i);
		(void)target_rule(&test.target, id, &f);
	}
	test.token = (struct token){.target = &test.target,
	    .form = BUF_INIT(100),
	    .generation = 1,
	    .ends = FAR,
	    .renew_at = FAR,
	    .give_up_ms = HOUR,
	    .failing_since = -1};
	breaker_init(&test.token.breaker);
	secret_buf(&test.token.header, 64);
	buf_adds(&test.token.header, "Authorization: Bearer A");
	test.http = o.http = test.token.http =
	    client_new(&(struct http_options){0});
	test.pack = o.pack = pack_new(PACK_DEFAULT, BATCH_RAW_MAX);
	test.batches = batches_new();
	test.post = post_new(&o);
}

static void
end(void)
{
	post_free(test.post);
	batches_free(test.batches);
	pack_free(test.pack);
	token_free(&test.token);
	http_free(test.http);
	server_stop(&test.server);
}

/* Give it a batch of so many rows. */
static void
add(unsigned rows)
{
	struct batch_row about = {.object = &test.object};
	struct table *t = batches_table(test.batches, &test.target, "T", 1);

	for (unsigned i = 0; i < rows; i++)
		(void)batch_add(
		    test.batches, t, "{\"a\":1}", 7, &about, test.now);
	post_add(test.post, batch_close(t));
}

/* One look at it, and the requests that it makes: how many. */
static int
tick(void)
{
	int before = test.server.requests;

	post_tick(test.post, test.now);
	client_run(test.http);
	return test.server.requests - before;
}

static int64_t
wait(void)
{
	return post_wait_ms(test.post, test.now);
}

#define REPLY(status, headers)                        \
	{EXPECT, 0, 0},                               \
	{                                             \
		SEND,                                 \
		    "HTTP/1.1 " status "\r\n" headers \
		    "Content-Length: 0\r\n\r\n",      \
		    0                                 \
	}
#define GOOD REPLY("204 No Content", "")
#define DOWN REPLY("503 Busy", "")
#define STOP               \
	{                  \
		WAIT, 0, 0 \
	}

static void
delivery(void)
{
	static const struct step script[] = {GOOD, GOOD, STOP};

	begin(script, 1, 1);
	OK(wait() > HOUR && tick() == 0, "nothing to do");
	add(3);
	add(2);
	OK(post_pending(test.post) == 2 && wait() == 0, "two batches wait");
	OK(tick() == 1 && test.accepted == 3, "one request at a time");
	OK(strstr(test.server.last,
	       "POST /dataCollectionRules/dcr-0/streams/Custom-T"
	       "?api-version=2023-01-01 HTTP/1.1\r\n") == test.server.last &&
		strstr(test.server.last, "\r\nAuthorization: Bearer A\r\n") !=
		    NULL &&
		strstr(test.server.last, "\r\nContent-Encoding: gzip\r\n") !=
		    NULL &&
		strstr(test.server.last,
		    "\r\nContent-Type: application/json\r\n") != NULL,
	    "as the interface wants it");
	OK(tick() == 1 && test.accepted == 5 && post_pending(test.post) == 0,
	    "then the other");
	OK(post_stats(test.post)->requests == 2 &&
		post_stats(test.post)->raw_bytes == 25 + 17,
	    "counted");
	end();
}

/* Retry-After is obeyed to the millisecond; the breaker does not count it. */
static void
throttled(void)
{
	static const struct step script[] = {
	    REPLY("429 Slow", "Retry-After: 7\r\n"),
	    REPLY("429 Slow", "Retry-After: 0\r\n"), REPLY("429 Slow", ""),
	    REPLY("429 Slow", ""), REPLY("429 Slow", ""), REPLY("429 Slow", ""),
	    GOOD, GOOD, STOP};
	int n = 0;

	begin(script, 1, 2);
	add(1);
	OK(tick() == 1 && wait() == 7000, "a rule at its limit");
	later(3000);
	add(1);
	OK(tick() == 0 && wait() == 4000, "is left alone by all");
	later(3999);
	OK(tick() == 0 && wait() == 1, "for so long");
	OK(post_breaker(test.post)->failures == 0 &&
		post_stats(test.post)->throttled == 1,
	    "it is no failure of the service");
	test.accepted = 0;
	for (; test.accepted < 2 && n < 100; n++) {
		later(wait() > 0 ? wait() : 1);
		(void)tick();
	}
	OK(test.accepted == 2, "in the end it takes them");
	end();
}

static void
two_rules(void)
{
	static const struct step script[] = {
	    REPLY("429 Slow", "Retry-After: 60\r\n"), GOOD, GOOD, GOOD, STOP};

	begin(script, 2, 1);
	add(1);
	OK(tick() == 1 && wait() == 0, "the first rule is at its limit");
	OK(tick() == 1 && test.accepted == 1 &&
		strstr(test.server.last, "/dcr-1/") != NULL,
	    "the other takes it at once");
	add(1);
	OK(tick() == 1 && strstr(test.server.last, "/dcr-1/") != NULL,
	    "and what comes next");
	later(60000);
	add(1);
	OK(tick() == 1 && strstr(test.server.last, "/dcr-0/") != NULL,
	    "until its time is over");
	end();
}

static void
all_rules_throttled(void)
{
	static const struct step script[] = {
	    REPLY("429 Slow", "Retry-After: 60\r\n"),
	    REPLY("429 Slow", "Retry-After: 30\r\n"), GOOD, STOP};

	begin(script, 2, 1);
	add(1);
	(void)tick();
	(void)tick();
	OK(tick() == 0 && wait() == 30000, "the one that is free first");
	later(30000);
	OK(tick() == 1 && test.accepted == 1 &&
		strstr(test.server.last, "/dcr-1/") != NULL,
	    "is taken");
	end();
}

/* Five failures in a row open the breaker for a minute, then one may try. */
static void
breaker(void)
{
	static const struct step script[] = {
	    REPLY("503", "Retry-After: 20\r\n"), DOWN, DOWN, DOWN, DOWN, DOWN,
	    GOOD, GOOD, GOOD, STOP};

	begin(script, 1, 1);
	add(1);
	add(1);
	OK(tick() == 1 && wait() == 20000, "503 with Retry-After");
	later(19999);
	OK(tick() == 0, "is obeyed");
	for (int i = 2; i <= 5; i++) {
		later(wait());
		(void)tick();
	}
	OK(post_breaker(test.post)->state == BREAKER_OPEN &&
		post_stats(test.post)->opened == 1 &&
		test.server.requests == 5 && wait() >= BREAKER_OPEN_MS,
	    "the fifth failure opens it");
	OK(breaker_down_ms(post_breaker(test.post), test.now) >= 20000,
	    "it knows for how long this has lasted");
	later(wait() - 1);
	OK(tick() == 0, "no request in that time");
	later(1);
	OK(tick() == 1 && breaker_state(post_breaker(test.post), test.now) ==
			      BREAKER_OPEN,
	    "then one, whose failure opens it again");
	later(wait());
	OK(tick() == 1 && test.accepted == 1, "one that is answered");
	OK(breaker_state(post_breaker(test.post), test.now) == BREAKER_CLOSED &&
		breaker_down_ms(post_breaker(test.post), test.now) == 0,
	    "closes it");
	OK(tick() == 1 && test.accepted == 2, "and the others follow");
	end();
}

/* Half open: of many that wait, one sets out. */
static void
trial(void)
{
	static const struct step script[] = {DOWN, {AGAIN, 0, 0}};

	begin(script, 1, 8);
	for (int i = 0; i < 8; i++)
		add(1);
	OK(tick() == 8, "eight at once");
	later(HOUR / 2); /* all backoffs are over */
	OK(tick() == 1, "one for all");
	later(HOUR / 4);
	OK(tick() == 1, "each time");
	OK(!post_stopped(test.post), "until --give-up");
	later(HOUR / 4);
	post_tick(test.post, test.now);
	OK(post_stopped(test.post) != NULL &&
		post_stopped(test.post)->code == EXIT_DOWN && wait() == -1,
	    "then it gives up");
	OK(strstr(post_stopped(test.post)->text, "unavailable for 3600 s, ") !=
		NULL,
	    "and says for how long it tried");
	OK(test.accepted == 0 && test.refused == 0 &&
		post_pending(test.post) == 8,
	    "nothing is settled");
	end();
}

static void
bisect(void)
{
	/* Of four rows the third: 400 to 0-3, 0-1 good, 400 to 2-3, 400 to 2,
	 * 3 good. */
	static const struct step script[] = {REPLY("400 Bad", ""), GOOD,
	    REPLY("400 Bad", ""), REPLY("400 Bad", ""), GOOD, STOP};

	begin(script, 1, 1);
	add(4);
	for (int i = 0; i < 5; i++)
		(void)tick();
	OK(test.accepted == 3 && test.refused == 1 && test.status == 400,
	    "one row is to blame, the others go through");
	OK(post_pending(test.post) == 0 && post_stats(test.post)->splits == 2,
	    "found in two cuts");
	OK(post_breaker(test.post)->failures == 0, "no failure of the service");
	end();
}

static void
too_big(void)
{
	static const struct step script[] = {REPLY("413 Big", ""), GOOD,
	    REPLY("413 Slow", "x-ms-error-code: TimeoutExpired\r\n"), GOOD,
	    REPLY("413 Big", ""), STOP};

	begin(script, 1, 1);
	add(2);
	OK(tick() == 1 && tick() == 1 && test.accepted == 1, "413 halves");
	OK(tick() == 1 && wait() >= 0 && test.refused == 0,
	    "but not when the upload was slow");
	later(wait());
	OK(tick() == 1 && test.accepted == 2, "that is tried again");
	add(1);
	OK(tick() == 1 && test.refused == 1 && test.status == 413,
	    "a row alone cannot be halved");
	end();
}

static void
plain(void)
{
	static const struct step script[] = {
	    REPLY("501 Not Implemented", ""), GOOD, GOOD, STOP};

	begin(script, 1, 1);
	add(1);
	OK(tick() == 1 && tick() == 1 && test.accepted == 1 &&
		strstr(test.server.last, "Content-Encoding") == NULL &&
		strstr(test.server.last, "Content-Length: 9\r\n") != NULL,
	    "without gzip where it is refused");
	add(1);
	OK(tick() == 1 && strstr(test.server.last, "Content-Encoding") == NULL,
	    "from then on");
	end();
}

static void
renewed(void)
{
	static const struct step script[] = {
	    REPLY("401 No", ""), GOOD, REPLY("401 No", ""), STOP};

	begin(script, 1, 1);
	test.token.next_try = FAR; /* none is fetched: that is token.c's */
	add(1);
	OK(tick() == 1 && test.token.rejected, "401: another token");
	test.token.next_try = FAR;
	OK(tick() == 0 && wait() > HOUR, "is waited for");
	test.token.rejected = false;
	test.token.renewed_for_401 = true;
	test.token.generation = 2;
	OK(tick() == 1 && test.accepted == 1 && !test.token.renewed_for_401,
	    "then it goes through");
	test.token.renewed_for_401 = true;
	add(1);
	OK(tick() == 1 && post_stopped(test.post) != NULL &&
		post_stopped(test.post)->code == EXIT_DENIED,
	    "401 to a new token as well stops the line");
	add(1);
	OK(tick() == 0, "nothing more is sent");
	end();
}

static void
stops(void)
{
	static const struct step script[] = {
	    REPLY("404 Not Found", "x-ms-error-code: InvalidStream\r\n"), STOP};

	begin(script, 1, 1);
	add(1);
	OK(tick() == 1 && post_stopped(test.post) != NULL &&
		post_stopped(test.post)->code == EXIT_BADCONFIG &&
		post_pending(test.post) == 1 && test.refused == 0,
	    "404 stops the line, and is nobody's row");
	OK(strstr(post_stopped(test.post)->text, "404 InvalidStream") != NULL,
	    "in the service's words");
	end();
	begin(script, 1, 1);
	add(1);
	post_halt(test.post);
	OK(tick() == 0 && wait() == -1 && post_stopped(test.post) == NULL,
	    "halted, it starts nothing");
	end();
}

static void
cut(void)
{
	static const struct step script[] = {{EXPECT, 0, 0}, {RESET, 0, 0}};

	begin(script, 1, 1);
	add(1);
	OK(tick() >= 1 && post_breaker(test.post)->failures == 1 &&
		wait() <= BACKOFF_FIRST_MS,
	    "a connection that is reset is a failure");
	OK(post_flying(test.post) == 0 && post_pending(test.post) == 1,
	    "the batch waits");
	end();
}

int
main(void)
{
	delivery();
	throttled();
	two_rules();
	all_rules_throttled();
	breaker();
	trial();
	bisect();
	too_big();
	plain();
	renewed();
	stops();
	cut();
	return tap_done();
}
