/* ListObjectsV2: prefix, delimiter, pages, and AWS's XML. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/s3/s3uri.h"
#include "log.h"
#include "ops.h"
#include "rnd.h"
#include "skip.h"
#include "timefmt.h"

enum {
	PAGE_MAX = 1000,     /* S3: keys of one page */
	TOKEN_MAC = 8,       /* bytes that tell our tokens from others */
	PARAM_MAX = 1 << 14, /* bytes of one parameter */
};

struct listing {
	struct request *r;
	struct buf prefix, delimiter, start_after, token;
	bool by_url; /* encoding-type=url */
	bool owner;  /* fetch-owner=true */
	long max, count;
	struct buf from; /* where to begin .. */
	bool after;      /* .. or rather just behind it */
	struct buf contents, prefixes;
	char last_kind;  /* 'k' key or 'p' common prefix .. */
	struct buf last; /* .. that was listed last */
	bool truncated;
};

/* Continuation tokens mean nothing to a client: a kind and a key, enciphered
 * and authenticated with a secret of this run, bound to the bucket. */
static unsigned char secret[32];

void
ops_init(void)
{
	rnd_bytes(secret, sizeof(secret));
}

static void
token_mac(unsigned char out[S3HASH_SHA256], const char *bucket, const void *p,
    size_t n)
{
	struct buf text = BUF_INIT(PARAM_MAX);

	buf_adds(&text, bucket);
	buf_addc(&text, '\0');
	buf_add(&text, p, n);
	if (text.err != 0)
		log_oom();
	s3hash_hmac(out, secret, sizeof(secret), text.p, text.len);
	buf_clear(&text);
}

/* Encipher or decipher in place: the key stream comes from the MAC. */
static void
token_cipher(char *p, size_t n, const unsigned char mac[TOKEN_MAC])
{
	unsigned char block[S3HASH_SHA256], seed[TOKEN_MAC + 1];

	memcpy(seed, mac, TOKEN_MAC);
	for (size_t i = 0; i < n; i++) {
		if (i % sizeof(block) == 0) {
			seed[TOKEN_MAC] = (unsigned char)(i / sizeof(block));
			s3hash_hmac(
			    block, secret, sizeof(secret), seed, sizeof(seed));
		}
		p[i] = (char)(p[i] ^ block[i % sizeof(block)]);
	}
}

static void
token_make(struct buf *out, const struct listing *l)
{
	struct buf plain = BUF_INIT(PARAM_MAX);
	unsigned char mac[S3HASH_SHA256];

	buf_adds(&plain, "........");
	buf_addc(&plain, l->last_kind);
	buf_add(&plain, l->last.p, l->last.len);
	if (plain.err != 0)
		log_oom();
	token_mac(
	    mac, l->r->bucket, plain.p + TOKEN_MAC, plain.len - TOKEN_MAC);
	memcpy(plain.p, mac, TOKEN_MAC);
	token_cipher(plain.p + TOKEN_MAC, plain.len - TOKEN_MAC, mac);
	buf_addc(out, '1');
	s3hash_base64(out, plain.p, plain.len);
	buf_clear(&plain);
}

/* Set l->from from a token; false when it is none of ours. */
static bool
token_read(struct listing *l)
{
	struct buf plain = BUF_INIT(PARAM_MAX);
	unsigned char mac[S3HASH_SHA256], sent[TOKEN_MAC];
	bool ok = l->token.len > 1 && l->token.p[0] == '1' &&
		  s3hash_unbase64(&plain, l->token.p + 1, l->token.len - 1) &&
		  plain.len > TOKEN_MAC;

	if (ok) {
		memcpy(sent, plain.p, TOKEN_MAC);
		token_cipher(plain.p + TOKEN_MAC, plain.len - TOKEN_MAC, sent);
		token_mac(mac, l->r->bucket, plain.p + TOKEN_MAC,
		    plain.len - TOKEN_MAC);
		ok = memcmp(mac, sent, TOKEN_MAC) == 0;
	}
	if (ok) {
		l->last_kind = plain.p[TOKEN_MAC];
		buf_reset(&l->from);
		buf_add(&l->from, plain.p + TOKEN_MAC + 1,
		    plain.len - TOKEN_MAC - 1);
	}
	buf_clear(&plain);
	return ok;
}

