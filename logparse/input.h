#ifndef INPUT_H
#define INPUT_H

#include <stdint.h>

#include "object.h"
#include "operand.h"
#include "opt.h"

/*
 * Where bytes come from: the wire on standard input, or raw files.  Both
 * return when the input is at its end; what is wrong is in parser->code.
 */

/** Handle the wire until its end, or until told to stop. */
void input_wire(struct parser *p, const struct opt_common *common);

/** Parse an operand, a raw file, plain, gzip or zstd; "-" is standard input.
 * Returns false when told to stop before its end. */
bool input_file(struct parser *p, const struct operands *all, size_t i,
    const struct opt_common *common, int64_t *stop_at);

/**
 * Wait until fd can be read, watching for the reader of standard output and
 * for a signal.  Returns false when the time to stop has come: *stop_at, set
 * here with the first signal, was -1 before.
 */
bool input_wait(int fd, const struct opt_common *common, int64_t *stop_at);

#endif
