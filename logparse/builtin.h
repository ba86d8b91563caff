#ifndef BUILTIN_H
#define BUILTIN_H

#include <stddef.h>

/** A format file compiled into the program (made from logparse/formats). */
struct builtin {
	const char *name; /* NULL ends the list */
	const char *text;
	size_t len;
};
extern const struct builtin builtin_formats[];

#endif
