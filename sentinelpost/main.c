/* sentinelpost: rows to Azure Monitor's Logs Ingestion API, receipts out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "envwipe.h"
#include "log.h"
#include "opt.h"
#include "out.h"
#include "run.h"
#include "stop.h"

enum {
	LINGER_MS = 5000, /* data shows in the workspace minutes later */
	LINGER_MAX_MS = 300000,
	MAX_DEAD = 1000 /* design.md, Promise 3 */
};

static struct config config = {
    .linger_ms = LINGER_MS, .max_dead = MAX_DEAD, .level = PACK_DEFAULT};
static const char *endpoint, *limit, *compress, *missing, *oversize;
static struct opt_list rules, streams;
static int64_t jobs = POST_JOBS;
static bool bare;

static const struct opt options[] = {
    {"endpoint", "URL", OPT_TEXT, &endpoint, 0, 0,
	"the logs ingestion endpoint"},
    {"rule", "dcr-ID", OPT_LIST, &rules, 0, 0,
	"immutable id of the data collection rule; may repeat"},
    {"stream", "TABLE=NAME", OPT_LIST, &streams, 0, 0,
	"the stream of a table (Custom-TABLE)"},
    {"dead-letter", "FILE", OPT_TEXT, &config.dead_letter, 0, 0,
	"keep what will never be taken in FILE"},
    {"max-dead", "N", OPT_NUMBER, &config.max_dead, 0, INT64_MAX,
	"stop after N dead records in a row (1000; 0: never)"},
    {"jobs", "N", OPT_NUMBER, &jobs, 1, POST_JOBS_MAX, "requests at once (8)"},
    {"linger", "D", OPT_DURATION, &config.linger_ms, 0, LINGER_MAX_MS,
	"send a request that is not full after this time (5s)"},
    {"limit", "documented", OPT_TEXT, &limit, 0, 0,
	"which limit of a request counts (documented: 1 MB of rows)"},
    {"compress", "LEVEL|fast", OPT_TEXT, &compress, 0, 0,
	"gzip level 1 to 12, 0 for none, fast for least CPU (6)"},
    {"missing", "fail|filtered", OPT_TEXT, &missing, 0, 0,
	"what rows are that a mark counts and that did not come (fail)"},
    {"oversize", "dead", OPT_TEXT, &oversize, 0, 0,
	"what becomes of a row over the limit (dead: set aside)"},
    {"dry-run", NULL, OPT_FLAG, &config.dry_run, 0, 0,
	"send nothing; print requests, rows and bytes per table"},
    {"ca", "FILE", OPT_TEXT, &config.ca_file, 0, 0,
	"trust the certificates in FILE instead of the system's"},
    {"bare", NULL, OPT_FLAG, &bare, 0, 0,
	"each line is a row for the one --stream NAME"},
};

static const struct opt_spec spec = {"sentinelpost", NULL,
    "Send rows to Microsoft Sentinel (Azure Monitor Logs Ingestion API) and "
    "write receipts.",
    options, sizeof(options) / sizeof(options[0])};

/* End for a fault of the settings, before anything is read. */
static _Noreturn void
die(const struct fault *f)
{
	if (f->code == EXIT_BADUSAGE)
		opt_fault(&spec, f);
	log_fault(f);
	wire_done(out_buf(), spec.prog, (int)f->code, NULL);
	out_line();
	out_finish();
	exit((int)f->code);
}

static void
need(const char *name, const char *value, const char *allowed)
{
	if (value != NULL && strcmp(value, allowed) != 0)
		opt_die(&spec, "--%s takes %s, not '%s'", name, allowed, value);
}

static int
read_level(const char *s)
{
	char *end;
	long level;

	if (s == NULL)
		return PACK_DEFAULT;
	if (strcmp(s, "fast") == 0)
		return PACK_FAST;
	level = strtol(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || level > PACK_MAX)
		opt_die(&spec, "--compress takes 0 to %d or fast, not '%s'",
		    (int)PACK_MAX, s);
	return (int)level;
}

