/* AWS Signature Version 4, stage by stage; see sigv4.h. */
#include <string.h>
#include <strings.h>

#include "crypto.h"
#include "log.h"
#include "sigv4.h"
#include "timefmt.h"

enum {
	CANONICAL_MAX = 256 * 1024, /* a request's own text: our choice */
	SECRET_TEXT_MAX = 8 * 1024, /* "AWS4" and a secret key */
	DAY_LEN = 8                 /* 20150830 */
};

const char sigv4_empty_hash[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const char sigv4_unsigned_payload[] = "UNSIGNED-PAYLOAD";

static const char algorithm[] = "AWS4-HMAC-SHA256";
static const char terminator[] = "aws4_request";

void
sigv4_date(char out[SIGV4_DATE_LEN + 1], int64_t wall_ms)
{
	char text[TIMEFMT_MAX];
	size_t n = 0;

	/* 2015-08-30T12:36:00Z without its punctuation. */
	timefmt_rfc3339(text, wall_ms, false);
	for (const char *p = text; *p != '\0' && n < SIGV4_DATE_LEN; p++)
		if (*p != '-' && *p != ':')
			out[n++] = *p;
	out[n] = '\0';
}

static bool
unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

void
sigv4_encode(struct buf *b, const char *s, size_t n, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t run = 0;
	char esc[3] = "%";

	for (size_t i = 0; i < n; i++) {
		if (unreserved(s[i]) || (keep_slash && s[i] == '/')) {
			run++;
			continue;
		}
		buf_add(b, s + i - run, run);
		run = 0;
		esc[1] = digits[(unsigned char)s[i] >> 4];
		esc[2] = digits[(unsigned char)s[i] & 15];
		buf_add(b, esc, sizeof(esc));
	}
	buf_add(b, s + n - run, run);
}

/* Encoded names and values inside one buffer. */
struct pair {
	size_t name, name_len, value, value_len;
};

static int
compare(const char *a, size_t an, const char *b, size_t bn)
{
	int c = memcmp(a, b, an < bn ? an : bn);

	return c != 0 ? c : (an > bn) - (an < bn);
}

static bool
pair_after(const char *text, const struct pair *a, const struct pair *b)
{
	int c =
	    compare(text + a->name, a->name_len, text + b->name, b->name_len);

	if (c == 0)
		c = compare(text + a->value, a->value_len, text + b->value,
		    b->value_len);
	return c > 0;
}

void
sigv4_query(struct buf *b, const struct sigv4_field *f, size_t n)
{
	struct pair pairs[SIGV4_FIELDS_MAX];
	struct buf text = BUF_INIT(b->max);
	struct pair p;
	size_t k;

	INVARIANT(n <= SIGV4_FIELDS_MAX);
	for (size_t i = 0; i < n; i++) {
		p.name = text.len;
		sigv4_encode(&text, f[i].name, f[i].name_len, false);
		p.name_len = text.len - p.name;
		p.value = text.len;
		sigv4_encode(&text, f[i].value, f[i].value_len, false);
		p.value_len = text.len - p.value;
		if (text.err != 0)
			break;
		/* A handful of them: insertion sort, by the encoded text. */
		for (k = i; k > 0 && pair_after(text.p, &pairs[k - 1], &p); k--)
			pairs[k] = pairs[k - 1];
		pairs[k] = p;
	}
	for (size_t i = 0; i < n && text.err == 0; i++) {
		if (i > 0)
			buf_addc(b, '&');
		buf_add(b, text.p + pairs[i].name, pairs[i].name_len);
		buf_addc(b, '=');
		buf_add(b, text.p + pairs[i].value, pairs[i].value_len);
	}
	if (text.err != 0 && b->err == 0)
		b->err = text.err;
	buf_clear(&text);
}

/* The path of all services but S3: RFC 3986 section 6.2.2.3, empty segments
 * gone, and every segment encoded once more than it is sent. */
static void
add_normalised(struct buf *b, const char *path, size_t n)
{
	const char *end = path + n, *next;
	const size_t start = b->len;
	bool folder = false; /* the last segment named no file */
	size_t len;

	for (; path < end; path = next + 1) {
		next = memchr(path, '/', (size_t)(end - path));
		if (next == NULL)
			next = end;
		len = (size_t)(next - path);
		folder = len == 0 || (len == 1 && *path == '.');
		if (len == 2 && path[0] == '.' && path[1] == '.') {
			folder = true;
			while (b->len > start && b->p[b->len - 1] != '/')
				buf_cut(b, b->len - 1);
			if (b->len > start)
				buf_cut(b, b->len - 1);
		} else if (!folder) {
			buf_addc(b, '/');
			sigv4_encode(b, path, len, false);
		}
	}
	if (folder || n == 0 || end[-1] == '/')
		buf_addc(b, '/');
}

/* Fill order with the headers' indices, by lower-case name; those of one name
 * keep their order. */
static void
sort_headers(const struct sigv4_request *r, size_t *order)
{
	const struct sigv4_field *h = r->headers;
	size_t k;

	INVARIANT(r->nheaders <= SIGV4_FIELDS_MAX);
	for (size_t i = 0; i < r->nheaders; i++) {
		for (k = i; k > 0; k--) {
			const struct sigv4_field *a = &h[order[k - 1]];
			size_t min = a->name_len < h[i].name_len
					 ? a->name_len
					 : h[i].name_len;
			int c = strncasecmp(a->name, h[i].name, min);

			if (c < 0 || (c == 0 && a->name_len <= h[i].name_len))
				break;
			order[k] = order[k - 1];
		}
		order[k] = i;
	}
}

static bool
same_name(const struct sigv4_field *a, const struct sigv4_field *b)
{
	return a->name_len == b->name_len &&
	       strncasecmp(a->name, b->name, a->name_len) == 0;
}

static void
add_lower(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addc(b, s[i] >= 'A' && s[i] <= 'Z'
				? (char)(s[i] + 'a' - 'A')
				: s[i]);
}

/* Without white space around it; a run of it inside becomes one space. */
static void
add_trimmed(struct buf *b, const char *s, size_t n)
{
	bool gap = false, any = false;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' ||
		    s[i] == '\r') {
			gap = any;
			continue;
		}
		if (gap)
			buf_addc(b, ' ');
		gap = false;
		any = true;
		buf_addc(b, s[i]);
	}
}

