/* The rules of scripted and seeded misbehaviour. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/s3/s3uri.h"
#include "log.h"
#include "script.h"
#include "sim.h"
#include "skip.h"

enum { RULES_MAX = 1024 };

struct rule {
	unsigned number;
	json_t *source;
	char op[32];     /* "" any */
	char bucket[64]; /* "" any */
	struct buf key;  /* whole key or prefix, raw bytes */
	bool whole, prefix;
	int64_t times; /* matches left, -1 for ever */
	int64_t after; /* matches to let pass first */
	double chance;
	uint64_t seed;
	struct skip seen; /* tries by key, for the seeded chance */
	int64_t hits;
	struct mischief does;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct rule *rules[RULES_MAX];
static size_t rule_count;
static unsigned last_number;

void
mischief_none(struct mischief *m)
{
	*m = (struct mischief){.retry_after = -1,
	    .cut_after = -1,
	    .stall_after = -1,
	    .flip_at = -1};
}

bool
mischief_in_body(const struct mischief *m)
{
	return m->cut_after >= 0 || m->stall_after >= 0 || m->length_add != 0 ||
	       m->drip_bytes > 0 || m->flip_at >= 0;
}

static void
rule_free(struct rule *rule)
{
	if (rule == NULL)
		return;
	json_decref(rule->source);
	buf_clear(&rule->key);
	skip_clear(&rule->seen, NULL);
	free(rule);
}

/* Names that stand for what S3 answers under load, or when it refuses. */
static bool
set_action(struct rule *rule, const char *action)
{
	struct mischief *m = &rule->does;
	static const struct {
		const char *action, *code;
	} errors[] = {
	    {"slowdown", "SlowDown"},
	    {"internal", "InternalError"},
	    {"denied", "AccessDenied"},
	    {"missing", "NoSuchKey"},
	    {"unavailable", "ServiceUnavailable"},
	    {"expired", "ExpiredToken"},
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(action, errors[i].action) == 0) {
			(void)snprintf(
			    m->code, sizeof(m->code), "%s", errors[i].code);
			return true;
		}
	if (strcmp(action, "reset") == 0)
		m->reset = true;
	else if (strcmp(action, "close") == 0)
		m->close = true;
	else if (strcmp(action, "replace") == 0)
		m->replace = true;
	else
		return false;
	return true;
}

static bool
get_int(const json_t *j, const char *name, int64_t *n, const char **why)
{
	const json_t *v = json_object_get(j, name);

	if (v == NULL)
		return true;
	if (!json_is_integer(v)) {
		*why = "a member that must be an integer is none";
		return false;
	}
	*n = json_integer_value(v);
	return true;
}

static bool
get_text(
    const json_t *j, const char *name, char *out, size_t size, const char **why)
{
	const char *s = json_string_value(json_object_get(j, name));

	if (json_object_get(j, name) == NULL)
		return true;
	if (s == NULL || strlen(s) >= size) {
		*why = "a member that must be a string is none, or too long";
		return false;
	}
	(void)snprintf(out, size, "%s", s);
	return true;
}

/* Which requests: op, bucket, key or prefix (percent-encoded), how often. */
static bool
parse_match(struct rule *rule, const json_t *j, const char **why)
{
	const json_t *key = json_object_get(j, "key");
	const json_t *prefix = json_object_get(j, "prefix");
	const char *text = json_string_value(key != NULL ? key : prefix);
	int64_t seed = 0;

	rule->whole = key != NULL;
	rule->prefix = prefix != NULL;
	if ((rule->whole || rule->prefix) &&
	    (text == NULL ||
		!s3uri_decode(&rule->key, text, strlen(text), false))) {
		*why = "key or prefix is no percent-encoded string";
		return false;
	}
	if (json_object_get(j, "chance") != NULL)
		rule->chance = json_number_value(json_object_get(j, "chance"));
	if (!get_int(j, "seed", &seed, why))
		return false;
	rule->seed = (uint64_t)seed;
	return get_text(j, "op", rule->op, sizeof(rule->op), why) &&
	       get_text(j, "bucket", rule->bucket, sizeof(rule->bucket), why) &&
	       get_int(j, "times", &rule->times, why) &&
	       get_int(j, "after", &rule->after, why);
}

