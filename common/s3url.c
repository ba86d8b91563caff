/* Names of S3: addresses, regions' endpoints, which style of URL to use. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "s3url.h"

enum { DNS_BUCKET_MIN = 3, DNS_BUCKET_MAX = 63 /* bucket naming rules */ };

/* Partitions by the beginning of their regions' names (botocore's
 * partitions.json); the first that fits. */
static const struct {
	const char *region, *suffix;
} partitions[] = {
    {"cn-", "amazonaws.com.cn"}, {"us-isob-", "sc2s.sgov.gov"},
    {"us-isof-", "csp.hci.ic.gov"}, {"us-iso-", "c2s.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk"}, {"eusc-", "amazonaws.eu"},
    {"", "amazonaws.com"}, /* aws and aws-us-gov */
};
enum { PARTITIONS = sizeof(partitions) / sizeof(partitions[0]) };

static bool
small_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
s3_bucket_ok(const char *bucket)
{
	size_t n = strlen(bucket);

	if (n == 0 || n > S3_BUCKET_MAX || strcmp(bucket, ".") == 0 ||
	    strcmp(bucket, "..") == 0)
		return false;
	for (const char *p = bucket; *p != '\0'; p++)
		if (!small_or_digit(*p) && !(*p >= 'A' && *p <= 'Z') &&
		    *p != '.' && *p != '-' && *p != '_')
			return false;
	return true;
}

bool
s3_region_ok(const char *region)
{
	size_t n = strlen(region);

	if (n == 0 || n >= S3_REGION_MAX)
		return false;
	for (const char *p = region; *p != '\0'; p++)
		if (!small_or_digit(*p) && *p != '-')
			return false;
	return true;
}

bool
s3_url_parse(struct s3_url *u, const char *text, size_t n, struct fault *f)
{
	static const char scheme[] = "s3://";
	const size_t skip = sizeof(scheme) - 1;
	const char *slash;
	size_t len;
	int shown = n < 200 ? (int)n : 200;

	if (n < skip || memcmp(text, scheme, skip) != 0) {
		(void)fault_set(f, EXIT_BADUSAGE,
		    "'%.*s' is no s3://BUCKET/.. address", shown, text);
		return fault_hint(f,
		    "s3://, the bucket's name, a slash and the beginning of "
		    "keys; other stores do not work yet");
	}
	slash = memchr(text + skip, '/', n - skip);
	len = slash != NULL ? (size_t)(slash - text) - skip : n - skip;
	if (len <= S3_BUCKET_MAX) {
		memcpy(u->bucket, text + skip, len);
		u->bucket[len] = '\0';
	}
	if (len > S3_BUCKET_MAX || strlen(u->bucket) != len ||
	    !s3_bucket_ok(u->bucket)) {
		(void)fault_set(f, EXIT_BADUSAGE,
		    "'%.*s' does not name a bucket", shown, text);
		return fault_hint(f, "an address is s3://BUCKET/..");
	}
	u->key = slash != NULL ? slash + 1 : text + n;
	u->key_len = (size_t)(text + n - u->key);
	return true;
}

/* The length of host without the suffix of a partition and the dot before it,
 * or 0 when it has none. */
static size_t
before_suffix(const char *host)
{
	size_t n = strlen(host), len;

	for (unsigned i = 0; i < PARTITIONS; i++) {
		len = strlen(partitions[i].suffix);
		if (n > len + 1 && host[n - len - 1] == '.' &&
		    strcmp(host + n - len, partitions[i].suffix) == 0)
			return n - len - 1;
	}
	return 0;
}

static bool
is_aws(const char *host)
{
	return before_suffix(host) > 0 && strncmp(host, "s3", 2) == 0 &&
	       (host[2] == '.' || host[2] == '-');
}

