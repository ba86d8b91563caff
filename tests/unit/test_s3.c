/* common/s3 and common/s3error: where requests go, what answers mean */
#define LB_INJECT /* the clock is ours */
#include <stdlib.h>

#include "clock.h"
#include "httphead.h"
#include "log.h"
#include "s3.h"
#include "tap.h"

enum {
	WALL_2026 = 1767323045, /* 2026-01-02T03:04:05Z */
	HOUR = 3600000          /* ms */
};

/* A store with these options and environment ("" unsets). */
static struct s3 *
store(const struct s3_options *o, const char *region, const char *endpoint,
    struct fault *f)
{
	(void)setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	(void)setenv("AWS_SECRET_ACCESS_KEY", "se/cr+et", 1);
	(void)setenv("AWS_REGION", region, 1);
	(void)setenv("AWS_ENDPOINT_URL_S3", endpoint, 1);
	return s3_new(o, f);
}

static const char *
header_of(const struct s3_call *c, const char *name)
{
	size_t n = strlen(name);

	for (const char *const *h = c->headers; *h != NULL; h++)
		if (strncmp(*h, name, n) == 0 && (*h)[n] == ':')
			return *h + n + 2;
	return "";
}

static const struct {
	const char *what;
	struct s3_options o;
	const char *env_region, *env_endpoint;
	struct s3_ask a;
	const char *url, *scope; /* url NULL: refused */
} places[] = {
    {"AWS of us-east-1, until it says better", {0}, "", "",
	{.bucket = "logs", .key = "a/b", .key_len = 3},
	"https://logs.s3.us-east-1.amazonaws.com/a/b", "us-east-1"},
    {"AWS_REGION", {0}, "eu-west-1", "",
	{.bucket = "logs", .key = "k", .key_len = 1},
	"https://logs.s3.eu-west-1.amazonaws.com/k", "eu-west-1"},
    {"--region wins", {.region = "eu-north-1"}, "eu-west-1", "",
	{.bucket = "logs"}, "https://logs.s3.eu-north-1.amazonaws.com/",
	"eu-north-1"},
    {"an object line's region wins over the environment's", {0}, "eu-west-1",
	"", {.bucket = "logs", .region = "ap-south-1"},
	"https://logs.s3.ap-south-1.amazonaws.com/", "ap-south-1"},
    {"but not over --region", {.region = "eu-north-1"}, "", "",
	{.bucket = "logs", .region = "ap-south-1"},
	"https://logs.s3.eu-north-1.amazonaws.com/", "eu-north-1"},
    {"a dotted bucket stands in the path", {0}, "", "",
	{.bucket = "my.logs", .key = "k", .key_len = 1},
	"https://s3.us-east-1.amazonaws.com/my.logs/k", "us-east-1"},
    {"China", {0}, "cn-north-1", "", {.bucket = "logs"},
	"https://logs.s3.cn-north-1.amazonaws.com.cn/", "cn-north-1"},
    {"another store", {.endpoint = "http://127.0.0.1:9000/"}, "", "",
	{.bucket = "logs", .key = "k", .key_len = 1},
	"http://127.0.0.1:9000/logs/k", "us-east-1"},
    {"of the environment, with a path", {0}, "", "https://h/swift/s3",
	{.bucket = "logs"}, "https://h/swift/s3/logs", "us-east-1"},
    {"--endpoint wins", {.endpoint = "https://a"}, "", "https://b",
	{.bucket = "logs", .endpoint = "https://c"}, "https://a/logs",
	"us-east-1"},
    {"then the object line's", {0}, "", "https://b",
	{.bucket = "logs", .endpoint = "https://c"}, "https://c/logs",
	"us-east-1"},
    {"virtual", {.endpoint = "https://h:8443", .addressing = "virtual"}, "", "",
	{.bucket = "logs", .key = "k", .key_len = 1}, "https://logs.h:8443/k",
	"us-east-1"},
    {"path", {.addressing = "path"}, "", "", {.bucket = "logs"},
	"https://s3.us-east-1.amazonaws.com/logs", "us-east-1"},
    {"the region of an AWS endpoint",
	{.endpoint = "https://s3.eu-west-3.amazonaws.com"}, "", "",
	{.bucket = "logs"}, "https://logs.s3.eu-west-3.amazonaws.com/",
	"eu-west-3"},
    {"virtual and an address", {.addressing = "virtual"}, "",
	"http://[::1]:9000", {.bucket = "logs"}, NULL, NULL},
    {"a bucket that is none", {0}, "", "", {.bucket = "a/b"}, NULL, NULL},
    {"an object line's endpoint that is none", {0}, "", "",
	{.bucket = "b", .endpoint = "file:///etc"}, NULL, NULL},
    {"an object line's region that is none", {0}, "", "",
	{.bucket = "b", .region = "x.evil.com/"}, NULL, NULL},
};