/* The least string greater than all that begin with p; false if there is
 * none. */
static bool
successor(const char *p, size_t n, struct store_jump *jump)
{
	while (n > 0 && (unsigned char)p[n - 1] == 0xff)
		n--;
	if (n == 0 || n > STORE_KEY_MAX)
		return false;
	memcpy(jump->key, p, n);
	jump->key[n - 1]++;
	jump->len = n;
	jump->set = true;
	return true;
}

static void
add_name(struct listing *l, struct buf *out, const char *element, const void *p,
    size_t n)
{
	struct buf coded = BUF_INIT(PARAM_MAX);

	buf_addf(out, "<%s>", element);
	if (l->by_url) {
		s3uri_encode(&coded, p, n, S3URI_LISTING);
		buf_add(out, coded.p, coded.len);
	} else {
		xml_text(out, p, n);
	}
	buf_addf(out, "</%s>", element);
	buf_clear(&coded);
}

static void
add_contents(
    struct listing *l, const char *key, size_t n, const struct object *o)
{
	char modified[TIMEFMT_MAX];

	timefmt_rfc3339(modified, o->modified_ms, true);
	buf_adds(&l->contents, "<Contents>");
	add_name(l, &l->contents, "Key", key, n);
	buf_addf(&l->contents,
	    "<LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag>"
	    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
	    "<ChecksumType>FULL_OBJECT</ChecksumType><Size>%lld</Size>",
	    modified, o->etag, (long long)o->size);
	if (l->owner)
		buf_addf(&l->contents, "<Owner><ID>%s</ID></Owner>", sim.owner);
	buf_adds(
	    &l->contents, "<StorageClass>STANDARD</StorageClass></Contents>");
}

/* One key of the bucket, in order. */
static bool
see(void *arg, const char *key, size_t n, const struct object *o,
    struct store_jump *jump)
{
	struct listing *l = arg;
	const char *cut = NULL;
	size_t p = l->prefix.len;

	if (n < p || (p > 0 && memcmp(key, l->prefix.p, p) != 0))
		return false; /* the scan began at the prefix: past it now */
	if (l->delimiter.len > 0)
		cut = memmem(key + p, n - p, l->delimiter.p, l->delimiter.len);
	if (l->count == l->max) {
		l->truncated = l->max > 0;
		return false;
	}
	l->count++;
	buf_reset(&l->last);
	if (cut == NULL) {
		l->last_kind = 'k';
		buf_add(&l->last, key, n);
		add_contents(l, key, n, o);
		return true;
	}
	l->last_kind = 'p';
	buf_add(&l->last, key, (size_t)(cut - key) + l->delimiter.len);
	buf_adds(&l->prefixes, "<CommonPrefixes>");
	add_name(l, &l->prefixes, "Prefix", l->last.p, l->last.len);
	buf_adds(&l->prefixes, "</CommonPrefixes>");
	return successor(l->last.p, l->last.len, jump);
}

static bool
bad_argument(
    struct request *r, const char *name, const char *value, const char *message)
{
	reply_error(r, "InvalidArgument", message);
	reply_field(r, "ArgumentName", "%s", name);
	reply_field(r, "ArgumentValue", "%.200s", value);
	return false;
}

static bool
read_max_keys(struct listing *l)
{
	struct buf v = BUF_INIT(64);
	bool ok = true;
	char *end;

	l->max = PAGE_MAX;
	if (request_param(l->r, "max-keys", &v)) {
		errno = 0;
		l->max = strtol(v.p, &end, 10);
		if (v.len == 0 || *end != '\0' || errno != 0 ||
		    l->max > 2147483647L)
			ok = bad_argument(l->r, "max-keys", v.p,
			    "Provided max-keys not an integer or within "
			    "integer range");
		else if (l->max < 0)
			ok = bad_argument(l->r, "maxKeys", v.p,
			    "Argument maxKeys must be an integer between 0 and "
			    "2147483647");
		if (l->max > PAGE_MAX)
			l->max = PAGE_MAX;
	}
	buf_clear(&v);
	return ok;
}