static void
add_signed_headers(struct buf *b, const struct sigv4_request *r)
{
	size_t order[SIGV4_FIELDS_MAX];
	const struct sigv4_field *h;

	sort_headers(r, order);
	for (size_t i = 0; i < r->nheaders; i++) {
		h = &r->headers[order[i]];
		if (i > 0 && same_name(&r->headers[order[i - 1]], h))
			continue;
		if (i > 0)
			buf_addc(b, ';');
		add_lower(b, h->name, h->name_len);
	}
}

static void
add_headers(struct buf *b, const struct sigv4_request *r)
{
	size_t order[SIGV4_FIELDS_MAX];
	const struct sigv4_field *h;

	sort_headers(r, order);
	for (size_t i = 0; i < r->nheaders; i++) {
		h = &r->headers[order[i]];
		if (i > 0 && same_name(&r->headers[order[i - 1]], h)) {
			buf_addc(b, ',');
		} else {
			if (i > 0)
				buf_addc(b, '\n');
			add_lower(b, h->name, h->name_len);
			buf_addc(b, ':');
		}
		add_trimmed(b, h->value, h->value_len);
	}
	if (r->nheaders > 0)
		buf_addc(b, '\n');
}

void
sigv4_canonical(struct buf *b, const struct sigv4_request *r)
{
	buf_adds(b, r->method);
	buf_addc(b, '\n');
	if (r->path_rule == SIGV4_PATH_AGAIN)
		add_normalised(b, r->path, r->path_len);
	else
		buf_add(b, r->path, r->path_len);
	buf_addc(b, '\n');
	sigv4_query(b, r->query, r->nquery);
	buf_addc(b, '\n');
	add_headers(b, r);
	buf_addc(b, '\n');
	add_signed_headers(b, r);
	buf_addc(b, '\n');
	buf_adds(b, r->payload_hash);
}

static void
add_scope(struct buf *b, const struct sigv4_signer *s)
{
	buf_addf(b, "%.*s/%s/%s/%s", DAY_LEN, s->date, s->region, s->service,
	    terminator);
}

void
sigv4_string_to_sign(struct buf *b, const struct sigv4_signer *s,
    const char *canonical, size_t n)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	char hex[CRYPTO_SHA256_HEX + 1];

	crypto_sha256(canonical, n, hash);
	crypto_hex(hex, hash, sizeof(hash));
	buf_addf(b, "%s\n%s\n", algorithm, s->date);
	add_scope(b, s);
	buf_addf(b, "\n%s", hex);
}

