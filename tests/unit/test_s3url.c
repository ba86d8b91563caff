/* common/s3url: addresses, endpoints, addressing styles */
#include "s3url.h"
#include "tap.h"

static const struct {
	const char *text, *bucket, *key; /* bucket NULL: refused */
} urls[] = {
    {"s3://b/k", "b", "k"},
    {"s3://b", "b", ""},
    {"s3://b/", "b", ""},
    {"s3://my.bucket-1/a//b/./c ?%20", "my.bucket-1", "a//b/./c ?%20"},
    {"s3://Old_Bucket//x", "Old_Bucket", "/x"},
    {"s3:///k", NULL, NULL},
    {"s3://", NULL, NULL},
    {"s3://../k", NULL, NULL},
    {"s3://./k", NULL, NULL},
    {"s3://b b/k", NULL, NULL},
    {"s3://a@evil/k", NULL, NULL},
    {"s3://arn:aws:s3:::x/k", NULL, NULL},
    {"S3://b/k", NULL, NULL},
    {"gs://b/k", NULL, NULL},
    {"az://account/c/", NULL, NULL},
    {"file:///var/log", NULL, NULL},
    {"b/k", NULL, NULL},
    {"", NULL, NULL},
};

static void
test_urls(void)
{
	char longest[5 + S3_BUCKET_MAX + 4] = "s3://";
	struct fault f = {0};
	struct s3_url u;
	bool ok;

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		ok = s3_url_parse(&u, urls[i].text, strlen(urls[i].text), &f);
		OK(ok == (urls[i].bucket != NULL), urls[i].text);
		if (ok) {
			IS(u.bucket, urls[i].bucket, "bucket");
			OK(u.key_len == strlen(urls[i].key) &&
				memcmp(u.key, urls[i].key, u.key_len) == 0,
			    "key");
		} else {
			OK(f.code == EXIT_BADUSAGE, "is a usage error");
		}
	}
	OK(!s3_url_parse(&u, "s3://a\0b/k", 10, &f), "no NUL in a bucket");
	OK(s3_url_parse(&u, "s3://b/k\0l", 10, &f) && u.key_len == 3,
	    "but in a key");
	memset(longest + 5, 'a', S3_BUCKET_MAX + 1);
	OK(s3_url_parse(&u, longest, 5 + S3_BUCKET_MAX, &f), "the longest");
	OK(!s3_url_parse(&u, longest, 6 + S3_BUCKET_MAX, &f), "one more");
}

