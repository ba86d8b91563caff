/* sentinelpost/token: fetched, kept, renewed, refused. */
#define LB_INJECT 1 /* clock_inject() */
#include "clock.h"
#include "httpclient.h"
#include "httpserver.h"
#include "sentinelpost/token.h"
#include "tap.h"

enum { HOUR = 3600000 };

/* What an answer means. */
static void
answers(void)
{
	static const struct {
		const char *what;
		enum http_failure failure;
		int status;
		const char *body;
		enum token_verdict verdict;
		int64_t life_ms;    /* TOKEN_GOT */
		enum exitcode code; /* else */
		const char *hint;
	} cases[] = {
	    {"a token", HTTP_NONE, 200,
		"{\"access_token\":\"T\",\"expires_in\":3599}", TOKEN_GOT,
		3599000, EXIT_DONE, ""},
	    {"a life in a string", HTTP_NONE, 200,
		"{\"expires_in\":\"60\",\"access_token\":\"T\"}", TOKEN_GOT,
		60000, EXIT_DONE, ""},
	    {"a life that is too long", HTTP_NONE, 200,
		"{\"expires_in\":18446744073709551615,\"access_token\":\"T\"}",
		TOKEN_GOT, (int64_t)TOKEN_LIFE_MAX_S * 1000, EXIT_DONE, ""},
	    {"no life", HTTP_NONE, 200, "{\"access_token\":\"T\"}", TOKEN_LATER,
		0, EXIT_DOWN, ""},
	    {"no life left", HTTP_NONE, 200,
		"{\"access_token\":\"T\",\"expires_in\":0}", TOKEN_LATER, 0,
		EXIT_DOWN, ""},
	    {"a life that is none", HTTP_NONE, 200,
		"{\"access_token\":\"T\",\"expires_in\":\"-1\"}", TOKEN_LATER,
		0, EXIT_DOWN, ""},
	    {"no token", HTTP_NONE, 200, "{\"expires_in\":3599}", TOKEN_LATER,
		0, EXIT_DOWN, ""},
	    {"a token that would be two header lines", HTTP_NONE, 200,
		"{\"access_token\":\"T\\r\\nX: y\",\"expires_in\":3599}",
		TOKEN_LATER, 0, EXIT_DOWN, ""},
	    {"an empty token", HTTP_NONE, 200,
		"{\"access_token\":\"\",\"expires_in\":3599}", TOKEN_LATER, 0,
		EXIT_DOWN, ""},
	    {"no JSON", HTTP_NONE, 200, "<html>", TOKEN_LATER, 0, EXIT_DOWN,
		""},
	    {"nothing", HTTP_NONE, 200, "", TOKEN_LATER, 0, EXIT_DOWN, ""},
	    {"a wrong secret", HTTP_NONE, 401,
		"{\"error\":\"invalid_client\",\"error_codes\":[7000215]}",
		TOKEN_REFUSED, 0, EXIT_DENIED, "AZURE_CLIENT_SECRET is wrong"},
	    {"an expired secret", HTTP_NONE, 401,
		"{\"error\":\"invalid_client\",\"error_codes\":[7000222]}",
		TOKEN_REFUSED, 0, EXIT_DENIED, "expired"},
	    {"an unknown application", HTTP_NONE, 400,
		"{\"error\":\"unauthorized_client\",\"error_codes\":[700016]}",
		TOKEN_REFUSED, 0, EXIT_DENIED, "AZURE_CLIENT_ID"},
	    {"an unknown tenant", HTTP_NONE, 400,
		"{\"error\":\"invalid_request\",\"error_codes\":[90002]}",
		TOKEN_REFUSED, 0, EXIT_BADCONFIG, "AZURE_TENANT_ID"},
	    {"another cloud", HTTP_NONE, 400,
		"{\"error\":\"invalid_resource\",\"error_codes\":[500011]}",
		TOKEN_REFUSED, 0, EXIT_BADCONFIG, "cloud"},
	    {"an unknown error", HTTP_NONE, 400, "{\"error\":\"what\"}",
		TOKEN_REFUSED, 0, EXIT_DENIED, "AZURE_TENANT_ID"},
	    {"an error without a number", HTTP_NONE, 400,
		"{\"error\":\"what\",\"error_codes\":[]}", TOKEN_REFUSED, 0,
		EXIT_DENIED, "AZURE_TENANT_ID"},
	    {"a number that is none", HTTP_NONE, 400,
		"{\"error\":\"what\",\"error_codes\":7000222}", TOKEN_REFUSED,
		0, EXIT_DENIED, "AZURE_TENANT_ID"},
	    {"a number that is text", HTTP_NONE, 400,
		"{\"error\":\"what\",\"error_codes\":[\"7000222\"]}",
		TOKEN_REFUSED, 0, EXIT_DENIED, "AZURE_TENANT_ID"},
	    {"no words of any kind", HTTP_NONE, 400,
		"{\"error\":7,\"error_description\":[\"x\"]}", TOKEN_REFUSED, 0,
		EXIT_DENIED, "AZURE_TENANT_ID"},
	    {"an outage of theirs", HTTP_NONE, 400,
		"{\"error\":\"server_error\"}", TOKEN_LATER, 0, EXIT_DOWN, ""},
	    {"it took too long", HTTP_NONE, 408, "", TOKEN_LATER, 0, EXIT_DOWN,
		""},
	    {"a life that begins as a number", HTTP_NONE, 200,
		"{\"access_token\":\"T\",\"expires_in\":\"60s\"}", TOKEN_LATER,
		0, EXIT_DOWN, ""},
	    {"a life that is no digit", HTTP_NONE, 200,
		"{\"access_token\":\"T\",\"expires_in\":\":\"}", TOKEN_LATER, 0,
		EXIT_DOWN, ""},
	    {"an empty life", HTTP_NONE, 200,
		"{\"access_token\":\"T\",\"expires_in\":\"\"}", TOKEN_LATER, 0,
		EXIT_DOWN, ""},
	    {"a token that is not ASCII", HTTP_NONE, 200,
		"{\"access_token\":\"T\xc3\xa9\",\"expires_in\":60}",
		TOKEN_LATER, 0, EXIT_DOWN, ""},
	    {"an answer that is no object", HTTP_NONE, 200,
		"[{\"access_token\":\"T\",\"expires_in\":60}]", TOKEN_LATER, 0,
		EXIT_DOWN, ""},
	    {"a life that is no number", HTTP_NONE, 200,
		"{\"access_token\":\"T\",\"expires_in\":true}", TOKEN_LATER, 0,
		EXIT_DOWN, ""},
	    {"no such page", HTTP_NONE, 404, "", TOKEN_REFUSED, 0,
		EXIT_BADCONFIG, "AZURE_AUTHORITY_HOST"},
	    {"an outage that says so", HTTP_NONE, 400,
		"{\"error\":\"temporarily_unavailable\"}", TOKEN_LATER, 0,
		EXIT_DOWN, ""},
	    {"throttling", HTTP_NONE, 429, "", TOKEN_LATER, 0, EXIT_DOWN, ""},
	    {"an outage", HTTP_NONE, 503, "", TOKEN_LATER, 0, EXIT_DOWN, ""},
	    {"no connection", HTTP_CONNECT, 0, "", TOKEN_LATER, 0, EXIT_DOWN,
		""},
	    {"a cut one", HTTP_CUT, 200,
		"{\"access_token\":\"T\",\"expires_in\":3599}", TOKEN_LATER, 0,
		EXIT_DOWN, ""},
	    {"no trust", HTTP_TLS, 0, "", TOKEN_REFUSED, 0, EXIT_BADCONFIG,
		"--ca"},
	    {"no plain http", HTTP_FORBIDDEN, 0, "", TOKEN_REFUSED, 0,
		EXIT_BADCONFIG, "AZURE_AUTHORITY_HOST"},
	    {"no credentials for the proxy", HTTP_PROXY, 0, "", TOKEN_REFUSED,
		0, EXIT_DENIED, "HTTPS_PROXY"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_reply r = {.failure = cases[i].failure,
		    .status = cases[i].status,
		    .error = "failed",
		    .request_id = "rid",
		    .body = cases[i].body,
		    .body_len = strlen(cases[i].body)};
		struct token_answer a;
		enum token_verdict v = token_read(&a, &r, "https://login");

		OK(v == cases[i].verdict && a.life_ms == cases[i].life_ms &&
			a.fault.code == cases[i].code &&
			(v == TOKEN_GOT) == (a.token.len > 0),
		    cases[i].what);
		OK(strstr(a.fault.hint, cases[i].hint) != NULL,
		    "its hint names the cure");
		buf_clear(&a.token);
	}
}

/* A token's life against a scripted server, on a clock that stands still. */
static struct {
	struct target target;
	struct http *http;
	struct server server;
	struct token t;
	int64_t now;
} life;

static void
at(int64_t now)
{
	life.now = now;
	clock_inject(now, 1700000000000 + now);
}

static void
begin(const struct step *script, int64_t give_up)
{
	struct fault f = {0};

	at(1000000);
	memset(&life.target, 0, sizeof(life.target));
	server_start(&life.server, script, NULL);
	(void)snprintf(life.target.authority, sizeof(life.target.authority),
	    "http://127.0.0.1:%d", life.server.port);
	life.http = client_new(&(struct http_options){0});
	(void)setenv("AZURE_TENANT_ID", "tenant.example", 1);
	(void)setenv("AZURE_CLIENT_ID", "client", 1);
	(void)setenv("AZURE_CLIENT_SECRET", "s3cret&=+%\xc3\xa9", 1);
	OK(token_init(&life.t, &life.target, life.http, give_up, &f),
	    "credentials are there");
	OK(getenv("AZURE_CLIENT_SECRET") == NULL,
	    "the secret leaves the environment");
}

static void
end(void)
{
	token_free(&life.t);
	http_free(life.http);
	server_stop(&life.server);
}

/* One look at it, and the request that it may make. */
static void
tick(void)
{
	token_tick(&life.t, life.now);
	client_run(life.http);
}

static bool
usable(void)
{
	return token_usable(&life.t, life.now);
}

#define REPLY(status, length, body)                                  \
	{EXPECT, 0, 0},                                              \
	{                                                            \
		SEND,                                                \
		    "HTTP/1.1 " status "\r\nContent-Length: " length \
		    "\r\n\r\n" body,                                 \
		    0                                                \
	}
#define GOT(name)             \
	REPLY("200 OK", "38", \
	    "{\"access_token\":\"" name "\",\"expires_in\":3599}")
#define DOWN    REPLY("503 Down", "0", "")
#define REFUSED REPLY("401 No", "26", "{\"error\":\"invalid_client\"}")

static void
renewal(void)
{
	static const struct step script[] = {
	    GOT("A"), DOWN, GOT("B"), {WAIT, 0, 0}};
	int64_t early;

	begin(script, HOUR);
	OK(!usable() && token_wait_ms(&life.t, life.now) == 0,
	    "there is none at first");
	tick();
	OK(usable(), "it is fetched");
	IS(life.t.header.p, "Authorization: Bearer A", "as a header");
	early = life.now + 3599000 - TOKEN_EARLY_MS;
	OK(token_wait_ms(&life.t, life.now) == early - life.now,
	    "it is renewed five minutes early");
	at(early - 1);
	tick();
	OK(life.server.requests == 1, "not earlier");
	at(early);
	tick();
	OK(life.server.requests == 2 && usable() && !life.t.stopped,
	    "the old one serves while renewal fails");
	IS(life.t.header.p, "Authorization: Bearer A", "the same");
	at(early + BACKOFF_FIRST_MS);
	tick();
	OK(life.server.requests == 3 && usable(), "it is tried again");
	IS(life.t.header.p, "Authorization: Bearer B", "the new one");
	OK(life.t.failing_since == -1 && life.t.generation == 2,
	    "all is well again");
	end();
}

static void
forms(void)
{
	static const struct step script[] = {GOT("A"), {WAIT, 0, 0}};

	begin(script, HOUR);
	token_tick(&life.t, life.now);
	IS(life.t.form.p,
	    "client_id=client&scope=https%3A%2F%2Fmonitor.azure.com%2F.default"
	    "&grant_type=client_credentials"
	    "&client_secret=s3cret%26%3D%2B%25%C3%A9",
	    "the form, percent-encoded");
	client_run(life.http);
	OK(life.t.form.len == 0, "is wiped afterwards");
	OK(strstr(life.server.last,
	       "POST /tenant.example/oauth2/v2.0/token ") == life.server.last,
	    "its place");
	end();
}

static void
refused_at_once(void)
{
	static const struct step script[] = {REFUSED, {WAIT, 0, 0}};

	begin(script, HOUR);
	tick();
	OK(life.t.stopped && life.t.fault.code == EXIT_DENIED,
	    "a wrong secret stops the line at once");
	tick();
	OK(life.server.requests == 1, "and is not tried again");
	end();
}

static void
refused_later(void)
{
	static const struct step script[] = {
	    GOT("A"), REFUSED, REFUSED, {WAIT, 0, 0}};
	int64_t ends;

	begin(script, HOUR);
	tick();
	ends = life.now + 3599000;
	at(ends - TOKEN_EARLY_MS);
	tick();
	OK(!life.t.stopped && usable(),
	    "a refusal does not take the token we have");
	at(ends - 1);
	tick();
	OK(!life.t.stopped && usable(), "until it ends");
	at(ends);
	tick();
	OK(life.t.stopped && life.t.fault.code == EXIT_DENIED && !usable(),
	    "then the line stops");
	end();
}

static void
rejected(void)
{
	static const struct step script[] = {
	    GOT("A"), GOT("B"), GOT("C"), {WAIT, 0, 0}};

	begin(script, HOUR);
	tick();
	OK(token_refused(&life.t, 1, life.now) && !usable(),
	    "a token that the destination refuses is not used again");
	OK(token_refused(&life.t, 1, life.now), "however often it says so");
	tick();
	OK(usable() && life.t.generation == 2, "another one is fetched");
	OK(token_refused(&life.t, 1, life.now) && usable(),
	    "a late refusal of the old one is nothing");
	OK(!token_refused(&life.t, 2, life.now), "refused too: the line stops");
	token_accepted(&life.t, 1);
	OK(!token_refused(&life.t, 2, life.now),
	    "success of the old one is no excuse");
	token_accepted(&life.t, 2);
	OK(token_refused(&life.t, 2, life.now), "its own success is");
	tick();
	OK(usable() && life.t.generation == 3, "a third one");
	end();
}

static void
giving_up(void)
{
	static const struct step script[] = {DOWN, {AGAIN, 0, 0}};
	int64_t began, wait;
	int turns = 0;

	begin(script, HOUR);
	began = life.now;
	while (!life.t.stopped && turns++ < 1000) {
		tick();
		wait = token_wait_ms(&life.t, life.now);
		if (life.t.stopped)
			break;
		if (wait <= 0)
			wait = 1;
		at(life.now + wait);
	}
	OK(life.t.stopped && life.t.fault.code == EXIT_DOWN,
	    "an outage ends with 69");
	OK(life.now - began == HOUR, "after --give-up, to the millisecond");
	OK(life.server.requests >= 10 && life.server.requests < 60,
	    "tried at a seemly pace");
	end();
}

static void
credentials(void)
{
	static const char *const names[] = {
	    "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"};
	static const char *const blanks[] = {"hush hush", "hush\n", "hush\x7f"};
	static char longest[8192];
	struct fault f;
	struct token t;

	for (size_t missing = 0; missing < 3; missing++) {
		memset(&f, 0, sizeof(f));
		for (size_t i = 0; i < 3; i++)
			(void)setenv(names[i], i == missing ? "" : "value", 1);
		OK(!token_init(&t, &life.target, NULL, HOUR, &f) &&
			f.code == EXIT_DENIED &&
			strstr(f.text, names[missing]) != NULL,
		    names[missing]);
		token_free(&t);
	}
	memset(&f, 0, sizeof(f));
	for (size_t i = 0; i < 3; i++)
		(void)setenv(names[i], "a/b", 1);
	OK(!token_init(&t, &life.target, NULL, HOUR, &f) &&
		f.code == EXIT_DENIED,
	    "an id is no path");
	token_free(&t);
	(void)setenv("AZURE_CLIENT_ID", "value", 1);
	memset(longest, 'x', TOKEN_ID_MAX + 1);
	(void)setenv("AZURE_TENANT_ID", longest, 1);
	OK(!token_init(&t, &life.target, NULL, HOUR, &f) &&
		f.code == EXIT_DENIED,
	    "an id has a limit");
	token_free(&t);
	(void)setenv("AZURE_TENANT_ID", "value", 1);
	for (size_t i = 0; i < sizeof(blanks) / sizeof(*blanks); i++) {
		(void)setenv("AZURE_CLIENT_SECRET", blanks[i], 1);
		OK(!token_init(&t, &life.target, NULL, HOUR, &f) &&
			f.code == EXIT_DENIED && strstr(f.text, "hush") == NULL,
		    "a secret with what none has");
		token_free(&t);
	}
	for (size_t i = 0; i < 3; i++)
		(void)setenv(names[i], "value", 1);
	memset(longest, 'x', sizeof(longest) - 1);
	(void)setenv("AZURE_CLIENT_SECRET", longest, 1);
	OK(!token_init(&t, &life.target, NULL, HOUR, &f) &&
		f.code == EXIT_DENIED,
	    "a secret has a limit");
	token_free(&t);
}

int
main(void)
{
	answers();
	renewal();
	forms();
	refused_at_once();
	refused_later();
	rejected();
	giving_up();
	credentials();
	return tap_done();
}
