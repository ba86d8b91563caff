/*
 * without NAME ... -- COMMAND ...: run a command on a kernel that lacks
 * something, as far as it can tell: "landlock", or one of the calls below, or
 * "seccomp" (filters; and no more can be added, so this comes last).  By a
 * seccomp filter that answers ENOSYS, EINVAL, EPERM.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of Landlock: it, ADD_RULE and RESTRICT_SELF are 444 to 446 on every
 * architecture; older libseccomp has no names for them. */
enum { CREATE_RULESET = 444 };

/* Calls that are refused, for one value of one argument. */
static const struct call {
	const char *name;
	int call;
	unsigned arg;
	scmp_datum_t value;
} calls[] = {{"nodump", SCMP_SYS(prctl), 0, PR_SET_DUMPABLE},
    {"nonewprivs", SCMP_SYS(prctl), 0, PR_SET_NO_NEW_PRIVS},
    {"corelimit", SCMP_SYS(prlimit64), 1, RLIMIT_CORE},
    {"capset", SCMP_SYS(capset), 0, 0}, {"mlock", SCMP_SYS(mlock), 0, 0},
    {"rules", CREATE_RULESET, 2, 0}, {"rule", CREATE_RULESET + 1, 3, 0},
    {"setgroups", SCMP_SYS(setgroups), 0, 0}};

/* By masks: any value of what is no number is "at least 0". */
static int
deny_call(scmp_filter_ctx c, const struct call *d)
{
	const bool any =
	    d->call == SCMP_SYS(capset) || d->call == SCMP_SYS(mlock);

	return seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), d->call, 1,
	    (struct scmp_arg_cmp){
		d->arg, any ? SCMP_CMP_GE : SCMP_CMP_EQ, d->value, 0});
}

static int
deny(scmp_filter_ctx c, const char *what)
{
	const uint32_t nosys = SCMP_ACT_ERRNO(ENOSYS);
	int rc = 0;

	if (strcmp(what, "landlock") == 0) {
		for (int i = 0; rc == 0 && i < 3; i++)
			rc = seccomp_rule_add(c, nosys, CREATE_RULESET + i, 0);
		return rc;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(what, calls[i].name) == 0)
			return deny_call(c, &calls[i]);
	if (strcmp(what, "seccomp") != 0)
		return -EINVAL;
	rc = seccomp_rule_add(c, nosys, SCMP_SYS(seccomp), 0);
	return rc != 0 ? rc
		       : seccomp_rule_add(c, SCMP_ACT_ERRNO(EINVAL),
			     SCMP_SYS(prctl), 1,
			     (struct scmp_arg_cmp){
				 0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0});
}

int
main(int argc, char *argv[])
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
	int i, rc = c != NULL ? 0 : -ENOMEM;

	for (i = 1; rc == 0 && i < argc && strcmp(argv[i], "--") != 0; i++)
		rc = deny(c, argv[i]);
	if (i + 1 >= argc) {
		(void)fprintf(stderr, "usage: without NAME .. -- COMMAND\n");
		return 64;
	}
	if (rc == 0)
		rc = seccomp_load(c);
	if (rc != 0) {
		(void)fprintf(stderr, "without: %s\n", strerror(-rc));
		return 71;
	}
	(void)execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
