/*
 * Rows that an expression makes of others: see jqrun.h.  libjq keeps numbers as
 * doubles and writes strings its own way; what the expression hands through is
 * taken from the text of the row instead.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "jqint.h"
#include "jsonw.h"
#include "log.h"
#include "times.h"
#include "utf8.h"

enum {
	VALUE_MAX = 16 * 1024 * 1024, /* bytes of what libjq writes of one */
	MEMBERS_FIRST = 64
};

#define TIME "TimeGenerated"

/* The members of the row, as text; all rows' memory. */
static struct {
	struct member {
		struct json_val key, val;
	} * v;
	size_t n, room, guess;
} members;

static void
read_members(const char *text, size_t n)
{
	struct json j;
	bool first;
	struct member m;

	members.n = members.guess = 0;
	json_init(&j, text, n);
	(void)json_enter(&j, '{', &first);
	while (json_member(&j, &first, &m.key) && json_value(&j, &m.val)) {
		if (members.n == members.room) {
			members.room = members.room == 0 ? MEMBERS_FIRST
							 : 2 * members.room;
			members.v = realloc(
			    members.v, members.room * sizeof(*members.v));
			if (members.v == NULL)
				log_oom();
		}
		members.v[members.n++] = m;
	}
	INVARIANT(j.err == JSON_FINE);
}

/* The row's member of that name, or NULL.  Most stay in their order. */
static const struct member *
find(const char *name)
{
	for (size_t i = 0; i < members.n; i++) {
		size_t at = (members.guess + i) % members.n;

		if (json_is(&members.v[at].key, name)) {
			members.guess = at + 1;
			return &members.v[at];
		}
	}
	return NULL;
}

/* Append what libjq writes of a scalar. */
static void
write_scalar(struct buf *b, jv v)
{
	jv text = jv_dump_string(v, 0);

	buf_add(b, jv_string_value(text),
	    (size_t)jv_string_length_bytes(jv_copy(text)));
	jv_free(text);
}

static bool write_json(struct buf *b, jv v, unsigned depth);

static bool
write_array(struct buf *b, jv v, unsigned depth)
{
	bool fine = true;

	for (int i = 0; fine && i < jv_array_length(jv_copy(v)); i++) {
		buf_addc(b, i == 0 ? '[' : ',');
		fine = write_json(b, jv_array_get(jv_copy(v), i), depth + 1);
	}
	if (jv_array_length(jv_copy(v)) == 0)
		buf_addc(b, '[');
	buf_addc(b, ']');
	jv_free(v);
	return fine;
}

static bool
write_object(struct buf *b, jv v, unsigned depth)
{
	bool fine = true, first = true;

	buf_addc(b, '{');
	for (int i = jv_object_iter(v); fine && jv_object_iter_valid(v, i);
	     i = jv_object_iter_next(v, i)) {
		if (!first)
			buf_addc(b, ',');
		first = false;
		write_scalar(b, jv_object_iter_key(v, i));
		buf_addc(b, ':');
		fine = write_json(b, jv_object_iter_value(v, i), depth + 1);
	}
	buf_addc(b, '}');
	jv_free(v);
	return fine;
}

/* Append v, which is freed, as libjq would write it, but stop where that is too
 * deep, too long or takes too long: what is there many times in it, by
 * reference, can be written without end. */
static bool
write_json(struct buf *b, jv v, unsigned depth)
{
	const jv_kind kind = jv_get_kind(v);

	if (depth > JSON_DEPTH_MAX || b->err != 0 ||
	    jqlimit_exceeded() != NULL ||
	    (kind == JV_KIND_STRING &&
		jv_string_length_bytes(jv_copy(v)) > VALUE_MAX)) {
		jv_free(v);
		return false;
	}
	if (kind == JV_KIND_ARRAY)
		return write_array(b, v, depth);
	if (kind == JV_KIND_OBJECT)
		return write_object(b, v, depth);
	write_scalar(b, v);
	return true;
}

/* Append what libjq makes of v, as a column's value; false when it is none or
 * cannot be one. */
static bool
add_made(
    struct buf *b, jv v, struct value_counts *counts, enum value_result *result)
{
	struct buf text = BUF_INIT(VALUE_MAX);
	struct json_val val;
	struct json j;
	bool ok = write_json(&text, v, 0) && text.err == 0;

	if (ok) {
		json_init(&j, text.p, text.len);
		ok = json_value(&j, &val) && json_done(&j);
	}
	if (ok)
		*result = value_add(b,
		    val.type == JSON_STRING ? COLUMN_STRING : COLUMN_DYNAMIC,
		    &val, counts);
	buf_clear(&text);
	return ok;
}

