#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"

/* The HTTP side: libmicrohttpd, whose types stay in server.c. */

struct server_options {
	const char *listen;   /* IPv4 address */
	uint16_t port;        /* 0: any that is free */
	const char *tls_cert; /* PEM files; NULL: plain HTTP */
	const char *tls_key;
};

/** Start serving in threads of its own; *port is the one taken. */
bool server_start(
    const struct server_options *o, uint16_t *port, struct fault *f);

/** End all connections, return when no thread is left. */
void server_stop(void);

#endif
