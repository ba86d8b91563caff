/* sentinelpost/reply: what a reply means. */
#include "httphead.h"
#include "log.h"
#include "sentinelpost/reply.h"
#include "tap.h"

#define ERROR(code, message) \
	"{\"error\":{\"code\":\"" code "\",\"message\":\"" message "\"}}"

static const char *const verdicts[] = {"accepted", "retry", "throttle",
    "too-big", "bad-rows", "renew", "plain", "stop"};

static struct reply
reply(int status, const char *body)
{
	struct reply r = {.status = status, .retry_after_ms = -1};

	reply_body(&r, body, strlen(body));
	return r;
}

static void
judged(void)
{
	static const struct {
		int status;
		const char *body;
		enum verdict packed, plain;
	} cases[] = {
	    {200, "", VERDICT_ACCEPTED, VERDICT_ACCEPTED},
	    {202, "", VERDICT_ACCEPTED, VERDICT_ACCEPTED},
	    {204, "", VERDICT_ACCEPTED, VERDICT_ACCEPTED},
	    {201, "", VERDICT_STOP, VERDICT_STOP},
	    {206, "", VERDICT_STOP, VERDICT_STOP},
	    {301, "", VERDICT_STOP, VERDICT_STOP},
	    {304, "", VERDICT_STOP, VERDICT_STOP},
	    {400, "", VERDICT_BAD_ROWS, VERDICT_BAD_ROWS},
	    {400, ERROR("InvalidRecord", "x"), VERDICT_BAD_ROWS,
		VERDICT_BAD_ROWS},
	    {400, ERROR("InvalidRecord", "a column api-version is bad"),
		VERDICT_BAD_ROWS, VERDICT_BAD_ROWS},
	    {400, ERROR("MissingApiVersionParameter", "x"), VERDICT_STOP,
		VERDICT_STOP},
	    {400, ERROR("UnsupportedApiVersion", "x"), VERDICT_STOP,
		VERDICT_STOP},
	    {400, ERROR("BadRequest", "The api-version parameter is bad"),
		VERDICT_STOP, VERDICT_STOP},
	    {401, "", VERDICT_RENEW, VERDICT_RENEW},
	    {403, "", VERDICT_STOP, VERDICT_STOP},
	    {404, "", VERDICT_STOP, VERDICT_STOP},
	    {405, "", VERDICT_STOP, VERDICT_STOP},
	    {407, "", VERDICT_STOP, VERDICT_STOP},
	    {408, "", VERDICT_RETRY, VERDICT_RETRY},
	    {410, "", VERDICT_STOP, VERDICT_STOP},
	    {413, "", VERDICT_TOO_BIG, VERDICT_TOO_BIG},
	    {413, ERROR("ContentLengthLimitExceeded", "x"), VERDICT_TOO_BIG,
		VERDICT_TOO_BIG},
	    {413, ERROR("TimeoutExpired", "x"), VERDICT_RETRY, VERDICT_RETRY},
	    {413, ERROR("ReadyBody_ClientConnectionAbort", "x"), VERDICT_RETRY,
		VERDICT_RETRY},
	    {415, "", VERDICT_PLAIN, VERDICT_STOP},
	    {418, "", VERDICT_STOP, VERDICT_STOP},
	    {422, "", VERDICT_STOP, VERDICT_STOP},
	    {425, "", VERDICT_RETRY, VERDICT_RETRY},
	    {429, "", VERDICT_THROTTLE, VERDICT_THROTTLE},
	    {500, "", VERDICT_RETRY, VERDICT_RETRY},
	    {501, "", VERDICT_PLAIN, VERDICT_RETRY},
	    {502, "", VERDICT_RETRY, VERDICT_RETRY},
	    {503, "", VERDICT_RETRY, VERDICT_RETRY},
	    {504, "", VERDICT_RETRY, VERDICT_RETRY},
	    {599, "", VERDICT_RETRY, VERDICT_RETRY},
	};
	char what[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply r = reply(cases[i].status, cases[i].body);

		(void)snprintf(
		    what, sizeof(what), "%d %s", cases[i].status, r.code);
		IS(verdicts[reply_verdict(&r, true)], verdicts[cases[i].packed],
		    what);
		IS(verdicts[reply_verdict(&r, false)], verdicts[cases[i].plain],
		    "and without gzip");
	}
}

static void
failed(void)
{
	static const struct {
		enum http_failure failure;
		enum verdict verdict;
	} cases[] = {{HTTP_CONNECT, VERDICT_RETRY}, {HTTP_TLS, VERDICT_STOP},
	    {HTTP_TIMEOUT, VERDICT_RETRY}, {HTTP_CUT, VERDICT_RETRY},
	    {HTTP_TOO_LARGE, VERDICT_RETRY}, {HTTP_ABORTED, VERDICT_RETRY},
	    {HTTP_FORBIDDEN, VERDICT_STOP}, {HTTP_PROXY, VERDICT_STOP}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* A status that came before the failure means nothing. */
		struct reply r = {.failure = cases[i].failure, .status = 204};

		IS(verdicts[reply_verdict(&r, true)],
		    verdicts[cases[i].verdict], "a failed exchange");
	}
}