/* A port, 1 to 65535, to the end of n bytes; 0 when it is none. */
static unsigned
parse_port(const char *s, size_t n)
{
	unsigned port = 0;

	if (n == 0 || n > 5)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		port = port * 10 + (unsigned)(s[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

/* Copy host and port in the form that curl writes into the Host header. */
static bool
parse_host(struct s3_endpoint *e, const char *s, size_t n)
{
	const char *port = NULL, *from = s;
	size_t len = n;
	unsigned number = 0;

	if (n > 0 && *s == '[') {
		from = memchr(s, ']', n);
		if (from == NULL)
			return false;
	}
	port = memchr(from, ':', n - (size_t)(from - s));
	if (port != NULL) {
		len = (size_t)(port - s);
		number = parse_port(port + 1, n - len - 1);
		if (number == 0)
			return false;
	}
	if (len == 0 || len + 7 > sizeof(e->host))
		return false;
	if (*s == '[' && s[len - 1] != ']')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 'a' - 'A')
						    : s[i];

		if (!small_or_digit(c) && c != '.' && c != '-' && c != '_' &&
		    !(*s == '[' && strchr("[]:", c) != NULL))
			return false;
		e->host[i] = c;
	}
	e->host[len] = '\0';
	e->aws = number == 0 && is_aws(e->host);
	if (number != 0 && number != (e->tls ? 443 : 80))
		(void)snprintf(
		    e->host + len, sizeof(e->host) - len, ":%u", number);
	return true;
}

bool
s3_endpoint_parse(struct s3_endpoint *e, const char *url, struct fault *f)
{
	const char *rest, *slash;
	size_t n;

	memset(e, 0, sizeof(*e));
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return fault_set(f, EXIT_BADCONFIG,
			    "the endpoint holds a character that no URL has");
	if (strchr(url, '@') != NULL) /* it may be a password: not printed */
		return fault_set(f, EXIT_BADCONFIG,
		    "the endpoint holds a user name or password; "
		    "credentials come from the environment");
	e->tls = strncasecmp(url, "https://", 8) == 0;
	if (!e->tls && strncasecmp(url, "http://", 7) != 0) {
		(void)fault_set(f, EXIT_BADCONFIG,
		    "the endpoint '%s' is no https:// or http:// URL", url);
		return fault_hint(f,
		    "such as https://s3.example.com:9000; AWS's own need no "
		    "endpoint, only --region");
	}
	rest = strstr(url, "//") + 2;
	slash = strchr(rest, '/');
	n = slash != NULL ? (size_t)(slash - rest) : strlen(rest);
	if (strpbrk(rest, "?#") != NULL || !parse_host(e, rest, n))
		return fault_set(f, EXIT_BADCONFIG,
		    "the endpoint '%s' is no URL of a service", url);
	if (slash != NULL) {
		n = strlen(slash);
		while (n > 0 && slash[n - 1] == '/')
			n--;
		if (n >= sizeof(e->path))
			return fault_set(f, EXIT_BADCONFIG,
			    "the endpoint's path is too long");
		memcpy(e->path, slash, n);
		e->path[n] = '\0';
	}
	return true;
}

bool
s3_endpoint_of_region(struct s3_endpoint *e, const char *region, bool fips,
    bool dualstack, struct fault *f)
{
	unsigned i = 0;

	if (!s3_region_ok(region))
		return fault_set(
		    f, EXIT_BADCONFIG, "'%.60s' is no region's name", region);
	while (strncmp(region, partitions[i].region,
		   strlen(partitions[i].region)) != 0)
		i++;
	memset(e, 0, sizeof(*e));
	e->tls = true;
	e->aws = true;
	(void)snprintf(e->host, sizeof(e->host), "s3%s%s.%s.%s",
	    fips ? "-fips" : "", dualstack ? ".dualstack" : "", region,
	    partitions[i].suffix);
	return true;
}

static bool
copy_region(char region[S3_REGION_MAX], const char *s, size_t n)
{
	if (n == 0 || n >= S3_REGION_MAX)
		return false;
	memcpy(region, s, n);
	region[n] = '\0';
	return s3_region_ok(region);
}

bool
s3_endpoint_region(const struct s3_endpoint *e, char region[S3_REGION_MAX])
{
	static const char dualstack[] = "dualstack.", vpce[] = ".vpce";
	const char *p, *end = e->host + before_suffix(e->host);

	if (end == e->host)
		return false;
	if (!e->aws) {
		/* bucket.vpce-ID.s3.REGION.vpce.amazonaws.com */
		p = strstr(e->host, ".s3.");
		if (p == NULL || (size_t)(end - p) < sizeof(vpce) + 4 ||
		    memcmp(end - (sizeof(vpce) - 1), vpce, sizeof(vpce) - 1) !=
			0)
			return false;
		p += 4;
		return copy_region(
		    region, p, (size_t)(end - p) - (sizeof(vpce) - 1));
	}
	p = e->host + 2; /* s3 */
	if (strncmp(p, "-fips.", 6) == 0)
		p += 5;
	if (p == end || strncmp(p, "-external-1", 11) == 0)
		return copy_region(region, "us-east-1", 9);
	if (strncmp(p, "-accelerate", 11) == 0)
		return false;
	p++; /* s3.REGION, or s3-REGION of old */
	if (strncmp(p, dualstack, sizeof(dualstack) - 1) == 0)
		p += sizeof(dualstack) - 1;
	return p < end && copy_region(region, p, (size_t)(end - p));
}

bool
s3_addressing_parse(enum s3_addressing *a, const char *s)
{
	if (strcmp(s, "auto") == 0)
		*a = S3_ADDRESS_AUTO;
	else if (strcmp(s, "path") == 0)
		*a = S3_ADDRESS_PATH;
	else if (strcmp(s, "virtual") == 0)
		*a = S3_ADDRESS_VIRTUAL;
	else
		return false;
	return true;
}

bool
s3_use_virtual(
    enum s3_addressing a, const struct s3_endpoint *e, const char *bucket)
{
	size_t n = strlen(bucket);

	if (a != S3_ADDRESS_AUTO)
		return a == S3_ADDRESS_VIRTUAL;
	/* A dot would not match the wildcard of AWS's certificate. */
	if (!e->aws || n < DNS_BUCKET_MIN || n > DNS_BUCKET_MAX ||
	    bucket[0] == '-' || bucket[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!small_or_digit(bucket[i]) && bucket[i] != '-')
			return false;
	return true;
}
