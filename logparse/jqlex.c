/* Words of jq's language: see jqlex.h. */
#include <string.h>

#include "jqlex.h"

void
jqlex_init(struct jqlex *l, const char *text)
{
	*l = (struct jqlex){.text = text, .at = text, .p = text};
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
name_end(const char *p)
{
	while (is_letter(*p) || is_digit(*p))
		p++;
	return p;
}

/* The same of one with its module's names. */
static const char *
ident_end(const char *p)
{
	for (p = name_end(p); p[0] == ':' && p[1] == ':' && is_letter(p[2]);)
		p = name_end(p + 2);
	return p;
}

static const char *
number_end(const char *p)
{
	const char *e;

	while (is_digit(*p) || *p == '.')
		p++;
	if (*p != 'e' && *p != 'E')
		return p;
	e = p + 1;
	if (*e == '+' || *e == '-')
		e++;
	if (!is_digit(*e))
		return p;
	while (is_digit(*e))
		e++;
	return e;
}

/* White space and comments. */
static const char *
skip(const char *p)
{
	for (;; p++) {
		if (*p == '#')
			while (p[1] != '\0' && p[1] != '\n' && p[1] != '\r')
				p++;
		else if (*p == '\0' || strchr(" \n\t\r", *p) == NULL)
			return p;
	}
}

static void
word(struct jqlex *l, enum jqlex_kind kind, const char *end)
{
	l->kind = kind;
	l->n = (size_t)(end - l->p);
	l->at = end;
}

static void
push(struct jqlex *l, char bracket)
{
	if (l->depth == JQLEX_DEPTH_MAX)
		l->kind = JQLEX_BAD;
	else
		l->open[l->depth++] = bracket;
}

/* A string's text from p on, up to its end or to what is inserted. */
static void
string(struct jqlex *l, const char *p, bool whole)
{
	for (; *p != '\0' && *p != '"'; p++) {
		if (*p != '\\')
			continue;
		if (p[1] == '(') {
			word(l, JQLEX_PIECE, p + 2);
			push(l, '"');
			return;
		}
		if (*++p == '\0')
			break;
	}
	if (*p == '\0')
		word(l, JQLEX_BAD, p);
	else
		word(l, whole ? JQLEX_STRING : JQLEX_PIECE, p + 1);
}

static size_t
op_len(const char *p)
{
	static const char *const ops[] = {"?//", "//=", "!=", "==", "//",
	    "|=", "+=", "-=", "*=", "/=", "%=", "<=", ">=", ".."};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strncmp(p, ops[i], strlen(ops[i])) == 0)
			return strlen(ops[i]);
	return 1;
}

static void
op(struct jqlex *l, const char *p)
{
	bool in_string;

	word(l, JQLEX_OP, p + op_len(p));
	if (*p != '\0' && strchr("([{", *p) != NULL)
		push(l, *p);
	if (strchr(")]}", *p) == NULL)
		return;
	in_string = l->depth > 0 && l->open[l->depth - 1] == '"';
	l->depth -= l->depth > 0;
	if (in_string)
		string(l, p + 1, false);
}

void
jqlex_next(struct jqlex *l)
{
	const char *p = skip(l->at);

	l->p = p;
	if (*p == '\0')
		word(l, JQLEX_END, p);
	else if (is_letter(*p))
		word(l, JQLEX_IDENT, ident_end(p));
	else if (*p == '.' && is_letter(p[1]))
		word(l, JQLEX_FIELD, name_end(p + 1));
	else if (is_digit(*p) || (*p == '.' && is_digit(p[1])))
		word(l, JQLEX_NUMBER, number_end(p));
	else if (*p == '"')
		string(l, p + 1, true);
	else if (*p == '@' && (is_letter(p[1]) || is_digit(p[1])))
		word(l, JQLEX_FORMAT, name_end(p + 1));
	else
		op(l, p);
}

bool
jqlex_is(const struct jqlex *l, const char *w)
{
	return l->kind != JQLEX_END && l->n == strlen(w) &&
	       memcmp(l->p, w, l->n) == 0;
}

void
jqlex_place(const char *text, const char *p, size_t *line, size_t *column)
{
	*line = *column = 1;
	for (; text < p; text++) {
		++*column;
		if (*text == '\n') {
			++*line;
			*column = 1;
		}
	}
}

/* What reaches beyond the row: the process, its input and its messages, files
 * and modules. */
static const char *
out_of_reach(const struct jqlex *l, bool variable)
{
	static const char *const names[] = {"env", "input", "inputs", "_input",
	    "import", "include", "input_filename", "input_line_number", "debug",
	    "stderr", "halt", "halt_error", "modulemeta", "get_search_list",
	    "get_prog_origin", "get_jq_origin"};
	static const char *const variables[] = {
	    "ENV", "__prog_args", "__prog_name"};
	const char *const *v = variable ? variables : names;
	size_t n = variable ? sizeof(variables) / sizeof(variables[0])
			    : sizeof(names) / sizeof(names[0]);

	for (size_t i = 0; i < n; i++)
		if (jqlex_is(l, v[i]))
			return v[i];
	return NULL;
}

const char *
jqlex_refused(struct jqlex *l, const char *text, bool *deep)
{
	const char *name;
	char before = '\0';
	bool member;

	*deep = false;
	jqlex_init(l, text);
	for (;;) {
		jqlex_next(l);
		if (l->kind == JQLEX_END || l->kind == JQLEX_BAD)
			break;
		/* {env} and {env: 1} are names of members. */
		member = l->depth > 0 && l->open[l->depth - 1] == '{' &&
			 (before == '{' || before == ',');
		if (l->kind == JQLEX_IDENT && !member) {
			name = out_of_reach(l, before == '$');
			if (name != NULL)
				return name;
		}
		before = l->kind == JQLEX_OP ? *l->p : '\0';
	}
	*deep = l->kind == JQLEX_BAD && l->depth == JQLEX_DEPTH_MAX;
	return NULL;
}
