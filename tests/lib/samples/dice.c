/* Seeded random numbers for sample data. */
#include <string.h>

#include "dice.h"

uint64_t
dice_throw(struct dice *d)
{
	uint64_t x = d->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

struct dice
dice_for(uint64_t seed, uint64_t a, uint64_t b)
{
	struct dice d = {seed};

	d.state = dice_throw(&d) + a;
	d.state = dice_throw(&d) + b;
	return d;
}

uint32_t
dice_below(struct dice *d, uint32_t below)
{
	return (uint32_t)(((dice_throw(d) >> 32) * below) >> 32);
}

void
dice_text(struct dice *d, char *out, size_t n, const char *alphabet)
{
	uint32_t size = (uint32_t)strlen(alphabet);
	uint64_t x = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0)
			x = dice_throw(d);
		out[i] = alphabet[((x & 0xff) * size) >> 8];
		x >>= 8;
	}
}
