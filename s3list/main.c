/* s3list: which objects there are, as object lines. */
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "envwipe.h"
#include "log.h"
#include "out.h"
#include "run.h"
#include "show.h"
#include "stop.h"

static struct run_options options = {.name = "default",
    .since_ms = INT64_MIN,
    .until_ms = INT64_MAX,
    .shards = 1};
static int64_t jobs = 4;
static const char *shard, *forget;
static struct opt_list include, exclude;
static bool show;

static const struct opt table[] = {
    S3_OPTIONS(&options.s3),
    {"state", "FILE", OPT_TEXT, &options.state_file, 0, 0,
	"leave out what this state file says is settled"},
    {"name", "NAME", OPT_TEXT, &options.name, 0, 0,
	"the pipeline's name in it (default)"},
    {"since", "T", OPT_TIME, &options.since_ms, 0, 0,
	"objects modified at this time or later"},
    {"until", "T", OPT_TIME, &options.until_ms, 0, 0,
	"objects modified before this time"},
    {"start-after", "K", OPT_TEXT, &options.start_after, 0, 0,
	"keys that sort after this one"},
    {"include", "GLOB", OPT_LIST, &include, 0, 0,
	"keys that match; may repeat: one of them"},
    {"exclude", "GLOB", OPT_LIST, &exclude, 0, 0,
	"but none that match this; may repeat"},
    {"shard", "I/N", OPT_TEXT, &shard, 0, 0,
	"every N-th key by its hash, I from 0"},
    {"jobs", "N", OPT_NUMBER, &jobs, 1, RUN_JOBS_MAX,
	"prefixes listed side by side (4)"},
    {"show", NULL, OPT_FLAG, &show, 0, 0,
	"show what is in the state and not settled"},
    {"forget", "GLOB", OPT_TEXT, &forget, 0, 0,
	"free failed and quarantined keys that match"},
};

static const struct opt_spec spec = {"s3list", "s3://BUCKET/PREFIX ...",
    "List the objects of S3 buckets as lines of JSON.", table,
    sizeof(table) / sizeof(table[0])};

static void
check_globs(const char *option, const struct opt_list *list)
{
	const char *why;

	for (size_t i = 0; i < list->n; i++)
		if (!glob_check(list->v[i], &why))
			opt_die(
			    &spec, "--%s '%s': %s", option, list->v[i], why);
}

/* Does one prefix lie inside the other?  Then objects would come twice. */
static bool
overlap(const struct s3_url *a, const struct s3_url *b)
{
	size_t n = a->key_len < b->key_len ? a->key_len : b->key_len;

	return strcmp(a->bucket, b->bucket) == 0 &&
	       memcmp(a->key, b->key, n) == 0;
}

static struct s3_url *
parse_operands(char *argv[], size_t n)
{
	struct s3_url *urls = calloc(n + 1, sizeof(*urls));
	struct fault f = {0};

	if (urls == NULL)
		log_oom();
	for (size_t i = 0; i < n; i++) {
		if (!s3_url_parse(&urls[i], argv[i], strlen(argv[i]), &f))
			opt_fault(&spec, &f);
		for (size_t k = 0; k < i; k++)
			if (overlap(&urls[k], &urls[i]))
				opt_die(&spec,
				    "'%s' and '%s' overlap: objects would be "
				    "listed twice",
				    argv[k], argv[i]);
	}
	return urls;
}

static _Noreturn void
bad_shard(void)
{
	struct fault f = {0};

	(void)fault_set(&f, EXIT_BADUSAGE,
	    "--shard takes I/N with I from 0 to N-1, not '%s'", shard);
	(void)fault_hint(&f, "four of them are 0/4, 1/4, 2/4 and 3/4");
	opt_fault(&spec, &f);
}

static void
check(size_t operands)
{
	if (shard != NULL &&
	    !choose_shard_parse(shard, &options.shard, &options.shards))
		bad_shard();
	check_globs("include", &include);
	check_globs("exclude", &exclude);
	if (options.since_ms >= options.until_ms)
		opt_die(&spec, "--since is not before --until");
	if (options.state_file != NULL && options.state_file[0] == '\0')
		opt_die(&spec, "--state takes a file, not ''");
	if (show && forget != NULL)
		opt_die(&spec, "--show and --forget do not go together");
	if ((show || forget != NULL) && options.state_file == NULL)
		opt_die(&spec, "--show and --forget need --state");
	if (forget != NULL)
		check_globs("forget", &(struct opt_list){&forget, 1});
	if (operands == 0 && !show && forget == NULL)
		opt_die(&spec, "what is to be listed? give s3://BUCKET/PREFIX");
	if (options.name[0] == '\0' || strlen(options.name) > STATE_TEXT_MAX)
		opt_die(&spec, "--name takes 1 to %d bytes", STATE_TEXT_MAX);
}

int
main(int argc, char *argv[])
{
	struct s3_url *urls;
	int first, code;

	out_init();
	env_wipe(ENV_KEEP_AWS | ENV_KEEP_PROXY);
	first = opt_parse(&spec, &options.common, argc, argv);
	check((size_t)(argc - first));
	urls = parse_operands(argv + first, (size_t)(argc - first));
	options.urls = urls;
	options.nurls = (size_t)(argc - first);
	options.jobs = (unsigned)jobs;
	options.has_since = options.since_ms != INT64_MIN;
	options.globs =
	    (struct glob_rules){include.v, include.n, exclude.v, exclude.n};
	stop_init();
	code = show             ? show_run(&options)
	       : forget != NULL ? show_forget(&options, forget)
				: run_list(&options);
	free(urls);
	free(include.v);
	free(exclude.v);
	return code;
}
