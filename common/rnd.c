/* The one random source of the program. */
#include <stdlib.h>
#include <sys/random.h>

#include "rnd.h"

#ifdef LB_INJECT
#include <stdbool.h>

/* splitmix64 (Steele, Lea, Flood 2014): any seed, zero too, is a good one. */
static bool
seeded(unsigned char *p, size_t n)
{
	static uint64_t state;
	static int mode; /* 0 not asked yet, 1 seeded, 2 not */
	const char *seed;
	uint64_t z;

	if (mode == 0) {
		seed = getenv("LB_SEED");
		mode = seed != NULL ? 1 : 2;
		state = seed != NULL ? strtoull(seed, NULL, 10) : 0;
	}
	if (mode == 2)
		return false;
	for (size_t i = 0; i < n; i++) {
		state += 0x9e3779b97f4a7c15;
		z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		p[i] = (unsigned char)(z >> 56);
	}
	return true;
}
#endif

void
rnd_bytes(void *p, size_t n)
{
	unsigned char *at = p;
	ssize_t got;

#ifdef LB_INJECT
	if (seeded(p, n))
		return;
#endif
	while (n > 0) {
		got = getrandom(at, n, 0);
		if (got < 0)
			continue; /* EINTR only: flags are 0 and at is ours */
		at += got;
		n -= (size_t)got;
	}
}

uint32_t
rnd_below(uint32_t below)
{
	uint32_t v, limit = UINT32_MAX - UINT32_MAX % below;

	do
		rnd_bytes(&v, sizeof(v));
	while (v >= limit);
	return v % below;
}
