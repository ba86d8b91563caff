/*
 * Torture: runs a filter on a small input with the 1st, 2nd, 3rd .. call of
 * each class failing in turn, until none is left to fail, and judges each run
 * (judge.c).  tests/faults/torture.sh has the scenes; a run that is wrong is
 * named by --only, which runs it alone and shows what it says.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"

enum {
	FOR_EVER = -1,
	SHOWN_MAX = 20,
	LINES_SHOWN = 3,
	WIDTH = 200,
	SLOW_MS = 1000
};

static const struct mode {
	const char *name;
	enum failnth_class class;
	enum failnth_how how;
	int err;
	int64_t count; /* how many in a row fail */
} modes[] = {
    {"alloc", FAIL_ALLOC, FAIL_ERROR, ENOMEM, 1},
    {"alloc-on", FAIL_ALLOC, FAIL_ERROR, ENOMEM, FOR_EVER},
    {"alloc-foreign", FAIL_FOREIGN, FAIL_ERROR, ENOMEM, 1},
    {"map", FAIL_MAP, FAIL_ERROR, ENOMEM, 1},
    {"map-on", FAIL_MAP, FAIL_ERROR, ENOMEM, FOR_EVER},
    {"read", FAIL_READ, FAIL_ERROR, EIO, 1},
    {"read-reset", FAIL_READ, FAIL_ERROR, ECONNRESET, 1},
    {"read-signal", FAIL_READ, FAIL_ERROR, EINTR, 1},
    {"read-short", FAIL_READ, FAIL_SHORT, 0, 1},
    {"read-shorts", FAIL_READ, FAIL_SHORT, 0, 100},
    {"write", FAIL_WRITE, FAIL_ERROR, ENOSPC, 1},
    {"write-on", FAIL_WRITE, FAIL_ERROR, ENOSPC, FOR_EVER},
    {"write-io", FAIL_WRITE, FAIL_ERROR, EIO, 1},
    {"write-signal", FAIL_WRITE, FAIL_ERROR, EINTR, 1},
    {"write-short", FAIL_WRITE, FAIL_SHORT, 0, 1},
    {"write-shorts", FAIL_WRITE, FAIL_SHORT, 0, 100},
    {"open", FAIL_OPEN, FAIL_ERROR, EMFILE, 1},
    {"open-on", FAIL_OPEN, FAIL_ERROR, EMFILE, FOR_EVER},
    {"open-denied", FAIL_OPEN, FAIL_ERROR, EACCES, 1},
    {"open-signal", FAIL_OPEN, FAIL_ERROR, EINTR, 1},
    {"sync", FAIL_SYNC, FAIL_ERROR, EIO, 1},
    {"sync-on", FAIL_SYNC, FAIL_ERROR, EIO, FOR_EVER},
    {"sync-full", FAIL_SYNC, FAIL_ERROR, ENOSPC, 1},
    {"net", FAIL_NET, FAIL_ERROR, ECONNREFUSED, 1},
    {"net-on", FAIL_NET, FAIL_ERROR, ENETUNREACH, FOR_EVER},
    {"net-files", FAIL_NET, FAIL_ERROR, EMFILE, 1},
    {"lock", FAIL_LOCK, FAIL_ERROR, EAGAIN, 1},
    {"lock-none", FAIL_LOCK, FAIL_ERROR, ENOLCK, 1},
    {"stat", FAIL_STAT, FAIL_ERROR, EACCES, 1},
    {"stat-io", FAIL_STAT, FAIL_ERROR, EIO, 1},
    {"wait", FAIL_WAIT, FAIL_ERROR, EINTR, 1},
    {"wait-memory", FAIL_WAIT, FAIL_ERROR, ENOMEM, 1},
    {"start", FAIL_START, FAIL_ERROR, EAGAIN, 1},
    {"start-on", FAIL_START, FAIL_ERROR, EMFILE, FOR_EVER},
    {"close", FAIL_CLOSE, FAIL_ERROR, EIO, 1},
    {"close-signal", FAIL_CLOSE, FAIL_ERROR, EINTR, 1},
    {"kill-write", FAIL_WRITE, FAIL_KILL, 0, 1},
    {"kill-sync", FAIL_SYNC, FAIL_KILL, 0, 1},
    {"kill-open", FAIL_OPEN, FAIL_KILL, 0, 1},
    {"random", FAIL_RANDOM, FAIL_ERROR, EINTR, 1},
};

