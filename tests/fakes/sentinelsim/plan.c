/* Seeded faults and scripted replies; see plan.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "sim.h"

enum {
	MILLION = 1000000,
	SLOW_MS = 1000,  /* of `slow` when no duration is given */
	RETRY_AFTER = 1, /* of a seeded 429, in seconds, likewise */
	DURATION_MAX_DAYS = 30
};

static const struct {
	const char *name;
	enum plan_action action;
} actions[] = {{"serve", PLAN_SERVE}, {"reply", PLAN_REPLY},
    {"reset-before", PLAN_RESET_BEFORE}, {"reset-after", PLAN_RESET_AFTER},
    {"timeout", PLAN_TIMEOUT}, {"slow", PLAN_SERVE}};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

void
plan_init(struct plan *p)
{
	*p = (struct plan){.script = json_array()};
	if (p->script == NULL)
		sim_oom();
}

void
plan_free(struct plan *p)
{
	json_decref(p->script);
	p->script = NULL;
}

bool
plan_duration(const char *s, size_t n, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000},
	    {"h", 3600000}, {"d", 86400000}};
	int64_t v = 0;
	size_t i = 0;

	while (i < n && i < 9 && s[i] >= '0' && s[i] <= '9')
		v = v * 10 + (s[i++] - '0');
	if (i == 0)
		return false;
	for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++)
		if (strlen(units[k].unit) == n - i &&
		    memcmp(units[k].unit, s + i, n - i) == 0) {
			*ms = v * units[k].ms;
			return *ms <= DURATION_MAX_DAYS * units[5].ms;
		}
	return false;
}

/* "5%", "0.25%" in millionths. */
static bool
parse_share(const char *s, size_t n, uint32_t *ppm)
{
	char text[16];
	char *end;
	double v;

	if (n < 2 || n >= sizeof(text) || s[n - 1] != '%')
		return false;
	memcpy(text, s, n - 1);
	text[n - 1] = '\0';
	if (strspn(text, "0123456789.") != n - 1)
		return false;
	v = strtod(text, &end);
	if (*end != '\0' || v < 0 || v > 100)
		return false;
	*ppm = (uint32_t)(v * (MILLION / 100) + 0.5);
	return true;
}