/* What happens to them. */
static bool
parse_does(struct rule *rule, const json_t *j, const char **why)
{
	struct mischief *m = &rule->does;
	int64_t status = 0, retry_after = -1;
	char action[32] = "";

	if (!get_text(j, "action", action, sizeof(action), why) ||
	    !get_text(j, "code", m->code, sizeof(m->code), why) ||
	    !get_text(j, "message", m->message, sizeof(m->message), why) ||
	    !get_int(j, "status", &status, why) ||
	    !get_int(j, "retry_after", &retry_after, why) ||
	    !get_int(j, "delay_ms", &m->delay_ms, why) ||
	    !get_int(j, "cut_after", &m->cut_after, why) ||
	    !get_int(j, "stall_after", &m->stall_after, why) ||
	    !get_int(j, "length_add", &m->length_add, why) ||
	    !get_int(j, "drip_bytes", &m->drip_bytes, why) ||
	    !get_int(j, "drip_ms", &m->drip_ms, why) ||
	    !get_int(j, "flip_at", &m->flip_at, why))
		return false;
	m->cut_reset = json_is_true(json_object_get(j, "cut_reset"));
	if (action[0] != '\0' && !set_action(rule, action)) {
		*why = "unknown action";
		return false;
	}
	if (status != 0 && (status < 200 || status > 599)) {
		*why = "status is not from 200 to 599";
		return false;
	}
	m->status = (unsigned)status;
	m->retry_after = (int)retry_after;
	if (m->status != 0 && m->code[0] == '\0')
		(void)snprintf(m->code, sizeof(m->code), "InternalError");
	return true;
}

/* A misspelt member would make a test pass that tests nothing. */
static bool
known_members(const json_t *j)
{
	static const char *const names[] = {"op", "bucket", "key", "prefix",
	    "times", "after", "chance", "seed", "action", "code", "message",
	    "status", "retry_after", "delay_ms", "cut_after", "cut_reset",
	    "stall_after", "length_add", "drip_bytes", "drip_ms", "flip_at"};
	size_t known = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		known += json_object_get(j, names[i]) != NULL;
	return known == json_object_size(j);
}

unsigned
script_add(const json_t *j, const char **why)
{
	struct rule *rule = calloc(1, sizeof(*rule));
	unsigned number = 0;

	if (rule == NULL)
		log_oom();
	*why = "the rule is no object, or has a member of an unknown name";
	rule->key = (struct buf)BUF_INIT(STORE_KEY_MAX);
	rule->times = 1;
	rule->chance = 1;
	mischief_none(&rule->does);
	if (json_is_object(j) && known_members(j) &&
	    parse_match(rule, j, why) && parse_does(rule, j, why)) {
		*why = "too many rules";
		pthread_mutex_lock(&lock);
		if (rule_count < RULES_MAX) {
			number = rule->number = ++last_number;
			rule->does.rule = number;
			rule->source = json_deep_copy(j);
			rules[rule_count++] = rule;
			rule = NULL;
		}
		pthread_mutex_unlock(&lock);
	}
	rule_free(rule);
	return number;
}

json_t *
script_show(void)
{
	json_t *all = json_array(), *one;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < rule_count; i++) {
		one = json_deep_copy(rules[i]->source);
		json_object_set_new(
		    one, "id", json_integer((json_int_t)rules[i]->number));
		json_object_set_new(
		    one, "hits", json_integer((json_int_t)rules[i]->hits));
		json_object_set_new(
		    one, "left", json_integer((json_int_t)rules[i]->times));
		json_array_append_new(all, one);
	}
	pthread_mutex_unlock(&lock);
	return all;
}

void
script_clear(void)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < rule_count; i++)
		rule_free(rules[i]);
	rule_count = 0;
	pthread_mutex_unlock(&lock);
}

static bool
matches(const struct rule *rule, const struct request *r)
{
	if (rule->times == 0)
		return false;
	if (rule->op[0] != '\0' && strcmp(rule->op, op_name(r->op)) != 0)
		return false;
	if (rule->bucket[0] != '\0' && strcmp(rule->bucket, r->bucket) != 0)
		return false;
	if (rule->whole)
		return skip_order(rule->key.p, rule->key.len, r->key.p,
			   r->key.len) == 0;
	if (rule->prefix && rule->key.len > 0)
		return r->key.len >= rule->key.len &&
		       memcmp(r->key.p, rule->key.p, rule->key.len) == 0;
	return true;
}

/*
 * The chance of a rule, drawn from its seed, the key and how often that key
 * was asked for: so the order in which parallel requests arrive changes
 * nothing.
 */
static bool
drawn(struct rule *rule, const struct request *r)
{
	struct skip_node *node;
	uint64_t x = rule->seed + 0x9e3779b97f4a7c15ULL;

	if (rule->chance >= 1)
		return true;
	node = skip_put(&rule->seen, r->key.p, r->key.len);
	node->value = (void *)((uintptr_t)node->value + 1);
	for (size_t i = 0; i < r->key.len; i++)
		x = (x ^ (unsigned char)r->key.p[i]) * 0x100000001b3ULL;
	x += (uint64_t)(uintptr_t)node->value * 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	x ^= x >> 31;
	return (double)(x >> 11) / 9007199254740992.0 < rule->chance;
}

void
script_judge(const struct request *r, struct mischief *m)
{
	mischief_none(m);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < rule_count && m->rule == 0; i++) {
		struct rule *rule = rules[i];

		if (!matches(rule, r) || !drawn(rule, r))
			continue;
		if (rule->after > 0) {
			rule->after--;
			continue;
		}
		if (rule->times > 0)
			rule->times--;
		rule->hits++;
		*m = rule->does;
	}
	pthread_mutex_unlock(&lock);
}
