/* Rules of format files. */
#include <stdlib.h>
#include <string.h>

#include "formatint.h"
#include "glob.h"
#include "log.h"

/* Another rule of the format, with room for its places. */
static struct rule *
add_rule(struct reader *r, enum rule_kind kind)
{
	struct format *f = r->out;
	struct rule *rule;

	if (f->nrules == FORMAT_RULES_MAX) {
		(void)format_wrong(r, "no more than 64 rules");
		return NULL;
	}
	f->rules = format_grow(f->rules, f->nrules, sizeof(*f->rules));
	rule = &f->rules[f->nrules++];
	*rule = (struct rule){.kind = kind};
	format_blanks(r);
	rule->text = format_copy(r->p, (size_t)(r->end - r->p));
	return rule;
}

static bool
add_place(struct reader *r, struct rule *rule, const struct word *w)
{
	if (rule->n == FORMAT_PLACES_MAX)
		return format_wrong(r, "no more than 16 paths");
	rule->place = format_grow(rule->place, rule->n, sizeof(*rule->place));
	rule->place[rule->n] = (struct place){0};
	return format_place(r, w, &rule->place[rule->n++]);
}

/* The rest of the line as values. */
static bool
values(struct reader *r, struct rule *rule)
{
	const char *why;
	struct word w;

	while (format_word(r, &w)) {
		if (rule->nvalues == FORMAT_ALLOWED_MAX)
			return format_wrong(r, "no more than 64 values");
		rule->values = format_grow(
		    rule->values, rule->nvalues, sizeof(*rule->values));
		if (w.n >= 2 && w.p[0] == '"' && w.p[w.n - 1] == '"') {
			w.p++;
			w.n -= 2;
		}
		rule->values[rule->nvalues++] = format_copy(w.p, w.n);
		if (!glob_check(rule->values[rule->nvalues - 1], &why))
			return format_wrong(r, "a pattern that is complete");
	}
	return true;
}

/* The rest of the line as paths. */
static bool
places(struct reader *r, struct rule *rule)
{
	struct word w;

	while (format_word(r, &w))
		if (!add_place(r, rule, &w))
			return false;
	return rule->n > 0 || format_wrong(r, "a path");
}

/* A number, the next word. */
static bool
number(struct reader *r, double *d)
{
	struct word w;
	struct json_val v;
	struct json j;
	char *text;

	if (!format_word(r, &w))
		return format_wrong(r, "a number");
	json_init(&j, w.p, w.n);
	if (!json_value(&j, &v) || !json_done(&j) || v.type != JSON_NUMBER)
		return format_wrong(r, "a number");
	text = format_copy(w.p, w.n);
	*d = strtod(text, NULL);
	free(text);
	return true;
}

static bool
first_place(struct reader *r, struct rule *rule)
{
	struct word w;

	if (!format_word(r, &w))
		return format_wrong(r, "a path");
	return add_place(r, rule, &w);
}

bool
format_rule(struct reader *r, enum rule_kind kind)
{
	struct rule *rule = add_rule(r, kind);

	if (rule == NULL)
		return false;
	switch (kind) {
	case RULE_REQUIRE:
	case RULE_KEEP:
		return places(r, rule);
	case RULE_RANGE:
		if (!first_place(r, rule) || !number(r, &rule->min) ||
		    !number(r, &rule->max))
			return false;
		if (rule->min > rule->max)
			return format_wrong(r, "the smaller number first");
		return format_line_end(r);
	case RULE_ALLOWED:
		if (!first_place(r, rule) || !values(r, rule))
			return false;
		return rule->nvalues > 0 || format_wrong(r, "a value");
	case RULE_FILTER:
	case RULE_WHEN:
	case RULE_UNLESS:
		return first_place(r, rule) && values(r, rule);
	}
	log_bug(__FILE__, __LINE__, "a kind of rule");
}

void
format_free_rules(struct format *f)
{
	for (size_t i = 0; i < f->nrules; i++) {
		for (size_t k = 0; k < f->rules[i].nvalues; k++)
			free(f->rules[i].values[k]);
		free(f->rules[i].values);
		free(f->rules[i].place);
		free(f->rules[i].text);
	}
	free(f->rules);
}
