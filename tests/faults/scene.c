/* One run of a filter with failnth.so: its files before, what it left after. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "torture.h"

/* Of processor time: without memory libseccomp can loop for ever, and nothing
 * here takes a tenth of that.  SIGXCPU says so. */
enum { FOREIGN_CPU_S = 1 };

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "torture: %s: %s\n", what, strerror(errno));
	exit(99);
}

static int
must(int fd, const char *what)
{
	if (fd == -1)
		die(what);
	return fd;
}

/* What a file holds from an offset on; nothing when it is not there. */
static void
slurp(const char *path, off_t from, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *room;
	ssize_t n;

	buf_reset(b);
	if (fd == -1)
		return;
	while ((room = buf_room(b, 65536)) != NULL &&
	       (n = pread(fd, room, 65536, from + (off_t)b->len)) > 0)
		buf_wrote(b, (size_t)n);
	(void)close(fd);
}

static void
remove_with(const char *path, const char *suffix)
{
	char name[4096];

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	(void)unlink(name);
}

static void
fresh_files(const struct scene *s)
{
	static struct buf b = BUF_INIT(16 << 20);
	int fd;

	if (s->state != NULL) {
		remove_with(s->state, "");
		remove_with(s->state, "-wal");
		remove_with(s->state, "-shm");
	}
	if (s->like != NULL) {
		slurp(s->like, 0, &b);
		fd = must(open(s->state, O_WRONLY | O_CREAT | O_TRUNC, 0600),
		    s->state);
		if (write(fd, b.p, b.len) != (ssize_t)b.len || close(fd) != 0)
			die(s->state);
	}
	if (s->dead != NULL)
		remove_with(s->dead, "");
	if (s->save != NULL)
		save_fresh(s->save);
	if (s->metrics != NULL)
		remove_with(s->metrics, "");
}

/* A pipe that holds all of the input; its writing end is closed. */
static int
input(const struct scene *s)
{
	enum { PIPE_TAKES = 60000 };
	static struct buf b = BUF_INIT(1 << 20);
	int p[2];

	if (s->in == NULL)
		return must(open("/dev/null", O_RDONLY | O_CLOEXEC), "null");
	slurp(s->in, 0, &b);
	if (pipe2(p, O_CLOEXEC) != 0 || b.len > PIPE_TAKES ||
	    write(p[1], b.p, b.len) != (ssize_t)b.len)
		die(s->in);
	(void)close(p[1]);
	return p[0];
}

/* Where the failing call is made, by gdb. */
static _Noreturn void
debug(const struct scene *s)
{
	char wrapper[4096];
	const char *argv[64] = {"gdb", "-nx", "-batch", "-ex", wrapper, "-ex",
	    "run", "-ex", "backtrace 25", "-ex", "kill", "--args"};

	for (size_t n = 12; n < 63 && s->argv[n - 12] != NULL; n++)
		argv[n] = s->argv[n - 12];
	(void)snprintf(wrapper, sizeof(wrapper),
	    "set exec-wrapper env LD_PRELOAD=%s", s->library);
	/* It changes no argument, whatever its type says. */
	(void)execvp("gdb", (char *const *)(uintptr_t)argv);
	die("gdb");
}

static _Noreturn void
child(const struct scene *s, const int fd[3], int page_fd,
    const struct failnth *page)
{
	const struct rlimit cpu = {FOREIGN_CPU_S, FOREIGN_CPU_S + 1};
	char number[16];

	(void)setsid();
	for (int i = 0; i < 3; i++)
		must(dup2(fd[i], i), "dup2");
	(void)snprintf(number, sizeof(number), "%d", page_fd);
	(void)setenv("FAILNTH_FD", number, 1);
	if (page->class == FAIL_FOREIGN)
		(void)setrlimit(RLIMIT_CPU, &cpu);
	if (page->again != 0) /* other names of temporary files */
		(void)setenv("LB_SEED", "1", 1);
	(void)signal(SIGPIPE, SIG_DFL);
	if (s->stop)
		debug(s);
	(void)setenv("LD_PRELOAD", s->library, 1);
	(void)execvp(s->argv[0], s->argv);
	die(s->argv[0]);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Read both pipes until both are closed; false: it took too long. */
static bool
collect(struct outcome *o, int out, int err, int timeout_s)
{
	struct pollfd p[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
	struct buf *const to[2] = {&o->out, &o->err};
	const int64_t end = now_ms() + (int64_t)timeout_s * 1000;
	int64_t left;
	ssize_t n;
	char *room;

	while (p[0].fd != -1 || p[1].fd != -1) {
		left = end - now_ms();
		if (left <= 0)
			return false;
		(void)poll(p, 2, (int)left);
		for (int i = 0; i < 2; i++) {
			if (p[i].fd == -1 || p[i].revents == 0)
				continue;
			room = buf_room(to[i], 65536);
			n = room != NULL ? read(p[i].fd, room, 65536) : 0;
			if (n > 0)
				buf_wrote(to[i], (size_t)n);
			else
				p[i].fd = -1;
		}
	}
	return true;
}

void
scene_run(const struct scene *s, struct failnth *page, struct outcome *o)
{
	int page_fd = must(memfd_create("failnth", 0), "memfd_create");
	struct failnth *shared;
	int out[2], err[2], fd[3], status;
	pid_t pid;

	if (!page->again)
		fresh_files(s);
	o->ms = -now_ms();
	if (ftruncate(page_fd, FAILNTH_SIZE) != 0 ||
	    pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0)
		die("pipe2");
	shared = mmap(
	    NULL, FAILNTH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
	if (shared == MAP_FAILED)
		die("mmap");
	*shared = *page;
	fd[0] = input(s);
	fd[1] = out[1];
	fd[2] = err[1];
	pid = fork();
	if (pid == 0)
		child(s, fd, page_fd, page);
	must(pid, "fork");
	(void)close(fd[0]);
	(void)close(out[1]);
	(void)close(err[1]);
	(void)close(page_fd);
	buf_reset(&o->out);
	buf_reset(&o->err);
	o->timeout = !collect(o, out[0], err[0], s->timeout_s);
	if (o->timeout) /* and its helpers */
		(void)kill(-pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	(void)kill(-pid, SIGKILL);
	(void)close(out[0]);
	(void)close(err[0]);
	o->ms += now_ms();
	o->rc = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	o->sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	*page = *shared;
	if (page->trace != 0)
		memcpy(o->chains, shared + 1, sizeof(o->chains));
	(void)munmap(shared, FAILNTH_SIZE);
	if (s->rows != NULL) {
		slurp(s->rows, o->rows_from, &o->rows);
		o->rows_from += (off_t)o->rows.len;
	}
	if (s->dead != NULL)
		slurp(s->dead, 0, &o->dead);
}
