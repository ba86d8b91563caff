/* IP addresses and ports; see address.h. */
#include <arpa/inet.h>
#include <string.h>

#include "address.h"

static bool
is_ipv4(const char *s, size_t n)
{
	const char *end = s + n;
	unsigned part, digits;

	if (n > 15)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0 && (s == end || *s++ != '.'))
			return false;
		part = digits = 0;
		while (s < end && *s >= '0' && *s <= '9') {
			if (digits++ > 0 && part == 0)
				return false;
			part = part * 10 + (unsigned)(*s++ - '0');
		}
		if (digits == 0 || digits > 3 || part > 255)
			return false;
	}
	return s == end;
}

/* Without the zone of an IPv6 address, fe80::1%eth0 (RFC 4007, 11). */
static size_t
without_zone(const char *s, size_t n)
{
	size_t i = n;

	while (i > 0 && memchr("%:", s[i - 1], 2) == NULL)
		i--;
	return i > 0 && i < n && s[i - 1] == '%' ? i - 1 : n;
}

bool
address_valid(const char *s, size_t n)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr ipv6;

	if (is_ipv4(s, n))
		return true;
	n = without_zone(s, n);
	if (n >= sizeof(text) || memchr(s, ':', n) == NULL ||
	    memchr(s, '\0', n) != NULL)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return inet_pton(AF_INET6, text, &ipv6) == 1;
}

struct address
address_split(const char *s, size_t n)
{
	const char *colon = memrchr(s, ':', n);
	struct address a = {.host = s, .nhost = n};

	if (colon != NULL && !(n > 1 && s[0] == '[' && s[n - 1] == ']')) {
		a.nhost = (size_t)(colon - s);
		a.port = colon + 1;
		a.nport = n - a.nhost - 1;
	}
	if (a.nhost > 1 && s[0] == '[' && s[a.nhost - 1] == ']') {
		a.host++;
		a.nhost -= 2;
	} else if (colon != NULL && !address_valid(s, a.nhost) &&
		   address_valid(s, n)) {
		/* An IPv6 address alone. */
		a = (struct address){.host = s, .nhost = n};
	}
	return a;
}
