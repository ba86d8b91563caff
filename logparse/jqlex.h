#ifndef JQLEX_H
#define JQLEX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The words of jq's language (jq 1.6 manual; its lexer), for those who look at
 * an expression before libjq does.
 */
enum jqlex_kind {
	JQLEX_END,
	JQLEX_IDENT, /* keywords too */
	JQLEX_FIELD, /* .name */
	JQLEX_NUMBER,
	JQLEX_STRING, /* with its quotes, nothing inserted */
	JQLEX_PIECE,  /* of a string with \( ) in it */
	JQLEX_FORMAT, /* @name */
	JQLEX_OP,     /* any other, of one to three characters */
	JQLEX_BAD     /* no word, or brackets too deep */
};

enum { JQLEX_DEPTH_MAX = 64 };

struct jqlex {
	const char *text, *at;
	size_t depth;
	char open[JQLEX_DEPTH_MAX]; /* brackets; '"': of \( in a string */
	enum jqlex_kind kind;       /* of the word that was read last: */
	const char *p;
	size_t n;
};

void jqlex_init(struct jqlex *l, const char *text);

/** Read the next word. */
void jqlex_next(struct jqlex *l);

/** Is the word read last this one? */
bool jqlex_is(const struct jqlex *l, const char *word);

/** Line and column, from 1, of a place in the text. */
void jqlex_place(const char *text, const char *p, size_t *line, size_t *column);

/** The first name that is out of reach (env, input, import ..), or NULL;
 * l is at it.  Names of members are none, and what cannot be read is left to
 * libjq, but for brackets that are too deep: *deep. */
const char *jqlex_refused(struct jqlex *l, const char *text, bool *deep);

#endif
