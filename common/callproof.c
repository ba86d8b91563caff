/*
 * What a program of the kernel's does with a call, worked out here and held
 * against the rules: for every number of a system call, with arguments at and
 * beside those that the rules name.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "callfilter.h"

/* The kernel has some 470 of them. */
enum { CALLS = 512, OTHER_ARCH = 1, ARGS = 6, NOT_A_VERDICT = -1 };

static bool
rule_holds(const struct callfilter_rule *r, const struct seccomp_data *d)
{
	if (r->call != d->nr)
		return false;
	for (unsigned i = 0; i < r->nargs; i++)
		if ((d->args[r->args[i].which] & r->args[i].mask) !=
		    r->args[i].value)
			return false;
	return true;
}

static uint32_t
due(const struct callfilter *f, const struct seccomp_data *d)
{
	for (size_t i = 0; i < f->n; i++)
		if (rule_holds(&f->rules[i], d))
			return f->rules[i].action;
	return f->otherwise;
}

/* Does the jump go on with the branch for "yes"? */
static bool
taken(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return (a & k) != 0;
	}
}

/* The verdict of a program; or one of no meaning, NOT_A_VERDICT, when it holds
 * what libseccomp has no use for, or ends without. */
static int64_t
verdict(const struct sock_filter *p, size_t n, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t i = 0; i < n; i++) {
		switch (p[i].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (p[i].k > sizeof(*d) - sizeof(a))
				return NOT_A_VERDICT;
			memcpy(&a, (const char *)d + p[i].k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= p[i].k;
			break;
		case BPF_JMP | BPF_JA:
			if (p[i].k >= n)
				return NOT_A_VERDICT;
			i += p[i].k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			i += taken(p[i].code, a, p[i].k) ? p[i].jt : p[i].jf;
			break;
		case BPF_RET | BPF_K:
			return p[i].k;
		default:
			return NOT_A_VERDICT;
		}
	}
	return NOT_A_VERDICT;
}

struct proof {
	const struct callfilter *filter;
	const struct sock_filter *program;
	size_t n;
	uint32_t arch;
};

static bool
agree(const struct proof *p, const struct seccomp_data *d)
{
	return verdict(p->program, p->n, d) == due(p->filter, d);
}

static bool
number_agrees(const struct proof *p, int nr)
{
	struct seccomp_data d = {.nr = nr, .arch = p->arch};

	if (!agree(p, &d))
		return false;
	memset(d.args, 0xff, sizeof(d.args));
	return agree(p, &d);
}

/* With the arguments of the rule, all other bits 0, and 1; and with each bit
 * that it names changed. */
static bool
rule_agrees(const struct proof *p, const struct callfilter_rule *r)
{
	struct seccomp_data d;

	for (int ones = 0; ones < 2; ones++) {
		d = (struct seccomp_data){.nr = r->call, .arch = p->arch};
		for (int i = 0; ones != 0 && i < ARGS; i++)
			d.args[i] = UINT64_MAX;
		for (unsigned i = 0; i < r->nargs; i++) {
			d.args[r->args[i].which] &= ~r->args[i].mask;
			d.args[r->args[i].which] |= r->args[i].value;
		}
		if (!agree(p, &d))
			return false;
		for (unsigned i = 0; i < r->nargs; i++)
			for (uint64_t bit = 1; bit != 0; bit <<= 1) {
				d.args[r->args[i].which] ^= bit;
				if (!agree(p, &d))
					return false;
				d.args[r->args[i].which] ^= bit;
			}
	}
	return true;
}

bool
callfilter_holds(const struct callfilter *f, const struct sock_filter *program,
    size_t n, uint32_t arch)
{
	const struct proof p = {f, program, n, arch};
	struct seccomp_data other = {.arch = arch ^ OTHER_ARCH};

	if (verdict(program, n, &other) != f->foreign)
		return false;
	for (int nr = 0; nr < CALLS; nr++)
		if (!number_agrees(&p, nr))
			return false;
	for (size_t i = 0; i < f->n; i++)
		if (f->rules[i].call >= 0 && f->rules[i].nargs > 0 &&
		    !rule_agrees(&p, &f->rules[i]))
			return false;
	return true;
}