static _Noreturn void
bare_stream(void)
{
	struct fault f = {0};

	(void)fault_set(
	    &f, EXIT_BADUSAGE, "--bare goes with one --stream NAME");
	(void)fault_hint(&f,
	    "rows alone do not say where they go: --bare --stream "
	    "Custom-TABLE_CL");
	opt_fault(&spec, &f);
}

/* The stream of --bare, and the table that stands for it. */
static void
read_bare(struct fault *f)
{
	char map[2 * TARGET_NAME_MAX + 2];
	const char *name, *table;

	if (streams.n != 1)
		bare_stream();
	name = table = streams.v[0];
	if (strncmp(table, "Custom-", 7) == 0)
		table += 7;
	if (!target_name(name, strlen(name)) ||
	    !target_name(table, strlen(table)))
		opt_die(&spec, "with --bare, --stream takes a name, not '%s'",
		    name);
	(void)snprintf(map, sizeof(map), "%s=%s", table, name);
	if (!target_map(&config.target, map, f))
		die(f);
	config.bare = name;
}

static _Noreturn void
missing_option(const char *option, const char *variable, const char *property)
{
	struct fault f = {0};

	(void)fault_set(&f, EXIT_BADUSAGE, "--%s is missing", option);
	(void)fault_hint(&f,
	    "give it or set %s: %s of the data collection rule "
	    "('az monitor data-collection rule show')",
	    variable, property);
	opt_fault(&spec, &f);
}

static void
read_target(void)
{
	struct target *t = &config.target;
	const char *rule = getenv("LOGBRIDGE_SENTINEL_RULE");
	struct fault f = {0};

	if (bare)
		read_bare(&f);
	for (size_t i = 0; i < streams.n && !bare; i++)
		if (!target_map(t, streams.v[i], &f))
			die(&f);
	if (endpoint == NULL)
		endpoint = getenv("LOGBRIDGE_SENTINEL_ENDPOINT");
	for (size_t i = 0; i < rules.n; i++)
		if (!target_rule(t, rules.v[i], &f))
			die(&f);
	if (rules.n == 0 && rule != NULL && rule[0] != '\0' &&
	    !target_rule(t, rule, &f))
		die(&f);
	if (endpoint != NULL && endpoint[0] != '\0') {
		if (!target_endpoint(t, endpoint, &f) ||
		    !target_authority(t, getenv("AZURE_AUTHORITY_HOST"), &f))
			die(&f);
	} else if (!config.dry_run) {
		missing_option("endpoint", "LOGBRIDGE_SENTINEL_ENDPOINT",
		    "properties.endpoints.logsIngestion");
	}
	if (t->nrules == 0 && !config.dry_run)
		missing_option("rule", "LOGBRIDGE_SENTINEL_RULE",
		    "properties.immutableId");
	target_done(t);
}

int
main(int argc, char *argv[])
{
	struct opt_common common;
	int code;

	out_init();
	env_wipe(ENV_KEEP_AZURE | ENV_KEEP_PROXY);
	stop_init();
	(void)opt_parse(&spec, &common, argc, argv);
	need("limit", limit, "documented");
	need("oversize", oversize, "dead");
	if (missing != NULL && strcmp(missing, "fail") != 0)
		need("missing", missing, "filtered");
	config.missing_filtered =
	    missing != NULL && strcmp(missing, "filtered") == 0;
	config.level = read_level(compress);
	config.jobs = (unsigned)jobs;
	config.give_up_ms = common.give_up_ms;
	config.stop_within_ms = common.stop_within_ms;
	config.metrics = common.metrics;
	config.progress = common.progress;
	read_target();
	code = run(&config);
	target_free(&config.target);
	free(rules.v);
	free(streams.v);
	return code;
}
