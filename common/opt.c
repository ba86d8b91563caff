/* Option parsing and --help from one table. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "opt.h"
#include "out.h"
#include "sandbox.h"
#include "timefmt.h"
#include "version.h"
#include "wire.h"

enum {
	OPTS_MAX = 64,     /* of one program, the common ones included */
	GIVE_UP_HOURS = 6, /* design.md, Retry */
	STOP_SECONDS = 30, /* design.md, Leaving */
	HELP_COLUMN = 30
};

static const char *log_format;
static bool verbose, want_help, want_version, no_sandbox;

/* The common options, after the program's own. */
static size_t
all_options(const struct opt_spec *spec, struct opt_common *c, struct opt *all)
{
	const struct opt common[] = {
	    {"give-up", "D", OPT_DURATION, &c->give_up_ms, 0, 0,
		"wait this long for a service that is down (6h)"},
	    {"stop-within", "D", OPT_DURATION, &c->stop_within_ms, 0, 0,
		"after SIGTERM, stop inside objects after this time (30s)"},
	    {"metrics", "FILE", OPT_TEXT, &c->metrics, 0, 0,
		"keep Prometheus text metrics in FILE"},
	    {"progress", NULL, OPT_FLAG, &c->progress, 0, 0,
		"show progress (default on a terminal)"},
	    {"log-format", "text|json", OPT_TEXT, &log_format, 0, 0,
		"form of messages (text on a terminal, else json)"},
	    {"verbose", NULL, OPT_FLAG, &verbose, 0, 0,
		"or -v: say more; twice: still more"},
	    {"no-sandbox", NULL, OPT_FLAG, &no_sandbox, 0, 0,
		"do not confine the process (to find out what stops it)"},
	    {"version", NULL, OPT_FLAG, &want_version, 0, 0,
		"print the version and exit"},
	    {"help", NULL, OPT_FLAG, &want_help, 0, 0, "print this and exit"},
	};
	size_t n = sizeof(common) / sizeof(common[0]);

	INVARIANT(spec->n + n <= OPTS_MAX);
	memcpy(all, spec->opts, spec->n * sizeof(*all));
	memcpy(all + spec->n, common, sizeof(common));
	return spec->n + n;
}

static void
print_help(const struct opt_spec *spec, const struct opt *all, size_t n)
{
	int col;

	(void)printf("usage: %s [option ...]%s%s\n%s\n\n", spec->prog,
	    spec->operands != NULL ? " " : "",
	    spec->operands != NULL ? spec->operands : "", spec->about);
	for (size_t i = 0; i < n; i++) {
		col = printf("  --%s%s%s", all[i].name,
		    all[i].arg != NULL ? " " : "",
		    all[i].arg != NULL ? all[i].arg : "");
		if (col >= HELP_COLUMN)
			col = printf("\n") - 1;
		(void)printf("%*s%s\n", HELP_COLUMN - col, "", all[i].help);
	}
	(void)printf("\nSee %s(1) for all of it.\n", spec->prog);
}

/* Leave after --help or --version: their output is checked too. */
static _Noreturn void
finish(void)
{
	if (fflush(stdout) != 0 || ferror(stdout) != 0)
		out_fail(errno);
	out_finish();
	exit(EXIT_DONE);
}

void
opt_die(const struct opt_spec *spec, const char *fmt, ...)
{
	struct fault f = {.code = EXIT_BADUSAGE};
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f.text, sizeof(f.text), fmt, ap);
	va_end(ap);
	opt_fault(spec, &f);
}

void
opt_fault(const struct opt_spec *spec, const struct fault *f)
{
	log_error("%s", f->text);
	if (f->hint[0] != '\0')
		log_hint("%s", f->hint);
	else
		log_hint("'%s --help' lists the options", spec->prog);
	if (isatty(STDOUT_FILENO) == 0) {
		wire_done(out_buf(), spec->prog, EXIT_BADUSAGE, NULL);
		out_line();
		(void)out_flush_try();
	}
	exit(EXIT_BADUSAGE);
}

static bool
parse_number(const char *s, const struct opt *o, bool size, int64_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	long long v;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno != 0)
		return false;
	if (size && *end != '\0' && (unit = strchr(units, *end)) != NULL) {
		for (long k = 0; k <= unit - units; k++)
			if (__builtin_mul_overflow(v, 1024, &v))
				return false;
		end++;
	}
	if (*end != '\0' || (o->max != 0 && (v < o->min || v > o->max)))
		return false;
	*out = v;
	return true;
}