static void
test_places(void)
{
	char want[160];
	struct fault f = {0};
	struct s3_call c = {0};
	struct s3 *s;
	struct s3_ask a;
	bool ok;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		s = store(&places[i].o, places[i].env_region,
		    places[i].env_endpoint, &f);
		a = places[i].a;
		a.method = "GET";
		OK(s != NULL, places[i].what);
		if (s == NULL)
			continue;
		ok = s3_build(s, &c, &a, &f);
		OK(ok == (places[i].url != NULL), "built or refused");
		if (!ok) {
			OK(f.code == EXIT_BADCONFIG, "as configuration");
		} else if (places[i].url != NULL) {
			IS(c.url.p, places[i].url, "URL");
			(void)snprintf(want, sizeof(want),
			    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/"
			    "%s/s3/aws4_request, ",
			    places[i].scope);
			OK(strncmp(header_of(&c, "authorization"), want,
			       strlen(want)) == 0,
			    "scope");
		}
		s3_free(s);
	}
	s3_call_free(&c);
}

static void
test_keys(void)
{
	static const struct {
		const char *key;
		size_t n;
		const char *path;
	} keys[] = {
	    {"", 0, "/b/"},
	    {"/", 1, "/b//"},
	    {"//a//", 5, "/b///a//"},
	    {"./../.", 6, "/b/./../."},
	    {"a b+c%2F?#&=", 12, "/b/a%20b%2Bc%252F%3F%23%26%3D"},
	    {"\0\1\n\x7f\xff", 5, "/b/%00%01%0A%7F%FF"},
	    {"\xe6\x97\xa5~!*'()", 9, "/b/%E6%97%A5~%21%2A%27%28%29"},
	};
	static const struct sigv4_field query[] = {{"prefix", 6, "a/b c", 5},
	    {"list-type", 9, "2", 1}, {"continuation-token", 18, "1/+=", 4}};
	static const struct sigv4_field headers[] = {
	    {"range", 5, "bytes=0-9", 9}, {"if-match", 8, "\"e\"", 3}};
	const struct s3_options o = {
	    .endpoint = "http://h", .allow_http = true};
	char long_key[16 * 1024];
	struct fault f = {0};
	struct http_request r = {0};
	struct s3_call c = {0};
	struct s3_ask a = {.method = "GET", .bucket = "b"};
	struct s3 *s;

	(void)setenv("AWS_SESSION_TOKEN", "token+/=", 1);
	s = store(&o, "", "", &f);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		a.key = keys[i].key;
		a.key_len = keys[i].n;
		OK(s3_build(s, &c, &a, &f), "a key of any bytes");
		IS(c.url.p + strlen("http://h"), keys[i].path,
		    "is encoded once");
	}
	a = (struct s3_ask){.method = "GET",
	    .bucket = "b",
	    .query = query,
	    .nquery = 3,
	    .headers = headers,
	    .nheaders = 2};
	OK(s3_build(s, &c, &a, &f), "a query and headers");
	IS(c.url.p,
	    "http://h/b?continuation-token=1%2F%2B%3D&list-type=2&prefix="
	    "a%2Fb%20c",
	    "the query is sent as it is signed");
	IS(header_of(&c, "x-amz-date"), "20260102T030405Z", "the date");
	IS(header_of(&c, "x-amz-security-token"), "token+/=", "the token");
	IS(header_of(&c, "range"), "bytes=0-9", "the header");
	IS(header_of(&c, "host"), "", "Host is left to the URL");
	OK(strstr(header_of(&c, "authorization"),
	       "SignedHeaders=host;if-match;range;x-amz-content-sha256;"
	       "x-amz-date;x-amz-security-token, ") != NULL,
	    "all of them are signed");
	s3_call_fill(&c, &r);
	OK(r.allow_plain && r.url == c.url.p && r.headers == c.headers &&
		strcmp(r.method, "GET") == 0,
	    "and given to the request");
	memset(long_key, ' ', sizeof(long_key));
	a.key = long_key;
	a.key_len = sizeof(long_key);
	OK(!s3_build(s, &c, &a, &f) && f.code == EXIT_BADCONFIG,
	    "no URL is endless");
	s3_call_free(&c);
	s3_free(s);
}

