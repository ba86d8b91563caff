/* The rows of a request against their stream's declaration; see rows.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "sim.h"
#include "strict.h"
#include "when.h"

static const char time_column[] = "TimeGenerated";
static const size_t time_column_len = sizeof(time_column) - 1;

/* What becomes of a member, with --apply. */
enum fate { AS_SENT, DROPPED, CUT, RECEIVED_TIME };

/* A member of the row in hand, as offsets in out: "key":value */
struct member {
	size_t key, value, end;
	enum fate fate;
};

struct reader {
	const struct stream *st;
	bool apply;
	int64_t now_ms;
	struct strict scan;
	struct buf *out;
	struct tally *tally;
	uint64_t *filled; /* per declared column */
	uint64_t seen[(SCHEMA_COLUMNS + 63) / 64];
	bool has_time, changed, nested;
	int64_t first_ms, last_ms; /* of TimeGenerated, once there is one */
	struct member *members;    /* only with apply */
	size_t nmembers, capacity;
};

static bool
is_integer(const struct strict_value *v, long long min, long long max)
{
	char text[24];
	long long n;
	char *end;

	if (v->kind != STRICT_NUMBER || !v->integer || v->n >= sizeof(text))
		return false;
	memcpy(text, v->p, v->n);
	text[v->n] = '\0';
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno == 0 && n >= min && n <= max;
}

/* The characters of a string value, when it holds no escape. */
static bool
plain_text(const struct strict_value *v, const char **p, size_t *n)
{
	if (v->kind != STRICT_STRING || v->escapes)
		return false;
	*p = v->p + 1;
	*n = v->n - 2;
	return true;
}

static bool
is_time(const struct strict_value *v, int64_t *ms)
{
	const char *p;
	size_t n;

	return plain_text(v, &p, &n) && when_parse(p, n, ms);
}

static bool
is_guid(const struct strict_value *v)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	const char *p;
	size_t n;

	if (!plain_text(v, &p, &n) || n != 36)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? p[i] != '-' : memchr(hex, p[i], 22) == NULL)
			return false;
	}
	return true;
}

static bool
fits(enum column_type type, const struct strict_value *v)
{
	int64_t ms;

	switch (type) {
	case COLUMN_STRING:
		return v->kind == STRICT_STRING;
	case COLUMN_INT:
		return is_integer(v, INT32_MIN, INT32_MAX);
	case COLUMN_LONG:
		return is_integer(v, INT64_MIN, INT64_MAX);
	case COLUMN_REAL:
		return v->kind == STRICT_NUMBER;
	case COLUMN_BOOLEAN:
		return v->kind == STRICT_TRUE || v->kind == STRICT_FALSE;
	case COLUMN_DATETIME:
		return is_time(v, &ms);
	case COLUMN_GUID:
		return is_guid(v);
	case COLUMN_DYNAMIC:
		return true;
	}
	return false;
}

/* Tables of the Auxiliary plan want exactly six: ..:05.123456Z. */
static bool
six_decimals(const struct strict_value *v)
{
	return v->n >= 10 && v->p[v->n - 2] == 'Z' && v->p[v->n - 9] == '.' &&
	       strspn(v->p + v->n - 8, "0123456789") == 6;
}

/* TimeGenerated: the service wants it near the time it receives the row. */
static bool
check_time(struct reader *r, const struct strict_value *v)
{
	int64_t ms;

	if (v->kind == STRICT_NULL) {
		r->tally->time_missing++;
		return false;
	}
	if (!is_time(v, &ms)) {
		r->tally->time_bad++;
		return false;
	}
	if (ms < r->first_ms)
		r->first_ms = ms;
	if (ms > r->last_ms)
		r->last_ms = ms;
	if (r->st->auxiliary && !six_decimals(v))
		r->tally->time_form++;
	if (ms < r->now_ms - ROWS_PAST_MS) {
		r->tally->time_past++;
		return false;
	}
	if (ms > r->now_ms + ROWS_FUTURE_MS) {
		r->tally->time_future++;
		return false;
	}
	return true;
}

