#ifndef SYSCALLS_H
#define SYSCALLS_H

#include "sandbox.h"

/** Allow the system calls of this sandbox and no others, in all threads to
 * come.  libseccomp's types stay in syscalls.c.  Returns 0 or a negative
 * errno. */
int syscalls_restrict(const struct sandbox *s);

#endif
