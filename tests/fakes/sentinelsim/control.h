#ifndef CONTROL_H
#define CONTROL_H

struct request;

/** Answer GET /_status and the control API under /_control/ (README.md). */
void control_serve(struct request *q);

#endif