/* Read the parameters; false: the reply is an error. */
static bool
read_params(struct listing *l)
{
	struct buf v = BUF_INIT(64);
	struct request *r = l->r;
	bool ok = true;

	(void)request_param(r, "prefix", &l->prefix);
	(void)request_param(r, "delimiter", &l->delimiter);
	(void)request_param(r, "start-after", &l->start_after);
	(void)request_param(r, "continuation-token", &l->token);
	l->owner =
	    request_param(r, "fetch-owner", &v) && strcmp(v.p, "true") == 0;
	if (request_param(r, "encoding-type", &v) && v.len > 0) {
		l->by_url = strcmp(v.p, "url") == 0;
		if (!l->by_url)
			ok = bad_argument(r, "encoding-type", v.p,
			    "Invalid Encoding Method specified in Request");
	}
	buf_clear(&v);
	if (!ok || !read_max_keys(l))
		return false;
	if (request_has(r, "continuation-token") && !token_read(l))
		return bad_argument(r, "continuation-token", l->token.p,
		    "The continuation token provided is incorrect");
	return true;
}

/* Where in the order of keys the page begins. */
static bool
place(struct listing *l)
{
	struct store_jump jump = {.set = false};
	const struct buf *start = &l->start_after;

	if (l->token.len > 0) { /* the token wins over start-after */
		l->after = l->last_kind == 'k';
		if (l->last_kind == 'k')
			return true;
		if (!successor(l->from.p, l->from.len, &jump))
			return false;
		buf_reset(&l->from);
		buf_add(&l->from, jump.key, jump.len);
		return true;
	}
	l->after = start->len > 0 && skip_order(start->p, start->len,
					 l->prefix.p, l->prefix.len) >= 0;
	start = l->after ? start : &l->prefix;
	buf_add(&l->from, start->p, start->len);
	return true;
}

static void
write_page(struct listing *l)
{
	struct buf *b = &l->r->reply.body, token = BUF_INIT(PARAM_MAX);

	buf_adds(b,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
	    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	buf_addf(b, "<Name>%s</Name>", l->r->bucket);
	add_name(l, b, "Prefix", l->prefix.p, l->prefix.len);
	if (l->start_after.len > 0)
		add_name(
		    l, b, "StartAfter", l->start_after.p, l->start_after.len);
	if (l->token.len > 0)
		buf_addf(
		    b, "<ContinuationToken>%s</ContinuationToken>", l->token.p);
	if (l->truncated) {
		token_make(&token, l);
		buf_addf(b, "<NextContinuationToken>%s</NextContinuationToken>",
		    token.p);
	}
	buf_addf(b, "<KeyCount>%ld</KeyCount><MaxKeys>%ld</MaxKeys>", l->count,
	    l->max);
	if (l->delimiter.len > 0)
		add_name(l, b, "Delimiter", l->delimiter.p, l->delimiter.len);
	if (l->by_url)
		buf_adds(b, "<EncodingType>url</EncodingType>");
	buf_addf(b, "<IsTruncated>%s</IsTruncated>",
	    l->truncated ? "true" : "false");
	buf_add(b, l->contents.p, l->contents.len);
	buf_add(b, l->prefixes.p, l->prefixes.len);
	buf_adds(b, "</ListBucketResult>");
	reply_header(l->r, "Content-Type", "application/xml");
	buf_clear(&token);
}

void
ops_list(struct request *r)
{
	struct listing l = {.r = r,
	    .prefix = BUF_INIT(PARAM_MAX),
	    .delimiter = BUF_INIT(PARAM_MAX),
	    .start_after = BUF_INIT(PARAM_MAX),
	    .token = BUF_INIT(PARAM_MAX),
	    .from = BUF_INIT(PARAM_MAX),
	    .last = BUF_INIT(PARAM_MAX),
	    .contents = BUF_INIT(BODY_MAX),
	    .prefixes = BUF_INIT(BODY_MAX)};
	struct buf *all[] = {&l.prefix, &l.delimiter, &l.start_after, &l.token,
	    &l.from, &l.last, &l.contents, &l.prefixes};

	r->reply.status = 200;
	if (read_params(&l)) {
		if (place(&l) && store_scan(r->bucket, l.from.p, l.from.len,
				     l.after, see, &l) != STORE_OK) {
			reply_error(r, "NoSuchBucket", NULL);
			reply_field(r, "BucketName", "%s", r->bucket);
		} else {
			write_page(&l);
		}
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		buf_clear(all[i]);
}