/* A bare number is no age: 20260102 means a day, not so many seconds. */
static bool
parse_time(const char *s, int64_t *out)
{
	size_t n = strlen(s);
	int64_t age;

	if (timefmt_parse(s, n, out))
		return true;
	if (strspn(s, "0123456789") == n || !timefmt_duration(s, &age))
		return false;
	*out = clock_wall_ms() - age;
	return true;
}

static bool
parse_duration(const char *s, const struct opt *o, int64_t *out)
{
	int64_t ms;

	if (!timefmt_duration(s, &ms) ||
	    (o->max != 0 && (ms < o->min || ms > o->max)))
		return false;
	*out = ms;
	return true;
}

static void
add_to_list(struct opt_list *list, const char *s)
{
	const char **v = realloc(list->v, (list->n + 1) * sizeof(*v));

	if (v == NULL)
		log_oom();
	list->v = v;
	list->v[list->n++] = s;
}

/* Store one option.  Returns false when its argument cannot be used. */
static bool
store(const struct opt *o, const char *arg)
{
	switch (o->kind) {
	case OPT_FLAG:
		if (o->to == &verbose)
			log_more();
		*(bool *)o->to = true;
		return true;
	case OPT_TEXT:
		*(const char **)o->to = arg;
		return true;
	case OPT_LIST:
		add_to_list(o->to, arg);
		return true;
	case OPT_NUMBER:
	case OPT_SIZE:
		return parse_number(arg, o, o->kind == OPT_SIZE, o->to);
	case OPT_DURATION:
		return parse_duration(arg, o, o->to);
	case OPT_TIME:
		return parse_time(arg, o->to);
	}
	return false; /* COV_EXCL: all kinds are above */
}

/* Bytes as an option takes them: 16M. */
static void
size_text(char out[32], int64_t v)
{
	static const char *const units[] = {"", "K", "M", "G"};
	size_t i = 0;

	while (i < 3 && v != 0 && v % 1024 == 0) {
		v /= 1024;
		i++;
	}
	(void)snprintf(out, 32, "%lld%s", (long long)v, units[i]);
}

/* End: the argument of an option cannot be used.  Say what could. */
static _Noreturn void
bad_value(const struct opt_spec *spec, const struct opt *o, const char *arg)
{
	bool limits = o->max != 0 && o->max != INT64_MAX;
	char from[32], to[32];
	struct fault f = {0};

	(void)fault_set(
	    &f, EXIT_BADUSAGE, "--%s takes %s, not '%s'", o->name, o->arg, arg);
	if (o->kind == OPT_TIME) {
		(void)fault_hint(&f,
		    "a time is a date, 2026-01-02, or RFC 3339 with its zone, "
		    "2026-01-02T03:04:05Z, or an age such as 24h");
	} else if (o->kind == OPT_DURATION) {
		(void)snprintf(to, sizeof(to), ", at most %llds",
		    (long long)(o->max / 1000));
		(void)fault_hint(&f,
		    "a duration is a number with ms, s, m, h or d, such as "
		    "90s%s",
		    limits ? to : "");
	} else if (o->kind == OPT_SIZE) {
		size_text(from, o->min);
		size_text(to, o->max);
		(void)fault_hint(&f,
		    "a size is a number of bytes, or with K, M or G of so many "
		    "1,024s%s%s%s%s",
		    limits ? ", from " : "", limits ? from : "",
		    limits ? " to " : "", limits ? to : "");
	} else if (limits) {
		(void)fault_hint(&f, "a number from %lld to %lld",
		    (long long)o->min, (long long)o->max);
	} else {
		(void)fault_hint(
		    &f, "a number of %lld or more", (long long)o->min);
	}
	opt_fault(spec, &f);
}

/* A script that abbreviates breaks when an option with the same beginning is
 * added: names are written out.  `used` is what argv had. */
static void
check_whole_name(
    const struct opt_spec *spec, const struct opt *o, const char *used)
{
	struct fault f = {0};

	if (strncmp(used, "--", 2) != 0 ||
	    strcspn(used + 2, "=") == strlen(o->name))
		return;
	(void)fault_set(&f, EXIT_BADUSAGE, "unknown option '%s'", used);
	(void)fault_hint(&f, "names of options are written out: --%s", o->name);
	opt_fault(spec, &f);
}