static const struct {
	const char *url, *host, *path, *region; /* host NULL: refused */
	bool tls, aws;
} endpoints[] = {
    {"https://s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com", "",
	"eu-west-1", true, true},
    {"https://s3.amazonaws.com/", "s3.amazonaws.com", "", "us-east-1", true,
	true},
    {"https://s3-eu-west-1.amazonaws.com", "s3-eu-west-1.amazonaws.com", "",
	"eu-west-1", true, true},
    {"https://s3.dualstack.eu-west-1.amazonaws.com",
	"s3.dualstack.eu-west-1.amazonaws.com", "", "eu-west-1", true, true},
    {"https://s3-fips.us-gov-west-1.amazonaws.com",
	"s3-fips.us-gov-west-1.amazonaws.com", "", "us-gov-west-1", true, true},
    {"https://s3-fips.dualstack.us-east-2.amazonaws.com",
	"s3-fips.dualstack.us-east-2.amazonaws.com", "", "us-east-2", true,
	true},
    {"https://s3.cn-north-1.amazonaws.com.cn", "s3.cn-north-1.amazonaws.com.cn",
	"", "cn-north-1", true, true},
    {"https://s3-external-1.amazonaws.com", "s3-external-1.amazonaws.com", "",
	"us-east-1", true, true},
    {"https://s3-accelerate.amazonaws.com", "s3-accelerate.amazonaws.com", "",
	NULL, true, true},
    {"https://bucket.vpce-1a2b-3c4d.s3.us-east-1.vpce.amazonaws.com",
	"bucket.vpce-1a2b-3c4d.s3.us-east-1.vpce.amazonaws.com", "",
	"us-east-1", true, false},
    {"https://s3.evil.com", "s3.evil.com", "", NULL, true, false},
    {"https://s3.amazonaws.com.evil.com", "s3.amazonaws.com.evil.com", "", NULL,
	true, false},
    {"https://xs3.amazonaws.com", "xs3.amazonaws.com", "", NULL, true, false},
    {"https://s3.amazonaws.com:8443", "s3.amazonaws.com:8443", "", NULL, true,
	false},
    {"http://127.0.0.1:9000/", "127.0.0.1:9000", "", NULL, false, false},
    {"HTTP://MinIO.Local:80/swift/s3//", "minio.local", "/swift/s3", NULL,
	false, false},
    {"https://h:443", "h", "", NULL, true, false},
    {"http://h:443", "h:443", "", NULL, false, false},
    {"http://[::1]:9000", "[::1]:9000", "", NULL, false, false},
    {"https://[fd00::A]", "[fd00::a]", "", NULL, true, false},
    {"https://h:0", NULL, NULL, NULL, false, false},
    {"https://h:65536", NULL, NULL, NULL, false, false},
    {"https://h:", NULL, NULL, NULL, false, false},
    {"https://h:8x", NULL, NULL, NULL, false, false},
    {"https://[::1", NULL, NULL, NULL, false, false},
    {"https://[::1]x", NULL, NULL, NULL, false, false},
    {"https://h]", NULL, NULL, NULL, false, false},
    {"https://", NULL, NULL, NULL, false, false},
    {"https:///x", NULL, NULL, NULL, false, false},
    {"ftp://h", NULL, NULL, NULL, false, false},
    {"h:9000", NULL, NULL, NULL, false, false},
    {"https://user:pw@h", NULL, NULL, NULL, false, false},
    {"https://h/?x", NULL, NULL, NULL, false, false},
    {"https://h#x", NULL, NULL, NULL, false, false},
    {"https://h h", NULL, NULL, NULL, false, false},
    {"https://h\n", NULL, NULL, NULL, false, false},
    {"https://h\xc3\xa9", NULL, NULL, NULL, false, false},
    {"https://h%2fx", NULL, NULL, NULL, false, false},
    {"https://h:123456", NULL, NULL, NULL, false, false},
    {"https://h:80/:/", "h:80", "/:", NULL, true, false},
    {"https://h:-1", NULL, NULL, NULL, false, false},
    {"https://a_b", "a_b", "", NULL, true, false},
    {"https://[::_]", "[::_]", "", NULL, true, false},
    {"https://[::%]", NULL, NULL, NULL, false, false},
    {"https://s3..amazonaws.com", "s3..amazonaws.com", "", NULL, true, true},
    {"https://s3-fips.amazonaws.com", "s3-fips.amazonaws.com", "", "us-east-1",
	true, true},
    {"https://x.s3.amazonaws.com", "x.s3.amazonaws.com", "", NULL, true, false},
    {"https://x.s3.eu-west-1.amazonaws.com", "x.s3.eu-west-1.amazonaws.com", "",
	NULL, true, false},
    {"https://v.s3..vpce.amazonaws.com", "v.s3..vpce.amazonaws.com", "", NULL,
	true, false},
    {"https://s3.a-region-with-a-name-of-far-more-characters-than-any-has."
     "amazonaws.com",
	"s3.a-region-with-a-name-of-far-more-characters-than-any-has."
	"amazonaws.com",
	"", NULL, true, true},
};

static void
test_endpoints(void)
{
	char region[S3_REGION_MAX];
	struct s3_endpoint e;
	struct fault f = {0};
	bool ok;

	for (size_t i = 0; i < sizeof(endpoints) / sizeof(*endpoints); i++) {
		ok = s3_endpoint_parse(&e, endpoints[i].url, &f);
		OK(ok == (endpoints[i].host != NULL), endpoints[i].url);
		if (!ok) {
			OK(f.code == EXIT_BADCONFIG, "is configuration");
			OK(strstr(f.text, "pw") == NULL, "nothing is told");
			continue;
		}
		IS(e.host, endpoints[i].host, "host");
		IS(e.path, endpoints[i].path, "path");
		OK(e.tls == endpoints[i].tls && e.aws == endpoints[i].aws,
		    "kind");
		ok = s3_endpoint_region(&e, region);
		OK(ok == (endpoints[i].region != NULL), "region or none");
		if (ok && endpoints[i].region != NULL)
			IS(region, endpoints[i].region, "region");
	}
}

