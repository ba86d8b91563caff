#ifndef RULE_H
#define RULE_H

#include "format.h"

/*
 * What a format asks of its records: require, allowed and range (one that is
 * broken makes a reject), filter (dropped on purpose) and when (which format
 * of a group a record is of).
 */

/* The slices of a record, and of the object around it: NULL when there is
 * none. */
struct record {
	const struct json_val *slots, *outer;
	const char *key; /* of the object, or NULL */
	size_t nkey;
};

/** What is at a place; p is NULL when nothing is. */
const struct json_val *rule_value(
    const struct place *p, const struct record *r);

/** The first rule that the record breaks, or NULL; and the reject's reason. */
const struct rule *rule_broken(const struct format *f, const struct record *r);
const char *rule_reason(const struct rule *rule);

/** Is the record filtered on purpose? */
bool rule_filters(const struct format *f, const struct record *r);

/** Is it one of this format, as far as other formats of the group go?  May it
 * be, going by what is around it alone?  And has the format any such rule? */
bool rule_applies(const struct format *f, const struct record *r);
bool rule_may_apply(const struct format *f, const struct record *r);
bool rule_conditions(const struct format *f);

#endif
