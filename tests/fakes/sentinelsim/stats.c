/* Counting; see stats.h. */
#include <stdio.h>
#include <string.h>

#include "sim.h"
#include "stats.h"

static json_t *
new_object(void)
{
	json_t *o = json_object();

	if (o == NULL)
		sim_oom();
	return o;
}

void
stats_init(struct stats *s)
{
	*s = (struct stats){0};
	s->by_status = new_object();
	s->by_kind = new_object();
	s->refused = new_object();
	s->lost = new_object();
	s->faults = new_object();
	s->scripted = new_object();
}

void
stats_free(struct stats *s)
{
	json_decref(s->by_status);
	json_decref(s->by_kind);
	json_decref(s->refused);
	json_decref(s->lost);
	json_decref(s->faults);
	json_decref(s->scripted);
}

void
stats_count(json_t *counters, const char *name, uint64_t n)
{
	char cut[STATS_NAME_MAX];
	json_t *old;

	(void)snprintf(cut, sizeof(cut), "%s", name);
	old = json_object_get(counters, cut);
	if (old == NULL && json_object_size(counters) >= STATS_NAMES) {
		(void)snprintf(cut, sizeof(cut), "(others)");
		old = json_object_get(counters, cut);
	}
	if (old != NULL)
		n += (uint64_t)json_integer_value(old);
	/* A name that is not UTF-8 (cut inside a character) counts too. */
	if (json_object_set_new(counters, cut, json_integer((json_int_t)n)) !=
	    0)
		(void)json_object_set_new(
		    counters, "(not UTF-8)", json_integer((json_int_t)n));
}

void
tally_init(struct tally *t)
{
	*t = (struct tally){0};
	t->undeclared = new_object();
	t->clash = new_object();
	t->too_long = new_object();
	t->filled = new_object();
}

void
tally_free(struct tally *t)
{
	json_decref(t->undeclared);
	json_decref(t->clash);
	json_decref(t->too_long);
	json_decref(t->filled);
}

static void
add_counters(json_t *to, json_t *from)
{
	const char *name;
	json_t *n;

	json_object_foreach (from, name, n)
		stats_count(to, name, (uint64_t)json_integer_value(n));
}

void
tally_add(struct tally *a, const struct tally *b)
{
	a->requests += b->requests;
	a->rows += b->rows;
	a->wire += b->wire;
	a->raw += b->raw;
	a->kept += b->kept;
	a->time_missing += b->time_missing;
	a->time_bad += b->time_bad;
	a->time_past += b->time_past;
	a->time_future += b->time_future;
	a->time_form += b->time_form;
	a->duplicate_columns += b->duplicate_columns;
	a->lone_surrogates += b->lone_surrogates;
	a->rows_changed += b->rows_changed;
	a->sum += b->sum;
	add_counters(a->undeclared, b->undeclared);
	add_counters(a->clash, b->clash);
	add_counters(a->too_long, b->too_long);
	add_counters(a->filled, b->filled);
}

static void
put(json_t *o, const char *name, uint64_t n)
{
	if (json_object_set_new(o, name, json_integer((json_int_t)n)) != 0)
		sim_oom();
}

static void
put_copy(json_t *o, const char *name, json_t *counters)
{
	if (json_object_set_new(o, name, json_copy(counters)) != 0)
		sim_oom();
}

json_t *
tally_json(const struct tally *t)
{
	json_t *o = new_object();
	char sum[17];

	(void)snprintf(sum, sizeof(sum), "%016llx", (unsigned long long)t->sum);
	if (json_object_set_new(o, "sum", sim_text(sum)) != 0)
		sim_oom();
	put(o, "requests", t->requests);
	put(o, "rows", t->rows);
	put(o, "bytes", t->wire);
	put(o, "raw", t->raw);
	put(o, "kept", t->kept);
	put(o, "time_missing", t->time_missing);
	put(o, "time_bad", t->time_bad);
	put(o, "time_past", t->time_past);
	put(o, "time_future", t->time_future);
	put(o, "time_form", t->time_form);
	put(o, "duplicate_columns", t->duplicate_columns);
	put(o, "lone_surrogates", t->lone_surrogates);
	put(o, "rows_changed", t->rows_changed);
	put_copy(o, "undeclared", t->undeclared);
	put_copy(o, "clash", t->clash);
	put_copy(o, "too_long", t->too_long);
	put_copy(o, "filled", t->filled);
	return o;
}

json_t *
stats_json(const struct stats *s)
{
	json_t *o = new_object();

	put(o, "requests", s->requests);
	put(o, "in_flight", s->in_flight);
	put(o, "in_flight_max", s->in_flight_max);
	put(o, "held", s->held);
	put(o, "throttled", s->throttled);
	put(o, "max_bytes", s->max_wire);
	put(o, "max_raw", s->max_raw);
	put(o, "tokens_issued", s->tokens_issued);
	put(o, "tokens_refused", s->tokens_refused);
	put(o, "connections", s->connections);
	put(o, "connections_reset", s->connections_reset);
	put_copy(o, "by_status", s->by_status);
	put_copy(o, "by_kind", s->by_kind);
	put_copy(o, "refused", s->refused);
	put_copy(o, "lost", s->lost);
	put_copy(o, "faults", s->faults);
	put_copy(o, "scripted", s->scripted);
	return o;
}