static enum fate
check_member(struct reader *r, const char *name, size_t n,
    const struct strict_value *v, size_t compact)
{
	int col = schema_column(r->st, name, n);
	const struct column *c = col >= 0 ? &r->st->columns[col] : NULL;
	size_t size = v->kind == STRICT_STRING ? v->decoded : compact;
	char *shown;

	if (c == NULL && !r->st->open) {
		shown = sim_dup(name, n);
		stats_count(r->tally->undeclared, shown, 1);
		free(shown);
		return DROPPED;
	}
	if (c != NULL) {
		uint64_t bit = (uint64_t)1 << (col % 64);

		if ((r->seen[col / 64] & bit) != 0)
			r->tally->duplicate_columns++;
		r->seen[col / 64] |= bit;
		if (v->kind != STRICT_NULL)
			r->filled[col]++;
	}
	if (n == time_column_len && memcmp(name, time_column, n) == 0) {
		r->has_time = true;
		return check_time(r, v) ? AS_SENT : RECEIVED_TIME;
	}
	if (c == NULL || v->kind == STRICT_NULL)
		return AS_SENT;
	if (!fits(c->type, v)) {
		stats_count(r->tally->clash, c->name, 1);
		r->nested = r->nested || v->kind == STRICT_OBJECT ||
			    v->kind == STRICT_ARRAY;
		return DROPPED;
	}
	if (size > ROWS_FIELD_MAX) {
		stats_count(r->tally->too_long, c->name, 1);
		return CUT;
	}
	return AS_SENT;
}

/* As check_member(), with a name that may hold escapes. */
static enum fate
check_named(struct reader *r, const struct strict_value *key,
    const struct strict_value *v, size_t compact)
{
	struct buf name = BUF_INIT(key->n);
	enum fate fate;

	if (!key->escapes)
		return check_member(r, key->p + 1, key->n - 2, v, compact);
	strict_decode(key, &name);
	if (name.err != 0)
		sim_oom();
	fate = check_member(r, name.p, name.len, v, compact);
	buf_clear(&name);
	return fate;
}

static void
note_member(
    struct reader *r, size_t key, size_t value, size_t end, enum fate fate)
{
	if (r->nmembers == r->capacity) {
		r->capacity = r->capacity > 0 ? r->capacity * 2 : 64;
		r->members =
		    sim_grow(r->members, r->capacity, sizeof(*r->members));
	}
	r->members[r->nmembers++] = (struct member){key, value, end, fate};
	r->changed = r->changed || fate != AS_SENT;
}

static bool
read_member(struct reader *r)
{
	struct strict_value key, v;
	size_t at, value, end;
	enum fate fate;

	if (strict_peek(&r->scan) != '"') {
		r->scan.error = "expected a member name";
		return false;
	}
	at = strict_length(&r->scan);
	if (!strict_value(&r->scan, &key) || !strict_take(&r->scan, ':'))
		return false;
	(void)strict_peek(&r->scan);
	value = strict_length(&r->scan);
	if (!strict_value(&r->scan, &v))
		return false;
	end = strict_length(&r->scan);
	fate = check_named(r, &key, &v, end - value);
	if (r->apply)
		note_member(r, at, value, end, fate);
	return true;
}

/*
 * A value over 64 KB, cut: a string at a character's end; a dynamic value
 * becomes a string of its first bytes (what the service makes of it is not
 * documented).
 */
static void
add_cut(struct buf *to, const char *p, size_t n)
{
	struct buf all = BUF_INIT(n);
	struct strict_value v = {.kind = STRICT_STRING, .p = p, .n = n};
	size_t keep = ROWS_FIELD_MAX;
	char *quoted;
	json_t *s;

	if (p[0] == '"')
		strict_decode(&v, &all);
	else
		buf_add(&all, p, n);
	if (all.len < keep)
		keep = all.len;
	while (keep > 0 && keep < all.len &&
	       ((unsigned char)all.p[keep] & 0xc0) == 0x80)
		keep--;
	s = json_stringn(all.p, keep);
	quoted = s != NULL ? json_dumps(s, JSON_ENCODE_ANY) : NULL;
	if (quoted == NULL)
		sim_oom();
	buf_adds(to, quoted);
	free(quoted);
	json_decref(s);
	buf_clear(&all);
}

static void
add_time(struct buf *to, int64_t ms)
{
	char text[SIM_TIME_MAX];

	sim_time(text, ms);
	buf_addf(to, "\"%s\"", text);
}

/* Write the row in hand, which begins at from, as the service would keep it. */
static void
change_row(struct reader *r, size_t from)
{
	struct buf row = BUF_INIT(r->out->max);
	const char *p = r->out->p;

	buf_addc(&row, '{');
	if (!r->has_time) {
		buf_addf(&row, "\"%s\":", time_column);
		add_time(&row, r->now_ms);
	}
	for (size_t i = 0; i < r->nmembers; i++) {
		const struct member *m = &r->members[i];

		if (m->fate == DROPPED)
			continue;
		if (row.len > 1)
			buf_addc(&row, ',');
		buf_add(&row, p + m->key, m->value - m->key);
		if (m->fate == CUT)
			add_cut(&row, p + m->value, m->end - m->value);
		else if (m->fate == RECEIVED_TIME)
			add_time(&row, r->now_ms);
		else
			buf_add(&row, p + m->value, m->end - m->value);
	}
	buf_addc(&row, '}');
	r->out->len = from;
	buf_add(r->out, row.p, row.len);
	if (row.err != 0)
		r->out->err = row.err;
	buf_clear(&row);
	r->tally->rows_changed++;
}

