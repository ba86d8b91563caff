#ifndef HTTPURL_H
#define HTTPURL_H

#include <stdbool.h>

#include "buf.h"

/*
 * Where requests may go without TLS (design.md, Plain http), and how a URL is
 * shown in a log.  Hosts are as libcurl's URL parser gives them: numeric IPv4
 * in dotted form, IPv6 in brackets.
 */
enum httpurl_place {
	HTTPURL_ELSEWHERE,
	HTTPURL_LOOPBACK,  /* an address of 127.0.0.0/8, or ::1 */
	HTTPURL_LOCALHOST, /* a name: to be pinned to the loopback addresses */
	HTTPURL_METADATA,  /* one of the metadata addresses */
	HTTPURL_LINK_LOCAL /* another of 169.254.0.0/16 or fe80::/10 */
};

/** What kind of place a host of a URL is. */
enum httpurl_place httpurl_place(const char *host);

/** The same for an address as text, without brackets. */
enum httpurl_place httpurl_address(const char *ip);

/**
 * Does a list like that of NO_PROXY (separated by commas or blanks) name the
 * host?  A name stands for itself and all below it, with or without a dot
 * before it; an address may have a prefix length ("10.0.0.0/8"); "*" alone
 * names all.  NULL names none.
 */
bool httpurl_bypass(const char *list, const char *host);

/**
 * Append url for a log: without the values of query members that are not
 * known to be harmless (signatures, tokens), without user and password.
 */
void httpurl_show(struct buf *b, const char *url);

#endif
