/*
 * s3fetch: object lines become chunks of the objects' bytes.  Options and
 * wiring; the work is in fetch.c.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "envwipe.h"
#include "fetch.h"
#include "helpers.h"
#include "log.h"
#include "opt.h"
#include "out.h"
#include "stop.h"
#include "tell.h"
#include "version.h"

enum { AGENT_MAX = 64 };

struct options {
	struct s3_options store;
	struct opt_common common;
	int64_t jobs, memory, max_ratio;
	bool raw;
	const char *save;
};

/* All that is set up before the loop and freed after it. */
struct program {
	struct options o;
	struct input in;
	struct transfer_setup setup;
	struct fetch fetch;
	struct helpers helpers;
};

static struct program program;

static int
parse(struct options *o, int argc, char *argv[])
{
	const int64_t memory_min = 24 << 20, memory_max = (int64_t)1 << 40;
	const struct opt opts[] = {
	    {"jobs", "N", OPT_NUMBER, &o->jobs, 1, FETCH_JOBS_MAX,
		"objects on their way at once (16)"},
	    {"memory", "SIZE", OPT_SIZE, &o->memory, memory_min, memory_max,
		"use at most this much memory (64M)"},
	    {"raw", NULL, OPT_FLAG, &o->raw, 0, 0,
		"write the bytes as they are stored, not decoded"},
	    {"save", "DIR", OPT_TEXT, &o->save, 0, 0,
		"write the stored bytes to DIR/bucket/key instead"},
	    {"max-ratio", "N", OPT_NUMBER, &o->max_ratio, 1, INT64_MAX,
		"refuse what decodes to over N times its size (1000)"},
	    S3_OPTIONS(&o->store),
	};
	const struct opt_spec spec = {.prog = "s3fetch",
	    .operands = "[s3://BUCKET/KEY ...]",
	    .about = "Fetch the objects that object lines name, as chunks of "
		     "their bytes.",
	    .opts = opts,
	    .n = sizeof(opts) / sizeof(*opts)};
	struct object object = {0};
	struct fault f = {0};
	const char *why;
	int first;

	o->jobs = FETCH_JOBS;
	o->memory = 64 << 20;
	o->max_ratio = UNPACK_RATIO;
	first = opt_parse(&spec, &o->common, argc, argv);
	if (o->raw && o->save != NULL)
		opt_die(&spec, "--raw and --save exclude each other");
	for (int i = first; i < argc; i++) {
		if (object_from_url(&object, argv[i], strlen(argv[i]), &why))
			continue;
		(void)fault_set(&f, EXIT_BADUSAGE,
		    "'%.200s' cannot be fetched: %s", argv[i], why);
		(void)fault_hint(&f,
		    "an object is s3://BUCKET/KEY; all below a prefix are "
		    "'s3list s3://BUCKET/PREFIX | s3fetch'");
		opt_fault(&spec, &f);
	}
	object_free(&object);
	return first;
}

static bool
set_up(struct program *p, struct fault *f)
{
	const struct options *o = &p->o;
	char agent[AGENT_MAX];
	const struct http_options http = {.ca_file = aws_ca_bundle(),
	    .user_agent = agent,
	    .connections = (unsigned)o->jobs,
	    .names = p->helpers.names};
	struct sandbox box = {.kind = SANDBOX_CLIENT};
	const struct fetch_options fetch = {.jobs = (unsigned)o->jobs,
	    .memory = (uint64_t)o->memory,
	    .give_up_ms = o->common.give_up_ms,
	    .stop_within_ms = o->common.stop_within_ms,
	    .any_endpoint = o->store.endpoint != NULL};

	(void)snprintf(agent, sizeof(agent), "logbridge/%s s3fetch", version);
	p->setup.raw = o->raw;
	p->setup.unpack.max_ratio = (uint64_t)o->max_ratio;
	if (!fetch_init(&p->fetch, &fetch, &p->setup, &p->in, f))
		return false;
	p->setup.s3 = s3_new(&o->store, f);
	if (p->setup.s3 == NULL)
		return false;
	p->setup.http = http_new(&http, f);
	if (p->setup.http == NULL)
		return false;
	http_ports(p->setup.http, &box);
	http_port(s3_endpoint_given(p->setup.s3), &box);
	return sandbox_close(&box, f);
}

/* The processes that do what we shall not be able to. */
static bool
start_helpers(struct program *p, struct fault *f)
{
	helpers_init(&p->helpers);
	tell_init(&p->o.common, p->helpers.files);
	if (p->o.save != NULL) {
		if (!save_serve(p->helpers.files, p->o.save, f))
			return false;
		p->setup.saver = p->helpers.files;
	}
	return helpers_start(&p->helpers, f);
}

static void
write_done(const struct program *p, int code)
{
	const struct transfer_totals *t = &p->setup.totals;
	struct buf totals = BUF_INIT(1024);

	buf_addf(&totals,
	    "\"objects\":%llu,\"bytes\":%llu,\"stored_bytes\":%llu,"
	    "\"errors\":%llu",
	    (unsigned long long)t->objects, (unsigned long long)t->bytes,
	    (unsigned long long)t->stored_bytes, (unsigned long long)t->errors);
	wire_done(out_buf(), "s3fetch", code, totals.p);
	out_line();
	buf_clear(&totals);
}

static int
code_so_far(void)
{
	return fetch_code(&program.fetch);
}

int
main(int argc, char *argv[])
{
	struct program *p = &program;
	struct fault f = {0};
	int first, code;

	out_init();
	env_wipe(ENV_KEEP_AWS | ENV_KEEP_PROXY);
	first = parse(&p->o, argc, argv);
	stop_init();
	out_leave_within(p->o.common.stop_within_ms, code_so_far);
	input_init(
	    &p->in, argv + first, (size_t)(argc - first), p->o.save != NULL);
	if (start_helpers(p, &f) && set_up(p, &f)) {
		code = fetch_run(&p->fetch);
	} else {
		log_fault(&f);
		code = (int)f.code;
	}
	if (!tell_end(&p->fetch, &f)) {
		log_fault(&f);
		code = exitcode_worse(code, EXIT_IO);
	}
	write_done(p, code);
	out_finish();
	fetch_free(&p->fetch);
	http_free(p->setup.http);
	s3_free(p->setup.s3);
	input_free(&p->in);
	helpers_free(&p->helpers);
	return code;
}