static struct scene scene = {.timeout_s = 60};
static uint64_t part, parts = 1, sample, offset;
static const char *only_mode, *want_modes;
static uint64_t only_first;
static bool stop, every;

static struct outcome outcome = {.out = BUF_INIT(64 << 20),
    .err = BUF_INIT(64 << 20),
    .rows = BUF_INIT(64 << 20),
    .dead = BUF_INIT(64 << 20)};
static uint64_t runs, wrong, merged;

static _Noreturn void
usage(void)
{
	fputs(
	    "usage: torture --name NAME --filter FILTER --library FAILNTH.SO\n"
	    "  [--in FILE] [--state FILE [--like FILE]] [--dead FILE]\n"
	    "  [--rows FILE] [--metrics FILE] [--part I/N] [--sample N]\n"
	    "  [--offset N] [--modes A,B] [--every]\n"
	    "  [--only MODE:N [--stop]]\n"
	    "  [--timeout S] -- PROGRAM ARGUMENT ..\n",
	    stderr);
	exit(64);
}

static void
take_option(int c, char *arg)
{
	char *end = NULL;

	switch (c) {
	case 'm':
		want_modes = arg;
		break;
	case 'p':
		part = strtoull(arg, &end, 10);
		if (*end != '/')
			usage();
		parts = strtoull(end + 1, NULL, 10);
		break;
	case 's':
		sample = strtoull(arg, NULL, 10);
		break;
	case 'O':
		offset = strtoull(arg, NULL, 10);
		break;
	case 'o':
		end = strchr(arg, ':');
		if (end == NULL)
			usage();
		*end = '\0';
		only_mode = arg;
		only_first = strtoull(end + 1, NULL, 10);
		break;
	case 't':
		scene.timeout_s = (int)strtol(arg, NULL, 10);
		break;
	case 'x':
		stop = true;
		break;
	case 'e':
		every = true;
		break;
	default:
		usage();
	}
}

static void
take_options(int argc, char **argv)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {{"name", &scene.name}, {"filter", &scene.filter},
	    {"library", &scene.library}, {"in", &scene.in},
	    {"state", &scene.state}, {"like", &scene.like},
	    {"dead", &scene.dead}, {"rows", &scene.rows}, {"save", &scene.save},
	    {"metrics", &scene.metrics}};
	struct option o[32] = {{"modes", 1, NULL, 'm'}, {"part", 1, NULL, 'p'},
	    {"sample", 1, NULL, 's'}, {"offset", 1, NULL, 'O'},
	    {"only", 1, NULL, 'o'}, {"timeout", 1, NULL, 't'},
	    {"stop", 0, NULL, 'x'}, {"every", 0, NULL, 'e'}};
	const int base = 1000;
	int c;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		o[8 + i] =
		    (struct option){texts[i].name, 1, NULL, base + (int)i};
	while ((c = getopt_long(argc, argv, "+", o, NULL)) != -1)
		if (c >= base)
			*texts[c - base].to = optarg;
		else
			take_option(c, optarg);
	if (scene.name == NULL || scene.filter == NULL ||
	    scene.library == NULL || optind == argc || parts == 0)
		usage();
	scene.argv = argv + optind;
}

