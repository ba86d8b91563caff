/* The test equipment's own signer and percent-encoding, against AWS's words. */
#include <dirent.h>
#include <stdlib.h>

#include "../lib/s3/s3hash.h"
#include "../lib/s3/s3sig.h"
#include "../lib/s3/s3uri.h"
#include "buf.h"
#include "tap.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HOST                                             \
	{                                                \
		"Host", "examplebucket.s3.amazonaws.com" \
	}
#define DATE                                     \
	{                                        \
		"x-amz-date", "20130524T000000Z" \
	}

/* S3 API Reference, "Signature Calculations for the Authorization Header:
 * Transferring Payload in a Single Chunk", its four examples. */
static const struct {
	const char *name, *method, *path, *query, *list, *payload, *signature;
	struct s3sig_header headers[6];
	size_t count;
} examples[] = {
    {"GET object", "GET", "/test.txt", "",
	"host;range;x-amz-content-sha256;x-amz-date", EMPTY,
	"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
	{HOST, DATE, {"Range", "bytes=0-9"}, {"x-amz-content-sha256", EMPTY}},
	4},
    {"PUT object", "PUT", "/test$file.text", "",
	"date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
	"44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
	"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
	{HOST, DATE, {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
	    {"x-amz-content-sha256",
		"44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b"
		"072"},
	    {"X-Amz-Storage-Class", "REDUCED_REDUNDANCY"}},
	5},
    {"GET lifecycle", "GET", "/", "lifecycle",
	"host;x-amz-content-sha256;x-amz-date", EMPTY,
	"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
	{HOST, DATE, {"x-amz-content-sha256", EMPTY}}, 3},
    {"list objects", "GET", "/", "prefix=J&max-keys=2",
	"host;x-amz-content-sha256;x-amz-date", EMPTY,
	"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
	{HOST, DATE, {"x-amz-content-sha256", EMPTY}}, 3},
};

static void
sign(char signature[S3HASH_SHA256_HEX], struct buf *canonical,
    const struct s3sig_request *r, const char *list, const char *payload,
    const struct s3sig_scope *scope, const char *secret)
{
	struct buf string = BUF_INIT(S3SIG_MAX);

	s3sig_canonical(canonical, r, list, payload);
	s3sig_string(&string, scope, canonical);
	s3sig_sign(signature, scope, secret, &string);
	buf_clear(&string);
}

static void
test_examples(void)
{
	const struct s3sig_scope scope = {.time = "20130524T000000Z",
	    .date = "20130524",
	    .region = "us-east-1",
	    .service = "s3"};
	char signature[S3HASH_SHA256_HEX];

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct buf canonical = BUF_INIT(S3SIG_MAX);
		struct s3sig_request r = {.method = examples[i].method,
		    .path = examples[i].path,
		    .path_len = strlen(examples[i].path),
		    .query = examples[i].query,
		    .query_len = strlen(examples[i].query),
		    .headers = examples[i].headers,
		    .header_count = examples[i].count};

		sign(signature, &canonical, &r, examples[i].list,
		    examples[i].payload, &scope,
		    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
		IS(signature, examples[i].signature, examples[i].name);
		buf_clear(&canonical);
	}
}

/* What S3's rules ask for beyond the examples. */
static void
test_canonical(void)
{
	static const struct {
		const char *path, *query, *want;
	} table[] = {
	    {"/a//b/./c/../d", "", "GET\n/a//b/./c/../d\n\n\nhost\nP"},
	    {"/a%2fb%7e%41", "", "GET\n/a/b~A\n\n\nhost\nP"},
	    {"/a%20b%2B+c", "", "GET\n/a%20b%2B%20c\n\n\nhost\nP"},
	    {"/%E6%97%A5\xe6\x97\xa5", "",
		"GET\n/%E6%97%A5%E6%97%A5\n\n\nhost\nP"},
	    {"/a%zz", "", "GET\n/a%zz\n\n\nhost\nP"},
	    {"/", "b&a=2&a=1&a", "GET\n/\na=&a=1&a=2&b=\n\nhost\nP"},
	    {"/", "a=x+y%2F*&&X-Amz-Signature=1",
		"GET\n/\na=x%20y%2F%2A\n\nhost\nP"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct buf got = BUF_INIT(S3SIG_MAX),
			   want = BUF_INIT(S3SIG_MAX);
		struct s3sig_request r = {.method = "GET",
		    .path = table[i].path,
		    .path_len = strlen(table[i].path),
		    .query = table[i].query,
		    .query_len = strlen(table[i].query)};

		s3sig_canonical(&got, &r, "host", "P");
		/* The header has no value, but its line is there. */
		buf_add(&want, table[i].want, strlen(table[i].want) - 7);
		buf_adds(&want, "host:\n\nhost\nP");
		IS(got.p, want.p, table[i].path);
		buf_clear(&got);
		buf_clear(&want);
	}
}

/* ---- AWS's own vectors, for what they share with S3's rules. ---- */

static char *
slurp(const char *dir, const char *name, const char *file)
{
	struct buf b = BUF_INIT(1 << 20);
	char path[1024], block[4096];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", dir, name, file);
	f = fopen(path, "re");
	buf_adds(&b, "");
	while (f != NULL && (n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(&b, block, n);
	if (f != NULL)
		(void)fclose(f);
	return b.p;
}

/* Cut a line off; returns it, or NULL when there is none. */
static char *
next_line(char **rest)
{
	char *line = *rest;

	if (line == NULL || *line == '\0')
		return NULL;
	*rest = strchr(line, '\n');
	if (*rest != NULL)
		*(*rest)++ = '\0';
	line[strcspn(line, "\r")] = '\0';
	return line;
}

/* The headers that the vectors' signers add. */
static size_t
added_headers(const char *list, const char *token, const char *payload,
    struct s3sig_header *headers, size_t n)
{
	headers[n++] = (struct s3sig_header){"X-Amz-Date", "20150830T123600Z"};
	if (strstr(list, "x-amz-security-token") != NULL)
		headers[n++] =
		    (struct s3sig_header){"X-Amz-Security-Token", token};
	if (strstr(list, "x-amz-content-sha256") != NULL)
		headers[n++] =
		    (struct s3sig_header){"X-Amz-Content-Sha256", payload};
	return n;
}

static void
test_vector(const char *dir, const char *name)
{
	const struct s3sig_scope scope = {.time = "20150830T123600Z",
	    .date = "20150830",
	    .region = "us-east-1",
	    .service = "service"};
	struct s3sig_header headers[16];
	char *request = slurp(dir, name, "request.txt"), *rest = request;
	char *want = slurp(dir, name, "header-canonical-request.txt");
	char *signature = slurp(dir, name, "header-signature.txt");
	char *payload = strrchr(want, '\n') + 1, *list, *line, *path, *version;
	char *token = strstr(want, "x-amz-security-token:"), got[65];
	struct buf canonical = BUF_INIT(S3SIG_MAX);
	struct s3sig_request r = {.headers = headers};

	list = payload - 1;
	while (list[-1] != '\n')
		list--;
	list = strndup(list, strcspn(list, "\n"));
	token = token == NULL ? strdup("")
			      : strndup(token + 21, strcspn(token + 21, "\n"));
	line = next_line(&rest);
	r.method = line;
	path = strchr(line, ' ');
	*path++ = '\0';
	version = strrchr(path, ' ');
	*version = '\0';
	r.path = path;
	r.path_len = strcspn(path, "?");
	r.query = path + r.path_len + (path[r.path_len] == '?');
	r.query_len = strlen(r.query);
	while ((line = next_line(&rest)) != NULL && *line != '\0') {
		char *colon = strchr(line, ':');

		*colon = '\0';
		headers[r.header_count++] =
		    (struct s3sig_header){line, colon + 1};
	}
	r.header_count =
	    added_headers(list, token, payload, headers, r.header_count);
	sign(got, &canonical, &r, list, payload, &scope,
	    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
	IS(canonical.p, want, name);
	signature[strcspn(signature, "\n")] = '\0';
	IS(got, signature, name);
	buf_clear(&canonical);
	free(request);
	free(want);
	free(signature);
	free(list);
	free(token);
}

static void
test_vectors(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (d == NULL) {
		printf(
		    "ok %d # SKIP no shared vectors of SigV4\n", ++tap_count);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);
		bool normalized =
		    n > 11 && strcmp(e->d_name + n - 11, "-normalized") == 0;

		/* S3 does not normalise; folded headers no HTTP server takes.
		 */
		if (e->d_name[0] == '.' || normalized ||
		    strstr(e->d_name, "multiline") != NULL)
			continue;
		test_vector(dir, e->d_name);
	}
	(void)closedir(d);
}

static void
test_uri(void)
{
	static const struct {
		const char *in;
		size_t n;
		const char *sigv4, *path, *listing;
	} table[] = {
	    {"a/b c+d", 7, "a%2Fb%20c%2Bd", "a/b%20c%2Bd", "a/b+c%2Bd"},
	    {"-._~*'()", 8, "-._~%2A%27%28%29", "-._~%2A%27%28%29",
		"-._%7E*%27%28%29"},
	    {"\0\xff\n", 3, "%00%FF%0A", "%00%FF%0A", "%00%FF%0A"},
	    {"", 0, "", "", ""},
	};
	struct buf b = BUF_INIT(4096);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *want[] = {
		    table[i].sigv4, table[i].path, table[i].listing};

		for (int set = 0; set < 3; set++) {
			buf_reset(&b);
			buf_adds(&b, "");
			s3uri_encode(
			    &b, table[i].in, table[i].n, (enum s3uri_set)set);
			IS(b.p, want[set], "percent-encoding");
		}
		buf_reset(&b);
		OK(s3uri_decode(&b, want[0], strlen(want[0]), false) &&
			b.len == table[i].n &&
			(b.len == 0 || memcmp(b.p, table[i].in, b.len) == 0),
		    "and back");
	}
	OK(!s3uri_decode(&b, "%4", 2, false) &&
		!s3uri_decode(&b, "%", 1, false) &&
		!s3uri_decode(&b, "%g0", 3, false),
	    "broken escapes are refused");
	buf_clear(&b);
}

static void
test_file(void)
{
	struct buf b = BUF_INIT(8192), back = BUF_INIT(8192);
	char key[1024];
	const char *p, *slash;
	bool short_enough = true;

	s3uri_file(&b, ".a/..b", 6);
	IS(b.p, "%2Ea%2F..b", "a name for a file");
	memset(key, '/', sizeof(key));
	buf_reset(&b);
	s3uri_file(&b, key, sizeof(key));
	for (p = b.p; (slash = strchr(p, '/')) != NULL; p = slash + 1) {
		short_enough &= slash - p <= S3URI_PIECE && slash[-1] == '+';
		(void)s3uri_decode(&back, p, (size_t)(slash - p) - 1, false);
	}
	short_enough &= strlen(p) <= S3URI_PIECE;
	(void)s3uri_decode(&back, p, strlen(p), false);
	OK(short_enough, "a long name goes on in folders");
	OK(back.len == sizeof(key) && memcmp(back.p, key, back.len) == 0,
	    "which give the key again");
	buf_clear(&b);
	buf_clear(&back);
}

static void
test_base64(void)
{
	static const struct {
		const char *plain, *coded;
	} table[] = {{"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}};
	struct buf b = BUF_INIT(64);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buf_reset(&b);
		s3hash_base64(&b, table[i].plain, strlen(table[i].plain));
		IS(b.p, table[i].coded, "base64");
		buf_reset(&b);
		OK(s3hash_unbase64(
		       &b, table[i].coded, strlen(table[i].coded)) &&
			strcmp(b.p, table[i].plain) == 0,
		    "and back");
	}
	OK(!s3hash_unbase64(&b, "Zg=", 3) && !s3hash_unbase64(&b, "", 0) &&
		!s3hash_unbase64(&b, "Z*==", 4),
	    "what is no base64 is refused");
	buf_clear(&b);
}

int
main(void)
{
	test_examples();
	test_canonical();
	test_vectors("../shared/data/sigv4/v4");
	test_uri();
	test_file();
	test_base64();
	return tap_done();
}
