#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/*
 * The program's only clock.  In test builds (LB_INJECT) the environment sets
 * it: LB_CLOCK_SPEED=N runs it N times as fast as real time (N >= 1),
 * LB_CLOCK_WALL=SECONDS starts the wall clock at that Unix time; and a unit
 * test stops and moves it with clock_inject().
 */

/** Milliseconds of a clock that never goes back; its zero means nothing. */
int64_t clock_mono_ms(void);

/** Milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ms(void);

/**
 * How long to really wait, in ms for poll(2), so that this clock moves on by
 * ms: the same number, but in a fast test build less (at least 1 for ms > 0).
 * Negative (for ever) stays; capped to INT_MAX.
 */
int clock_wait_ms(int64_t ms);

#ifdef LB_INJECT
/** Stop the clock at these readings (unit tests only). */
void clock_inject(int64_t mono_ms, int64_t wall_ms);
#endif

#endif
