/* Signals that ask for an end, turned into something poll(2) can see. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "stop.h"

/* timeout(1) and others signal the process and then its group: what comes
 * within this time is the same request. */
enum { SAME_MS = 100 };

static volatile sig_atomic_t asked;
static struct timespec first; /* written once, before asked */
static int pipe_fd[2] = {-1, -1};

static long
ms_since(const struct timespec *then)
{
	struct timespec now;

	/* Async-signal-safe (POSIX), which the program's clock need not be. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)(now.tv_sec - then->tv_sec) * 1000 +
	       (now.tv_nsec - then->tv_nsec) / 1000000;
}

static void
on_signal(int sig)
{
	if (asked && ms_since(&first) < SAME_MS)
		return;
	if (asked) {
		(void)signal(sig, SIG_DFL);
		(void)raise(sig); /* delivered when this handler returns */
		return;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &first);
	asked = 1;
	(void)!write(pipe_fd[1], "", 1);
}

void
stop_init(void)
{
	struct sigaction sa;
	sigset_t both;

	if (pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) != 0)
		log_oom();
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	/* Who starts us may have blocked them, and that is inherited. */
	(void)sigemptyset(&both);
	(void)sigaddset(&both, SIGTERM);
	(void)sigaddset(&both, SIGINT);
	(void)sigprocmask(SIG_UNBLOCK, &both, NULL);
}

bool
stop_asked(void)
{
	return asked != 0;
}

int
stop_fd(void)
{
	return pipe_fd[0];
}