static bool
parse_status(const char *s, unsigned *status)
{
	if (strspn(s, "0123456789") != 3 || (s[3] != '\0' && s[3] != '-'))
		return false;
	*status =
	    (unsigned)((s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0'));
	return *status >= 400 && *status <= 599;
}

static bool
parse_name(struct plan_fault *x)
{
	const char *name = x->name;

	x->kind = PLAN_INGEST;
	if (strncmp(name, "token-", 6) == 0) {
		x->kind = PLAN_TOKEN;
		name += 6;
	}
	x->action = PLAN_REPLY;
	if (parse_status(name, &x->status))
		return name[3] == '\0' || strcmp(name, "413-timeout") == 0 ||
		       strcmp(name, "413-abort") == 0;
	for (size_t i = 2; i < ACTIONS; i++)
		if (strcmp(actions[i].name, name) == 0) {
			x->action = actions[i].action;
			return true;
		}
	return false;
}

/* NAME=SHARE%[:DURATION] of n bytes. */
static bool
parse_fault(struct plan_fault *x, const char *s, size_t n)
{
	const char *eq = memchr(s, '=', n), *colon;
	size_t len, rest;

	*x = (struct plan_fault){.arg_ms = -1};
	if (eq == NULL || (len = (size_t)(eq - s)) >= sizeof(x->name))
		return false;
	memcpy(x->name, s, len);
	rest = n - len - 1;
	colon = memchr(eq + 1, ':', rest);
	if (colon != NULL) {
		size_t share = (size_t)(colon - eq - 1);

		if (!plan_duration(colon + 1, rest - share - 1, &x->arg_ms))
			return false;
		rest = share;
	}
	return parse_share(eq + 1, rest, &x->ppm) && parse_name(x);
}

bool
plan_seed(struct plan *p, uint64_t seed, const char *text, struct fault *f)
{
	struct plan_fault list[PLAN_FAULTS] = {0};
	uint32_t sum[2] = {0, 0};
	size_t n = 0, len;

	for (; *text != '\0'; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		if (n == PLAN_FAULTS || !parse_fault(&list[n], text, len))
			return fault_set(f, EXIT_BADUSAGE, "bad fault '%.*s'",
			    (int)len, text);
		sum[list[n].kind] += list[n].ppm;
		if (sum[list[n].kind] > MILLION)
			return fault_set(
			    f, EXIT_BADUSAGE, "faults add up to over 100%%");
		n++;
	}
	memcpy(p->fault, list, n * sizeof(list[0]));
	p->nfaults = n;
	p->seed = seed;
	p->draws[0] = p->draws[1] = 0;
	return true;
}

/* splitmix64's output function: well mixed even for neighbouring inputs. */
static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static void
draw(struct plan *p, enum plan_kind kind, struct plan_step *step)
{
	uint64_t n = ++p->draws[kind] * 2 + (uint64_t)kind;
	uint32_t v =
	    (uint32_t)(mix(mix(p->seed) + n * 0x9e3779b97f4a7c15) % MILLION);
	const struct plan_fault *x = p->fault;
	size_t i;

	for (i = 0; i < p->nfaults; i++, x++) {
		if (x->kind != kind)
			continue;
		if (v < x->ppm)
			break;
		v -= x->ppm;
	}
	if (i == p->nfaults)
		return;
	step->action = x->action;
	step->status = x->status;
	memcpy(step->name, x->name, sizeof(x->name));
	if (x->action == PLAN_SERVE)
		step->delay_ms = x->arg_ms >= 0 ? x->arg_ms : SLOW_MS;
	else if (x->action == PLAN_TIMEOUT)
		step->delay_ms = x->arg_ms;
	else if (x->arg_ms >= 0)
		step->retry_after = x->arg_ms / 1000;
	else if (x->status == 429)
		step->retry_after = RETRY_AFTER;
}

static bool
matches(const json_t *item, const char *name, const char *value)
{
	const char *want = json_string_value(json_object_get(item, name));

	return want == NULL || (value != NULL && strcmp(want, value) == 0);
}

static bool
count_down(json_t *item, const char *name)
{
	json_t *n = json_object_get(item, name);
	json_int_t v = json_integer_value(n);

	if (v <= 0)
		return false;
	if (json_object_set_new(item, name, json_integer(v - 1)) != 0)
		sim_oom();
	return true;
}

static int64_t
delay_of(const json_t *item)
{
	const json_t *d = json_object_get(item, "delay");
	const char *s = json_string_value(d);
	int64_t ms = 0;

	if (s != NULL)
		(void)plan_duration(s, strlen(s), &ms); /* checked before */
	return ms;
}

static void
fill(struct plan_step *step, json_t *item)
{
	const char *action = json_string_value(json_object_get(item, "action"));
	const json_t *status = json_object_get(item, "status");

	step->scripted = true;
	step->item = json_incref(item);
	step->action = status != NULL ? PLAN_REPLY : PLAN_SERVE;
	step->status = (unsigned)json_integer_value(status);
	step->after = json_is_true(json_object_get(item, "after"));
	step->delay_ms = delay_of(item);
	(void)snprintf(step->name, sizeof(step->name), "%u", step->status);
	for (size_t i = 0; action != NULL && i < ACTIONS; i++)
		if (strcmp(actions[i].name, action) == 0)
			step->action = actions[i].action;
	if (step->action != PLAN_REPLY)
		(void)snprintf(step->name, sizeof(step->name), "%s",
		    action != NULL ? action : "serve");
	if (step->action == PLAN_TIMEOUT &&
	    json_object_get(item, "delay") == NULL)
		step->delay_ms = -1;
	if (json_is_integer(json_object_get(item, "retry_after")))
		step->retry_after =
		    json_integer_value(json_object_get(item, "retry_after"));
}

void
plan_next(struct plan *p, enum plan_kind kind, const char *rule,
    const char *stream, struct plan_step *step)
{
	size_t i;
	json_t *item;

	*step = (struct plan_step){.retry_after = -1};
	json_array_foreach (p->script, i, item) {
		if (!matches(
			item, "on", kind == PLAN_INGEST ? "ingest" : "token") ||
		    !matches(item, "rule", rule) ||
		    !matches(item, "stream", stream))
			continue;
		if (count_down(item, "skip"))
			continue;
		fill(step, item);
		if (count_down(item, "count") &&
		    json_integer_value(json_object_get(item, "count")) == 0)
			(void)json_array_remove(p->script, i);
		return;
	}
	draw(p, kind, step);
}

static bool
item_ok(const json_t *item)
{
	const char *action = json_string_value(json_object_get(item, "action"));
	const char *on = json_string_value(json_object_get(item, "on"));
	const json_t *status = json_object_get(item, "status");
	const json_t *delay = json_object_get(item, "delay");
	const char *d = json_string_value(delay);
	json_int_t code = json_integer_value(status);
	bool known = action == NULL;
	int64_t ms;

	for (size_t i = 0; action != NULL && i < ACTIONS; i++)
		known = known || strcmp(actions[i].name, action) == 0;
	if (!json_is_object(item) || !known)
		return false;
	if (status != NULL && (code < 200 || code > 599))
		return false;
	if (status == NULL && (action == NULL || strcmp(action, "reply") == 0))
		return false;
	if (on != NULL && strcmp(on, "ingest") != 0 && strcmp(on, "token") != 0)
		return false;
	return delay == NULL || (d != NULL && plan_duration(d, strlen(d), &ms));
}

bool
plan_script(struct plan *p, const json_t *items, struct fault *f)
{
	size_t i;
	json_t *item, *copy;

	json_array_foreach (items, i, item)
		if (!item_ok(item))
			return fault_set(f, EXIT_BADUSAGE,
			    "item %zu of the script is wrong", i);
	if (json_array_size(p->script) + json_array_size(items) >
	    PLAN_SCRIPT_MAX)
		return fault_set(f, EXIT_BADUSAGE, "the script is too long");
	json_array_foreach (items, i, item) {
		copy = json_deep_copy(item);
		if (copy == NULL)
			sim_oom();
		if (json_object_get(copy, "on") == NULL)
			json_object_set_new(copy, "on", sim_text("ingest"));
		if (json_object_get(copy, "count") == NULL)
			json_object_set_new(copy, "count", json_integer(1));
		if (json_array_append_new(p->script, copy) != 0)
			sim_oom();
	}
	return true;
}

void
plan_clear_script(struct plan *p)
{
	(void)json_array_clear(p->script);
}

void
plan_step_free(struct plan_step *step)
{
	json_decref(step->item);
	step->item = NULL;
}
