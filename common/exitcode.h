#ifndef EXITCODE_H
#define EXITCODE_H

/*
 * What a filter's exit status promises to the supervisor: one table for the
 * whole project (the man pages are compared with it by a test).  The numbers
 * are those of <sysexits.h>.
 */
enum exitcode {
	EXIT_DONE = 0,         /* all settled */
	EXIT_BADUSAGE = 64,    /* wrong option or argument: do not retry */
	EXIT_SETASIDE = 65,    /* dead letters, or the input is not the wire */
	EXIT_DOWN = 69,        /* service unavailable past --give-up */
	EXIT_BUG = 70,         /* an invariant of ours failed */
	EXIT_SYSTEM = 71,      /* out of memory */
	EXIT_IO = 74,          /* a file, stdin or stdout failed */
	EXIT_AGAIN = 75,       /* something is not settled: run again */
	EXIT_DENIED = 77,      /* credentials or permission: do not retry */
	EXIT_BADCONFIG = 78,   /* configuration wrong: do not retry */
	EXIT_READER_GONE = 141 /* killed by SIGPIPE; never passed to exit() */
};

/**
 * The more severe of two exit codes, in the order of the design: 70 78 64 77
 * 74 71 69 75 65 0.  A number outside the table, read from another stage,
 * counts as EXIT_BUG.
 */
int exitcode_worse(int a, int b);

/** One line of English for a code of the table, or "unknown". */
const char *exitcode_text(int code);

#endif
