#ifndef RND_H
#define RND_H

#include <stddef.h>
#include <stdint.h>

/*
 * The program's only source of randomness: the kernel's.  In test builds
 * (LB_INJECT) the environment's LB_SEED=N makes it a seeded generator.
 */

/** Fill p with n random bytes. */
void rnd_bytes(void *p, size_t n);

/** A number from 0 to below - 1, evenly distributed; below > 0. */
uint32_t rnd_below(uint32_t below);

#endif