void
sigv4_signature(char out[SIGV4_HEX_LEN + 1], const struct sigv4_signer *s,
    const char *string, size_t n)
{
	uint8_t key[CRYPTO_SHA256_LEN], next[CRYPTO_SHA256_LEN];
	struct buf first = BUF_SECRET(SECRET_TEXT_MAX);
	const char *steps[] = {s->region, s->service, terminator};

	buf_adds(&first, "AWS4");
	buf_adds(&first, s->secret);
	if (first.err != 0)
		log_oom(); /* the length was checked where it was read */
	crypto_hmac_sha256(first.p, first.len, s->date, DAY_LEN, key);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		crypto_hmac_sha256(
		    key, sizeof(key), steps[i], strlen(steps[i]), next);
		memcpy(key, next, sizeof(key));
	}
	crypto_hmac_sha256(key, sizeof(key), string, n, next);
	crypto_hex(out, next, sizeof(next));
	explicit_bzero(key, sizeof(key));
	buf_clear(&first);
}

/* Stages 1 to 3; the error goes to b. */
static void
sign(struct buf *b, const struct sigv4_request *r, const struct sigv4_signer *s,
    char out[SIGV4_HEX_LEN + 1])
{
	struct buf text = BUF_SECRET(CANONICAL_MAX); /* it holds the token */
	struct buf string = BUF_INIT(CANONICAL_MAX);

	out[0] = '\0';
	sigv4_canonical(&text, r);
	if (text.err == 0)
		sigv4_string_to_sign(&string, s, text.p, text.len);
	if (text.err == 0 && string.err == 0)
		sigv4_signature(out, s, string.p, string.len);
	else if (b->err == 0)
		b->err = text.err != 0 ? text.err : string.err;
	buf_clear(&text);
	buf_clear(&string);
}

void
sigv4_authorization(
    struct buf *b, const struct sigv4_request *r, const struct sigv4_signer *s)
{
	char signature[SIGV4_HEX_LEN + 1];

	sign(b, r, s, signature);
	buf_addf(b, "%s Credential=%s/", algorithm, s->access_key_id);
	add_scope(b, s);
	buf_adds(b, ", SignedHeaders=");
	add_signed_headers(b, r);
	buf_addf(b, ", Signature=%s", signature);
}

static struct sigv4_field
field(const char *name, const char *value, size_t value_len)
{
	return (struct sigv4_field){name, strlen(name), value, value_len};
}

void
sigv4_presign(struct buf *b, const struct sigv4_request *r,
    const struct sigv4_signer *s, unsigned expires_s, bool sign_token)
{
	struct sigv4_field all[SIGV4_FIELDS_MAX];
	struct buf credential = BUF_INIT(SECRET_TEXT_MAX);
	struct buf names = BUF_INIT(CANONICAL_MAX);
	struct buf expires = BUF_INIT(16);
	struct sigv4_request with = *r;
	char signature[SIGV4_HEX_LEN + 1];
	size_t n = r->nquery;

	INVARIANT(n + 6 <= SIGV4_FIELDS_MAX);
	if (n > 0)
		memcpy(all, r->query, n * sizeof(*all));
	buf_addf(&credential, "%s/", s->access_key_id);
	add_scope(&credential, s);
	add_signed_headers(&names, r);
	buf_addf(&expires, "%u", expires_s);
	if (b->err == 0)
		b->err = credential.err | names.err | expires.err;
	if (b->err != 0)
		goto out;
	all[n++] = field("X-Amz-Algorithm", algorithm, strlen(algorithm));
	all[n++] = field("X-Amz-Credential", credential.p, credential.len);
	all[n++] = field("X-Amz-Date", s->date, strlen(s->date));
	all[n++] = field("X-Amz-Expires", expires.p, expires.len);
	all[n++] = field("X-Amz-SignedHeaders", names.p, names.len);
	if (s->token != NULL && sign_token)
		all[n++] =
		    field("X-Amz-Security-Token", s->token, strlen(s->token));
	with.query = all;
	with.nquery = n;
	sign(b, &with, s, signature);
	sigv4_query(b, all, n);
	if (s->token != NULL && !sign_token) {
		buf_adds(b, "&X-Amz-Security-Token=");
		sigv4_encode(b, s->token, strlen(s->token), false);
	}
	buf_addf(b, "&X-Amz-Signature=%s", signature);
out:
	buf_clear(&credential);
	buf_clear(&names);
	buf_clear(&expires);
}
