#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "line.h"
#include "object.h"

/*
 * Where objects come from: operands, or the lines of standard input.  Lines
 * that are for others pass on to standard output as they are.
 */
struct input {
	struct line_reader lines;
	char *const *operands; /* left to be taken; NULL: standard input */
	size_t noperands;
	bool keep;        /* nothing passes on (--save) */
	uint64_t wire;    /* lines of the wire, s3:// addresses too */
	uint64_t other;   /* JSON of no kind we know: passed on */
	uint64_t alien;   /* lines that are not even that */
	uint64_t refused; /* object lines that cannot be fetched */
	int worst;        /* exit code of what was read, and how it was */
	bool ended;
	bool done; /* the last line said that who writes them is done */
};

enum input_result {
	INPUT_OBJECT, /* o is filled */
	INPUT_NEED,   /* wait for standard input, then input_fill() */
	INPUT_END
};

/** Take n operands, or standard input when there are none. */
void input_init(struct input *in, char *const *operands, size_t n, bool keep);
void input_free(struct input *in);

/** The next object; passes on other lines before it. */
enum input_result input_next(struct input *in, struct object *o);

/** Read once from standard input.  False with a fault (74). */
bool input_fill(struct input *in, struct fault *f);

/** Is something left that was not taken, as far as can be seen without
 * waiting?  Of an input that has not ended something may come still, unless
 * who writes it has said that it is done. */
bool input_left(const struct input *in);

/** After the end: say what was wrong with the input as a whole; returns its
 * exit code. */
int input_verdict(const struct input *in);

#endif
