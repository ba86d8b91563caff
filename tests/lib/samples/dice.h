#ifndef DICE_H
#define DICE_H

#include <stddef.h>
#include <stdint.h>

/* A seeded generator (splitmix64): the same throws for the same seed, on any
 * machine.  For sample data only. */
struct dice {
	uint64_t state;
};

/** Dice of their own for a thing, named by numbers, under one seed. */
struct dice dice_for(uint64_t seed, uint64_t a, uint64_t b);

uint64_t dice_throw(struct dice *d);

/** From 0 to below - 1; below > 0. */
uint32_t dice_below(struct dice *d, uint32_t below);

/** Fill out with n characters of an alphabet (no NUL). */
void dice_text(struct dice *d, char *out, size_t n, const char *alphabet);

#endif
