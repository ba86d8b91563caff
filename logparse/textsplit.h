#ifndef TEXTSPLIT_H
#define TEXTSPLIT_H

#include <stdbool.h>
#include <stddef.h>

#include "format.h"

/* Cutting a line, without its end, into fields. */
enum { TEXT_FIELDS_MAX = 1024 /* that are kept of a line */ };

struct field {
	const char *p;
	size_t n;
	bool doubled; /* "" stands for " in it */
};

struct split {
	struct field field[TEXT_FIELDS_MAX];
	size_t n;      /* there may be more than are kept */
	bool escapes;  /* something in it must be escaped in JSON */
	bool quotes;   /* quotes are in it */
	bool high;     /* bytes above 0x7f are in it */
	bool open;     /* quotes do not match: a quoted field does not end */
	bool doubtful; /* they may not */
	const char *line;
	size_t len;
	const char *end; /* of the memory that may be read */
};

/** Cut n bytes; field number `last`, from 0, takes all the rest.  Up to end
 * memory may be read. */
void textsplit(struct split *s, const struct text_format *t, const char *p,
    size_t n, const char *end, size_t last);

/**
 * The quick way, without quotes and brackets, of ASCII that needs no escapes:
 * from separator to separator.  False when there is something else in it, or
 * more fields than are kept; s->field is of no use then.  All but s->field and
 * s->n is as it was.
 */
bool textplain(
    struct split *s, char separator, const char *p, size_t n, const char *end);

/**
 * Where the record that begins at p ends, when line breaks inside quotes are
 * part of it: the place of its line break.  n: it does not end before.
 */
size_t textsplit_csv_end(const struct text_format *t, const char *p, size_t n);

#endif
