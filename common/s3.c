/* Building and signing requests to S3; what answers mean is in s3error.c. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "s3.h"

enum {
	URL_MAX = 32 * 1024,   /* three bytes for each of names and token */
	TEXT_MAX = 64 * 1024,  /* header lines: what http.h allows */
	LEARNED_MAX = 32,      /* buckets outside their endpoint's region */
	LEARN_TIMES = 4,       /* regions of one bucket, clocks in a row */
	CLOCK_SLACK_MS = 60000 /* a difference that explains no refusal */
};

/* The region of a bucket, as the service told. */
struct learned {
	char bucket[S3_BUCKET_MAX + 1];
	char region[S3_REGION_MAX];
	unsigned times;
};

struct s3 {
	const struct s3_options *o;
	struct s3_endpoint endpoint;
	const char *endpoint_given; /* its text, or NULL: by region */
	const char *region;         /* of options or environment, or NULL */
	enum s3_addressing addressing;
	bool fips, dualstack;
	struct aws_auth *auth; /* NULL: there are no credentials */
	struct fault no_auth;  /* why; told when they are needed */
	struct learned learned[LEARNED_MAX];
	unsigned nlearned, oldest;
	int64_t skew_ms; /* the service's clock less ours */
	unsigned skew_times;
	unsigned lessons; /* what was learned, counted */
};

static bool
set_up(struct s3 *s, struct fault *f)
{
	const struct s3_options *o = s->o;

	if (o->addressing != NULL &&
	    !s3_addressing_parse(&s->addressing, o->addressing))
		return fault_set(f, EXIT_BADUSAGE,
		    "--addressing takes path, virtual or auto, not '%s'",
		    o->addressing);
	s->region = aws_region(o->region);
	if (s->region != NULL && !s3_region_ok(s->region)) {
		(void)fault_set(f,
		    o->region != NULL ? EXIT_BADUSAGE : EXIT_BADCONFIG,
		    "'%.60s' is no region's name", s->region);
		return fault_hint(f, "such as eu-west-1");
	}
	s->endpoint_given = aws_s3_endpoint(o->endpoint);
	if (s->endpoint_given != NULL &&
	    !s3_endpoint_parse(&s->endpoint, s->endpoint_given, f)) {
		if (o->endpoint != NULL)
			f->code = EXIT_BADUSAGE;
		return false;
	}
	s->fips = aws_flag("AWS_USE_FIPS_ENDPOINT");
	s->dualstack = aws_flag("AWS_USE_DUALSTACK_ENDPOINT");
	/* Who has nothing to ask for, as a replay of rows, needs none. */
	s->auth = aws_auth_new(&s->no_auth);
	return true;
}

struct s3 *
s3_new(const struct s3_options *o, struct fault *f)
{
	struct s3 *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)fault_set(f, EXIT_SYSTEM, "out of memory");
		return NULL;
	}
	s->o = o;
	if (!set_up(s, f)) {
		s3_free(s);
		return NULL;
	}
	return s;
}

void
s3_free(struct s3 *s)
{
	if (s == NULL)
		return;
	aws_auth_free(s->auth);
	free(s);
}

static struct learned *
find_learned(const struct s3 *s, const char *bucket)
{
	for (unsigned i = 0; i < s->nlearned; i++)
		if (strcmp(s->learned[i].bucket, bucket) == 0)
			return (struct learned *)&s->learned[i];
	return NULL;
}

const char *
s3_endpoint_given(const struct s3 *s)
{
	return s->endpoint_given;
}

const char *
s3_region_given(const struct s3 *s, const char *bucket)
{
	const struct learned *l = find_learned(s, bucket);

	return l != NULL ? l->region : s->o->region;
}

bool
s3_learn_region(struct s3 *s, const char *bucket, const char *region)
{
	struct learned *l = find_learned(s, bucket);

	if (!s3_region_ok(region))
		return false;
	if (l == NULL) {
		if (s->nlearned < LEARNED_MAX) {
			l = &s->learned[s->nlearned++];
		} else {
			l = &s->learned[s->oldest];
			s->oldest = (s->oldest + 1) % LEARNED_MAX;
		}
		memset(l, 0, sizeof(*l));
		memcpy(l->bucket, bucket, strlen(bucket) + 1);
	} else if (strcmp(l->region, region) == 0 || l->times >= LEARN_TIMES) {
		/* It does not help, or the service sends us round and round. */
		return false;
	}
	memcpy(l->region, region, strlen(region) + 1);
	l->times++;
	s->lessons++;
	log_info("bucket '%s' is in region '%s'", bucket, region);
	return true;
}

