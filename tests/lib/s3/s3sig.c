/* Signature Version 4 for S3: canonical request, string to sign, signature. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "s3sig.h"
#include "s3uri.h"

enum { QUERY_MAX = 512 /* parameters of one request, enough for any client */ };

/* The path decoded and encoded again: clients may leave more unescaped than
 * the rule says.  In a path, as in a query, S3 reads '+' as a space. */
static void
add_path(struct buf *out, const char *path, size_t n)
{
	struct buf raw = BUF_INIT(S3SIG_MAX);

	if (s3uri_decode(&raw, path, n, true))
		s3uri_encode(out, raw.p, raw.len, S3URI_PATH);
	else
		buf_add(out, path, n);
	buf_clear(&raw);
}

/* One parameter's name or value in canonical form; the caller frees it. */
static char *
canonical_text(const char *p, size_t n)
{
	struct buf raw = BUF_INIT(S3SIG_MAX), text = BUF_INIT(S3SIG_MAX);

	buf_adds(&text, ""); /* so that text.p is never NULL */
	if (s3uri_decode(&raw, p, n, true))
		s3uri_encode(&text, raw.p, raw.len, S3URI_SIGV4);
	else
		buf_add(&text, p, n);
	buf_clear(&raw);
	if (text.err != 0 || text.p == NULL)
		log_oom();
	return text.p;
}

struct param {
	char *name, *value;
};

static int
param_order(const void *a, const void *b)
{
	const struct param *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c != 0 ? c : strcmp(x->value, y->value);
}

static void
add_query(struct buf *out, const char *query, size_t n)
{
	struct param params[QUERY_MAX];
	const char *p = query, *end = query + n, *amp, *eq;
	size_t count = 0;

	while (p < end && count < QUERY_MAX) {
		amp = memchr(p, '&', (size_t)(end - p));
		amp = amp != NULL ? amp : end;
		eq = memchr(p, '=', (size_t)(amp - p));
		eq = eq != NULL ? eq : amp;
		if (amp > p) {
			params[count].name =
			    canonical_text(p, (size_t)(eq - p));
			eq += eq < amp;
			params[count].value =
			    canonical_text(eq, (size_t)(amp - eq));
			count++;
		}
		p = amp + 1;
	}
	if (count > 0)
		qsort(params, count, sizeof(params[0]), param_order);
	for (size_t i = 0, shown = 0; i < count; i++) {
		if (strcmp(params[i].name, "X-Amz-Signature") != 0) {
			if (shown++ > 0)
				buf_addc(out, '&');
			buf_adds(out, params[i].name);
			buf_addc(out, '=');
			buf_adds(out, params[i].value);
		}
		free(params[i].name);
		free(params[i].value);
	}
}

/* A header value trimmed, runs of spaces made one. */
static void
add_value(struct buf *out, const char *v)
{
	size_t n = strlen(v);

	while (n > 0 && (v[n - 1] == ' ' || v[n - 1] == '\t'))
		n--;
	while (n > 0 && (*v == ' ' || *v == '\t'))
		v++, n--;
	for (size_t i = 0; i < n; i++)
		if (v[i] != ' ' || v[i - 1] != ' ')
			buf_addc(out, v[i]);
}

/* "name:value\n", the values of repeated headers joined by commas. */
static void
add_header(
    struct buf *out, const struct s3sig_request *r, const char *name, size_t n)
{
	bool first = true;

	buf_add(out, name, n);
	buf_addc(out, ':');
	for (size_t i = 0; i < r->header_count; i++) {
		const struct s3sig_header *h = &r->headers[i];

		if (strlen(h->name) != n || strncasecmp(h->name, name, n) != 0)
			continue;
		if (!first)
			buf_addc(out, ',');
		add_value(out, h->value);
		first = false;
	}
	buf_addc(out, '\n');
}

void
s3sig_canonical(struct buf *out, const struct s3sig_request *r,
    const char *signed_headers, const char *payload)
{
	const char *p, *end;

	buf_adds(out, r->method);
	buf_addc(out, '\n');
	add_path(out, r->path, r->path_len);
	buf_addc(out, '\n');
	add_query(out, r->query != NULL ? r->query : "", r->query_len);
	buf_addc(out, '\n');
	for (p = signed_headers; *p != '\0'; p = *end == ';' ? end + 1 : end) {
		end = strchrnul(p, ';');
		add_header(out, r, p, (size_t)(end - p));
	}
	buf_addf(out, "\n%s\n%s", signed_headers, payload);
}

void
s3sig_string(
    struct buf *out, const struct s3sig_scope *s, const struct buf *canonical)
{
	unsigned char digest[S3HASH_SHA256];
	char hex[S3HASH_SHA256_HEX];

	s3hash_sha256(digest, canonical->p, canonical->len);
	s3hash_hex(hex, digest, sizeof(digest));
	buf_addf(out, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s",
	    s->time, s->date, s->region, s->service, hex);
}

void
s3sig_sign(char out[S3HASH_SHA256_HEX], const struct s3sig_scope *s,
    const char *secret, const struct buf *string)
{
	const char *steps[] = {s->date, s->region, s->service, "aws4_request"};
	unsigned char key[S3HASH_SHA256];
	struct buf first = BUF_INIT(S3SIG_MAX);

	buf_adds(&first, "AWS4");
	buf_adds(&first, secret);
	if (first.err != 0)
		log_oom();
	s3hash_hmac(key, first.p, first.len, steps[0], strlen(steps[0]));
	explicit_bzero(first.p, first.len);
	buf_clear(&first);
	for (size_t i = 1; i < sizeof(steps) / sizeof(steps[0]); i++)
		s3hash_hmac(key, key, sizeof(key), steps[i], strlen(steps[i]));
	s3hash_hmac(key, key, sizeof(key), string->p, string->len);
	s3hash_hex(out, key, sizeof(key));
}