/* Longer than any name of a host, any path that is kept. */
static void
test_long(void)
{
	static const char https[] = "https://";
	static char url[8192];
	struct s3_endpoint e;
	struct fault f = {0};
	size_t n = sizeof(https) - 1;

	memcpy(url, https, n);
	memset(url + n, 'h', sizeof(e.host));
	OK(!s3_endpoint_parse(&e, url, &f) && f.code == EXIT_BADCONFIG,
	    "a host's name that is too long");
	url[n + 1] = '/';
	memset(url + n + 2, 'p', sizeof(e.path));
	OK(!s3_endpoint_parse(&e, url, &f) &&
		strstr(f.text, "too long") != NULL,
	    "a path that is too long");
	url[n + sizeof(e.path)] = '\0';
	OK(s3_endpoint_parse(&e, url, &f) &&
		strlen(e.path) == sizeof(e.path) - 1,
	    "the longest");
}

static const struct {
	const char *region, *host; /* NULL: refused */
	bool fips, dualstack;
} regions[] = {
    {"eu-central-1", "s3.eu-central-1.amazonaws.com", false, false},
    {"us-east-1", "s3.us-east-1.amazonaws.com", false, false},
    {"us-gov-west-1", "s3.us-gov-west-1.amazonaws.com", false, false},
    {"us-gov-west-1", "s3-fips.us-gov-west-1.amazonaws.com", true, false},
    {"eu-west-1", "s3.dualstack.eu-west-1.amazonaws.com", false, true},
    {"cn-north-1", "s3.cn-north-1.amazonaws.com.cn", false, false},
    {"us-iso-east-1", "s3.us-iso-east-1.c2s.ic.gov", false, false},
    {"us-isob-east-1", "s3.us-isob-east-1.sc2s.sgov.gov", false, false},
    {"eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu", false, false},
    {"evil.com/", NULL, false, false},
    {"EU-WEST-1", NULL, false, false},
    {"", NULL, false, false},
    {"a-region-with-a-name-of-far-more-characters-than-any-has", NULL, false,
	false},
};

static void
test_regions(void)
{
	struct s3_endpoint e;
	struct fault f = {0};
	bool ok;

	for (size_t i = 0; i < sizeof(regions) / sizeof(*regions); i++) {
		ok = s3_endpoint_of_region(&e, regions[i].region,
		    regions[i].fips, regions[i].dualstack, &f);
		OK(ok == (regions[i].host != NULL), regions[i].region);
		if (ok) {
			IS(e.host, regions[i].host, "host");
			OK(e.tls && e.aws, "over TLS, at AWS");
		}
	}
}

static void
test_addressing(void)
{
	static const struct {
		const char *bucket;
		bool aws, other;
	} cases[] = {
	    {"logs", true, false},
	    {"my-logs-1", true, false},
	    {"my.logs", false, false}, /* TLS wildcards have one label */
	    {"Logs", false, false},
	    {"my_logs", false, false},
	    {"ab", false, false},
	    {"-ab", false, false},
	    {"ab-", false, false},
	    {"a123456789a123456789a123456789a123456789a123456789a123456789abc",
		true, false},
	    {"a123456789a123456789a123456789a123456789a123456789a123456789abcd",
		false, false},
	};
	struct s3_endpoint aws = {.tls = true, .aws = true};
	struct s3_endpoint other = {.tls = true};
	enum s3_addressing a;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		OK(s3_use_virtual(S3_ADDRESS_AUTO, &aws, cases[i].bucket) ==
			cases[i].aws,
		    cases[i].bucket);
		OK(s3_use_virtual(S3_ADDRESS_AUTO, &other, cases[i].bucket) ==
			cases[i].other,
		    "elsewhere");
	}
	OK(!s3_use_virtual(S3_ADDRESS_PATH, &aws, "logs"), "path is path");
	OK(s3_use_virtual(S3_ADDRESS_VIRTUAL, &other, "my.logs"),
	    "virtual is virtual");
	OK(s3_addressing_parse(&a, "path") && a == S3_ADDRESS_PATH &&
		s3_addressing_parse(&a, "virtual") && a == S3_ADDRESS_VIRTUAL &&
		s3_addressing_parse(&a, "auto") && a == S3_ADDRESS_AUTO &&
		!s3_addressing_parse(&a, "Path"),
	    "names of styles");
}

int
main(void)
{
	test_urls();
	test_endpoints();
	test_long();
	test_regions();
	test_addressing();
	return tap_done();
}
