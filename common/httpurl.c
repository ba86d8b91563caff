/* Which hosts plain http may go to; URLs without their secrets. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "httpurl.h"

enum { ADDRESS_MAX = 46 /* INET6_ADDRSTRLEN */ };

/* EC2, ECS tasks and Azure VMs; EKS pod identity; EC2 over IPv6. */
static const char *const metadata[] = {
    "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"};

static enum httpurl_place
place_v4(const unsigned char a[4])
{
	unsigned char m[4];

	if (a[0] == 127)
		return HTTPURL_LOOPBACK;
	for (size_t i = 0; i < sizeof(metadata) / sizeof(metadata[0]); i++)
		if (inet_pton(AF_INET, metadata[i], m) == 1 &&
		    memcmp(a, m, 4) == 0)
			return HTTPURL_METADATA;
	return a[0] == 169 && a[1] == 254 ? HTTPURL_LINK_LOCAL
					  : HTTPURL_ELSEWHERE;
}

static enum httpurl_place
place_v6(const unsigned char a[16])
{
	static const unsigned char one[16] = {[15] = 1};
	unsigned char m[16];

	if (memcmp(a, one, 16) == 0)
		return HTTPURL_LOOPBACK;
	for (size_t i = 0; i < sizeof(metadata) / sizeof(metadata[0]); i++)
		if (inet_pton(AF_INET6, metadata[i], m) == 1 &&
		    memcmp(a, m, 16) == 0)
			return HTTPURL_METADATA;
	return a[0] == 0xfe && (a[1] & 0xc0) == 0x80 ? HTTPURL_LINK_LOCAL
						     : HTTPURL_ELSEWHERE;
}

enum httpurl_place
httpurl_address(const char *ip)
{
	unsigned char a[16];

	if (inet_pton(AF_INET, ip, a) == 1)
		return place_v4(a);
	if (inet_pton(AF_INET6, ip, a) == 1)
		return place_v6(a);
	return HTTPURL_ELSEWHERE;
}

enum httpurl_place
httpurl_place(const char *host)
{
	char ip[ADDRESS_MAX];
	size_t n = strlen(host);

	if (strcasecmp(host, "localhost") == 0)
		return HTTPURL_LOCALHOST;
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n >= sizeof(ip))
		return HTTPURL_ELSEWHERE;
	memcpy(ip, host, n);
	ip[n] = '\0';
	return httpurl_address(ip);
}

/* An address of a host, without brackets, as bytes: how many, or 0. */
static size_t
address_bytes(const char *s, size_t n, unsigned char out[16])
{
	char text[ADDRESS_MAX];

	if (n > 2 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	if (n >= sizeof(text))
		return 0;
	memcpy(text, s, n);
	text[n] = '\0';
	if (inet_pton(AF_INET, text, out) == 1)
		return 4;
	return inet_pton(AF_INET6, text, out) == 1 ? 16 : 0;
}

/* Is the address one of "10.0.0.0/8"? */
static bool
in_network(const char *net, size_t n, const unsigned char *a, size_t len)
{
	const char *slash = memchr(net, '/', n);
	size_t text = slash != NULL ? (size_t)(slash - net) : n;
	unsigned long bits = 8 * len;
	unsigned char b[16], mask;
	char *end;

	if (address_bytes(net, text, b) != len)
		return false;
	if (slash != NULL) {
		bits = strtoul(slash + 1, &end, 10);
		if (slash[1] < '0' || slash[1] > '9' || end != net + n ||
		    bits > 8 * len)
			return false;
	}
	mask = (unsigned char)(0xff00 >> (bits % 8));
	return memcmp(a, b, bits / 8) == 0 &&
	       (bits % 8 == 0 || ((a[bits / 8] ^ b[bits / 8]) & mask) == 0);
}

/* Is the name this one, or one below it? */
static bool
in_domain(const char *domain, size_t n, const char *host, size_t len)
{
	if (n > 0 && domain[n - 1] == '.')
		n--;
	if (n > 0 && *domain == '.') {
		domain++;
		n--;
	}
	return n > 0 && n <= len &&
	       strncasecmp(host + len - n, domain, n) == 0 &&
	       (n == len || host[len - n - 1] == '.');
}

bool
httpurl_bypass(const char *list, const char *host)
{
	static const char between[] = ", \t";
	size_t len = strlen(host), n, address;
	unsigned char a[16];

	if (list == NULL)
		return false;
	if (strcmp(list, "*") == 0)
		return true;
	address = address_bytes(host, len, a);
	if (len > 1 && host[len - 1] == '.')
		len--;
	for (; *list != '\0'; list += n) {
		list += strspn(list, between);
		n = strcspn(list, between);
		if (address > 0 ? in_network(list, n, a, address)
				: in_domain(list, n, host, len))
			return true;
	}
	return false;
}

/* May the value of this query member be shown?  n bytes, to the '='. */
static bool
harmless(const char *name, size_t n)
{
	static const char *const names[] = {"list-type", "prefix", "delimiter",
	    "start-after", "max-keys", "encoding-type", "versionId", "marker",
	    "versions", "location", "comp", "restype", "maxresults",
	    "api-version", "resource", "partNumber", "alt", "Action", "Version",
	    "stream"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
			return true;
	return false;
}

void
httpurl_show(struct buf *b, const char *url)
{
	const char *path, *at, *p;
	size_t name, n;

	p = strstr(url, "://");
	p = p != NULL ? p + 3 : url;
	path = p + strcspn(p, "/?#");
	at = memrchr(p, '@', (size_t)(path - p));
	buf_add(b, url, (size_t)(p - url));
	p = at != NULL ? at + 1 : p;
	n = strcspn(p, "?#");
	buf_add(b, p, n);
	for (p += n; *p == '?' || *p == '&'; p += n) {
		buf_addc(b, *p++);
		n = strcspn(p, "&#");
		name = strcspn(p, "=&#");
		buf_add(b, p, name);
		if (p[name] == '=' && harmless(p, name))
			buf_add(b, p + name, n - name);
		else if (p[name] == '=')
			buf_adds(b, "=..");
	}
}
