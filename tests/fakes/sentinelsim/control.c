/* The control API, through which tests steer the simulator; see README.md. */
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "keep.h"
#include "request.h"
#include "rnd.h"
#include "server.h"
#include "sim.h"

/* A command gets the request's JSON (an empty object without a body). */
struct command {
	const char *name;
	bool (*run)(struct sim *sim, const json_t *arg, struct fault *f);
};

static bool
bad(struct fault *f, const char *what)
{
	return fault_set(f, EXIT_BADUSAGE, "%s", what);
}

static bool
run_script(struct sim *sim, const json_t *arg, struct fault *f)
{
	bool ok;

	if (!json_is_array(arg))
		return bad(f, "a script is an array");
	pthread_mutex_lock(&sim->lock);
	ok = plan_script(&sim->plan, arg, f);
	pthread_mutex_unlock(&sim->lock);
	return ok;
}

static bool
run_clear_script(struct sim *sim, const json_t *arg, struct fault *f)
{
	(void)arg;
	(void)f;
	pthread_mutex_lock(&sim->lock);
	plan_clear_script(&sim->plan);
	pthread_mutex_unlock(&sim->lock);
	return true;
}

static bool
run_faults(struct sim *sim, const json_t *arg, struct fault *f)
{
	const char *text = json_string_value(json_object_get(arg, "faults"));
	const json_t *seed = json_object_get(arg, "seed");
	uint64_t value = (uint64_t)json_integer_value(seed);
	bool ok;

	if (text == NULL)
		return bad(f, "faults (a string) is missing");
	pthread_mutex_lock(&sim->lock);
	ok = plan_seed(
	    &sim->plan, seed != NULL ? value : sim->plan.seed, text, f);
	pthread_mutex_unlock(&sim->lock);
	return ok;
}

static bool
run_revoke(struct sim *sim, const json_t *arg, struct fault *f)
{
	(void)arg;
	(void)f;
	pthread_mutex_lock(&sim->lock);
	sim->bearer.generation++;
	pthread_mutex_unlock(&sim->lock);
	return true;
}

static void
replace_secret(struct sim *sim, const char *s)
{
	explicit_bzero(sim->secret, strlen(sim->secret));
	free(sim->secret);
	sim->secret = sim_dup(s, strlen(s));
	sim->secret_expired = false;
}

static bool
run_rotate(struct sim *sim, const json_t *arg, struct fault *f)
{
	const char *s = json_string_value(json_object_get(arg, "secret"));

	if (s == NULL || *s == '\0')
		return bad(f, "secret is missing");
	pthread_mutex_lock(&sim->lock);
	replace_secret(sim, s);
	pthread_mutex_unlock(&sim->lock);
	return true;
}

static bool
run_expire_secret(struct sim *sim, const json_t *arg, struct fault *f)
{
	(void)arg;
	(void)f;
	pthread_mutex_lock(&sim->lock);
	sim->secret_expired = true;
	pthread_mutex_unlock(&sim->lock);
	return true;
}

/* Give or take the role, on the rule named or on all. */
static bool
set_role(struct sim *sim, const json_t *arg, bool granted, struct fault *f)
{
	const char *id = json_string_value(json_object_get(arg, "rule"));
	bool found = id == NULL;

	pthread_mutex_lock(&sim->lock);
	for (size_t i = 0; i < sim->schema.nrules; i++) {
		struct rule *r = sim->schema.rules[i];

		if (id != NULL && strcmp(r->id, id) != 0)
			continue;
		r->granted = granted;
		found = true;
	}
	pthread_mutex_unlock(&sim->lock);
	return found ? true : bad(f, "no such rule");
}

static bool
run_grant(struct sim *sim, const json_t *arg, struct fault *f)
{
	return set_role(sim, arg, true, f);
}

static bool
run_deny(struct sim *sim, const json_t *arg, struct fault *f)
{
	return set_role(sim, arg, false, f);
}

static bool
set_down(struct sim *sim, bool refuse, bool reset, struct fault *f)
{
	if (!server_refuse(sim->server, refuse))
		return bad(f, "cannot listen again");
	pthread_mutex_lock(&sim->lock);
	sim->down = reset;
	pthread_mutex_unlock(&sim->lock);
	return true;
}

