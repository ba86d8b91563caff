/* common/opt, as its users see it: what is printed, and the exit status. */
#include "child.h"
#include "log.h"
#include "opt.h"
#include "tap.h"

/* The options of a program that does not exist. */
static struct {
	bool flag;
	const char *text;
	struct opt_list list;
	int64_t number, size, duration, time;
} got;

static const struct opt opts[] = {
    {"flag", NULL, OPT_FLAG, &got.flag, 0, 0, "a flag"},
    {"text", "TEXT", OPT_TEXT, &got.text, 0, 0, "a text"},
    {"item", "ITEM", OPT_LIST, &got.list, 0, 0, "may repeat"},
    {"number", "N", OPT_NUMBER, &got.number, 1, 100, "from 1 to 100"},
    {"size", "SIZE", OPT_SIZE, &got.size, 0, 0, "bytes"},
    {"duration", "D", OPT_DURATION, &got.duration, 0, 0, "how long"},
    {"time", "T", OPT_TIME, &got.time, 0, 0, "when"},
    {"span", "SIZE", OPT_SIZE, &got.size, 3 << 10, 5 << 20, "bytes"},
    {"wait", "D", OPT_DURATION, &got.duration, 0, 60000, "how long"},
    {"a-name-that-leaves-no-room", "VALUE", OPT_TEXT, &got.text, 0, 0, "x"},
};

static const struct opt_spec with_operands = {.prog = "prog",
    .operands = "[FILE ...]",
    .about = "Does nothing.",
    .opts = opts,
    .n = sizeof(opts) / sizeof(opts[0])};

enum { ARGS_MAX = 12 };

/* Parse argv and print what came of it. */
static void
program(void *arg)
{
	char **argv = arg;
	struct opt_spec spec = with_operands;
	struct opt_common c;
	int argc = 0, first;

	while (argv[argc] != NULL)
		argc++;
	if (strcmp(argv[0], "no-operands") == 0)
		spec.operands = NULL;
	first = opt_parse(&spec, &c, argc, argv);
	printf("flag %d text %s number %lld size %lld duration %lld\n",
	    got.flag, got.text != NULL ? got.text : "-", (long long)got.number,
	    (long long)got.size, (long long)got.duration);
	if (got.time != 0)
		printf("time %lld\n", (long long)got.time);
	for (size_t i = 0; i < got.list.n; i++)
		printf("item %s\n", got.list.v[i]);
	for (int i = first; i < argc; i++)
		printf("operand %s\n", argv[i]);
	printf("metrics %s give-up %lld stop-within %lld progress %d\n",
	    c.metrics != NULL ? c.metrics : "-", (long long)c.give_up_ms,
	    (long long)c.stop_within_ms, c.progress);
	log_debug("debug is on");
	free(got.list.v);
}

