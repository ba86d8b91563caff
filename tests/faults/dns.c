/*
 * Preloaded into a filter: a name server to which every name is 127.0.0.1, and
 * which is gone while the first byte of the file that DNS_FD names is '0'.  The
 * file is mapped: looking at it takes no system call.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const volatile char *flag;

__attribute__((constructor)) static void
start(void)
{
	const char *fd = getenv("DNS_FD");
	void *p;

	if (fd == NULL)
		return;
	p = mmap(NULL, 1, PROT_READ, MAP_SHARED, (int)strtol(fd, NULL, 10), 0);
	flag = p != MAP_FAILED ? p : NULL;
}

int getaddrinfo(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res);

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **res)
{
	static void *behind;
	int (*real)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **);

	if (behind == NULL)
		behind = dlsym(RTLD_NEXT, "getaddrinfo");
	real = (__typeof__(real))(uintptr_t)behind;
	/* An address asks nobody. */
	if (node == NULL || strpbrk(node, "ghijklmnopqrstuvwxyz") == NULL)
		return real(node, service, hints, res);
	if (flag != NULL && *flag == '0')
		return EAI_AGAIN;
	return real("127.0.0.1", service, hints, res);
}
