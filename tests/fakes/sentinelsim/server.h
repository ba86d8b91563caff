#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"

struct server;
struct sim;

/** Listen and serve; fills the ports in use. */
bool server_start(
    struct sim *sim, uint16_t *port, uint16_t *control_port, struct fault *f);

/** Refuse connections from now on, or listen again on the same port. */
bool server_refuse(struct server *s, bool refuse);

/** Stop serving, wait for all threads, free. */
void server_stop(struct server *s);

#endif