bool
s3_learn_clock(struct s3 *s, int64_t service_ms)
{
	int64_t skew = service_ms - clock_wall_ms();
	int64_t change = skew - s->skew_ms;

	if ((change < CLOCK_SLACK_MS && change > -CLOCK_SLACK_MS) ||
	    s->skew_times >= LEARN_TIMES)
		return false;
	s->skew_ms = skew;
	s->skew_times++;
	s->lessons++;
	log_warn("the clock differs from the store's by %lld s; requests are "
		 "signed with the store's time",
	    (long long)(skew / 1000));
	return true;
}

void
s3_answered(struct s3 *s)
{
	s->skew_times = 0;
}

bool
s3_renew(struct s3 *s)
{
	if (!aws_auth_refused(s->auth))
		return false;
	/* COV_EXCL_BEGIN: those of the environment are never newer */
	s->lessons++;
	return true;
	/* COV_EXCL_END */
}

bool
s3_outdated(const struct s3 *s, const struct s3_call *c)
{
	return c->lessons != s->lessons;
}

int64_t
s3_skew_ms(const struct s3 *s)
{
	return s->skew_ms;
}

/* Endpoint and region that a request goes to. */
struct place {
	struct s3_endpoint endpoint;
	char region[S3_REGION_MAX];
};

static bool
find_place(const struct s3 *s, struct place *p, const struct s3_ask *a,
    struct fault *f)
{
	const struct learned *l = find_learned(s, a->bucket);
	const char *region = l != NULL              ? l->region
			     : s->o->region != NULL ? s->o->region
			     : a->region != NULL    ? a->region
						    : s->region;
	bool named = false;

	if (s->o->endpoint == NULL && a->endpoint != NULL) {
		if (!s3_endpoint_parse(&p->endpoint, a->endpoint, f))
			return false;
		named = true;
	} else if (s->endpoint_given != NULL) {
		p->endpoint = s->endpoint;
		named = true;
	}
	p->region[0] = '\0';
	if (region == NULL && named)
		(void)s3_endpoint_region(&p->endpoint, p->region);
	if (region == NULL && p->region[0] == '\0')
		region = "us-east-1"; /* the service says if it is another */
	if (region != NULL) {
		if (!s3_region_ok(region))
			return fault_set(f, EXIT_BADCONFIG,
			    "'%.60s' is no region's name", region);
		memcpy(p->region, region, strlen(region) + 1);
	}
	/* At AWS another region has another host, whatever was named. */
	if (l != NULL && named && p->endpoint.aws)
		named = false;
	return named || s3_endpoint_of_region(
			    &p->endpoint, p->region, s->fips, s->dualstack, f);
}

/* Write host and path; the path is what is signed as well. */
static bool
add_address(const struct s3 *s, struct buf *host, struct buf *path,
    const struct place *p, const struct s3_ask *a, struct fault *f)
{
	bool virt = s3_use_virtual(s->addressing, &p->endpoint, a->bucket);

	if (!s3_bucket_ok(a->bucket))
		return fault_set(f, EXIT_BADCONFIG,
		    "'%.200s' is no bucket's name", a->bucket);
	if (virt && p->endpoint.host[0] == '[')
		return fault_set(f, EXIT_BADCONFIG,
		    "--addressing virtual needs an endpoint with a name, not "
		    "an address");
	if (virt)
		buf_addf(host, "%s.", a->bucket);
	buf_adds(host, p->endpoint.host);
	buf_adds(path, p->endpoint.path);
	if (!virt) {
		buf_addc(path, '/');
		sigv4_encode(path, a->bucket, strlen(a->bucket), false);
	}
	if (virt || a->key != NULL)
		buf_addc(path, '/');
	if (a->key != NULL)
		sigv4_encode(path, a->key, a->key_len, true);
	return true;
}

static struct sigv4_field
field(const char *name, const char *value)
{
	return (struct sigv4_field){name, strlen(name), value, strlen(value)};
}

/* Write the header lines, each ended by NUL, and point to them. */
static void
add_lines(struct s3_call *c, const struct sigv4_request *r)
{
	const struct sigv4_field *h = r->headers;
	size_t at = 0, k = 0;

	for (size_t i = 0; i < r->nheaders; i++) {
		if (h[i].name_len == 4 && memcmp(h[i].name, "host", 4) == 0)
			continue; /* it comes from the URL */
		buf_add(&c->text, h[i].name, h[i].name_len);
		buf_adds(&c->text, ": ");
		buf_add(&c->text, h[i].value, h[i].value_len);
		buf_addc(&c->text, '\0');
	}
	if (c->text.err != 0)
		return;
	for (; at < c->text.len; at += strlen(c->text.p + at) + 1)
		c->headers[k++] = c->text.p + at;
	c->headers[k] = NULL;
}