static void
test_options(void)
{
	static const struct {
		struct s3_options o;
		const char *region, *endpoint;
		enum exitcode code;
	} bad[] = {
	    {{.addressing = "sideways"}, "", "", EXIT_BADUSAGE},
	    {{.region = "EU"}, "", "", EXIT_BADUSAGE},
	    {{.endpoint = "ftp://h"}, "", "", EXIT_BADUSAGE},
	    {{0}, "a b", "", EXIT_BADCONFIG},
	    {{0}, "", "h:9000", EXIT_BADCONFIG},
	};
	const struct s3_options none = {0};
	struct s3_ask a = {.method = "GET", .bucket = "logs"};
	struct s3_call c = {0};
	struct fault f = {0};
	struct s3 *s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		OK(store(&bad[i].o, bad[i].region, bad[i].endpoint, &f) ==
			    NULL &&
			f.code == bad[i].code,
		    "an option or variable that cannot be used");
	(void)setenv("AWS_REGION", "", 1);
	(void)setenv("AWS_ENDPOINT_URL_S3", "", 1);
	(void)unsetenv("AWS_SECRET_ACCESS_KEY");
	s = s3_new(&none, &f);
	OK(s != NULL, "without credentials there is a store");
	OK(!s3_build(s, &c, &a, &f) && f.code == EXIT_DENIED &&
		strstr(f.text, "AWS_SECRET_ACCESS_KEY") != NULL &&
		f.hint[0] != '\0',
	    "but nothing can be asked of it");
	s3_call_free(&c);
	s3_free(s);
}

#define ERROR(code)                                           \
	"<?xml version=\"1.0\"?><Error><Code>" code "</Code>" \
	"<Message>because</Message><RequestId>R1</RequestId></Error>"