static bool
read_members(struct reader *r)
{
	if (!strict_take(&r->scan, '{'))
		return false;
	if (strict_peek(&r->scan) != '}')
		for (;;) {
			if (!read_member(r))
				return false;
			if (strict_peek(&r->scan) != ',')
				break;
			(void)strict_take(&r->scan, ',');
		}
	return strict_take(&r->scan, '}');
}

static bool
read_row(struct reader *r)
{
	size_t from = strict_length(&r->scan);

	memset(r->seen, 0, sizeof(r->seen));
	r->has_time = r->changed = false;
	r->nmembers = 0;
	if (!read_members(r))
		return false;
	if (!r->has_time) {
		r->tally->time_missing++;
		r->changed = true;
	}
	strict_flush(&r->scan);
	if (r->apply && r->changed && r->out->err == 0)
		change_row(r, from);
	buf_addc(r->out, '\n');
	r->tally->rows++;
	return true;
}

/* An array of rows, from its opening bracket on. */
static enum rows_verdict
read_array(struct reader *r)
{
	int c;

	(void)strict_take(&r->scan, '[');
	strict_skip(&r->scan);
	if (strict_peek(&r->scan) == ']')
		return strict_take(&r->scan, ']') ? ROWS_OK : ROWS_MALFORMED;
	for (;;) {
		struct strict_value other;

		c = strict_peek(&r->scan);
		if (c == '{') {
			if (!read_row(r))
				return ROWS_MALFORMED;
		} else {
			return strict_value(&r->scan, &other) ? ROWS_NO_OBJECT
							      : ROWS_MALFORMED;
		}
		c = strict_peek(&r->scan);
		if (!strict_take(&r->scan, c == ',' ? ',' : ']'))
			return ROWS_MALFORMED;
		strict_skip(&r->scan);
		if (c == ']')
			return ROWS_OK;
	}
}

static enum rows_verdict
read_body(struct reader *r)
{
	struct strict_value other;
	enum rows_verdict v;
	int c = strict_peek(&r->scan);

	if (c == '[') {
		v = read_array(r);
	} else {
		v = c == '{' ? ROWS_BARE : ROWS_NO_ARRAY;
		if (!strict_value(&r->scan, &other))
			v = ROWS_MALFORMED;
	}
	if (v != ROWS_OK && v != ROWS_BARE && v != ROWS_NO_ARRAY)
		return v;
	if (strict_peek(&r->scan) != -1) {
		r->scan.error = "text after the end";
		return ROWS_MALFORMED;
	}
	return v;
}

struct rows_result
rows_read(const struct stream *st, bool apply, int64_t now_ms, const char *text,
    size_t n, struct buf *out, struct tally *tally)
{
	struct reader r = {.st = st,
	    .apply = apply,
	    .now_ms = now_ms,
	    .first_ms = INT64_MAX,
	    .last_ms = INT64_MIN};
	struct rows_result result = {0};

	r.out = out;
	r.tally = tally;
	r.filled = sim_zalloc(st->ncolumns + 1, sizeof(*r.filled));
	strict_init(&r.scan, text, n, out);
	result.verdict = read_body(&r);
	if (result.verdict == ROWS_OK && st->auxiliary && r.nested)
		result.verdict = ROWS_NESTED;
	else if (result.verdict == ROWS_OK && st->auxiliary &&
		 r.last_ms > r.first_ms &&
		 r.last_ms - r.first_ms > ROWS_SPAN_MS)
		result.verdict = ROWS_SPAN;
	result.error = r.scan.error;
	result.at = (size_t)(r.scan.p - r.scan.start);
	tally->lone_surrogates += r.scan.lone_surrogates;
	for (size_t i = 0; i < st->ncolumns; i++)
		if (r.filled[i] > 0)
			stats_count(
			    tally->filled, st->columns[i].name, r.filled[i]);
	free(r.members);
	free(r.filled);
	if (out->err == ENOMEM)
		sim_oom();
	if (out->err != 0)
		result.verdict = ROWS_TOO_LARGE;
	return result;
}
