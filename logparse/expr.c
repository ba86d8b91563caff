/* Expressions, asked of a row without libjq: see expr.h. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "exprint.h"

enum {
	NUMBER_MAX = 40,    /* bytes of a number that is looked at closely */
	EXPONENT_MAX = 250, /* of one that is far from what a double has not */
	TEXT_MAX = 16 * 1024 * 1024 /* a row is at most 8 MiB */
};

/* Texts that had escapes, of the two that are compared. */
static struct buf texts[2] = {BUF_INIT(TEXT_MAX), BUF_INIT(TEXT_MAX)};

/* --- values ------------------------------------------------------------------
 */

/* A number of up to so many digits and no more than that: most. */
static bool
short_number(struct expr_value *v, const char *p, size_t n)
{
	const bool negative = n > 0 && p[0] == '-';
	double d = 0;

	p += negative;
	n -= negative;
	if (n == 0 || n > EXPR_EXACT_DIGITS)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		d = d * 10 + (p[i] - '0');
	}
	v->number = negative ? -d : d;
	v->exact = true;
	return true;
}

void
expr_number(struct expr_value *v, const char *p, size_t n)
{
	char text[NUMBER_MAX + 1], *e;
	long exponent = 0;
	size_t digits = 0;

	v->type = TYPE_NUMBER;
	if (short_number(v, p, n))
		return;
	v->exact = n <= NUMBER_MAX;
	if (!v->exact)
		return;
	memcpy(text, p, n);
	text[n] = '\0';
	e = strpbrk(text, "eE");
	if (e != NULL)
		exponent = strtol(e + 1, NULL, 10);
	for (e = text; *e != '\0' && *e != 'e' && *e != 'E'; e++)
		digits += *e >= '0' && *e <= '9';
	v->number = strtod(text, NULL);
	v->exact = digits <= EXPR_EXACT_DIGITS && exponent < EXPONENT_MAX &&
		   exponent > -EXPONENT_MAX;
}

/* A value of the row. */
static void
from_json(struct expr_value *v, const char *p, size_t n)
{
	v->p = p;
	v->n = n;
	v->plain = false;
	switch (*p) {
	case '"':
		v->type = TYPE_STRING;
		v->p = p + 1;
		v->n = n - 2;
		break;
	case '{':
		v->type = TYPE_OBJECT;
		break;
	case '[':
		v->type = TYPE_ARRAY;
		break;
	case 't':
		v->type = TYPE_TRUE;
		break;
	case 'f':
		v->type = TYPE_FALSE;
		break;
	case 'n':
		v->type = TYPE_NULL;
		break;
	default:
		expr_number(v, p, n);
	}
}

/* The text of a string, without escapes; in texts[i] perhaps. */
static void
text_of(const struct expr_value *v, unsigned i, const char **p, size_t *n)
{
	*p = v->p;
	*n = v->n;
	if (v->plain || v->n == 0 || memchr(v->p, '\\', v->n) == NULL)
		return;
	buf_reset(&texts[i]);
	(void)json_unescape(&texts[i], v->p, v->n);
	*p = texts[i].p;
	*n = texts[i].len;
}

static bool
is_true(const struct expr_value *v)
{
	return v->type != TYPE_NULL && v->type != TYPE_FALSE;
}

static void
set_bool(struct expr_value *v, bool is)
{
	v->type = is ? TYPE_TRUE : TYPE_FALSE;
}

/* --- asking --------------------------------------------------------------- */

struct asked {
	const struct json_val *columns;
};

static bool ask(const struct asked *a, const struct node *n,
    const struct expr_value *here, struct expr_value *v);

/* Which is first, in jq's order; false when that is not sure. */
static bool
compare(const struct expr_value *a, const struct expr_value *b, int *order)
{
	const char *p, *q;
	size_t n, m;

	*order = (a->type > b->type) - (a->type < b->type);
	if (*order != 0)
		return true;
	switch (a->type) {
	case TYPE_NUMBER:
		*order = (a->number > b->number) - (a->number < b->number);
		return a->exact && b->exact;
	case TYPE_STRING:
		text_of(a, 0, &p, &n);
		text_of(b, 1, &q, &m);
		*order = memcmp(p, q, n < m ? n : m);
		if (*order == 0)
			*order = (n > m) - (n < m);
		return true;
	case TYPE_ARRAY:
	case TYPE_OBJECT:
		return false;
	case TYPE_NULL:
	case TYPE_FALSE:
	case TYPE_TRUE:
		break;
	}
	return true;
}

static bool
ask_compare(const struct asked *a, const struct node *n,
    const struct expr_value *here, struct expr_value *v)
{
	struct expr_value left, right;
	int order;

	if (!ask(a, n->a, here, &left) || !ask(a, n->b, here, &right) ||
	    !compare(&left, &right, &order))
		return false;
	switch (n->op) {
	case OP_EQ:
		set_bool(v, order == 0);
		break;
	case OP_NE:
		set_bool(v, order != 0);
		break;
	case OP_LT:
		set_bool(v, order < 0);
		break;
	case OP_LE:
		set_bool(v, order <= 0);
		break;
	case OP_GT:
		set_bool(v, order > 0);
		break;
	case OP_GE:
		set_bool(v, order >= 0);
		break;
	}
	return true;
}

