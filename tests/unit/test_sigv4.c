/* common/sigv4: each stage against published vectors. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "buf.h"
#include "crypto.h"
#include "json.h"
#include "sigv4.h"
#include "tap.h"
#include "timefmt.h"
#include "wire.h"

enum { TEXT_MAX = 64 * 1024, FIELDS = 16 };

#define F(n, v)                                    \
	{                                          \
		n, sizeof(n) - 1, v, sizeof(v) - 1 \
	}

/* ---- AWS's examples for S3 ("Signature Calculations for the Authorization
 * Header", "Authenticating Requests: Using Query Parameters") ---- */

static const struct sigv4_signer s3_signer = {
    .access_key_id = "AKIAIOSFODNN7EXAMPLE",
    .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    .region = "us-east-1",
    .service = "s3",
    .date = "20130524T000000Z"};

static const struct sigv4_field get_headers[] = {
    F("Host", "examplebucket.s3.amazonaws.com"), F("Range", "bytes=0-9"),
    F("x-amz-content-sha256",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    F("x-amz-date", "20130524T000000Z")};
static const struct sigv4_field list_headers[] = {
    F("x-amz-date", "20130524T000000Z"),
    F("x-amz-content-sha256",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    F("Host", "examplebucket.s3.amazonaws.com")};
static const struct sigv4_field list_query[] = {
    F("prefix", "J"), F("max-keys", "2")};
static const struct sigv4_field lifecycle_query[] = {F("lifecycle", "")};
static const struct sigv4_field put_headers[] = {
    F("Date", "Fri, 24 May 2013 00:00:00 GMT"),
    F("Host", "examplebucket.s3.amazonaws.com"),
    F("x-amz-content-sha256",
	"44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
    F("x-amz-date", "20130524T000000Z"),
    F("x-amz-storage-class", "REDUCED_REDUNDANCY")};

static const struct {
	const char *what;
	struct sigv4_request r;
	const char *canonical_hash; /* as AWS prints it */
	const char *authorization;  /* the end of it */
} published[] = {
    {"GET object",
	{"GET", "/test.txt", 9, SIGV4_PATH_AS_SENT, NULL, 0, get_headers, 4,
	    sigv4_empty_hash},
	"7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972",
	"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature="
	"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"PUT object",
	{"PUT", "/test%24file.text", 17, SIGV4_PATH_AS_SENT, NULL, 0,
	    put_headers, 5,
	    "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b07"
	    "2"},
	"9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d",
	"SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-"
	"storage-class, Signature="
	"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"GET bucket lifecycle",
	{"GET", "/", 1, SIGV4_PATH_AS_SENT, lifecycle_query, 1, list_headers, 3,
	    sigv4_empty_hash},
	"9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca",
	"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
	"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"list objects",
	{"GET", "/", 1, SIGV4_PATH_AS_SENT, list_query, 2, list_headers, 3,
	    sigv4_empty_hash},
	"df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7",
	"SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature="
	"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void
test_published(void)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	uint8_t hash[CRYPTO_SHA256_LEN];
	char hex[CRYPTO_SHA256_HEX + 1];
	size_t n;

	for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++) {
		buf_reset(&b);
		sigv4_canonical(&b, &published[i].r);
		crypto_sha256(b.p, b.len, hash);
		crypto_hex(hex, hash, sizeof(hash));
		IS(hex, published[i].canonical_hash, published[i].what);
		buf_reset(&b);
		sigv4_authorization(&b, &published[i].r, &s3_signer);
		n = strlen(published[i].authorization);
		OK(b.len > n, "there is an authorization");
		IS(b.p + b.len - n, published[i].authorization,
		    "and its signature is right");
	}
	OK(strncmp(b.p,
	       "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
	       "us-east-1/s3/aws4_request, Signed",
	       89) == 0,
	    "it begins with algorithm and scope");
	buf_clear(&b);
}

static void
test_presigned(void)
{
	static const struct sigv4_field host[] = {
	    F("Host", "examplebucket.s3.amazonaws.com")};
	const struct sigv4_request r = {.method = "GET",
	    .path = "/test.txt",
	    .path_len = 9,
	    .path_rule = SIGV4_PATH_AS_SENT,
	    .headers = host,
	    .nheaders = 1,
	    .payload_hash = sigv4_unsigned_payload};
	struct buf b = BUF_INIT(TEXT_MAX), small = BUF_INIT(100);

	sigv4_presign(&b, &r, &s3_signer, 86400, true);
	IS(b.p,
	    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
	    "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
	    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
	    "&X-Amz-SignedHeaders=host&X-Amz-Signature="
	    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
	    "a presigned URL's query");
	buf_clear(&b);
	sigv4_presign(&small, &r, &s3_signer, 86400, true);
	OK(small.err != 0, "a buffer that is too small says so");
	buf_clear(&small);
}

static void
test_pieces(void)
{
	static const struct {
		const char *in, *want;
		size_t n;
		bool slash;
	} encodings[] = {
	    {"az AZ/09-._~", "az%20AZ/09-._~", 12, true},
	    {"a/b", "a%2Fb", 3, false},
	    {"%2F+&=", "%252F%2B%26%3D", 6, true},
	    {"//./../", "//./../", 7, true},
	    {"\x00\x01\x7f\xff\n", "%00%01%7F%FF%0A", 5, true},
	    {"\xe6\x97\xa5", "%E6%97%A5", 3, true},
	    {"", "", 0, true},
	};
	static const struct {
		const char *in, *want;
	} paths[] = {
	    {"/", "/"},
	    {"", "/"},
	    {"/a%20b/c", "/a%2520b/c"}, /* encoded again */
	    {"/a/./b/../c", "/a/c"},
	    {"/a/b/..", "/a/"},
	    {"/..", "/"},
	    {"/../../a", "/a"},
	    {"//a///b/", "/a/b/"},
	    {"/a/.", "/a/"},
	};
	static const struct sigv4_field query[] = {F("b", "2"), F("a-", "x"),
	    F("a", "z"), F("a", "y"), F("A", ""), F("c d", "e/f")};
	struct sigv4_request r = {
	    .method = "GET", .path_rule = SIGV4_PATH_AGAIN, .payload_hash = ""};
	struct buf b = BUF_INIT(TEXT_MAX);
	char date[SIGV4_DATE_LEN + 1];
	char *end;

	for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++) {
		buf_reset(&b);
		sigv4_encode(
		    &b, encodings[i].in, encodings[i].n, encodings[i].slash);
		IS(b.p, encodings[i].want, "percent-encoding");
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		buf_reset(&b);
		r.path = paths[i].in;
		r.path_len = strlen(paths[i].in);
		sigv4_canonical(&b, &r);
		end = strchr(b.p + 4, '\n');
		*end = '\0';
		IS(b.p + 4, paths[i].want, "a normalised path");
	}
	buf_reset(&b);
	sigv4_query(&b, query, 6);
	IS(b.p, "A=&a=y&a=z&a-=x&b=2&c%20d=e%2Ff",
	    "a query is sorted by name, then value");
	buf_clear(&b);
	sigv4_date(date, 1440938160000);
	IS(date, "20150830T123600Z", "x-amz-date");
	sigv4_date(date, 951782399999);
	IS(date, "20000228T235959Z", "on a leap year, cut to the second");
}

/* ---- The shared vectors ---- */

/* One vector's request, taken apart into text that it owns. */
struct vector {
	struct buf text, body, context;
	char *method, *path;
	struct sigv4_field headers[FIELDS], params[FIELDS];
	size_t nheaders, nparams;
	struct buf decoded;
	char access[128], secret[128], token[1024], region[64], service[64];
	char hash[CRYPTO_SHA256_HEX + 1];
	int64_t time_ms;
	bool normalize, sign_body, sign_token;
	unsigned expires;
};

static bool
slurp(struct buf *b, const char *dir, const char *name, const char *file)
{
	char path[1024];
	char piece[4096];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", dir, name, file);
	buf_reset(b);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(b, piece, n);
	(void)fclose(f);
	return b->err == 0 && b->p != NULL;
}

static void
text_of(const struct json_val *v, const char *name, char *out, size_t size)
{
	struct buf b = BUF_INIT(size - 1);
	struct json_val m;

	out[0] = '\0';
	if (wire_member(v, name, &m) && json_text(&b, &m) == 0 && b.err == 0)
		memcpy(out, b.p, b.len + 1);
	buf_clear(&b);
}

static bool
read_context(struct vector *v)
{
	struct json_val all, creds, m;
	struct json j;
	char time[64];

	json_init(&j, v->context.p, v->context.len);
	j.final = true;
	if (!json_value(&j, &all) || !wire_member(&all, "credentials", &creds))
		return false;
	text_of(&creds, "access_key_id", v->access, sizeof(v->access));
	text_of(&creds, "secret_access_key", v->secret, sizeof(v->secret));
	text_of(&creds, "token", v->token, sizeof(v->token));
	text_of(&all, "region", v->region, sizeof(v->region));
	text_of(&all, "service", v->service, sizeof(v->service));
	text_of(&all, "timestamp", time, sizeof(time));
	v->normalize =
	    wire_member(&all, "normalize", &m) && m.type == JSON_TRUE;
	v->sign_body =
	    wire_member(&all, "sign_body", &m) && m.type == JSON_TRUE;
	v->sign_token = !(
	    wire_member(&all, "omit_session_token", &m) && m.type == JSON_TRUE);
	v->expires = (unsigned)wire_number(&all, "expiration_in_seconds", 0);
	return timefmt_parse(time, strlen(time), &v->time_ms);
}

/* Append s with its %xx decoded; returns how long that is. */
static size_t
decode(struct buf *b, const char *s)
{
	const size_t start = b->len;
	unsigned byte;

	for (; *s != '\0'; s++) {
		if (*s == '%' && sscanf(s + 1, "%2x", &byte) == 1) {
			buf_addc(b, (char)byte);
			s += 2;
		} else {
			buf_addc(b, *s);
		}
	}
	return b->len - start;
}

/* Fill the parameters from a query, which may be encoded; ours are not. */
static void
read_query(struct vector *v, char *query)
{
	char *name, *value, *save = NULL;
	struct sigv4_field *f;

	v->nparams = 0;
	buf_reset(&v->decoded);
	(void)buf_room(&v->decoded, 8192); /* it must never move */
	for (name = strtok_r(query, "&", &save); name != NULL;
	     name = strtok_r(NULL, "&", &save)) {
		value = strchr(name, '=');
		if (value != NULL)
			*value++ = '\0';
		f = &v->params[v->nparams++];
		f->name = v->decoded.p + v->decoded.len;
		f->name_len = decode(&v->decoded, name);
		f->value = v->decoded.p + v->decoded.len;
		f->value_len = decode(&v->decoded, value ? value : "");
	}
}

static void
add_header(struct vector *v, const char *name, const char *value)
{
	v->headers[v->nheaders++] =
	    (struct sigv4_field){name, strlen(name), value, strlen(value)};
}

static bool
read_request(struct vector *v)
{
	static char empty[] = "";
	char *line = v->text.p, *next, *colon, *proto, *query;
	char *blank = strstr(line, "\n\n");
	uint8_t hash[CRYPTO_SHA256_LEN];

	if (blank != NULL) {
		buf_adds(&v->body, blank + 2);
		blank[1] = '\0';
	}
	crypto_sha256(v->body.p, v->body.len, hash);
	crypto_hex(v->hash, hash, sizeof(hash));
	v->method = line;
	next = strchr(line, '\n');
	*next++ = '\0';
	v->path = strchr(line, ' ');
	*v->path++ = '\0';
	proto = strstr(v->path, " HTTP/");
	if (proto == NULL)
		return false;
	*proto = '\0';
	query = strchr(v->path, '?');
	if (query != NULL)
		*query++ = '\0';
	read_query(v, query != NULL ? query : empty);
	for (line = next; *line != '\0'; line = next) {
		/* A line that begins with a space goes on. */
		next = line;
		do
			next += strcspn(next, "\n") + (strchr(next, '\n') != 0);
		while (*next == ' ');
		if (next[-1] == '\n')
			next[-1] = '\0';
		colon = strchr(line, ':');
		*colon = '\0';
		add_header(v, line, colon + 1);
	}
	return true;
}

static bool
same_as(
    const struct buf *b, const char *dir, const char *name, const char *file)
{
	struct buf want = BUF_INIT(TEXT_MAX);
	bool ok = slurp(&want, dir, name, file) && b->err == 0 &&
		  want.len == b->len && memcmp(want.p, b->p, b->len) == 0;

	if (!ok)
		printf("# %s/%s\n#  got: %s\n# want: %s\n", name, file, b->p,
		    want.p != NULL ? want.p : "(none)");
	buf_clear(&want);
	return ok;
}

/* Compare the three stages of one form, "header" or "query". */
static void
compare_stages(const char *form, const struct sigv4_request *r,
    const struct sigv4_signer *s, const char *dir, const char *name)
{
	struct buf canonical = BUF_INIT(TEXT_MAX);
	struct buf string = BUF_INIT(TEXT_MAX), sig = BUF_INIT(TEXT_MAX);
	char file[64], hex[SIGV4_HEX_LEN + 1];

	sigv4_canonical(&canonical, r);
	sigv4_string_to_sign(&string, s, canonical.p, canonical.len);
	sigv4_signature(hex, s, string.p, string.len);
	buf_adds(&sig, hex);
	(void)snprintf(file, sizeof(file), "%s-canonical-request.txt", form);
	OK(same_as(&canonical, dir, name, file), file);
	(void)snprintf(file, sizeof(file), "%s-string-to-sign.txt", form);
	OK(same_as(&string, dir, name, file), file);
	(void)snprintf(file, sizeof(file), "%s-signature.txt", form);
	OK(same_as(&sig, dir, name, file), file);
	buf_clear(&canonical);
	buf_clear(&string);
	buf_clear(&sig);
}

static void
header_form(struct vector *v, struct sigv4_request *r,
    const struct sigv4_signer *s, const char *dir, const char *name)
{
	const size_t n = v->nheaders;

	add_header(v, "X-Amz-Date", s->date);
	if (v->sign_body)
		add_header(v, "x-amz-content-sha256", v->hash);
	if (s->token != NULL && v->sign_token)
		add_header(v, "X-Amz-Security-Token", s->token);
	r->nheaders = v->nheaders;
	compare_stages("header", r, s, dir, name);
	r->nheaders = v->nheaders = n;
}

static void
query_form(struct vector *v, struct sigv4_request *r,
    const struct sigv4_signer *s, const char *dir, const char *name)
{
	struct buf b = BUF_INIT(TEXT_MAX), want = BUF_INIT(TEXT_MAX);
	struct sigv4_request with = *r;
	char *sig, *token;

	sigv4_presign(&b, r, s, v->expires, v->sign_token);
	sig = strstr(b.p, "&X-Amz-Signature=");
	OK(slurp(&want, dir, name, "query-signature.txt") && sig != NULL &&
		strcmp(sig + 17, want.p) == 0,
	    "sigv4_presign()");
	/* Take apart what it wrote, to see the stages. */
	*sig = '\0';
	token = v->sign_token ? NULL : strstr(b.p, "&X-Amz-Security");
	if (token != NULL)
		*token = '\0';
	read_query(v, b.p);
	with.nquery = v->nparams;
	compare_stages("query", &with, s, dir, name);
	buf_clear(&b);
	buf_clear(&want);
}

static void
run_vector(const char *dir, const char *name)
{
	struct vector v = {.text = BUF_INIT(TEXT_MAX),
	    .body = BUF_INIT(TEXT_MAX),
	    .context = BUF_INIT(TEXT_MAX),
	    .decoded = BUF_INIT(TEXT_MAX)};
	struct buf path = BUF_INIT(TEXT_MAX);
	struct sigv4_signer s = {0};
	struct sigv4_request r = {0};

	if (!slurp(&v.text, dir, name, "request.txt") ||
	    !slurp(&v.context, dir, name, "context.json") ||
	    !read_context(&v) || !read_request(&v)) {
		OK(0, name);
		goto out;
	}
	s = (struct sigv4_signer){v.access, v.secret,
	    v.token[0] != '\0' ? v.token : NULL, v.region, v.service, ""};
	sigv4_date(s.date, v.time_ms);
	/* Paths are given raw: the signer encodes them, or it is done here. */
	if (v.normalize)
		buf_adds(&path, v.path);
	else
		sigv4_encode(&path, v.path, strlen(v.path), true);
	r = (struct sigv4_request){.method = v.method,
	    .path = path.p,
	    .path_len = path.len,
	    .path_rule = v.normalize ? SIGV4_PATH_AGAIN : SIGV4_PATH_AS_SENT,
	    .query = v.params,
	    .nquery = v.nparams,
	    .headers = v.headers,
	    .nheaders = v.nheaders,
	    .payload_hash = v.hash};
	printf("# %s\n", name);
	header_form(&v, &r, &s, dir, name);
	query_form(&v, &r, &s, dir, name);
out:
	buf_clear(&v.text);
	buf_clear(&v.body);
	buf_clear(&v.context);
	buf_clear(&v.decoded);
	buf_clear(&path);
}

static void
test_vectors(void)
{
	static const char dir[] = "../shared/data/sigv4/v4";
	struct dirent *e;
	unsigned n = 0;
	DIR *d = opendir(dir);

	if (d == NULL) {
		printf("ok %d # SKIP no %s\n", ++tap_count, dir);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		run_vector(dir, e->d_name);
		n++;
	}
	(void)closedir(d);
	OK(n > 0, "there were vectors");
}

int
main(void)
{
	test_published();
	test_presigned();
	test_pieces();
	test_vectors();
	return tap_done();
}
