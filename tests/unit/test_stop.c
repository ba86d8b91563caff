/* common/stop: signals that ask for an end, and those that are one. */
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>

#include "child.h"
#include "stop.h"
#include "tap.h"

static bool
readable(void)
{
	struct pollfd p = {.fd = stop_fd(), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void
sleep_ms(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	(void)nanosleep(&t, NULL);
}

/* One signal, then others at once: says 0 when all is as it should be. */
static void
one_request(void *arg)
{
	int sig = *(const int *)arg;

	stop_init();
	if (stop_asked() || readable())
		exit(1);
	(void)raise(sig);
	if (!stop_asked() || !readable() || !readable())
		exit(2);
	(void)raise(SIGTERM);
	(void)raise(SIGINT);
	exit(stop_asked() ? 0 : 3);
}

static void
two_requests(void *arg)
{
	int sig = *(const int *)arg;

	stop_init();
	(void)raise(SIGTERM);
	sleep_ms(150);
	(void)raise(sig);
}

/* A run that took less than the time in which signals are one request: on a
 * busy machine others can come between. */
static void
run_fast(struct child *c, void (*fn)(void *), void *arg)
{
	struct timespec from, to;
	long ms;

	for (int i = 0; i < 1000; i++) {
		(void)clock_gettime(CLOCK_MONOTONIC, &from);
		child_run(c, fn, arg);
		(void)clock_gettime(CLOCK_MONOTONIC, &to);
		ms = (long)(to.tv_sec - from.tv_sec) * 1000 +
		     (to.tv_nsec - from.tv_nsec) / 1000000;
		if (ms < 90 || c->rc == 0)
			return;
	}
}

int
main(void)
{
	static const int signals[] = {SIGTERM, SIGINT};
	struct child c;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		run_fast(&c, one_request, (void *)(uintptr_t)&signals[i]);
		OK(c.rc == 0, "a signal, and others at once, ask for an end");
		child_run(&c, two_requests, (void *)(uintptr_t)&signals[i]);
		OK(c.rc == 128 + signals[i], "a second request is one");
	}
	return tap_done();
}
