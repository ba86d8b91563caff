/*
 * What Microsoft Entra and the Logs Ingestion API answer, or somebody in their
 * place.  Invariants: a token comes of 200 alone, may stand in a header and
 * ends; rows are accepted by 200, 202 and 204 alone; what is told is bounded
 * and never our secret.  The first byte chooses a failure, the next two the
 * status; headers follow, then the body.
 */
#include <stdlib.h>
#include <string.h>

#include "head.h"
#include "log.h"
#include "sentinelpost/reply.h"
#include "sentinelpost/token.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

static const char secret[] = "client-secret-of-fuzzer";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_secret(secret, strlen(secret));
	return 0;
}

static void
check_token(const struct http_reply *r)
{
	struct token_answer a;
	enum token_verdict v = token_read(&a, r, "https://login.example");

	if (v == TOKEN_GOT) {
		CHECK(r->failure == HTTP_NONE && r->status == 200);
		CHECK(a.token.len > 0 && a.token.len <= TOKEN_MAX);
		CHECK(a.life_ms > 0 &&
		      a.life_ms <= (int64_t)TOKEN_LIFE_MAX_S * 1000);
		for (size_t i = 0; i < a.token.len; i++)
			CHECK(a.token.p[i] > ' ' && a.token.p[i] <= '~');
	} else {
		CHECK(a.token.len == 0 && a.fault.text[0] != '\0');
		CHECK(a.fault.code == EXIT_DOWN ||
		      a.fault.code == EXIT_DENIED ||
		      a.fault.code == EXIT_BADCONFIG);
		CHECK((a.fault.code == EXIT_DOWN) == (v == TOKEN_LATER));
		CHECK(strstr(a.fault.text, secret) == NULL);
	}
	buf_clear(&a.token);
}

static void
check_post(const struct http_reply *h)
{
	const struct reply_place at = {"host.example", "dcr-1", "Custom-T"};
	struct fault f = {0};
	enum verdict v;
	struct reply r;
	char text[700];

	reply_read(&r, h);
	for (int gzip = 0; gzip < 2; gzip++) {
		v = reply_verdict(&r, gzip);
		CHECK((v == VERDICT_ACCEPTED) ==
		      (r.failure == HTTP_NONE &&
			  (r.status == 200 || r.status == 202 ||
			      r.status == 204)));
		CHECK(v != VERDICT_PLAIN || gzip);
	}
	CHECK(r.retry_after_ms >= -1 &&
	      r.retry_after_ms <= HTTP_RETRY_AFTER_MAX_MS);
	reply_text(&r, text, sizeof(text));
	CHECK(strstr(text, secret) == NULL);
	reply_fault(&r, &at, &f);
	CHECK(f.code == EXIT_BADCONFIG || f.code == EXIT_DENIED);
	CHECK(f.text[0] != '\0' && f.hint[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_headers head;
	struct http_reply r = {.headers = &head, .error = "it failed"};
	size_t body;

	if (size < 3)
		return 0;
	r.failure = data[0] > HTTP_PROXY ? HTTP_NONE : data[0];
	r.status = 100 + (data[1] * 256 + data[2]) % 500;
	body = 3 + read_head(&head, (const char *)data + 3, size - 3);
	r.body = (const char *)data + body;
	r.body_len = size - body;
	httphead_request_id(&r);
	check_token(&r);
	check_post(&r);
	httphead_free(&head);
	return 0;
}
