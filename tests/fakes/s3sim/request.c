/* A request taken apart: target, Host, headers, parameters. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "../../lib/s3/s3uri.h"
#include "clock.h"
#include "sim.h"

const char *
op_name(enum op op)
{
	static const char *const names[OP_COUNT] = {"LIST", "GET", "HEAD",
	    "PUT", "DELETE", "BUCKETS", "BUCKET_HEAD", "BUCKET_PUT",
	    "BUCKET_DELETE", "LOCATION", "OTHER", "CONTROL"};

	return names[op];
}

int64_t
sim_now_ms(void)
{
	return clock_wall_ms() +
	       __atomic_load_n(&sim.clock_ahead_ms, __ATOMIC_RELAXED);
}

const char *
request_header(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return r->headers[i].value;
	return NULL;
}

/* The raw value of a parameter; *n its length. */
static const char *
find_param(const struct request *r, const char *name, size_t *n)
{
	const char *p = r->query, *end = p + r->query_len, *amp, *eq;
	size_t len = strlen(name);

	for (; p < end; p = amp + 1) {
		amp = memchr(p, '&', (size_t)(end - p));
		amp = amp != NULL ? amp : end;
		eq = memchr(p, '=', (size_t)(amp - p));
		eq = eq != NULL ? eq : amp;
		if ((size_t)(eq - p) == len && memcmp(p, name, len) == 0) {
			eq += eq < amp;
			*n = (size_t)(amp - eq);
			return eq;
		}
	}
	return NULL;
}

bool
request_param(const struct request *r, const char *name, struct buf *out)
{
	size_t n;
	const char *p = find_param(r, name, &n);

	buf_reset(out);
	buf_adds(out, "");
	return p != NULL && s3uri_decode(out, p, n, true) && out->err == 0;
}

bool
request_has(const struct request *r, const char *name)
{
	size_t n;

	return find_param(r, name, &n) != NULL;
}

/* The bucket of a Host header such as bucket.localhost:9000, else "". */
static void
bucket_of_host(struct request *r)
{
	const char *host = request_header(r, "Host");
	size_t n, d = strlen(sim.domain);

	if (host == NULL)
		return;
	n = strcspn(host, ":");
	if (n < d + 2 || host[n - d - 1] != '.' ||
	    strncasecmp(host + n - d, sim.domain, d) != 0 ||
	    n - d - 1 >= sizeof(r->bucket))
		return;
	for (size_t i = 0; i < n - d - 1; i++)
		r->bucket[i] =
		    (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] | 0x20
							    : host[i]);
	r->bucket[n - d - 1] = '\0';
}

/* Split the target, of origin or absolute form, into path and query. */
static void
split_target(struct request *r)
{
	const char *t = r->target, *q;

	if (strncasecmp(t, "http://", 7) == 0)
		t = strchrnul(t + 7, '/');
	else if (strncasecmp(t, "https://", 8) == 0)
		t = strchrnul(t + 8, '/');
	q = strchrnul(t, '?');
	r->path = t;
	r->path_len = (size_t)(q - t);
	r->query = *q == '?' ? q + 1 : q;
	r->query_len = strlen(r->query);
}

static enum op
op_of(const struct request *r)
{
	static const struct {
		const char *method;
		enum op object, bucket;
	} table[] = {
	    {"GET", OP_GET, OP_LIST},
	    {"HEAD", OP_HEAD, OP_BUCKET_HEAD},
	    {"PUT", OP_PUT, OP_BUCKET_PUT},
	    {"DELETE", OP_DELETE, OP_BUCKET_DELETE},
	};

	if (r->bucket[0] == '\0')
		return strcmp(r->method, "GET") == 0 ? OP_BUCKETS : OP_OTHER;
	if (r->key.len == 0 && strcmp(r->method, "GET") == 0 &&
	    request_has(r, "location"))
		return OP_LOCATION;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(r->method, table[i].method) == 0)
			return r->key.len > 0 ? table[i].object
					      : table[i].bucket;
	return OP_OTHER;
}

void
request_route(struct request *r)
{
	struct buf name = BUF_INIT(sizeof(r->bucket) - 1);
	const char *p, *end, *slash;

	split_target(r);
	bucket_of_host(r);
	p = r->path + (r->path_len > 0);
	end = r->path + r->path_len;
	if (r->bucket[0] == '\0') {
		if (strncmp(r->path, "/_", 2) == 0) {
			r->op = OP_CONTROL;
			return;
		}
		slash = memchr(p, '/', (size_t)(end - p));
		slash = slash != NULL ? slash : end;
		r->bad_escape =
		    !s3uri_decode(&name, p, (size_t)(slash - p), true);
		if (name.err == 0 && name.len > 0)
			memcpy(r->bucket, name.p, strlen(name.p) + 1);
		p = slash < end ? slash + 1 : end;
		buf_clear(&name);
	}
	/* Only one slash parts bucket and key: all others belong to the key. */
	r->bad_escape |= !s3uri_decode(&r->key, p, (size_t)(end - p), true);
	r->op = op_of(r);
}
