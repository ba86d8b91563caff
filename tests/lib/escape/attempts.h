#ifndef ATTEMPTS_H
#define ATTEMPTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

/** What is attempted upon: read before the sandbox closes. */
struct victim {
	char file[128]; /* one that is there */
	char made[128]; /* to be made: names that are free */
	char folder[128];
	char node[128];
	struct sockaddr_un log; /* takes datagrams */
	struct sockaddr_in service;
	pid_t pid;
	void *address; /* of its memory */
};
extern struct victim victim;

/** Something that a sandbox forbids.  Returns whether it succeeded, or whether
 * the kernel so much as looked into it; else false with errno.  A signal
 * handler may call it. */
struct attempt {
	const char *name;
	bool (*fn)(void);
};
extern const struct attempts {
	const struct attempt *all;
	size_t n;
} attempts_calls, attempts_net;

/** A call with arguments that are none: any answer but EPERM, EACCES and
 * ENOSYS is the kernel's own. */
bool attempt_reached(long rc);

/** Close what was opened, if it was: was it?  Keeps errno. */
bool attempt_close(long fd);

#endif