/* The member of an object, of several the last one; null has none. */
static bool
ask_member(const struct asked *a, const struct node *n,
    const struct expr_value *here, struct expr_value *v)
{
	struct json_val key, val;
	struct expr_value of;
	struct json j;
	bool first;

	if (!ask(a, n->a, here, &of))
		return false;
	v->type = TYPE_NULL;
	if (of.type == TYPE_NULL)
		return true;
	if (of.type != TYPE_OBJECT)
		return false;
	json_init(&j, of.p, of.n);
	(void)json_enter(&j, '{', &first);
	while (json_member(&j, &first, &key) && json_value(&j, &val))
		if (json_is(&key, n->text.p))
			from_json(v, val.p, val.n);
	return true;
}

/* and, or: the second is not asked when the first says it. */
static bool
ask_logic(const struct asked *a, const struct node *n,
    const struct expr_value *here, struct expr_value *v)
{
	if (!ask(a, n->a, here, v))
		return false;
	if (is_true(v) == (n->kind == NODE_AND) && !ask(a, n->b, here, v))
		return false;
	set_bool(v, is_true(v));
	return true;
}

/* Is here one of the constants?  NULL: a number is not sure. */
static bool
ask_among(
    const struct node *n, const struct expr_value *here, struct expr_value *v)
{
	int order;

	set_bool(v, false);
	for (const struct node *c = n->list; c != NULL; c = c->list) {
		if (!compare(here, &c->value, &order))
			return false;
		if (order == 0)
			set_bool(v, true);
	}
	return true;
}

/* Letters of ASCII in lower case, in texts[0]; false when there are others. */
static bool
fold(const char **p, size_t n)
{
	char *to;

	if (*p != texts[0].p) {
		buf_reset(&texts[0]);
		buf_add(&texts[0], *p, n);
	}
	to = texts[0].p;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)to[i] >= 0x80)
			return false;
		if (to[i] >= 'A' && to[i] <= 'Z')
			to[i] += 'a' - 'A';
	}
	*p = n > 0 ? to : *p;
	return true;
}

/* A question about the text that here is; of another it is an error. */
static bool
ask_text(
    const struct node *n, const struct expr_value *here, struct expr_value *v)
{
	const struct expr_value *c = &n->value;
	const char *p;
	size_t len;
	bool is;

	if (here->type != TYPE_STRING)
		return false;
	text_of(here, 0, &p, &len);
	switch (n->kind) {
	case NODE_STARTS:
		is = len >= c->n && memcmp(p, c->p, c->n) == 0;
		break;
	case NODE_ENDS:
		is = len >= c->n && memcmp(p + len - c->n, c->p, c->n) == 0;
		break;
	case NODE_CONTAINS:
		/* In 1.6 a text ends at its first NUL. */
		if (memchr(p, '\0', len) != NULL ||
		    memchr(c->p, '\0', c->n) != NULL)
			return false;
		is = memmem(p, len, c->p, c->n) != NULL;
		break;
	default:
		if (n->fold && !fold(&p, len))
			return false;
		is = pattern_found(n->pattern, p, len);
	}
	set_bool(v, is);
	return true;
}

/* Its value where '.' is here; false when that is not sure. */
static bool
ask(const struct asked *a, const struct node *n, const struct expr_value *here,
    struct expr_value *v)
{
	const struct json_val *column;
	struct expr_value from;

	switch (n->kind) {
	case NODE_HERE:
		*v = *here;
		return true;
	case NODE_COLUMN:
		column = &a->columns[n->column];
		v->type = TYPE_NULL;
		if (column->p != NULL)
			from_json(v, column->p, column->n);
		return true;
	case NODE_MEMBER:
		return ask_member(a, n, here, v);
	case NODE_CONSTANT:
		*v = n->value;
		return true;
	case NODE_COMPARE:
		return ask_compare(a, n, here, v);
	case NODE_AND:
	case NODE_OR:
		return ask_logic(a, n, here, v);
	case NODE_NOT:
		set_bool(v, !is_true(here));
		return true;
	case NODE_ELSE:
		return ask(a, n->a, here, v) &&
		       (is_true(v) || ask(a, n->b, here, v));
	case NODE_PIPE:
		return ask(a, n->a, here, &from) && ask(a, n->b, &from, v);
	case NODE_AMONG:
		return ask_among(n, here, v);
	case NODE_KEY:
		return here->type == TYPE_STRING && ask_among(n, here, v);
	case NODE_TEST:
	case NODE_STARTS:
	case NODE_ENDS:
	case NODE_CONTAINS:
		return ask_text(n, here, v);
	}
	return false;
}

enum expr_answer
expr_ask(const struct expr *e, const struct json_val *row,
    const struct json_val *values)
{
	const struct expr_value here = {
	    .type = TYPE_OBJECT, .p = row->p, .n = row->n};
	const struct asked a = {values};
	struct expr_value v;

	if (!ask(&a, e->top, &here, &v))
		return EXPR_UNSURE;
	return is_true(&v) ? EXPR_YES : EXPR_NO;
}
