#ifndef CONTROL_H
#define CONTROL_H

#include "sim.h"

/** Answer a request for /_status, /_log or /_control/.. (see README.md). */
void control_finish(struct request *r);

#endif
