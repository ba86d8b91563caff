/* Which hosts plain http may go to; URLs without their secrets. */
#include <arpa/inet.h>
#include <stdint.h>
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
