#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Run a function in a process of its own, and keep what it said: for code
 * that exits or writes to stdout or stderr. */
struct child {
	int rc; /* exit status, or 128 + signal */
	char out[16384], err[16384];
};

static inline void
child_read(int fd, char *to, size_t n)
{
	ssize_t r = pread(fd, to, n - 1, 0);

	to[r > 0 ? r : 0] = '\0';
	(void)close(fd);
}

static inline void
child_run(struct child *c, void (*run)(void *), void *arg)
{
	int out = memfd_create("out", 0), err = memfd_create("err", 0);
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)dup2(out, STDOUT_FILENO);
		(void)dup2(err, STDERR_FILENO);
		run(arg);
		exit(0); /* flushes, and writes what gcov counted */
	}
	(void)waitpid(pid, &status, 0);
	c->rc =
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	child_read(out, c->out, sizeof(c->out));
	child_read(err, c->err, sizeof(c->err));
}

#endif
