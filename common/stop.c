/* Signals that ask for an end, turned into something poll(2) can see. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "stop.h"

static volatile sig_atomic_t asked;
static int pipe_fd[2] = {-1, -1};

static void
on_signal(int sig)
{
	if (asked) {
		(void)signal(sig, SIG_DFL);
		(void)raise(sig); /* delivered when this handler returns */
		return;
	}
	asked = 1;
	(void)!write(pipe_fd[1], "", 1);
}

void
stop_init(void)
{
	struct sigaction sa;

	if (pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK) != 0)
		log_oom();
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
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
