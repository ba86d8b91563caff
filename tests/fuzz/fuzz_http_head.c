/*
 * What strangers say in headers, and URLs for the log: bounded, found again,
 * and never a secret of the query.
 */
#include <stdlib.h>
#include <string.h>

#include "httphead.h"
#include "httpurl.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_headers(const char *text, size_t n)
{
	static const char *const names[] = {
	    "retry-after", "x-amz-request-id", "a", ""};
	struct http_headers h;
	struct http_reply r = {.headers = &h};
	const char *nl;
	int64_t ms;

	httphead_init(&h);
	for (; n > 0; n -= (size_t)(nl - text), text = nl) {
		nl = memchr(text, '\n', n);
		nl = nl != NULL ? nl + 1 : text + n;
		if (httphead_status(text, (size_t)(nl - text)) != 0)
			httphead_reset(&h);
		if (!httphead_add(&h, text, (size_t)(nl - text)))
			break;
	}
	CHECK(h.pairs.len <= HTTP_HEADERS_MAX);
	for (size_t i = 0; i < 4; i++) {
		const char *v = http_header(&r, names[i]);

		CHECK(v == NULL || strpbrk(v, "\r\n") == NULL ||
		      strpbrk(v, "\r\n")[1] != '\0');
	}
	ms = http_retry_after_ms(&r);
	CHECK(ms >= -1 && ms <= HTTP_RETRY_AFTER_MAX_MS);
	httphead_request_id(&r);
	for (const char *s = r.request_id; *s != '\0'; s++)
		CHECK(*s > ' ' && *s < 0x7f);
	httphead_free(&h);
}

static void
check_url(const char *text, size_t n)
{
	struct buf url = BUF_INIT(1 << 20), shown = BUF_INIT(1 << 20);
	char *clean = strndup(text, n);

	CHECK(clean != NULL);
	(void)httpurl_place(clean);
	buf_addf(&url, "https://u:s3cret@host/?%s&sig=s3cret", clean);
	httpurl_show(&shown, url.p);
	/* Unless the input itself shows it. */
	CHECK(strstr(clean, "s3cret") != NULL ||
	      strstr(shown.p, "s3cret") == NULL);
	buf_reset(&shown);
	httpurl_show(&shown, clean);
	CHECK(shown.len <= n + 2 * n);
	buf_clear(&url);
	buf_clear(&shown);
	free(clean);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + (size == 0));

	CHECK(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	check_headers(text, size);
	check_url(text, size);
	free(text);
	return 0;
}
