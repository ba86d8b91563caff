/* common/lockfile */
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lockfile.h"
#include "tap.h"

static char dir[] = "/tmp/test_lockfile.XXXXXX";
static char path[64];

/* A child that takes the lock, says so, and waits to be killed. */
static pid_t
holder(enum lockfile_mode mode)
{
	struct lockfile l = LOCKFILE_INIT;
	struct fault f = {0};
	int fds[2];
	char c = 'n';
	pid_t pid;

	if (pipe(fds) != 0 || (pid = fork()) == -1)
		abort();
	if (pid == 0) {
		c = lockfile_take(&l, path, mode, &f) ? 'y' : 'n';
		if (write(fds[1], &c, 1) == 1)
			for (;;)
				(void)pause();
		_exit(1);
	}
	(void)close(fds[1]);
	OK(read(fds[0], &c, 1) == 1 && c == 'y', "another process takes it");
	(void)close(fds[0]);
	return pid;
}

static void
end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

int
main(void)
{
	struct lockfile a = LOCKFILE_INIT, b = LOCKFILE_INIT;
	struct fault f = {0};
	char want[160];
	struct stat st;
	pid_t pid;

	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	OK(!lockfile_held(path), "nobody holds a file that is not there");
	OK(lockfile_take(&a, path, LOCKFILE_ALONE, &f), "take it alone");
	OK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "mode 0600");
	OK(lockfile_held(path), "our own lock shows");
	OK(!lockfile_take(&b, path, LOCKFILE_ALONE, &f) &&
		f.code == EXIT_AGAIN && b.fd == -1,
	    "a second one gets exit 75");
	(void)snprintf(want, sizeof(want),
	    "cannot lock '%s': process %ld holds it", path, (long)getpid());
	IS(f.text, want, "and is told who has it");
	OK(!lockfile_take(&b, path, LOCKFILE_TOGETHER, &f),
	    "together does not go with alone");
	lockfile_drop(&a);
	OK(!lockfile_held(path), "dropped");
	lockfile_drop(&a);
	OK(a.fd == -1, "dropping twice is fine");

	pid = holder(LOCKFILE_ALONE);
	OK(lockfile_held(path) && !lockfile_take(&a, path, LOCKFILE_ALONE, &f),
	    "held by another process");
	end(pid);
	OK(!lockfile_held(path) && lockfile_take(&a, path, LOCKFILE_ALONE, &f),
	    "kill -9 gives it up");
	lockfile_drop(&a);

	pid = holder(LOCKFILE_ALONE);
	OK(truncate(path, 0) == 0 &&
		!lockfile_take(&a, path, LOCKFILE_ALONE, &f) &&
		strstr(f.text, "another process holds it") != NULL,
	    "by one that did not write down who it is");
	end(pid);

	pid = holder(LOCKFILE_TOGETHER);
	OK(lockfile_take(&a, path, LOCKFILE_TOGETHER, &f), "several together");
	OK(lockfile_held(path), "that shows too");
	OK(!lockfile_take(&b, path, LOCKFILE_ALONE, &f) && f.code == EXIT_AGAIN,
	    "but none alone");
	lockfile_drop(&a);
	OK(lockfile_held(path), "one of two has gone");
	end(pid);
	OK(!lockfile_held(path), "both have gone");

	(void)unlink(path);
	OK(symlink("/tmp/elsewhere", path) == 0 &&
		!lockfile_take(&a, path, LOCKFILE_ALONE, &f) &&
		f.code == EXIT_IO,
	    "a symbolic link is refused");
	(void)unlink(path);
	(void)rmdir(dir);
	OK(!lockfile_take(&a, path, LOCKFILE_ALONE, &f) &&
		f.code == EXIT_BADCONFIG,
	    "no folder: exit 78");
	return tap_done();
}
