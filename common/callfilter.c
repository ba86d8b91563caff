/* Rules to a program of the kernel's, by libseccomp, and into the kernel. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "callfilter.h"
#include "log.h"

void
callfilter_add(struct callfilter *f, const struct callfilter_rule *r)
{
	INVARIANT(f->n < CALLFILTER_RULES);
	f->rules[f->n++] = *r;
}

static int
add_rule(scmp_filter_ctx ctx, const struct callfilter_rule *r)
{
	struct scmp_arg_cmp args[CALLFILTER_ARGS];

	for (unsigned i = 0; i < r->nargs; i++)
		args[i] = (struct scmp_arg_cmp){r->args[i].which,
		    SCMP_CMP_MASKED_EQ, r->args[i].mask, r->args[i].value};
	return seccomp_rule_add_array(ctx, r->action, r->call, r->nargs, args);
}

static int
add_rules(scmp_filter_ctx ctx, const struct callfilter *f)
{
	int rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, f->foreign);

	/* A tree, not a list: the last call of it costs what the first does. */
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; rc == 0 && i < f->n; i++)
		rc = add_rule(ctx, &f->rules[i]);
	return rc;
}

/* The program that libseccomp makes, of *n instructions: it writes it to a
 * descriptor only (2.6 can do without one).  To a socket, all at once: a file,
 * also of memory alone, is subject to the limit of file sizes. */
static int
generate(scmp_filter_ctx ctx, struct sock_filter *to, size_t *n)
{
	int fd[2], rc;
	ssize_t got;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd) != 0)
		return -errno;
	rc = seccomp_export_bpf(ctx, fd[1]);
	if (rc == 0) {
		got = recv(fd[0], to, BPF_MAXINSNS * sizeof(*to), MSG_DONTWAIT);
		rc = got == -1 ? -errno : 0;
		*n = got > 0 ? (size_t)got / sizeof(*to) : 0;
	}
	(void)close(fd[0]);
	(void)close(fd[1]);
	return rc;
}

int
callfilter_load(const struct callfilter *f)
{
	static struct sock_filter program[BPF_MAXINSNS];
	scmp_filter_ctx ctx = seccomp_init(f->otherwise);
	struct sock_fprog prog = {.filter = program};
	size_t n = 0;
	int rc;

	if (ctx == NULL)
		return -ENOMEM;
	rc = add_rules(ctx, f);
	if (rc == 0)
		rc = generate(ctx, program, &n);
	seccomp_release(ctx);
	if (rc != 0)
		return rc;
	if (!callfilter_holds(f, program, n, seccomp_arch_native()))
		return -EBADMSG;
	prog.len = (unsigned short)n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) == 0
		   ? 0
		   : -errno;
}
