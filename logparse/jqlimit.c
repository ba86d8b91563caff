/*
 * Limits of what libjq may take for one row: to parse it, to run programs on
 * it, and to make text of what they made.  A timer that counts the CPU's time
 * looks at it from a signal handler, and has libjq stop as its halt would;
 * libjq asks for that before each instruction.  A function written in C is one
 * instruction: when it does not return, the process ends (jqkeep.c).  The
 * handler calls what is safe in one: getrusage(), _exit(), and jq_halt(), which
 * sets members of a struct that nobody else does while a program runs.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "jqint.h"

enum {
	TICK_MS = 20,
	TIDY_TICKS = 3 /* to tidy up in */
};

static volatile sig_atomic_t inside; /* libjq works on a row */
static jq_state *volatile running;   /* a program of it, which can be halted */
static volatile sig_atomic_t ticks;
static const char *volatile exceeded;
static volatile long before; /* KiB in memory at the row's first tick */

/* KiB that were in memory at most.  What exceeds its limit is not for long: so
 * the most there was is near to what there is. */
static long
resident(void)
{
	struct rusage u = {0};

	(void)getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

/* In the handler of a signal. */
static void
tick(int sig)
{
	const int err = errno;

	(void)sig;
	if (!inside)
		return;
	if (++ticks >= JQRUN_LEAVE * 1000 / TICK_MS)
		_exit(JQRUN_EXIT_TIME);
	if (before == 0)
		before = resident();
	if (exceeded == NULL) {
		if (ticks >= JQRUN_SECONDS * 1000 / TICK_MS)
			exceeded = "it takes too much time";
		else if (resident() - before > JQRUN_MEMORY / 1024)
			exceeded = "it takes too much memory";
	}
	if (exceeded != NULL && running != NULL && !jq_halted(running))
		jq_halt(running, jv_null(), jv_null());
	errno = err;
}

/* The soft limit of a resource becomes n bytes, or what is allowed. */
static void
limit(__rlimit_resource_t resource, rlim_t n, bool more)
{
	struct rlimit most;

	if (getrlimit(resource, &most) != 0 || most.rlim_cur == n ||
	    (most.rlim_cur < n) != more)
		return;
	most.rlim_cur = n < most.rlim_max ? n : most.rlim_max;
	(void)setrlimit(resource, &most);
}

void
jqlimit_forked(void)
{
	const struct itimerval every = {
	    {0, TICK_MS * 1000}, {0, TICK_MS * 1000}};

	(void)setitimer(ITIMER_PROF, &every, NULL);
}

void
jqlimit_init(void)
{
	struct sigaction act = {.sa_handler = tick, .sa_flags = SA_RESTART};

	(void)sigemptyset(&act.sa_mask);
	(void)sigaction(SIGPROF, &act, NULL);
	/* Whoever started us may have had it blocked. */
	(void)sigaddset(&act.sa_mask, SIGPROF);
	(void)sigprocmask(SIG_UNBLOCK, &act.sa_mask, NULL);
	jqlimit_forked();
	/* libjq frees what is nested by calls that are. */
	limit(RLIMIT_STACK, JQRUN_STACK, true);
#ifndef LB_NO_SANDBOX
	/* The sanitizers map far more than they use. */
	limit(RLIMIT_DATA, JQRUN_DATA, false);
#endif
}

void
jqlimit_row(void)
{
	ticks = 0;
	exceeded = NULL;
	before = 0;
}

void
jqlimit_tidy(void)
{
	ticks = JQRUN_SECONDS * 1000 / TICK_MS - TIDY_TICKS;
	exceeded = NULL;
}

void
jqlimit_enter(void)
{
	inside = 1;
}

void
jqlimit_run(jq_state *jq)
{
	running = jq;
}

const char *
jqlimit_exceeded(void)
{
	return exceeded;
}

void
jqlimit_leave(void)
{
	running = NULL;
	inside = 0;
}
