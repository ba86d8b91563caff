#ifndef FORMATINT_H
#define FORMATINT_H

#include <string.h>

#include "format.h"

/* What the files that read format files share; format.h is for the others. */

#define LINE_NAME "\n" /* of a whole record of text: no field is called so */

enum { COLUMNS_MAX = 500 /* of a table */ };

/* Which statements are read: those that records are recognised and framed by,
 * columns and rules, or all of them. */
enum part { PART_ALL, PART_HEAD, PART_BODY };

/* Where the reader stands. */
struct reader {
	enum part part;
	const char *name;
	unsigned line;
	const char *p, *end; /* the rest of the line */
	struct format *out;
	struct fault *fault;
};

/* A word of the line. */
struct word {
	const char *p;
	size_t n;
};

/** Say what was expected on this line; always false. */
bool format_wrong(struct reader *r, const char *expected);

/** A copy of n bytes as a string, the caller's to free. */
char *format_copy(const char *p, size_t n);

void format_blanks(struct reader *r);

/** The next word of the line, "quoted text" being part of one; false when
 * there is none. */
bool format_word(struct reader *r, struct word *w);
static inline bool format_word_is(const struct word *w, const char *s);

/** Nothing must follow. */
bool format_line_end(struct reader *r);

/** Is w a name of letters, digits and those besides, a letter first? */
bool format_is_name(const struct word *w, size_t max, const char *besides);

/** The rest of the line as a text; as a list of words that joins *n others. */
bool format_text(struct reader *r, char **to);
bool format_list(struct reader *r, char **list, size_t *n);

/** The same of shell patterns (glob.h). */
bool format_globs(struct reader *r, char **list, size_t *n);

/** A path into the format's tree. */
bool format_path(
    struct reader *r, const struct word *w, struct path_node **node);

/** A statement 'inside', behind its first word. */
bool format_inside(struct reader *r);

bool format_path_of(struct reader *r, struct path_tree *t, const struct word *w,
    struct path_node **node);

/** A path into that tree, or, with ^, into the one of the object around. */
bool format_place(struct reader *r, const struct word *w, struct place *p);

/** Room for one more behind n elements of a list. */
void *format_grow(void *v, size_t n, size_t size);

/** The word behind "as", for a column of that type. */
bool format_as(struct reader *r, enum column_type type, enum column_as *as);

/** The rest of a column statement: where its value comes from. */
bool format_sources(struct reader *r, struct column *c);
void format_free_sources(struct column *c);

/** A rule's statement, behind its first word. */
bool format_rule(struct reader *r, enum rule_kind kind);
void format_free_rules(struct format *f);

/** Text framing (formattext.c): a frame statement, whose first word is w;
 * fields, least, most, begin and match. */
bool format_text_frame(struct reader *r, const struct word *w);
bool format_fields(struct reader *r);
bool format_number_of_fields(struct reader *r, size_t *n);
bool format_begin(struct reader *r);
bool format_match(struct reader *r);

/** When all is read, and the slots have their numbers. */
void format_text_finish(struct format *f);
void format_text_free(struct text_format *t);

/** A column statement, behind its first word. */
bool format_column(struct reader *r);

/** Where the line's comment, or the blanks at its end, begin. */
const char *format_comment(const char *p, const char *end);

/** Is each quote of the rest of the line closed? */
bool format_quotes(struct reader *r);

/* Here, so that the length of s is a constant. */
static inline bool
format_word_is(const struct word *w, const char *s)
{
	return w->n == strlen(s) && memcmp(w->p, s, w->n) == 0;
}

#endif