static const struct {
	const char *argv[ARGS_MAX];
	int rc;
	const char *out, *err; /* which must be in it */
} cases[] = {
    {{"prog"}, 0,
	"flag 0 text - number 0 size 0 duration 0\n"
	"metrics - give-up 21600000 stop-within 30000 progress 0\n",
	""},
    {{"prog", "--flag", "--text", "x", "--number=7", "--size", "3K",
	 "--duration", "2m", "file", "--other"},
	0,
	"flag 1 text x number 7 size 3072 duration 120000\n"
	"operand file\noperand --other\n",
	""},
    {{"prog", "file", "--flag"}, 64, "", "'--flag' stands behind"},
    {{"prog", "file", "--size=1"}, 64, "", "'--size=1' stands behind"},
    {{"prog", "--", "file", "--flag"}, 0, "operand file\noperand --flag\n", ""},
    {{"prog", "--fla"}, 64, "", "unknown option '--fla'"},
    {{"prog", "--num", "7"}, 64, "", "written out: --number"},
    {{"prog", "--num=7"}, 64, "", "unknown option '--num=7'"},
    {{"prog", "--text", "--fla"}, 0, "flag 0 text --fla ", ""},
    {{"prog", "--item", "a", "--item=b", "--", "--item"}, 0,
	"item a\nitem b\noperand --item\n", ""},
    {{"prog", "--text", "first", "--text", "last"}, 0, "text last ", ""},
    {{"prog", "--text", "--flag"}, 0, "flag 0 text --flag ", ""},
    {{"prog", "--time", "1970-01-01T00:00:01Z"}, 0, "time 1000\n", ""},
    {{"prog", "--size", "2G"}, 0, "size 2147483648 ", ""},
    {{"prog", "--give-up", "90", "--stop-within", "1h", "--metrics", "f",
	 "--progress"},
	0, "metrics f give-up 90000 stop-within 3600000 progress 1\n", ""},
    {{"prog", "-vv"}, 0, "flag 0", "debug is on"},
    {{"prog", "--verbose", "-v", "--log-format", "json"}, 0, "flag 0",
	"\"level\":\"debug\""},
    {{"prog", "-v", "-v", "--log-format=text"}, 0, "flag 0",
	"prog: debug: debug is on\n"},
    {{"prog", "-"}, 0, "operand -\n", ""},
    {{"prog", "--number", "0"}, 64, "", "--number takes N, not '0'"},
    {{"prog", "--number", "101"}, 64, "", "not '101'"},
    {{"prog", "--number", "-1"}, 64, "", "not '-1'"},
    {{"prog", "--number", "1K"}, 64, "", "not '1K'"},
    {{"prog", "--number", "0x1"}, 64, "", "not '0x1'"},
    {{"prog", "--number", ""}, 64, "", "not ''"},
    {{"prog", "--number", " 1"}, 64, "", "not ' 1'"},
    {{"prog", "--number", "99999999999999999999"}, 64, "", "not '9999"},
    {{"prog", "--number", "0"}, 64, "", "a number from 1 to 100"},
    {{"prog", "--size", "1KB"}, 64, "", "not '1KB'"},
    {{"prog", "--size", "1KB"}, 64, "", "with K, M or G of so many 1,024s\""},
    {{"prog", "--span", "2K"}, 64, "", "1,024s, from 3K to 5M"},
    {{"prog", "--wait", "2m"}, 64, "", "such as 90s, at most 60s"},
    {{"prog", "--size", "9999999999999G"}, 64, "", "not '9999"},
    {{"prog", "--size", "K"}, 64, "", "not 'K'"},
    {{"prog", "--duration", "soon"}, 64, "", "not 'soon'"},
    {{"prog", "--time", "yesterday"}, 64, "", "not 'yesterday'"},
    {{"prog", "--time", "20260102"}, 64, "", "2026-01-02T03:04:05Z"},
    {{"prog", "--time", "60"}, 64, "", "not '60'"},
    {{"prog", "--time", "2026-01-02"}, 0, "time 1767312000000\n", ""},
    {{"prog", "--nonsense"}, 64, "", "unknown option '--nonsense'"},
    {{"prog", "-x"}, 64, "", "unknown option '-x'"},
    {{"prog", "-vxv"}, 64, "", "unknown option '-x'"},
    {{"prog", "-v=3"}, 64, "", "unknown option '-='"},
    {{"prog", "--help=x"}, 64, "", "option '--help' takes no argument"},
    {{"prog", "--flag=1"}, 64, "", "option '--flag' takes no argument"},
    {{"prog", "--text"}, 64, "", "'--text' needs an argument"},
    {{"prog", "--log-format", "xml"}, 64, "", "takes text or json"},
    {{"no-operands", "x"}, 64, "", "unexpected operand 'x'"},
    {{"prog", "--nonsense"}, 64,
	"{\"done\":{\"stage\":\"prog\",\"exit\":64}}\n",
	"'prog --help' lists the options"},
};

static void
help(void)
{
	static struct child c;
	static const char *const argv[] = {"prog", "--flag", "--help", NULL};
	static const char *const version[] = {"prog", "--version", NULL};

	child_run(&c, program, (void *)(uintptr_t)argv);
	OK(c.rc == 0 && c.err[0] == '\0', "--help succeeds");
	OK(strstr(c.out, "usage: prog [option ...] [FILE ...]\n"
			 "Does nothing.\n\n") == c.out,
	    "it begins with the usage");
	OK(strstr(c.out, "  --number N                  from 1 to 100\n") !=
		    NULL &&
		strstr(c.out, "  --give-up D  ") != NULL,
	    "it lists the program's options, then the common ones");
	OK(strstr(c.out, "  --a-name-that-leaves-no-room VALUE\n"
			 "                              x\n") != NULL,
	    "a long one has a line of its own");
	child_run(&c, program, (void *)(uintptr_t)version);
	OK(c.rc == 0 && strncmp(c.out, "prog (logbridge) ", 17) == 0,
	    "--version");
}

static void
full_disk(void *arg)
{
	FILE *f = freopen("/dev/full", "w", stdout);

	if (f != NULL)
		program(arg);
}

int
main(void)
{
	static struct child c;
	static const char *const argv[] = {"prog", "--help", NULL};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		child_run(&c, program, (void *)(uintptr_t)cases[i].argv);
		OK(c.rc == cases[i].rc && strstr(c.out, cases[i].out) != NULL &&
			strstr(c.err, cases[i].err) != NULL &&
			(cases[i].err[0] != '\0' || c.err[0] == '\0'),
		    cases[i].argv[1] != NULL ? cases[i].argv[1] : "nothing");
		if (c.rc != cases[i].rc || strstr(c.out, cases[i].out) == NULL)
			printf("# %d\n# %s# %s\n", c.rc, c.out, c.err);
	}
	help();
	child_run(&c, full_disk, (void *)(uintptr_t)argv);
	OK(c.rc == 74, "a full disk is noticed");
	return tap_done();
}
