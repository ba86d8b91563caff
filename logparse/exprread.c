/*
 * Expressions that are asked without libjq, read: see expr.h.  What is taken
 * must be jq's language to the letter; with all else the reader gives up.
 */
#include <stdlib.h>
#include <string.h>

#include "exprint.h"
#include "jqlex.h"
#include "log.h"
#include "utf8.h"

struct reader {
	struct jqlex l;
	struct expr *e;
	bool row; /* '.' is the row */
};

static struct node *pipeline(struct reader *r);

static struct node *
new_node(struct reader *r, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n;

	if (r->e->n == EXPR_NODES_MAX)
		return NULL;
	n = calloc(1, sizeof(*n));
	if (n == NULL)
		log_oom();
	n->kind = kind;
	n->a = a;
	n->b = b;
	n->text = (struct buf)BUF_INIT(EXPR_TEXT_MAX);
	r->e->nodes[r->e->n++] = n;
	return n;
}

/* Pass a word if it is this one. */
static bool
pass(struct reader *r, const char *word)
{
	if (!jqlex_is(&r->l, word))
		return false;
	jqlex_next(&r->l);
	return true;
}

/* The string that was read, without escapes; they are JSON's. */
static bool
take_string(struct reader *r, struct buf *b)
{
	if (r->l.kind != JQLEX_STRING ||
	    !json_unescape_strict(b, r->l.p + 1, r->l.n - 2))
		return false;
	jqlex_next(&r->l);
	return true;
}

static bool
take_number(struct reader *r, struct expr_value *v, bool negative)
{
	struct json_val number;
	struct json j;

	if (r->l.kind != JQLEX_NUMBER)
		return false;
	json_init(&j, r->l.p, r->l.n);
	j.final = true;
	if (!json_value(&j, &number) || number.n != r->l.n)
		return false;
	expr_number(v, number.p, number.n);
	if (negative)
		v->number = -v->number;
	jqlex_next(&r->l);
	return v->exact;
}

/* A constant, which is not a negative number. */
static struct node *
constant(struct reader *r)
{
	static const struct {
		const char *word;
		enum expr_type type;
	} words[] = {
	    {"null", TYPE_NULL}, {"false", TYPE_FALSE}, {"true", TYPE_TRUE}};
	struct node *n = new_node(r, NODE_CONSTANT, NULL, NULL);

	if (n == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pass(r, words[i].word)) {
			n->value.type = words[i].type;
			return n;
		}
	if (r->l.kind == JQLEX_NUMBER)
		return take_number(r, &n->value, false) ? n : NULL;
	if (!take_string(r, &n->text))
		return NULL;
	n->value = (struct expr_value){.type = TYPE_STRING,
	    .p = n->text.p != NULL ? n->text.p : "",
	    .n = n->text.len,
	    .plain = true};
	return n;
}

/* --- places ------------------------------------------------------------- */

/* The column of the row that has this name. */
static struct node *
column(struct reader *r, struct node *named)
{
	struct expr *e = r->e;
	size_t i;

	for (i = 0; i < e->ncolumns; i++)
		if (strcmp(e->columns[i], named->text.p) == 0)
			break;
	if (i == EXPR_COLUMNS_MAX)
		return NULL;
	if (i == e->ncolumns)
		e->columns[e->ncolumns++] = named->text.p;
	named->kind = NODE_COLUMN;
	named->column = i;
	return named;
}

/* The member of a whose name is in the text of n. */
static struct node *
member(struct reader *r, struct node *n)
{
	if (n->text.err != 0 || n->text.len == 0 ||
	    strlen(n->text.p) != n->text.len)
		return NULL;
	return r->row && n->a->kind == NODE_HERE ? column(r, n) : n;
}

/* Does jq take the name, with its dot, for a number without digits, which is an
 * error?  ".E5" is one. */
static bool
is_exponent(const struct jqlex *l)
{
	size_t i = 2;

	while (i < l->n && l->p[i] >= '0' && l->p[i] <= '9')
		i++;
	return l->n > 2 && i == l->n && (l->p[1] == 'e' || l->p[1] == 'E');
}

/* What follows '.' or a place: .name, ."name" or ["name"]; *more says whether
 * there was one.  A place of its own ('.') was read when dot is set. */