/* The same of a time; false when v is none. */
static bool
add_made_time(struct buf *b, jv v)
{
	bool ok = jv_get_kind(v) == JV_KIND_STRING;
	size_t start = b->len;

	buf_addc(b, '"');
	ok = ok && times_iso(b, jv_string_value(v),
		       (size_t)jv_string_length_bytes(jv_copy(v)));
	buf_addc(b, '"');
	if (!ok)
		buf_cut(b, start);
	jv_free(v);
	return ok;
}

/* The first column: made anew, or as it was. */
static bool
add_time(struct buf *b, jv was, jv made)
{
	const jv key = jv_string(TIME);
	jv old = jv_object_get(jv_copy(was), jv_copy(key));
	jv v = jv_object_get(jv_copy(made), key);
	const struct member *m = find(TIME);
	bool same = !jv_is_valid(v) || jv_identical(jv_copy(old), jv_copy(v));

	jv_free(old);
	buf_adds(b, "{\"" TIME "\":");
	if (!same)
		return add_made_time(b, v);
	jv_free(v);
	INVARIANT(m != NULL);
	buf_add(b, m->val.p, m->val.n);
	return true;
}

/* Another column; false when its value cannot be written. */
static bool
add_column(struct buf *b, jv was, jv key, jv v, struct value_counts *counts)
{
	const char *name = jv_string_value(key);
	size_t n = (size_t)jv_string_length_bytes(jv_copy(key));
	size_t start = b->len;
	const struct member *m = strlen(name) == n ? find(name) : NULL;
	enum value_result r = VALUE_ABSENT;
	bool ok = true;

	buf_addc(b, ',');
	buf_addc(b, '"');
	jsonw_escape_valid(b, name, n);
	buf_adds(b, "\":");
	if (m != NULL && jv_identical(jv_object_get(jv_copy(was), jv_copy(key)),
			     jv_copy(v))) {
		buf_add(b, m->val.p, m->val.n);
		r = VALUE_OK;
	} else if (jv_get_kind(v) != JV_KIND_NULL) {
		ok = add_made(b, jv_copy(v), counts, &r);
	}
	if (!ok || r != VALUE_OK)
		buf_cut(b, start);
	jv_free(key);
	jv_free(v);
	return ok;
}

/* The row that made is; both are freed. */
static enum jqrun_result
write_row(struct buf *b, jv was, jv made, struct value_counts *counts,
    struct jqrun_error *e)
{
	bool fine = add_time(b, was, made), time = fine;

	for (int i = jv_object_iter(made);
	     fine && jv_object_iter_valid(made, i);
	     i = jv_object_iter_next(made, i)) {
		jv key = jv_object_iter_key(made, i);

		if (strcmp(jv_string_value(key), TIME) != 0 ||
		    jv_string_length_bytes(jv_copy(key)) != strlen(TIME))
			fine = add_column(b, was, jv_copy(key),
			    jv_object_iter_value(made, i), counts);
		jv_free(key);
	}
	buf_addc(b, '}');
	jv_free(was);
	jv_free(made);
	if (fine)
		return JQRUN_YES;
	return jqrun_fail(e,
	    jqlimit_exceeded() != NULL ? jqlimit_exceeded()
	    : time ? "a column is nested too deep, or too long"
		   : TIME " is no time",
	    "", 0);
}

/* What it says of the results: only one that is an object is a row. */
static enum jqrun_result
judge(jv made, jv more, bool failed, struct jqrun_error *e)
{
	if (failed)
		return JQRUN_FAILED;
	if (!jv_is_valid(made))
		return JQRUN_NO;
	if (jv_is_valid(more))
		return jqrun_fail(e, "there is more than one result", "", 0);
	if (jv_get_kind(made) != JV_KIND_OBJECT)
		return jqrun_fail(e, "the result is no object", "", 0);
	return JQRUN_YES;
}

enum jqrun_result
jqrun_map(struct jqrun *r, struct buf *b, struct value_counts *counts,
    struct jqrun_error *e)
{
	enum jqrun_result result;
	const char *text;
	bool failed = false, more_failed = false;
	size_t n;
	jv made, more = jv_invalid();

	if (!jqrun_start(r, e))
		return JQRUN_FAILED;
	made = jqrun_next(r, &failed, e);
	if (jv_is_valid(made))
		more = jqrun_next(r, &more_failed, e);
	jqlimit_run(NULL);
	result = judge(made, more, failed || more_failed, e);
	jv_free(more);
	if (result == JQRUN_YES) {
		jv was = jqrun_parsed(&text, &n);

		read_members(text, n);
		result = write_row(b, was, made, counts, e);
	} else {
		jv_free(made);
	}
	jqlimit_leave();
	return result;
}
