#ifndef OPT_H
#define OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/*
 * Command lines.  Each program has one table of its options, from which both
 * parsing and --help come; a test compares --help with the man page.  Long
 * options only (but -v), written out, before operands.
 */
enum opt_kind {
	OPT_FLAG,   /* no argument; to: bool * */
	OPT_TEXT,   /* to: const char **; the last one given wins */
	OPT_LIST,   /* may repeat; to: struct opt_list * */
	OPT_NUMBER, /* decimal, min..max; to: int64_t * */
	OPT_SIZE, /* bytes, with K, M or G (1,024s), min..max; to: int64_t * */
	/* ms s m h d, a bare number is s; min..max in ms; to: int64_t * (ms) */
	OPT_DURATION,
	OPT_TIME /* RFC 3339, or an age such as 24h; to: int64_t * (ms) */
};

struct opt {
	const char *name; /* without dashes */
	const char *arg;  /* what --help calls the argument, or NULL */
	enum opt_kind kind;
	void *to;
	int64_t min, max; /* 0, 0: no limits but >= 0 */
	const char *help; /* one line */
};

struct opt_list {
	const char **v; /* points into argv; free() v alone */
	size_t n;
};

/* What every filter takes; see design.md. */
struct opt_common {
	const char *metrics;    /* --metrics FILE, or NULL */
	bool progress;          /* --progress, or stderr alone is a terminal */
	int64_t give_up_ms;     /* --give-up (6h) */
	int64_t stop_within_ms; /* --stop-within (30s) */
};

struct opt_spec {
	const char *prog;
	const char *operands; /* for the usage line, or NULL: none allowed */
	const char *about;    /* one line, what the program does */
	const struct opt *opts;
	size_t n;
};

/**
 * Parse argv.  Returns the index of the first operand.  --help and --version
 * print and exit 0; a usage error prints a message, writes the done line with
 * exit 64 (unless stdout is a terminal) and exits 64.  Sets up logging.
 */
int opt_parse(const struct opt_spec *spec, struct opt_common *common, int argc,
    char *argv[]);

/** End with a usage error, as opt_parse() does. */
_Noreturn void opt_die(const struct opt_spec *spec, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** The same with a fault's text, and its hint instead of that of --help. */
_Noreturn void opt_fault(const struct opt_spec *spec, const struct fault *f);

#endif