static const struct {
	int status;
	const char *body;
	enum s3_fate fate;
	enum exitcode exit;
	const char *code;
} errors[] = {
    {200, "", S3_FINE, EXIT_DONE, ""},
    {206, "", S3_FINE, EXIT_DONE, ""},
    {404, ERROR("NoSuchKey"), S3_GONE, EXIT_BADCONFIG, "NoSuchKey"},
    {404, ERROR("NoSuchVersion"), S3_GONE, EXIT_BADCONFIG, "NoSuchVersion"},
    {412, ERROR("PreconditionFailed"), S3_GONE, EXIT_BADCONFIG,
	"PreconditionFailed"},
    {412, "", S3_GONE, EXIT_BADCONFIG, "PreconditionFailed"},
    {404, ERROR("NoSuchBucket"), S3_STOP, EXIT_BADCONFIG, "NoSuchBucket"},
    {404, "<html>not here</html>", S3_STOP, EXIT_BADCONFIG, "HTTP404"},
    {404, "", S3_STOP, EXIT_BADCONFIG, "HTTP404"},
    {403, ERROR("AccessDenied"), S3_DENIED, EXIT_DENIED, "AccessDenied"},
    {403, "", S3_DENIED, EXIT_DENIED, "HTTP403"},
    {403, ERROR("InvalidAccessKeyId"), S3_STOP, EXIT_DENIED,
	"InvalidAccessKeyId"},
    {403, ERROR("SignatureDoesNotMatch"), S3_STOP, EXIT_DENIED,
	"SignatureDoesNotMatch"},
    {400, ERROR("ExpiredToken"), S3_STOP, EXIT_DENIED, "ExpiredToken"},
    {400, ERROR("InvalidToken"), S3_STOP, EXIT_DENIED, "InvalidToken"},
    {403, ERROR("RequestTimeTooSkewed"), S3_STOP, EXIT_DENIED,
	"RequestTimeTooSkewed"},
    {403, ERROR("InvalidObjectState"), S3_REFUSED, EXIT_BADCONFIG,
	"InvalidObjectState"},
    {401, "", S3_STOP, EXIT_DENIED, "HTTP401"},
    {407, "", S3_STOP, EXIT_BADCONFIG, "HTTP407"},
    {301, ERROR("PermanentRedirect"), S3_STOP, EXIT_BADCONFIG,
	"PermanentRedirect"},
    {302, "", S3_STOP, EXIT_BADCONFIG, "HTTP302"},
    {400, ERROR("AuthorizationHeaderMalformed"), S3_STOP, EXIT_BADCONFIG,
	"AuthorizationHeaderMalformed"},
    {400, ERROR("InvalidArgument"), S3_REFUSED, EXIT_BADCONFIG,
	"InvalidArgument"},
    {400, ERROR("RequestTimeout"), S3_RETRY, EXIT_DOWN, "RequestTimeout"},
    {408, "", S3_RETRY, EXIT_DOWN, "HTTP408"},
    {416, ERROR("InvalidRange"), S3_REFUSED, EXIT_BADCONFIG, "InvalidRange"},
    {429, "", S3_THROTTLED, EXIT_DOWN, "HTTP429"},
    {503, ERROR("SlowDown"), S3_THROTTLED, EXIT_DOWN, "SlowDown"},
    {503, ERROR("ServiceUnavailable"), S3_RETRY, EXIT_DOWN,
	"ServiceUnavailable"},
    {503, "<html>", S3_RETRY, EXIT_DOWN, "HTTP503"},
    {500, ERROR("InternalError"), S3_RETRY, EXIT_DOWN, "InternalError"},
    {500, ERROR("SomethingNew"), S3_RETRY, EXIT_DOWN, "SomethingNew"},
    {400, ERROR("SomethingNew"), S3_REFUSED, EXIT_BADCONFIG, "SomethingNew"},
    {501, ERROR("NotImplemented"), S3_STOP, EXIT_BADCONFIG, "NotImplemented"},
    {501, "", S3_STOP, EXIT_BADCONFIG, "HTTP501"},
    {502, "", S3_RETRY, EXIT_DOWN, "HTTP502"},
};

/* A reply, whose headers are lines ended by \n. */
static void
judge_call(struct s3 *s, const struct s3_call *c, const char *bucket,
    int status, const char *lines, const char *body, struct s3_verdict *v)
{
	struct http_headers h;
	struct http_reply r = {.status = status,
	    .error = "",
	    .body = body,
	    .body_len = strlen(body),
	    .headers = &h};
	const char *end;

	httphead_init(&h);
	for (; *lines != '\0'; lines = end + 1) {
		end = strchr(lines, '\n');
		(void)httphead_add(&h, lines, (size_t)(end - lines));
	}
	httphead_request_id(&r);
	s3_judge(s, c, bucket, &r, v);
	httphead_free(&h);
}

/* The reply to a request that is built with what is known by now. */
static void
judge(struct s3 *s, int status, const char *lines, const char *body,
    struct s3_verdict *v)
{
	const struct s3_ask a = {.method = "GET", .bucket = "logs"};
	struct s3_call c = {0};
	struct fault f;

	INVARIANT(s3_build(s, &c, &a, &f));
	judge_call(s, &c, "logs", status, lines, body, v);
	s3_call_free(&c);
}