static void
sign(struct s3_call *c, const struct sigv4_request *r,
    const struct sigv4_signer *signer, struct sigv4_field *spare)
{
	struct sigv4_request with = *r;
	struct buf authorization = BUF_INIT(TEXT_MAX);

	sigv4_authorization(&authorization, r, signer);
	if (authorization.err != 0) {
		c->text.err = authorization.err;
	} else {
		*spare = field("authorization", authorization.p);
		with.nheaders++;
		add_lines(c, &with);
	}
	buf_clear(&authorization);
}

/* Headers to be signed, and room for the authorization after them. */
static void
fill_and_sign(const struct s3 *s, struct s3_call *c, const struct s3_ask *a,
    const struct place *p, const struct buf *host, const struct buf *path)
{
	const struct aws_creds *creds = aws_auth_get(s->auth);
	struct sigv4_field h[S3_HEADERS_MAX + 2];
	struct sigv4_signer signer = {.access_key_id = creds->access_key_id,
	    .secret = creds->secret,
	    .token = creds->token,
	    .region = p->region,
	    .service = "s3"};
	struct sigv4_request r = {.method = a->method,
	    .path = path->p,
	    .path_len = path->len,
	    .path_rule = SIGV4_PATH_AS_SENT,
	    .query = a->query,
	    .nquery = a->nquery,
	    .headers = h,
	    .payload_hash = sigv4_empty_hash};
	size_t n = 0;

	INVARIANT(a->nheaders + 5 <= S3_HEADERS_MAX);
	sigv4_date(signer.date, clock_wall_ms() + s->skew_ms);
	h[n++] = field("host", host->p);
	h[n++] = field("x-amz-content-sha256", sigv4_empty_hash);
	h[n++] = field("x-amz-date", signer.date);
	if (signer.token != NULL)
		h[n++] = field("x-amz-security-token", signer.token);
	if (a->nheaders > 0)
		memcpy(h + n, a->headers, a->nheaders * sizeof(*h));
	r.nheaders = n + a->nheaders;
	sign(c, &r, &signer, &h[r.nheaders]);
}

bool
s3_build(
    struct s3 *s, struct s3_call *c, const struct s3_ask *a, struct fault *f)
{
	struct buf host = BUF_INIT(S3_HOST_MAX + S3_BUCKET_MAX);
	struct buf path = BUF_INIT(URL_MAX);
	struct place p;
	bool ok = false;

	c->url.max = URL_MAX;
	c->text.max = TEXT_MAX;
	c->text.secret = true;
	buf_reset(&c->url);
	buf_clear(&c->text);
	c->headers[0] = NULL;
	c->method = a->method;
	c->allow_plain = s->o->allow_http;
	c->lessons = s->lessons;
	if (s->auth == NULL) {
		*f = s->no_auth;
		return false;
	}
	if (aws_auth_get(s->auth) == NULL)
		return fault_set(
		    f, EXIT_AGAIN, "the credentials are not there yet");
	if (!find_place(s, &p, a, f) || !add_address(s, &host, &path, &p, a, f))
		goto out;
	buf_adds(&c->url, p.endpoint.tls ? "https://" : "http://");
	if (host.err == 0 && path.err == 0) {
		buf_add(&c->url, host.p, host.len);
		buf_add(&c->url, path.p, path.len);
		if (a->nquery > 0)
			buf_addc(&c->url, '?');
		sigv4_query(&c->url, a->query, a->nquery);
		fill_and_sign(s, c, a, &p, &host, &path);
	}
	ok = host.err == 0 && path.err == 0 && c->url.err == 0 &&
	     c->text.err == 0;
	if (!ok)
		(void)fault_set(f, EXIT_BADCONFIG,
		    "the address of a request to bucket '%s' is too long",
		    a->bucket);
out:
	buf_clear(&host);
	buf_clear(&path);
	return ok;
}

void
s3_call_fill(const struct s3_call *c, struct http_request *r)
{
	r->method = c->method;
	r->url = c->url.p;
	r->headers = c->headers;
	r->allow_plain = c->allow_plain;
}

void
s3_call_sent(struct s3_call *c)
{
	c->headers[0] = NULL;
	buf_clear(&c->text);
}

void
s3_call_free(struct s3_call *c)
{
	buf_clear(&c->url);
	buf_clear(&c->text);
}
