/* Asking the store whether it is there; see probe.h. */
#include <string.h>

#include "probe.h"

void
probe_note(struct probe *p, const struct object *o)
{
	p->good = *o;
	p->good.text = (struct buf){0}; /* stays the transfer's */
	p->has_good = true;
}

static bool
on_head(void *ctx, const struct http_reply *r)
{
	(void)ctx;
	/* One that takes no notice of Range would send all of it. */
	return r->status != 200;
}

static void
on_done(void *ctx, const struct http_reply *r)
{
	struct probe *p = ctx;
	struct s3_verdict v = {.fate = S3_FINE};

	p->running = NULL;
	if (r->failure != HTTP_ABORTED)
		s3_judge(p->setup->s3, &p->call, p->bucket, r, &v);
	p->ended(p->ctx, &v);
}

static const char *
or_null(const char *s)
{
	return s[0] != '\0' ? s : NULL;
}

bool
probe_ask(struct probe *p, const struct object *o, struct fault *f)
{
	const struct sigv4_field range = {"range", 5, "bytes=0-0", 9};
	struct sigv4_field version = {"versionId", 9, NULL, 0};
	struct s3_ask ask = {
	    .method = "HEAD", .query = &version, .headers = &range};
	struct http_request r = {.on_done = on_done, .ctx = p};

	if (p->has_good) {
		o = &p->good;
		ask.method = "GET";
		ask.key = o->key;
		ask.key_len = o->key_len;
		ask.nheaders = 1;
		version.value = o->version;
		version.value_len = strlen(o->version);
		ask.nquery = version.value_len > 0;
		r.on_head = on_head;
	}
	ask.bucket = o->bucket;
	ask.endpoint = or_null(o->endpoint);
	ask.region = or_null(o->region);
	memcpy(p->bucket, o->bucket, sizeof(p->bucket));
	if (!s3_build(p->setup->s3, &p->call, &ask, f))
		return false;
	s3_call_fill(&p->call, &r);
	p->running = http_start(p->setup->http, &r, f);
	s3_call_sent(&p->call);
	return p->running != NULL;
}

bool
probe_asking(const struct probe *p)
{
	return p->running != NULL;
}

void
probe_free(struct probe *p)
{
	http_cancel(p->running);
	p->running = NULL;
	s3_call_free(&p->call);
}
