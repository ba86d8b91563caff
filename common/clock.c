/* The one clock of the program; see clock.h for what tests can do to it. */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"

static int64_t
read_ms(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t); /* cannot fail for the two ids used */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#ifdef LB_INJECT
static struct {
	bool ready, stopped;
	int64_t speed;
	int64_t mono, wall;   /* readings while stopped */
	int64_t mono0, wall0; /* real readings at start */
	int64_t wall_start;   /* what the wall clock shows at start */
} inject;

static void
inject_start(void)
{
	const char *speed = getenv("LB_CLOCK_SPEED");
	const char *wall = getenv("LB_CLOCK_WALL");

	inject.ready = true;
	inject.speed = speed != NULL ? strtoll(speed, NULL, 10) : 1;
	if (inject.speed < 1)
		inject.speed = 1;
	inject.mono0 = read_ms(CLOCK_MONOTONIC);
	inject.wall0 = read_ms(CLOCK_REALTIME);
	inject.wall_start =
	    wall != NULL ? strtoll(wall, NULL, 10) * 1000 : inject.wall0;
}

void
clock_inject(int64_t mono_ms, int64_t wall_ms)
{
	inject.ready = inject.stopped = true;
	inject.speed = 1;
	inject.mono = mono_ms;
	inject.wall = wall_ms;
}

int64_t
clock_mono_ms(void)
{
	if (!inject.ready)
		inject_start();
	if (inject.stopped)
		return inject.mono;
	return inject.mono0 +
	       (read_ms(CLOCK_MONOTONIC) - inject.mono0) * inject.speed;
}

int64_t
clock_wall_ms(void)
{
	if (!inject.ready)
		inject_start();
	if (inject.stopped)
		return inject.wall;
	return inject.wall_start +
	       (read_ms(CLOCK_MONOTONIC) - inject.mono0) * inject.speed;
}

static int64_t
scale(int64_t ms)
{
	if (!inject.ready)
		inject_start();
	return ms > 0 ? (ms + inject.speed - 1) / inject.speed : ms;
}
#else
int64_t
clock_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t
clock_wall_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

static int64_t
scale(int64_t ms)
{
	return ms;
}
#endif

int
clock_wait_ms(int64_t ms)
{
	ms = scale(ms);
	if (ms < 0)
		return -1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}
