#ifndef CALLFILTER_H
#define CALLFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sock_filter;

/*
 * A filter of system calls: rules, the program that libseccomp makes of them,
 * and a proof that it does what they say before it is loaded.  libseccomp, when
 * an allocation fails inside of it, can give out half a program and call that
 * success: such a filter would forbid what a process cannot do without, or
 * allow what it must not.
 */
enum { CALLFILTER_RULES = 320, CALLFILTER_ARGS = 3 };

/* Bits of an argument of a call, counted from 0. */
struct callfilter_arg {
	unsigned which;
	uint64_t mask, value;
};

struct callfilter_rule {
	int call;        /* libseccomp's number, below 0: not on this machine */
	uint32_t action; /* SCMP_ACT_ .. */
	unsigned nargs;  /* 0: whatever the arguments are */
	struct callfilter_arg args[CALLFILTER_ARGS]; /* all of them hold */
};

/* No call has both a rule with arguments and one with another action. */
struct callfilter {
	uint32_t otherwise; /* what is done where no rule holds */
	uint32_t foreign;   /* and to calls of another architecture */
	struct callfilter_rule rules[CALLFILTER_RULES];
	size_t n;
};

void callfilter_add(struct callfilter *f, const struct callfilter_rule *r);

/**
 * Load it, for this process and its threads to come, for good.  Returns 0 or a
 * negative errno: what libseccomp or the kernel says, or -EBADMSG when what
 * libseccomp made is not what the rules say.
 */
int callfilter_load(const struct callfilter *f);

/** Does this program, for machines of this kind (AUDIT_ARCH_ ..), do what the
 * rules say? */
bool callfilter_holds(const struct callfilter *f,
    const struct sock_filter *program, size_t n, uint32_t arch);

#endif