static struct node *
step(struct reader *r, struct node *of, bool dot, bool *more)
{
	struct node *n;
	bool bracket;

	*more = true;
	if (r->l.kind == JQLEX_FIELD && !dot) {
		if (is_exponent(&r->l))
			return NULL;
		n = new_node(r, NODE_MEMBER, of, NULL);
		if (n == NULL)
			return NULL;
		buf_add(&n->text, r->l.p + 1, r->l.n - 1);
		jqlex_next(&r->l);
		return member(r, n);
	}
	bracket = pass(r, "[");
	if (!bracket && !dot && !pass(r, ".")) {
		*more = false;
		return of;
	}
	if (!bracket && dot && r->l.kind != JQLEX_STRING) {
		*more = false;
		return of;
	}
	n = new_node(r, NODE_MEMBER, of, NULL);
	if (n == NULL || !take_string(r, &n->text) ||
	    (bracket && !pass(r, "]")))
		return NULL;
	return member(r, n);
}

static struct node *
place(struct reader *r)
{
	struct node *n = new_node(r, NODE_HERE, NULL, NULL);
	bool more = true, dot = pass(r, ".");

	if (n == NULL)
		return NULL;
	while (n != NULL && more) {
		n = step(r, n, dot, &more);
		dot = false;
	}
	/* '?' suppresses errors: results may be none then. */
	return jqlex_is(&r->l, "?") ? NULL : n;
}

/* --- functions ------------------------------------------------------------ */

/* Constants up to ')'. */
static struct node *
among(struct reader *r)
{
	struct node *n = new_node(r, NODE_AMONG, NULL, NULL), *c;

	if (n == NULL || !pass(r, "("))
		return NULL;
	do {
		c = constant(r);
		if (c == NULL)
			return NULL;
		c->list = n->list;
		n->list = c;
	} while (pass(r, ","));
	return pass(r, ")") ? n : NULL;
}

/* ({"key": constant, ..}) */
static struct node *
key(struct reader *r)
{
	struct node *n = new_node(r, NODE_KEY, NULL, NULL), *c;

	if (n == NULL || !pass(r, "(") || !pass(r, "{"))
		return NULL;
	do {
		if (r->l.kind != JQLEX_STRING)
			return NULL;
		c = constant(r);
		if (c == NULL || !pass(r, ":") || constant(r) == NULL)
			return NULL;
		c->list = n->list;
		n->list = c;
	} while (pass(r, ","));
	return pass(r, "}") && pass(r, ")") ? n : NULL;
}

/* The text in lower case; false when it is not ASCII. */
static bool
lower(struct buf *b)
{
	for (size_t i = 0; i < b->len; i++) {
		if ((unsigned char)b->p[i] >= 0x80)
			return false;
		if (b->p[i] >= 'A' && b->p[i] <= 'Z')
			b->p[i] += 'a' - 'A';
	}
	return true;
}

/* Is there a range in a class, which may lie between the letters' cases? */
static bool
has_class(const struct buf *b)
{
	return b->len > 0 && memchr(b->p, '[', b->len) != NULL;
}

static struct node *
test(struct reader *r, struct node *n)
{
	if (pass(r, ";")) {
		n->fold = pass(r, "\"i\"");
		if (!n->fold || !lower(&n->text) || has_class(&n->text))
			return NULL;
	}
	n->pattern =
	    pattern_new(n->text.p != NULL ? n->text.p : "", n->text.len);
	return n->pattern != NULL ? n : NULL;
}

/* A function with a constant text. */
static struct node *
of_text(struct reader *r, enum node_kind kind)
{
	struct node *n;

	if (!pass(r, "("))
		return NULL;
	if (r->l.kind != JQLEX_STRING)
		return NULL;
	n = constant(r);
	if (n == NULL)
		return NULL;
	n->kind = kind;
	if (kind == NODE_TEST)
		n = test(r, n);
	return n != NULL && pass(r, ")") ? n : NULL;
}

static struct node *
function(struct reader *r)
{
	if (pass(r, "not"))
		return new_node(r, NODE_NOT, NULL, NULL);
	if (pass(r, "test"))
		return of_text(r, NODE_TEST);
	if (pass(r, "startswith"))
		return of_text(r, NODE_STARTS);
	if (pass(r, "endswith"))
		return of_text(r, NODE_ENDS);
	if (pass(r, "contains"))
		return of_text(r, NODE_CONTAINS);
	if (pass(r, "IN"))
		return among(r);
	if (pass(r, "in"))
		return key(r);
	return constant(r);
}

