/*
 * without NAME ... -- COMMAND ...: run a command on a kernel that lacks
 * something, as far as it can tell: "landlock" or "seccomp" (filters; and no
 * more can be added, so this comes last).  By a seccomp filter that answers
 * ENOSYS, EINVAL.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int
deny(scmp_filter_ctx c, const char *what)
{
	const uint32_t nosys = SCMP_ACT_ERRNO(ENOSYS);
	int rc = 0;

	if (strcmp(what, "landlock") == 0) {
		/* 444 to 446 on every architecture; older libseccomp has no
		 * names for them. */
		for (int call = 444; rc == 0 && call <= 446; call++)
			rc = seccomp_rule_add(c, nosys, call, 0);
		return rc;
	}
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
		(void)fprintf(
		    stderr, "usage: without landlock|seccomp -- COMMAND\n");
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