static bool
run_down(struct sim *sim, const json_t *arg, struct fault *f)
{
	const char *mode = json_string_value(json_object_get(arg, "mode"));

	if (mode == NULL || strcmp(mode, "reset") == 0)
		return set_down(sim, false, true, f);
	if (strcmp(mode, "refuse") == 0)
		return set_down(sim, true, true, f);
	return bad(f, "mode is reset or refuse");
}

static bool
run_up(struct sim *sim, const json_t *arg, struct fault *f)
{
	(void)arg;
	return set_down(sim, false, false, f);
}

static bool
set_hold(struct sim *sim, bool hold)
{
	pthread_mutex_lock(&sim->lock);
	sim->hold = hold;
	(void)pthread_cond_broadcast(&sim->wake);
	pthread_mutex_unlock(&sim->lock);
	return true;
}

static bool
run_hold(struct sim *sim, const json_t *arg, struct fault *f)
{
	(void)arg;
	(void)f;
	return set_hold(sim, true);
}

static bool
run_release(struct sim *sim, const json_t *arg, struct fault *f)
{
	(void)arg;
	(void)f;
	return set_hold(sim, false);
}

static bool
run_poison(struct sim *sim, const json_t *arg, struct fault *f)
{
	json_t *list = json_object_get(arg, "contains"), *s, *old;
	size_t i;

	list =
	    json_is_array(list) ? json_deep_copy(list) : json_pack("[O]", list);
	json_array_foreach (list, i, s)
		if (json_string_length(s) == 0) {
			json_decref(list);
			return bad(
			    f, "contains is a string, or a list of such");
		}
	if (list == NULL)
		return bad(f, "contains is missing");
	/* A new array each time: requests may still read the old one. */
	pthread_mutex_lock(&sim->lock);
	old = sim->poison;
	sim->poison = list;
	pthread_mutex_unlock(&sim->lock);
	json_decref(old);
	return true;
}

static bool
run_clock(struct sim *sim, const json_t *arg, struct fault *f)
{
	const char *s = json_string_value(json_object_get(arg, "advance"));
	int64_t ms;

	if (s == NULL || !plan_duration(s, strlen(s), &ms))
		return bad(f, "advance is a duration such as 90s or 2h");
	pthread_mutex_lock(&sim->lock);
	sim->clock_offset += ms;
	pthread_mutex_unlock(&sim->lock);
	return true;
}

static bool
run_limits(struct sim *sim, const json_t *arg, struct fault *f)
{
	const json_t *n = json_object_get(arg, "requests");
	const json_t *bytes = json_object_get(arg, "bytes");
	const char *w = json_string_value(json_object_get(arg, "window"));
	int64_t ms = 60000;

	if (w != NULL && (!plan_duration(w, strlen(w), &ms) || ms == 0))
		return bad(f, "window is a duration");
	if (json_integer_value(n) < 0 || json_integer_value(bytes) < 0)
		return bad(f, "limits are numbers; 0: none");
	pthread_mutex_lock(&sim->lock);
	sim->opt.limits =
	    (struct window_limits){.requests = (uint64_t)json_integer_value(n),
		.bytes = (uint64_t)json_integer_value(bytes),
		.length_ms = ms};
	for (size_t i = 0; i < sim->schema.nrules; i++)
		sim->schema.rules[i]->window = (struct window){0};
	pthread_mutex_unlock(&sim->lock);
	return true;
}