/* --- operators ---------------------------------------------------------------
 */

static struct node *
negative(struct reader *r)
{
	struct node *n = new_node(r, NODE_CONSTANT, NULL, NULL);

	if (n == NULL || !take_number(r, &n->value, true))
		return NULL;
	return n;
}

static struct node *
term(struct reader *r)
{
	struct node *n;

	if (pass(r, "-"))
		return negative(r);
	if (r->l.kind == JQLEX_FIELD || jqlex_is(&r->l, "."))
		return place(r);
	if (!pass(r, "("))
		return function(r);
	n = pipeline(r);
	if (n == NULL || !pass(r, ")"))
		return NULL;
	/* Of what is in brackets members may be taken, but not here. */
	return r->l.kind == JQLEX_FIELD || jqlex_is(&r->l, ".") ||
		       jqlex_is(&r->l, "[") || jqlex_is(&r->l, "?")
		   ? NULL
		   : n;
}

static bool
comparison(struct reader *r, enum compare_op *op)
{
	static const char *const words[] = {"==", "!=", "<", "<=", ">", ">="};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pass(r, words[i])) {
			*op = (enum compare_op)i;
			return true;
		}
	return false;
}

static struct node *
compared(struct reader *r)
{
	struct node *a = term(r), *b, *n;
	enum compare_op op;

	if (a == NULL || !comparison(r, &op))
		return a;
	b = term(r);
	n = b != NULL ? new_node(r, NODE_COMPARE, a, b) : NULL;
	if (n != NULL)
		n->op = op;
	/* It is not associative. */
	return n != NULL && comparison(r, &op) ? NULL : n;
}

/* Operands with that word between them, from left to right. */
static struct node *
chain(struct reader *r, struct node *(*operand)(struct reader *),
    const char *word, enum node_kind kind)
{
	struct node *a = operand(r), *b;

	while (a != NULL && pass(r, word)) {
		b = operand(r);
		a = b != NULL ? new_node(r, kind, a, b) : NULL;
	}
	return a;
}

static struct node *
conjunction(struct reader *r)
{
	return chain(r, compared, "and", NODE_AND);
}

static struct node *
disjunction(struct reader *r)
{
	return chain(r, conjunction, "or", NODE_OR);
}

static struct node *
alternative(struct reader *r)
{
	struct node *a = disjunction(r), *b;

	if (a == NULL || !pass(r, "//"))
		return a;
	b = alternative(r);
	return b != NULL ? new_node(r, NODE_ELSE, a, b) : NULL;
}

static struct node *
pipeline(struct reader *r)
{
	const bool row = r->row;
	struct node *a = alternative(r), *b;

	if (a == NULL || !pass(r, "|"))
		return a;
	r->row = false;
	b = pipeline(r);
	r->row = row;
	return b != NULL ? new_node(r, NODE_PIPE, a, b) : NULL;
}

/* All of it; select(f) keeps what f does. */
static struct node *
whole(struct reader *r)
{
	bool select = pass(r, "select");
	struct node *n;

	if (select && !pass(r, "("))
		return NULL;
	n = pipeline(r);
	if (n == NULL || (select && !pass(r, ")")))
		return NULL;
	return r->l.kind == JQLEX_END ? n : NULL;
}

struct expr *
expr_new(const char *text)
{
	struct reader r = {.row = true};

	/* What is long is not written by hand.  Versions differ in what ends a
	 * comment and what is white space. */
	if (strlen(text) >= EXPR_TEXT_MAX / 2 || strpbrk(text, "#\r") != NULL ||
	    utf8_valid(text, strlen(text)) != strlen(text))
		return NULL;
	r.e = calloc(1, sizeof(*r.e));
	if (r.e == NULL)
		log_oom();
	jqlex_init(&r.l, text);
	jqlex_next(&r.l);
	r.e->top = whole(&r);
	if (r.e->top != NULL)
		return r.e;
	expr_free(r.e);
	return NULL;
}

void
expr_free(struct expr *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < e->n; i++) {
		buf_clear(&e->nodes[i]->text);
		pattern_free(e->nodes[i]->pattern);
		free(e->nodes[i]);
	}
	free(e);
}

const char *const *
expr_columns(const struct expr *e, size_t *n)
{
	*n = e->ncolumns;
	return e->columns;
}
