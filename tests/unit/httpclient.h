#ifndef HTTPCLIENT_H
#define HTTPCLIENT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "log.h"

/* One exchange with common/http, and what came of it. */
struct result {
	int done, heads;
	enum http_failure failure;
	int status;
	char error[1024], id[128], type[128], body[8192];
	size_t body_len, data;
	int64_t retry_after;
	bool refuse_head, refuse_data; /* what the callbacks return */
};

static inline bool
result_head(void *ctx, const struct http_reply *r)
{
	struct result *x = ctx;

	x->heads++;
	x->status = r->status;
	return !x->refuse_head;
}

static inline bool
result_data(void *ctx, const char *p, size_t n)
{
	struct result *x = ctx;

	for (size_t i = 0; i < n && x->data + i < sizeof(x->body) - 1; i++)
		x->body[x->data + i] = p[i];
	x->data += n;
	return !x->refuse_data;
}

static inline void
result_done(void *ctx, const struct http_reply *r)
{
	struct result *x = ctx;
	const char *type = http_header(r, "Content-Type");
	size_t n = r->body_len;

	x->done++;
	x->failure = r->failure;
	x->status = r->status;
	x->retry_after = http_retry_after_ms(r);
	(void)snprintf(x->error, sizeof(x->error), "%s", r->error);
	(void)snprintf(x->id, sizeof(x->id), "%s", r->request_id);
	(void)snprintf(
	    x->type, sizeof(x->type), "%s", type != NULL ? type : "none");
	x->body_len = n;
	if (n > 0)
		memcpy(x->body, r->body,
		    n < sizeof(x->body) - 1 ? n : sizeof(x->body) - 1);
}

static inline struct http *
client_new(const struct http_options *o)
{
	struct fault f = {0};
	struct http *h = http_new(o, &f);

	if (h == NULL) {
		printf("Bail out! %s\n", f.text);
		exit(1);
	}
	return h;
}

/* Poll until all requests have ended. */
static inline void
client_run(struct http *h)
{
	struct fault f = {0};

	while (http_running(h) > 0)
		if (!http_poll(h, NULL, 0, -1, &f)) {
			printf("Bail out! %s\n", f.text);
			exit(1);
		}
}

/* Start a request whose callbacks fill x; NULL as http_start() does. */
static inline struct http_call *
client_start(struct http *h, struct http_request rq, struct result *x)
{
	struct fault f = {0};
	struct http_call *c;

	memset(x->body, 0, sizeof(x->body));
	x->done = x->heads = 0;
	x->data = 0;
	rq.method = rq.method != NULL ? rq.method : "GET";
	rq.on_head = result_head;
	rq.on_done = result_done;
	rq.ctx = x;
	c = http_start(h, &rq, &f);
	if (c == NULL)
		(void)snprintf(x->error, sizeof(x->error), "%s", f.text);
	return c;
}

static inline void
client_fetch(struct http *h, struct http_request rq, struct result *x)
{
	if (client_start(h, rq, x) != NULL)
		client_run(h);
}

#endif