/* Is this mode among --modes? */
static bool
wanted(const char *name)
{
	size_t n = strlen(name);

	for (const char *p = want_modes; p != NULL; p = strchr(p, ',')) {
		p += *p == ',';
		if (strncmp(p, name, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return true;
	}
	return want_modes == NULL;
}

static void
report(const struct mode *m, uint64_t first, const char *name,
    const struct buf *why)
{
	size_t n, lines = 0;

	wrong++;
	printf("%s: %s of call %llu (%s):\n", scene.name, m->name,
	    (unsigned long long)first, name);
	for (const char *p = why->p; *p != '\0' && lines < LINES_SHOWN;
	     lines++) {
		n = strcspn(p, "\n");
		printf("  %.*s\n", (int)(n < WIDTH ? n : WIDTH), p);
		p += n + (p[n] != '\0');
	}
	printf("  again: TORTURE_ONLY=%s/%s:%llu tests/faults/torture.t\n",
	    scene.name, m->name, (unsigned long long)first);
	(void)fflush(stdout);
}

/* On what a run left behind the next one goes on as on nothing. */
static void
run_again(const struct reference *ref, struct buf *why)
{
	struct failnth page = {.class = FAIL_CLASSES, .again = 1};

	scene_run(&scene, &page, &outcome);
	judge(&scene, ref, &page, &outcome, why);
	if (outcome.rc != ref->rc)
		buf_addf(
		    why, "exit status %d of the run after it\n", outcome.rc);
}

/* One run; false: the call was never made. */
static bool
run(const struct reference *ref, const struct mode *m, uint64_t first)
{
	struct buf why = BUF_INIT(REASONS_MAX);
	struct failnth page = {.class = m->class,
	    .how = m->how,
	    .err = m->err,
	    .stop = scene.stop,
	    .first = first,
	    .count = (uint64_t)m->count};

	scene_run(&scene, &page, &outcome);
	runs++;
	if (outcome.ms > SLOW_MS)
		printf("%s: %s of call %llu (%s) takes %lld ms\n", scene.name,
		    m->name, (unsigned long long)first, page.name,
		    (long long)outcome.ms);
	judge(&scene, ref, &page, &outcome, &why);
	if (only_mode != NULL)
		printf("exit %d, signal %d, %s failed\n%.*s-- stderr:\n%.*s",
		    outcome.rc, outcome.sig, page.name, (int)outcome.out.len,
		    outcome.out.p, (int)outcome.err.len, outcome.err.p);
	if (outcome.rc != ref->rc && why.len == 0 &&
	    (scene.state != NULL || scene.dead != NULL || scene.save != NULL))
		run_again(ref, &why);
	if (why.len > 0)
		report(m, first, page.name, &why);
	buf_clear(&why);
	return page.hits > 0;
}

/* All runs of a mode that are ours: every one, or about so many as --sample
 * says, evenly spread; and on from the last call, until none is left. */
static void
run_mode(const struct reference *ref, const struct mode *m, uint64_t calls)
{
	struct picks picks;
	uint64_t step, i;

	picks_make(&picks, outcome.chains[m->class], calls, every);
	step = sample > 0 && picks.n > sample ? picks.n / sample : 1;
	i = (step > 1 ? offset % step : 0) + part * step;
	for (; i < picks.n && wrong < SHOWN_MAX; i += step * parts)
		(void)run(ref, m, picks.v[i]);
	i = calls + 1 + i - picks.n;
	while (wrong < SHOWN_MAX && run(ref, m, i))
		i += step * parts;
	merged += calls - picks.n;
	picks_free(&picks);
}

int
main(int argc, char **argv)
{
	struct failnth page = {.first = 1, .trace = 1};
	uint64_t calls[FAIL_CLASSES];
	struct reference *ref;

	take_options(argc, argv);
	(void)signal(SIGPIPE, SIG_IGN);
	page.class = FAIL_CLASSES; /* none */
	scene_run(&scene, &page, &outcome);
	ref = judge_reference(&scene, &outcome);
	memcpy(calls, page.calls, sizeof(calls));
	scene.stop = stop;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (only_mode == NULL && wanted(modes[i].name))
			run_mode(ref, &modes[i], calls[modes[i].class]);
		else if (only_mode != NULL &&
			 strcmp(only_mode, modes[i].name) == 0)
			(void)run(ref, &modes[i], only_first);
	}
	printf("%s: %llu runs, %llu wrong, %llu left out (%llu allocations, "
	       "%llu reads, "
	       "%llu writes in one)\n",
	    scene.name, (unsigned long long)runs, (unsigned long long)wrong,
	    (unsigned long long)merged,
	    (unsigned long long)(calls[FAIL_ALLOC] + calls[FAIL_FOREIGN]),
	    (unsigned long long)calls[FAIL_READ],
	    (unsigned long long)calls[FAIL_WRITE]);
	return wrong > 0;
}
