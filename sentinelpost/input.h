#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow.h"

/*
 * What each line of input asks for (design.md, the wire and Edges).  Lines of
 * kinds that are not for a destination are passed on to standard output.
 */

/** Where the line is, for messages. */
struct input_place {
	uint64_t number, offset;
	bool torn; /* the last one, without its newline */
};

/** Do what a line asks for.  flow_ready() must hold. */
void input_line(
    struct flow *f, const char *line, size_t n, const struct input_place *at);

/** The same with --bare: the line is a row. */
void input_bare(
    struct flow *f, const char *line, size_t n, const struct input_place *at);

/** A line over the limit was skipped. */
void input_too_long(struct flow *f, size_t n, const struct input_place *at);

/** The input has ended: objects that are open stay unfinished. */
void input_end(struct flow *f);

#endif