static void
bodies(void)
{
	static const struct {
		const char *body, *code, *message;
	} cases[] = {
	    {ERROR("C", "M"), "C", "M"},
	    {"{\"code\":\"C\",\"message\":\"M\"}", "C", "M"},
	    {"{\"error\":\"E\",\"message\":\"M\"}", "", "M"},
	    {"{\"error\":{\"code\":7,\"message\":null}}", "",
		"{\"error\":{\"code\":7,\"message\":null}}"},
	    {"<html>\n<p>no</p>", "", "<html>"},
	    {"", "", ""},
	    {"{\"error\":", "", "{\"error\":"},
	    {ERROR("a\\u00e9\\n", "\\ud800"), "a\xc3\xa9\n", "\xef\xbf\xbd"},
	};
	static char big[4000];
	struct reply r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = reply(400, cases[i].body);
		IS(r.code, cases[i].code, "a code");
		IS(r.message, cases[i].message, "a message");
	}
	memset(big, 'x', sizeof(big) - 1);
	r = reply(400, big);
	OK(strlen(r.message) == REPLY_TEXT_MAX - 1, "a long text is cut");
}

static void
headers(void)
{
	struct http_headers heads;
	struct http_reply h = {
	    .status = 429, .body = "", .error = "", .headers = &heads};
	struct reply r;

	httphead_init(&heads);
	(void)httphead_add(&heads, "x-ms-error-code: TooMany", 24);
	(void)httphead_add(&heads, "Retry-After: 7", 14);
	memcpy(h.request_id, "id", 3);
	reply_read(&r, &h);
	IS(r.code, "TooMany", "the code of the header");
	OK(r.retry_after_ms == 7000, "Retry-After");
	IS(r.request_id, "id", "the request's id");
	h.body = ERROR("Body", "M");
	h.body_len = strlen(h.body);
	reply_read(&r, &h);
	IS(r.code, "Body", "the body's code goes first");
	log_secret("eyJ-a-token", 11);
	h.body = ERROR("eyJ-a-token", "you sent Bearer eyJ-a-token");
	h.body_len = strlen(h.body);
	reply_read(&r, &h);
	IS(r.message, "you sent Bearer [redacted]",
	    "what it quotes of a token");
	IS(r.code, "[redacted]", "wherever");
	h.failure = HTTP_CUT;
	h.error = "cut";
	reply_read(&r, &h);
	IS(r.message, "cut", "of a failure only its text counts");
	OK(r.code[0] == '\0' && r.retry_after_ms == -1, "nothing else");
	httphead_free(&heads);
}

static void
texts(void)
{
	static const struct {
		enum http_failure failure;
		int status;
		enum exitcode code;
		const char *hint;
	} cases[] = {
	    {HTTP_NONE, 400, EXIT_BADCONFIG, "update"},
	    {HTTP_NONE, 401, EXIT_DENIED, "AZURE_TENANT_ID"},
	    {HTTP_NONE, 403, EXIT_DENIED, "Monitoring Metrics Publisher"},
	    {HTTP_NONE, 404, EXIT_BADCONFIG, "--stream TABLE=NAME"},
	    {HTTP_NONE, 407, EXIT_BADCONFIG, "proxy"},
	    {HTTP_NONE, 302, EXIT_BADCONFIG, "--endpoint"},
	    {HTTP_TLS, 0, EXIT_BADCONFIG, "--ca"},
	    {HTTP_FORBIDDEN, 0, EXIT_BADCONFIG, "--endpoint"},
	    {HTTP_PROXY, 0, EXIT_DENIED, "HTTPS_PROXY"},
	    {HTTP_TLS, 403, EXIT_BADCONFIG, "--ca"},
	};
	const struct reply_place at = {"host", "dcr-1", "Custom-T"};
	struct reply r = {.status = 403,
	    .code = "OperationFailed",
	    .message = "no access",
	    .request_id = "abc"};
	struct fault f = {0};
	char text[700], tiny[8];

	reply_text(&r, text, sizeof(text));
	IS(text, "403 OperationFailed: no access (x-ms-request-id abc)",
	    "all of it in one line");
	reply_text(&r, tiny, sizeof(tiny));
	IS(tiny, "403 Ope", "or what fits");
	reply_fault(&r, &at, &f);
	IS(f.text,
	    "cannot post to stream 'Custom-T' of rule 'dcr-1' at 'host': 403 "
	    "OperationFailed: no access (x-ms-request-id abc)",
	    "why the line stops");
	OK(strstr(f.hint, "30 minutes") != NULL && strstr(f.hint, "host"),
	    "and what to do");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = reply(cases[i].status, "");
		r.failure = cases[i].failure;
		reply_fault(&r, &at, &f);
		OK(f.code == cases[i].code &&
			strstr(f.hint, cases[i].hint) != NULL,
		    cases[i].hint);
	}
	r = (struct reply){.failure = HTTP_CUT, .message = "cut"};
	reply_text(&r, text, sizeof(text));
	IS(text, "cut", "a failure's text stands alone");
}

int
main(void)
{
	judged();
	failed();
	bodies();
	headers();
	texts();
	return tap_done();
}
