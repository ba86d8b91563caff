/* common/callproof: a program that does what the rules say holds; with any
 * instruction of it changed, or cut off, it does not. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "callfilter.h"
#include "tap.h"

#define ARCH AUDIT_ARCH_X86_64 /* does not fit into an int */
enum {
	NR = 0, /* where things are in struct seccomp_data */
	ARCH_AT = 4,
	ARG1_LOW = 24,
	ARG1_HIGH = 28,
	NO = SECCOMP_RET_ERRNO | EPERM
};

/* Call 3 is allowed, and 4 where argument 1 has neither bit 2 nor bit 40. */
static const struct callfilter rules = {.otherwise = NO,
    .foreign = SECCOMP_RET_KILL_PROCESS,
    .rules = {{.call = 3, .action = SECCOMP_RET_ALLOW},
	{.call = -7, .action = SECCOMP_RET_ALLOW},
	{.call = 4,
	    .action = SECCOMP_RET_ALLOW,
	    .nargs = 1,
	    .args = {{1, 1ULL << 2 | 1ULL << 40, 0}}}},
    .n = 3};

static const struct sock_filter sound[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARCH_AT),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NR),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 4, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3, 0, 6),
    BPF_STMT(BPF_JMP | BPF_JA, 6),
    BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 4, 4, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG1_LOW),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1 << 2, 2, 0),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARG1_HIGH),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1 << 8, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, NO),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
enum { N = sizeof(sound) / sizeof(*sound) };

static bool
holds(const struct sock_filter *p, size_t n)
{
	return callfilter_holds(&rules, p, n, ARCH);
}

/* The sound program with one instruction of another code and number. */
static bool
holds_with(size_t at, uint16_t code, uint32_t k)
{
	struct sock_filter p[N];

	memcpy(p, sound, sizeof(p));
	p[at].code = code;
	p[at].k = k;
	return holds(p, N);
}

static bool
any_cut_holds(void)
{
	for (size_t n = 0; n < N; n++)
		if (holds(sound, n))
			return true;
	return false;
}

/* Each jump one further, each number one more. */
static bool
any_change_holds(void)
{
	struct sock_filter p[N];

	for (size_t i = 0; i < N; i++) {
		if (holds_with(i, sound[i].code, sound[i].k + 1))
			return true;
		if (BPF_CLASS(sound[i].code) != BPF_JMP ||
		    BPF_OP(sound[i].code) == BPF_JA)
			continue;
		memcpy(p, sound, sizeof(p));
		p[i].jt++;
		if (holds(p, N))
			return true;
		p[i] = sound[i];
		p[i].jf++;
		if (holds(p, N))
			return true;
	}
	return false;
}

int
main(void)
{
	OK(holds(sound, N), "a program that does what the rules say holds");
	OK(!callfilter_holds(&rules, sound, N, AUDIT_ARCH_AARCH64),
	    "not for another machine");
	OK(!any_cut_holds(), "cut off anywhere it does not hold");
	OK(!any_change_holds(), "nor with any jump or number changed");
	OK(!holds_with(0, BPF_LD | BPF_W | BPF_ABS, 64),
	    "nor when it reads beyond a call");
	OK(!holds_with(6, BPF_JMP | BPF_JA, UINT32_MAX),
	    "nor when it jumps out");
	OK(!holds_with(12, BPF_RET | BPF_A, NO),
	    "nor with an instruction that libseccomp does not use");
	return tap_done();
}
