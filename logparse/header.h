#ifndef HEADER_H
#define HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "format.h"

/*
 * The names of a text record's fields, in order: those that the format file
 * gives, or those of a header line inside the object.  Objects with the same
 * header line share one.
 */
enum {
	HEADER_LINE_MAX = 16 * 1024, /* a longer line is a record */
	HEADER_NAMES_MAX = 1024,
	HEADER_DIRECTIVE = 8,         /* the length of "#Fields:" */
	HEADERS_MAX = 8 * 1024 * 1024 /* bytes of all that were read */
};

/* The short ways from a field to a column's value: see textrow.c. */
enum header_how {
	HOW_LONG, /* there is none */
	HOW_CONSTANT,
	HOW_TEXT,
	HOW_NUMBER,
	HOW_EPOCH,
	HOW_EPOCH_AGAIN, /* the field that is the row's time, too */
	HOW_TIME,
	HOW_IP,
	HOW_HOST,
	HOW_PORT
};

struct header {
	const struct format *format;
	size_t n;
	short *slot;           /* of each field, or -1: nothing asks for it */
	bool *other;           /* of each field: no column takes it */
	struct json_val *name; /* JSON strings, for the counts */
	/* The columns that have a field here, or a constant (field 0, which
	 * does not matter), the first one aside: time is its field, or -1. */
	struct header_column {
		const struct column *column;
		const char *label; /* up to where the short way's value begins,
				      its opening quote among it */
		size_t label_len;
		int field;
		enum header_how how;
		unsigned most; /* digits of a number that surely fits */
	} * columns;
	size_t ncolumns;
	int time;
	short *others; /* those fields, in order */
	size_t nothers;
	unsigned uses;    /* columns that take one field, at most */
	bool direct;      /* no two fields have the same name */
	struct buf names; /* their text */
	char *line;       /* as it stands in the object; NULL: given */
	size_t len;
	unsigned refs;
	struct header *next;
};

/** The names that the format file gives.  Make it once per format. */
struct header *header_given(const struct format *f);

/** Does the line hold nothing but what could be names, whatever the format
 * knows?  (It need not be whole for that.) */
bool header_names(const struct format *f, const char *line, size_t n);

/** Is it the name of a field that the format knows? */
bool header_knows(const struct format *f, const char *name, size_t n);

/** Does the line look as if it held names of this format's fields?  Any will do
 * where the first line has them. */
bool header_like(const struct format *f, const char *line, size_t n);

/** The same of a #Fields directive, whole. */
bool header_directive(const struct format *f, const char *line, size_t n);

/** The names of a line, a #Fields directive or not.  NULL when there is none,
 * or no memory for them: HEADERS_MAX. */
struct header *header_line(const struct format *f, const char *line, size_t n);

/** Take leave of a header that header_given() or header_line() gave; NULL is
 * fine. */
void header_release(struct header *h);

#endif
