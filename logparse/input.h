#ifndef INPUT_H
#define INPUT_H

#include <stdint.h>

#include "object.h"
#include "opt.h"

/*
 * Where bytes come from: the wire on standard input, or raw files.  Both
 * return when the input is at its end; what is wrong is in parser->code.
 */

/** Handle the wire until its end, or until told to stop. */
void input_wire(struct parser *p, const struct opt_common *common);

/** Parse a raw file, plain, gzip or zstd; "-" is standard input. */
void input_file(struct parser *p, const char *path);

#endif
