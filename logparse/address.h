#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/* IP addresses and ports in logs. */

/** Is it an IPv4 or IPv6 address, without brackets or zone? */
bool address_valid(const char *s, size_t n);

/** Both parts of host:port, split at the last colon; an IPv6 host without its
 * brackets.  nport is 0 when there is no port. */
struct address {
	const char *host, *port;
	size_t nhost, nport;
};

struct address address_split(const char *s, size_t n);

#endif
