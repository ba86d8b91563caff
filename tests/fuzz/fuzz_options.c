/*
 * Command lines, each argument a line of the input.  Invariants: one that
 * cannot be used ends with 64; of one that can, every number lies within its
 * limits, and what is left over are operands.
 */
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opt.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { ARGS = 32 };

static const char *text;
static struct opt_list list;
static int64_t number, size, duration, when;
static bool flag;
static const struct opt table[] = {
    {"text", "X", OPT_TEXT, &text, 0, 0, "a text"},
    {"list", "X", OPT_LIST, &list, 0, 0, "texts"},
    {"number", "N", OPT_NUMBER, &number, 2, 64, "a number"},
    {"size", "S", OPT_SIZE, &size, 1024, 1 << 30, "a size"},
    {"duration", "D", OPT_DURATION, &duration, 0, 86400000, "a duration"},
    {"time", "T", OPT_TIME, &when, 0, 0, "a time"},
    {"flag", NULL, OPT_FLAG, &flag, 0, 0, "a flag"},
};
static const struct opt_spec spec = {
    "fuzz", "X ...", "Fuzzed.", table, sizeof(table) / sizeof(table[0])};

static bool parsing;
static jmp_buf back;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* Linked in place of exit(3), see Makefile. */
_Noreturn void __wrap_exit(int code);
_Noreturn void __real_exit(int code);

void
__wrap_exit(int code)
{
	if (!parsing)
		__real_exit(code);
	longjmp(back, code + 1);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int null = open("/dev/null", O_WRONLY);

	(void)argc;
	(void)argv;
	CHECK(null != -1 && dup2(null, STDOUT_FILENO) == STDOUT_FILENO);
	return 0;
}

/* These are remembered, or end the output for good. */
static bool
lasting(const char *arg)
{
	return strncmp(arg, "--h", 3) == 0 || strncmp(arg, "--ve", 4) == 0 ||
	       strncmp(arg, "--no", 4) == 0;
}

static int
split(char *line, char *argv[ARGS + 1])
{
	char *rest = NULL;
	int argc = 0;

	argv[argc++] = (char *)"fuzz";
	for (char *s = strtok_r(line, "\n", &rest); s != NULL && argc < ARGS;
	     s = strtok_r(NULL, "\n", &rest))
		if (!lasting(s))
			argv[argc++] = s;
	argv[argc] = NULL;
	return argc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct opt_common common;
	char *argv[ARGS + 1], *line = strndup((const char *)data, n);
	volatile int first = -1;
	int argc, code;

	CHECK(line != NULL);
	argc = split(line, argv);
	number = 2;
	size = 1024;
	duration = 0;
	optind = 0; /* glibc's getopt begins anew */
	parsing = true;
	code = setjmp(back);
	if (code == 0)
		first = opt_parse(&spec, &common, argc, argv);
	parsing = false;
	CHECK(first >= 0 ? first >= 1 && first <= argc : code == 64 + 1);
	CHECK(number >= 2 && number <= 64);
	CHECK(size >= 1024 && size <= 1 << 30);
	CHECK(duration >= 0 && duration <= 86400000);
	CHECK(common.give_up_ms >= 0 && common.stop_within_ms >= 0);
	free(list.v);
	list = (struct opt_list){0};
	free(line);
	return 0;
}