static void
test_errors(void)
{
	const struct s3_options o = {0};
	struct fault f = {0};
	struct s3_verdict v;
	struct s3 *s = store(&o, "", "", &f);

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		judge(s, errors[i].status, "", errors[i].body, &v);
		IS(v.code, errors[i].code, "code");
		OK(v.fate == errors[i].fate, "fate");
		OK(v.exit == errors[i].exit, "exit code");
	}
	judge(s, 503, "Retry-After: 7\nx-amz-request-id: X1\n",
	    ERROR("SlowDown"), &v);
	OK(v.retry_after_ms == 7000, "Retry-After is read");
	OK(!s3_fault(&v, "list 's3://b/'", &f), "a fault");
	IS(f.text,
	    "cannot list 's3://b/': 503 SlowDown: because (request id X1)",
	    "says what the service said");
	judge(s, 403, "", ERROR("AccessDenied"), &v);
	(void)s3_fault(&v, "get it", &f);
	IS(f.text, "cannot get it: 403 AccessDenied: because (request id R1)",
	    "with the body's request id where there is no other");
	OK(strstr(f.hint, "s3:GetObject") != NULL, "and a hint");
	judge(s, 502, "", "", &v);
	(void)s3_fault(&v, "get it", &f);
	IS(f.text, "cannot get it: HTTP502", "with what there is");
	judge(s, 403, "", "<Error><Code>AccessDenied</Code><Mess", &v);
	IS(v.code, "AccessDenied", "an error that was cut");
	judge(s, 403, "",
	    "<ErrorResponse><Error><Code>AccessDenied</Code></Error>"
	    "</ErrorResponse>",
	    &v);
	IS(v.code, "AccessDenied", "the form of other services");
	s3_free(s);
}

static void
test_failures(void)
{
	static const struct {
		enum http_failure failure;
		enum s3_fate fate;
		enum exitcode exit;
		const char *code;
	} cases[] = {
	    {HTTP_CONNECT, S3_RETRY, EXIT_DOWN, "ConnectionFailed"},
	    {HTTP_TLS, S3_STOP, EXIT_BADCONFIG, "TLSFailed"},
	    {HTTP_TIMEOUT, S3_RETRY, EXIT_DOWN, "Timeout"},
	    {HTTP_CUT, S3_RETRY, EXIT_DOWN, "ConnectionCut"},
	    {HTTP_TOO_LARGE, S3_REFUSED, EXIT_BADCONFIG, "ReplyTooLarge"},
	    {HTTP_FORBIDDEN, S3_STOP, EXIT_BADCONFIG, "PlainHTTPRefused"},
	    {HTTP_PROXY, S3_STOP, EXIT_DENIED, "ProxyDenied"},
	};
	const struct s3_options o = {0};
	const struct s3_call c = {0};
	struct fault f = {0};
	struct s3_verdict v;
	struct s3 *s = store(&o, "", "", &f);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct http_reply r = {.failure = cases[i].failure,
		    .status = 200,
		    .error = "it broke"};

		s3_judge(s, &c, "b", &r, &v);
		IS(v.code, cases[i].code, "a failure of the way");
		OK(v.fate == cases[i].fate && v.exit == cases[i].exit &&
			v.http == 0,
		    "and what it means");
		(void)s3_fault(&v, "get it", &f);
		OK(strstr(f.text, ": it broke") != NULL, "is told");
	}
	s3_free(s);
}

