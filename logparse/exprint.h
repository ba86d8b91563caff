#ifndef EXPRINT_H
#define EXPRINT_H

#include "buf.h"
#include "expr.h"
#include "pattern.h"

/* What the reader of expressions makes, and who asks them reads. */
enum {
	EXPR_TEXT_MAX = 64 * 1024, /* bytes of a constant */
	EXPR_EXACT_DIGITS = 15 /* of a number: no two of so many have the same
				  double (DBL_DIG) */
};

enum node_kind {
	NODE_HERE,     /* . */
	NODE_COLUMN,   /* of the row: index */
	NODE_MEMBER,   /* name, of a */
	NODE_CONSTANT, /* value */
	NODE_COMPARE,  /* a op b */
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_ELSE, /* a // b */
	NODE_PIPE,
	NODE_TEST,
	NODE_STARTS, /* with value */
	NODE_ENDS,
	NODE_CONTAINS,
	NODE_AMONG, /* one of the list */
	NODE_KEY    /* a key of an object of that list */
};

enum compare_op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE };

/* In jq's order of types. */
enum expr_type {
	TYPE_NULL,
	TYPE_FALSE,
	TYPE_TRUE,
	TYPE_NUMBER,
	TYPE_STRING,
	TYPE_ARRAY,
	TYPE_OBJECT
};

struct expr_value {
	enum expr_type type;
	const char *p; /* JSON of an array or object; of a string the inside,
			  or its text when it is plain */
	size_t n;
	bool plain;
	double number;
	bool exact; /* there is no doubt about it */
};

struct node {
	enum node_kind kind;
	enum compare_op op;
	struct node *a, *b;
	size_t column;
	struct buf text; /* of value, or the name */
	struct expr_value value;
	struct node *list; /* of constants, each the next one's */
	struct pattern *pattern;
	bool fold; /* letters of either case, for ASCII alone */
};

struct expr {
	struct node *nodes[EXPR_NODES_MAX];
	size_t n;
	const struct node *top;
	const char *columns[EXPR_COLUMNS_MAX];
	size_t ncolumns;
};

/** The number that n bytes of JSON are. */
void expr_number(struct expr_value *v, const char *p, size_t n);

#endif
