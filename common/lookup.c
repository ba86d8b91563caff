/* Looking names up, in a helper; see names.h. */
#include <arpa/inet.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "buf.h"
#include "names.h"

enum {
	SIDE_BY_SIDE = 4 /* lookups; a name server that is down takes seconds */
};

/* Append an address as libcurl takes it, unless it is there or too much. */
static void
add_address(struct buf *b, const struct addrinfo *a)
{
	char host[INET6_ADDRSTRLEN];
	bool six = a->ai_family == AF_INET6;

	if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof(host), NULL, 0,
		NI_NUMERICHOST) != 0)
		return;
	/* Not with a zone, which only this machine understands. */
	if (strchr(host, '%') != NULL || b->len + strlen(host) + 4 > b->max)
		return;
	buf_addf(b, "%s%s%s%s", b->len > 0 ? "," : "", six ? "[" : "", host,
	    six ? "]" : "");
}

static void
look_up(
    void *ctx, uint32_t arg, const char *name, size_t n, struct helper_reply *r)
{
	const struct addrinfo hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct buf text = BUF_INIT(NAMES_TEXT_MAX);
	struct addrinfo *all = NULL;
	int rc = EAI_NONAME;

	(void)ctx;
	(void)arg;
	if (n > 0 && n <= NAMES_HOST_MAX && strlen(name) == n)
		rc = getaddrinfo(name, NULL, &hints, &all);
	for (const struct addrinfo *a = all; rc == 0 && a != NULL;
	     a = a->ai_next)
		add_address(&text, a);
	if (all != NULL)
		freeaddrinfo(all);
	r->err = rc;
	r->n = (size_t)snprintf(r->data, NAMES_TEXT_MAX + 1, "%s",
	    rc != 0          ? gai_strerror(rc)
	    : text.p != NULL ? text.p
			     : "");
	buf_clear(&text);
}

/* Where the C library and its modules look; a file that is replaced on the way
 * is found by its folder. */
static void
allow_paths(struct helper *h)
{
	static const char *const read[] = {"/etc", "/run", "/lib", "/lib32",
	    "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib",
	    "/usr/local/etc", "/var/lib/sss", "/dev/urandom", "/dev/null"};

	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		helper_path(h, read[i], LANDLOCK_READ | LANDLOCK_LIST);
	helper_folder(h, "/etc/resolv.conf", LANDLOCK_READ);
	helper_folder(h, "/etc/hosts", LANDLOCK_READ);
}

void
names_serve(struct helper *h)
{
	helper_serve(h, HELPER_NAME, look_up, NULL);
	helper_threads(h, SIDE_BY_SIDE);
	allow_paths(h);
}