static void
test_regions(void)
{
	const struct s3_options none = {0},
				at = {.endpoint = "http://127.0.0.1:1"},
				aws = {
				    .endpoint =
					"https://s3.us-east-1.amazonaws.com"};
	struct s3_ask a = {.method = "GET", .bucket = "logs"};
	struct s3_call c = {0};
	struct fault f = {0};
	struct s3_verdict v;
	struct s3 *s = store(&none, "us-east-1", "", &f);
	int again = 0;

	OK(s3_region_given(s, "logs") == NULL, "no region was given");
	judge(s, 301, "x-amz-bucket-region: eu-west-1\n",
	    ERROR("PermanentRedirect"), &v);
	OK(v.fate == S3_AGAIN, "a redirect to the bucket's region");
	OK(s3_build(s, &c, &a, &f), "is followed");
	IS(c.url.p, "https://logs.s3.eu-west-1.amazonaws.com/", "there");
	IS(s3_region_given(s, "logs"), "eu-west-1",
	    "and object lines say where");
	OK(s3_region_given(s, "other") == NULL, "for this bucket alone");
	judge(s, 301, "x-amz-bucket-region: eu-west-1\n",
	    ERROR("PermanentRedirect"), &v);
	OK(v.fate == S3_STOP && v.exit == EXIT_BADCONFIG &&
		strstr(v.hint, "'eu-west-1'") != NULL,
	    "the same once more does not help");
	for (int i = 0; i < 20; i++) {
		judge(s, 301,
		    i % 2 == 0 ? "x-amz-bucket-region: us-east-2\n"
			       : "x-amz-bucket-region: eu-west-1\n",
		    "", &v);
		again += v.fate == S3_AGAIN;
	}
	OK(again > 0 && again < 5, "nor is one sent round without end");
	s3_free(s);

	s = store(&at, "", "", &f);
	judge(s, 400, "",
	    "<Error><Code>AuthorizationHeaderMalformed</Code>"
	    "<Region>nowhere-1</Region></Error>",
	    &v);
	OK(v.fate == S3_AGAIN && s3_build(s, &c, &a, &f),
	    "a region told in the body");
	OK(strstr(header_of(&c, "authorization"), "/nowhere-1/s3/") != NULL,
	    "is signed for");
	IS(c.url.p, "http://127.0.0.1:1/logs", "at the same endpoint");
	judge(s, 301, "x-amz-bucket-region: evil.com/\n", "", &v);
	OK(v.fate == S3_STOP, "a region that is none is not");
	s3_free(s);

	s = store(&aws, "", "", &f);
	judge(s, 301, "",
	    "<Error><Code>PermanentRedirect</Code><Endpoint>"
	    "logs.s3.eu-central-1.amazonaws.com</Endpoint></Error>",
	    &v);
	OK(v.fate == S3_AGAIN && s3_build(s, &c, &a, &f),
	    "an endpoint told in the body");
	IS(c.url.p, "https://logs.s3.eu-central-1.amazonaws.com/",
	    "at AWS the host follows");
	s3_free(s);

	s = store(&aws, "", "", &f);
	a.bucket = "my.s3bucket";
	OK(s3_build(s, &c, &a, &f), "another bucket");
	judge_call(s, &c, "my.s3bucket", 301, "",
	    "<Error><Code>PermanentRedirect</Code><Endpoint>"
	    "my.s3bucket.s3.eu-central-1.amazonaws.com</Endpoint></Error>",
	    &v);
	OK(v.fate == S3_AGAIN && s3_build(s, &c, &a, &f),
	    "also of a bucket that is called like it");
	IS(c.url.p, "https://s3.eu-central-1.amazonaws.com/my.s3bucket",
	    "its name is not taken for the host's");
	s3_free(s);
	s3_call_free(&c);
}

/* More buckets outside their endpoint's region than are remembered. */
static void
test_many_regions(void)
{
	const struct s3_options o = {0};
	struct fault f = {0};
	struct s3 *s = store(&o, "us-east-1", "", &f);
	struct s3_call c = {0};
	struct s3_ask a = {.method = "GET"};
	char bucket[16];
	bool fine = true;

	for (int i = 0; i < 100; i++) {
		(void)snprintf(bucket, sizeof(bucket), "bucket-%d", i);
		a.bucket = bucket;
		fine = fine && s3_learn_region(s, bucket, "eu-west-1") &&
		       s3_build(s, &c, &a, &f) &&
		       strstr(c.url.p, ".eu-west-1.") != NULL;
	}
	OK(fine, "each of 100 buckets is learned");
	a.bucket = "bucket-99";
	OK(s3_build(s, &c, &a, &f) && strstr(c.url.p, ".eu-west-1.") != NULL,
	    "those of late are known");
	a.bucket = "bucket-0";
	OK(s3_build(s, &c, &a, &f) && strstr(c.url.p, ".us-east-1.") != NULL &&
		s3_learn_region(s, "bucket-0", "eu-west-1"),
	    "those of long ago are learned again");
	s3_call_free(&c);
	s3_free(s);
}