/* Back to how it started, rows and counters forgotten; tokens stay good. */
static bool
run_reset(struct sim *sim, const json_t *arg, struct fault *f)
{
	struct stats old, fresh;
	json_t *poison;
	bool ok;

	(void)arg;
	if (!set_down(sim, false, false, f) || !set_hold(sim, false))
		return false;
	stats_init(&fresh);
	pthread_mutex_lock(&sim->lock);
	old = sim->stats;
	fresh.in_flight = fresh.in_flight_max = old.in_flight;
	fresh.held = old.held;
	sim->stats = fresh;
	stats_free(&old);
	plan_clear_script(&sim->plan);
	ok = plan_seed(&sim->plan, sim->opt.fault_seed, sim->opt.faults, f);
	replace_secret(sim, sim->opt.secret);
	poison = sim->poison;
	sim->poison = json_array();
	sim->clock_offset = sim->start_offset;
	sim->opt.limits = sim->start_limits;
	for (size_t i = 0; i < sim->schema.nrules; i++) {
		sim->schema.rules[i]->window = (struct window){0};
		sim->schema.rules[i]->granted =
		    sim->schema.rules[i]->granted_at_start;
	}
	for (size_t i = 0; i < sim->schema.ntables; i++) {
		tally_free(&sim->schema.tables[i]->tally);
		tally_init(&sim->schema.tables[i]->tally);
	}
	pthread_mutex_unlock(&sim->lock);
	json_decref(poison);
	keep_truncate(&sim->schema);
	return ok;
}

static const struct command commands[] = {
    {"script", run_script},
    {"clear-script", run_clear_script},
    {"faults", run_faults},
    {"revoke-tokens", run_revoke},
    {"rotate-secret", run_rotate},
    {"expire-secret", run_expire_secret},
    {"grant", run_grant},
    {"deny", run_deny},
    {"down", run_down},
    {"up", run_up},
    {"hold", run_hold},
    {"release", run_release},
    {"400-on", run_poison},
    {"clock", run_clock},
    {"limits", run_limits},
    {"reset", run_reset},
};

static void
status_page(struct request *q)
{
	struct sim *sim = q->sim;
	json_t *o, *tables = json_object(), *rules = json_object();
	char now[SIM_TIME_MAX];

	sim_time(now, sim_now_ms(sim));
	pthread_mutex_lock(&sim->lock);
	o = stats_json(&sim->stats);
	for (size_t i = 0; i < sim->schema.ntables; i++)
		(void)json_object_set_new(tables, sim->schema.tables[i]->name,
		    tally_json(&sim->schema.tables[i]->tally));
	for (size_t i = 0; i < sim->schema.nrules; i++)
		(void)json_object_set_new(rules, sim->schema.rules[i]->id,
		    json_pack("{s:b, s:i}", "granted",
			sim->schema.rules[i]->granted, "streams",
			(int)sim->schema.rules[i]->nstreams));
	(void)json_object_set_new(
	    o, "fault_seed", json_integer((json_int_t)sim->plan.seed));
	(void)json_object_set_new(o, "script_left",
	    json_integer((json_int_t)json_array_size(sim->plan.script)));
	(void)json_object_set_new(o, "limits",
	    json_pack("{s:I, s:I, s:I}", "requests",
		(json_int_t)sim->opt.limits.requests, "bytes",
		(json_int_t)sim->opt.limits.bytes, "window",
		(json_int_t)(sim->opt.limits.length_ms / 1000)));
	pthread_mutex_unlock(&sim->lock);
	(void)json_object_set_new(o, "now", sim_text(now));
	(void)json_object_set_new(o, "rules", rules);
	(void)json_object_set_new(o, "tables", tables);
	reply_json(&q->reply, 200, o);
}

static void
run_command(struct request *q, const struct command *c)
{
	struct fault f = {0};
	json_t *arg;

	arg = q->body.len > 0 ? json_loadb(q->body.p, q->body.len, 0, NULL)
			      : json_object();
	if (arg == NULL || q->too_long)
		(void)bad(&f, "the body is no JSON");
	if (f.text[0] != '\0' || !c->run(q->sim, arg, &f))
		reply_error(&q->reply, 400, "BadCommand", "%s", f.text);
	else
		q->reply.status = 204;
	json_decref(arg);
}

void
control_serve(struct request *q)
{
	bool get = strcmp(q->method, "GET") == 0;

	if (target_is(&q->target, "/_status") && get) {
		status_page(q);
		return;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(q->method, "POST") == 0 && q->target.segments == 2 &&
		    strcmp(q->target.segment[1], commands[i].name) == 0) {
			run_command(q, &commands[i]);
			return;
		}
	reply_error(&q->reply, 404, "NotFound", "No such command.");
}
