/* Rules, applied to records: see rule.h. */
#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "log.h"
#include "rule.h"
#include "value.h"

enum { WORD_MAX = 4096 /* of a text with escapes that a rule looks at */ };

static const struct json_val nothing;

const struct json_val *
rule_value(const struct place *p, const struct record *r)
{
	const struct json_val *slots = p->outer ? r->outer : r->slots;

	return slots != NULL ? &slots[p->node->slot] : &nothing;
}

static bool
is_there(const struct json_val *v)
{
	return v->p != NULL && v->type != JSON_NULL;
}

/* Is v, a scalar, a text like this? */
static bool
is_like(const struct json_val *v, const char *glob)
{
	struct buf text = BUF_INIT(WORD_MAX);
	bool is;

	if (v->type == JSON_OBJECT || v->type == JSON_ARRAY)
		return false;
	if (v->type != JSON_STRING)
		return glob_match(glob, v->p, v->n);
	if ((v->flags & JSON_ESCAPES) == 0)
		return glob_match(glob, v->p + 1, v->n - 2);
	(void)json_unescape(&text, v->p + 1, v->n - 2);
	is = text.err == 0 && glob_match(glob, text.p, text.len);
	buf_clear(&text);
	return is;
}

static bool
is_one_of(const struct rule *rule, const struct json_val *v)
{
	for (size_t i = 0; i < rule->nvalues; i++)
		if (is_like(v, rule->values[i]))
			return true;
	return false;
}

static bool
in_range(const struct rule *rule, const struct json_val *v)
{
	struct json_val number;
	char text[64];
	double d;

	if (!value_number(v, &number) || number.n >= sizeof(text))
		return false;
	memcpy(text, number.p, number.n);
	text[number.n] = '\0';
	d = strtod(text, NULL);
	return d >= rule->min && d <= rule->max;
}

/* Is one of the places there, with one of the values if there are some? */
static bool
has(const struct rule *rule, const struct record *r)
{
	for (size_t i = 0; i < rule->n; i++) {
		const struct json_val *v = rule_value(&rule->place[i], r);

		if (is_there(v) && (rule->nvalues == 0 || is_one_of(rule, v)))
			return true;
	}
	return false;
}

static bool
breaks(const struct rule *rule, const struct record *r)
{
	const struct json_val *v = rule_value(&rule->place[0], r);

	switch (rule->kind) {
	case RULE_REQUIRE:
		return !has(rule, r);
	case RULE_ALLOWED:
		return is_there(v) && !is_one_of(rule, v);
	case RULE_RANGE:
		return is_there(v) && !in_range(rule, v);
	case RULE_FILTER:
	case RULE_WHEN:
	case RULE_UNLESS:
	case RULE_KEEP:
		return false;
	}
	log_bug(__FILE__, __LINE__, "a kind of rule");
}

const struct rule *
rule_broken(const struct format *f, const struct record *r)
{
	for (size_t i = 0; i < f->nrules; i++)
		if (breaks(&f->rules[i], r))
			return &f->rules[i];
	return NULL;
}

const char *
rule_reason(const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_ALLOWED:
		return "not-allowed";
	case RULE_RANGE:
		return "out-of-range";
	default:
		return "missing-member";
	}
}

bool
rule_filters(const struct format *f, const struct record *r)
{
	for (size_t i = 0; i < f->nrules; i++)
		if (f->rules[i].kind == RULE_FILTER && has(&f->rules[i], r))
			return true;
	return false;
}

static bool
is_condition(const struct rule *rule)
{
	return rule->kind == RULE_WHEN || rule->kind == RULE_UNLESS;
}

/* Are all conditions met, or those about what is around the record? */
static bool
meets(const struct format *f, const struct record *r, bool around)
{
	for (size_t i = 0; i < f->nrules; i++) {
		const struct rule *rule = &f->rules[i];

		if (is_condition(rule) && (!around || rule->place[0].outer) &&
		    has(rule, r) != (rule->kind == RULE_WHEN))
			return false;
	}
	return true;
}

bool
rule_applies(const struct format *f, const struct record *r)
{
	return meets(f, r, false);
}

bool
rule_may_apply(const struct format *f, const struct record *r)
{
	return meets(f, r, true);
}

bool
rule_conditions(const struct format *f)
{
	for (size_t i = 0; i < f->nrules; i++)
		if (is_condition(&f->rules[i]))
			return true;
	return false;
}