static void
test_clock(void)
{
	static const char skewed[] =
	    "<Error><Code>RequestTimeTooSkewed</Code>"
	    "<ServerTime>2026-01-02T04:04:05Z</ServerTime></Error>";
	const struct s3_options o = {0};
	struct s3_ask a = {.method = "GET", .bucket = "logs"};
	struct s3_call c = {0};
	struct fault f = {0};
	struct s3_verdict v;
	struct s3 *s = store(&o, "", "", &f);

	judge(s, 403, "", skewed, &v);
	OK(v.fate == S3_AGAIN && s3_skew_ms(s) == 3600 * 1000,
	    "the store's clock is learned");
	OK(s3_build(s, &c, &a, &f), "and used");
	IS(header_of(&c, "x-amz-date"), "20260102T040405Z", "in signatures");
	judge(s, 403, "", skewed, &v);
	OK(v.fate == S3_STOP && v.exit == EXIT_DENIED && v.hint[0] != '\0',
	    "once it is known, that is no reason");
	judge(s, 403, "Date: Fri, 02 Jan 2026 02:04:05 GMT\n",
	    ERROR("RequestTimeTooSkewed"), &v);
	OK(v.fate == S3_AGAIN && s3_skew_ms(s) == -3600 * 1000,
	    "from the Date header, too");
	s3_free(s);
	s3_call_free(&c);
}

/* Several requests are under way when the first of them teaches something. */
static void
test_side_by_side(void)
{
	static const struct {
		int status;
		const char *lines, *code;
	} cases[] = {
	    {301, "x-amz-bucket-region: eu-west-1\n", "PermanentRedirect"},
	    {301, "", "PermanentRedirect"},
	    {400, "x-amz-bucket-region: eu-west-1\n",
		"AuthorizationHeaderMalformed"},
	    {403, "Date: Fri, 02 Jan 2026 02:04:05 GMT\n",
		"RequestTimeTooSkewed"},
	    {403, "", "SignatureDoesNotMatch"},
	};
	const struct s3_options o = {0};
	const struct s3_ask a = {.method = "GET", .bucket = "logs"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct s3_call before = {0}, after = {0};
		struct fault f = {0};
		struct s3_verdict v;
		struct s3 *s = store(&o, "us-east-1", "", &f);
		char body[100];

		(void)snprintf(body, sizeof(body),
		    "<Error><Code>%s</Code></Error>", cases[i].code);
		INVARIANT(s3_build(s, &before, &a, &f));
		if (cases[i].status == 301 || cases[i].status == 400)
			OK(s3_learn_region(s, "logs", "eu-west-1"),
			    "one request learns the region");
		else
			OK(s3_learn_clock(s, (int64_t)WALL_2026 * 1000 + HOUR),
			    "one request learns the clock");
		INVARIANT(s3_build(s, &after, &a, &f));
		judge_call(s, &before, "logs", cases[i].status, cases[i].lines,
		    body, &v);
		OK(v.fate == S3_AGAIN, "another, built before, is sent anew");
		s3_call_free(&after);
		INVARIANT(s3_build(s, &after, &a, &f));
		judge_call(s, &after, "logs", cases[i].status, "", body, &v);
		OK(v.fate == S3_STOP, "one that was built after that is not");
		judge_call(s, &before, "logs", 404, "",
		    "<Error><Code>NoSuchBucket</Code></Error>", &v);
		OK(v.fate == S3_STOP, "nor one that nothing mends");
		judge_call(s, &before, "logs", 404, "",
		    "<Error><Code>NoSuchKey</Code></Error>", &v);
		OK(v.fate == S3_GONE, "nor one that has its answer");
		s3_call_free(&before);
		s3_call_free(&after);
		s3_free(s);
	}
}

int
main(void)
{
	clock_inject(0, (int64_t)WALL_2026 * 1000);
	test_places();
	test_keys();
	test_options();
	test_errors();
	test_failures();
	test_regions();
	test_many_regions();
	test_clock();
	test_side_by_side();
	return tap_done();
}
