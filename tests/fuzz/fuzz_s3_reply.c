/*
 * What S3, or somebody in its place, answers: judged without being believed.
 * Invariants: only a 2xx is fine; whatever else it is has a code; asking anew
 * at once never goes on without end; nothing it says sends a request to
 * another host, or repeats the session token.  The first byte chooses a
 * failure, the next two the status; headers follow, then the body.
 */
#include <stdlib.h>
#include <string.h>

#include "head.h"
#include "log.h"
#include "s3.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { AGAIN_MAX = 32 };
static const char token[] = "session-token-of-fuzzer";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_verdict(const struct s3_verdict *v, const struct http_reply *r)
{
	struct fault f = {0};

	CHECK((v->fate == S3_FINE) ==
	      (r->failure == HTTP_NONE && r->status / 100 == 2));
	CHECK(v->retry_after_ms >= -1 &&
	      v->retry_after_ms <= HTTP_RETRY_AFTER_MAX_MS);
	if (v->fate == S3_FINE)
		return;
	CHECK(v->code[0] != '\0');
	(void)s3_fault(v, "get 's3://bucket/k'", &f);
	CHECK(f.code != EXIT_DONE && f.text[0] != '\0');
	CHECK(strstr(f.text, token) == NULL);
}

/* Ask until it is judged otherwise, each time at the same host. */
static void
converse(struct s3 *s3, const struct http_reply *r)
{
	struct s3_call call = {0};
	const struct s3_ask ask = {
	    .method = "GET", .bucket = "bucket", .key = "k", .key_len = 1};
	static const char url[] = "https://store.example/bucket/k";
	struct s3_verdict v;
	struct fault f = {0};

	for (int i = 0;; i++) {
		CHECK(s3_build(s3, &call, &ask, &f));
		CHECK(strcmp(call.url.p, url) == 0);
		for (int k = 0; call.headers[k] != NULL; k++)
			CHECK(strpbrk(call.headers[k], "\r\n") == NULL);
		s3_judge(s3, &call, "bucket", r, &v);
		check_verdict(&v, r);
		if (v.fate != S3_AGAIN)
			break;
		CHECK(i < AGAIN_MAX);
	}
	s3_call_free(&call);
}

/* Variables are wiped where they are taken, so they are written anew.  Not by
 * setenv(3): it never gives memory back, and libFuzzer looks for a leak, which
 * takes 40 ms, after each try that took more pieces than it freed. */
static void
set_credentials(void)
{
	static const char *const texts[] = {"AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
	    "AWS_SECRET_ACCESS_KEY=secret-key-of-fuzzer",
	    "AWS_SESSION_TOKEN=session-token-of-fuzzer"};
	static char entries[3][64];

	for (size_t i = 0; i < 3; i++) {
		CHECK(strlen(texts[i]) < sizeof(entries[i]));
		memcpy(entries[i], texts[i], strlen(texts[i]) + 1);
		CHECK(putenv(entries[i]) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct s3_options options = {.endpoint = "https://store.example"};
	struct http_headers head;
	struct http_reply r = {.headers = &head, .error = "it failed"};
	struct fault f = {0};
	struct s3 *s3;
	size_t body;

	if (size < 3)
		return 0;
	set_credentials();
	r.failure = data[0] > HTTP_PROXY ? HTTP_NONE : data[0];
	r.status = 100 + (data[1] * 256 + data[2]) % 500;
	body = 3 + read_head(&head, (const char *)data + 3, size - 3);
	r.body = (const char *)data + body;
	r.body_len = size - body;
	httphead_request_id(&r);
	s3 = s3_new(&options, &f);
	CHECK(s3 != NULL);
	converse(s3, &r);
	s3_free(s3);
	httphead_free(&head);
	return 0;
}