/* What getopt_long() does not take; `used` is the word of argv. */
static void
refuse(const struct opt_spec *spec, const struct opt *all, size_t n,
    const char *used)
{
	if (optopt != 0) /* of several letters in one word, this one */
		opt_die(spec, "unknown option '-%c'", optopt);
	for (size_t i = 0; i < n; i++)
		if (strncmp(used, "--", 2) == 0 &&
		    strcspn(used + 2, "=") == strlen(all[i].name) &&
		    strncmp(used + 2, all[i].name, strlen(all[i].name)) == 0)
			opt_die(spec, "option '--%s' takes no argument",
			    all[i].name);
	opt_die(spec, "unknown option '%s'", used);
}

static void
use_log_format(const struct opt_spec *spec)
{
	if (strcmp(log_format, "json") != 0 && strcmp(log_format, "text") != 0)
		opt_die(spec, "--log-format takes text or json, not '%s'",
		    log_format);
	log_use_json(strcmp(log_format, "json") == 0);
}

/* One option that getopt_long() found. */
static void
take(const struct opt_spec *spec, const struct opt *o, char *argv[])
{
	bool own_word = o->arg != NULL && optarg == argv[optind - 1];

	check_whole_name(spec, o, argv[optind - (own_word ? 2 : 1)]);
	if (!store(o, optarg))
		bad_value(spec, o, optarg);
	if (o->to == &log_format)
		use_log_format(spec);
}

/* An option behind an operand would be taken for one more operand; after
 * "--" that is what was asked for. */
static void
check_operands(const struct opt_spec *spec, const struct opt *all, size_t n,
    int argc, char *argv[])
{
	struct fault f = {0};

	if (no_sandbox) {
		sandbox_off();
		log_warn("not confined: --no-sandbox");
	}
	if (optind < argc && spec->operands == NULL) {
		(void)fault_set(
		    &f, EXIT_BADUSAGE, "unexpected operand '%s'", argv[optind]);
		(void)fault_hint(
		    &f, "input comes on standard input: %s < FILE", spec->prog);
		opt_fault(spec, &f);
	}
	if (optind > 0 && strcmp(argv[optind - 1], "--") == 0)
		return;
	for (int i = optind; i < argc; i++) {
		for (size_t k = 0; k < n; k++) {
			if (strncmp(argv[i], "--", 2) != 0 ||
			    strlen(all[k].name) != strcspn(argv[i] + 2, "=") ||
			    strncmp(argv[i] + 2, all[k].name,
				strlen(all[k].name)) != 0)
				continue;
			(void)fault_set(&f, EXIT_BADUSAGE,
			    "option '%s' stands behind an operand", argv[i]);
			(void)fault_hint(&f,
			    "options come before operands; '--' ends them, for "
			    "an operand of this name");
			opt_fault(spec, &f);
		}
	}
}

int
opt_parse(const struct opt_spec *spec, struct opt_common *common, int argc,
    char *argv[])
{
	struct option longs[OPTS_MAX + 1];
	struct opt all[OPTS_MAX];
	size_t n;
	int c, index;

	*common = (struct opt_common){
	    /* Not into the midst of lines that are read on the same screen. */
	    .progress =
		isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0,
	    .give_up_ms = (int64_t)GIVE_UP_HOURS * 3600 * 1000,
	    .stop_within_ms = (int64_t)STOP_SECONDS * 1000,
	};
	log_init(spec->prog);
	n = all_options(spec, common, all);
	memset(longs, 0, sizeof(longs));
	for (size_t i = 0; i < n; i++) {
		longs[i].name = all[i].name;
		longs[i].has_arg =
		    all[i].arg != NULL ? required_argument : no_argument;
	}
	while ((c = getopt_long(argc, argv, "+:v", longs, &index)) != -1) {
		if (c == 'v')
			log_more();
		else if (c == ':')
			opt_die(spec, "option '%s' needs an argument",
			    argv[optind - 1]);
		else if (c != 0)
			refuse(spec, all, n, argv[optind - 1]);
		else
			take(spec, &all[index], argv);
	}
	if (want_help) {
		print_help(spec, all, n);
		finish();
	}
	if (want_version) {
		(void)printf("%s (logbridge) %s\n", spec->prog, version);
		finish();
	}
	check_operands(spec, all, n, argc, argv);
	return optind;
}
