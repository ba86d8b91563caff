/* common/out: what becomes of output, its failures, and slow readers. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#include "child.h"
#include "log.h"
#include "out.h"
#include "stop.h"
#include "tap.h"

enum { LARGE = 3 << 20 };

static void
lines(void *arg)
{
	static char large[200000];

	(void)arg;
	out_init();
	buf_adds(out_buf(), "one");
	out_line();
	buf_adds(out_buf(), "never");
	out_drop();
	out_copy("two", 3);
	memset(large, 'x', sizeof(large));
	out_copy(large, sizeof(large));
	if (!out_write_try("three\n", 6))
		exit(1);
	out_copy("", 0);
	out_finish();
}

/* Standard descriptors that are closed fail, and are not taken by others. */
static void
closed(void *arg)
{
	char c;

	(void)arg;
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	out_init();
	if (read(STDIN_FILENO, &c, 1) != -1 || open("/dev/null", O_RDONLY) < 3)
		exit(1);
	out_copy("x", 1);
	out_finish();
}

static void
full(void *arg)
{
	int fd = open("/dev/full", O_WRONLY);

	(void)dup2(fd, STDOUT_FILENO);
	out_init();
	if (*(const bool *)arg) {
		static char large[200000];

		out_copy(large, sizeof(large));
	}
	out_copy("x", 1);
	if (out_flush_try())
		exit(1);
	out_copy("x", 1);
	out_flush();
}

static void
no_reader(void *arg)
{
	int p[2];

	(void)arg;
	(void)!pipe(p);
	(void)dup2(p[1], STDOUT_FILENO);
	out_init();
	if (out_reader_gone())
		exit(1);
	(void)close(p[0]);
	if (!out_reader_gone())
		exit(2);
	out_copy("x", 1);
	out_finish();
}

static int
code(void)
{
	return EXIT_DENIED;
}

static int
fine(void)
{
	return EXIT_DONE;
}

/* Write more than a pipe or socket holds, which nobody reads, with SIGTERM
 * before that or, by a timer, while it waits. */
struct stuck {
	bool is_socket, before;
	int (*code)(void);
};

static void
on_alarm(int sig)
{
	(void)sig;
	(void)raise(SIGTERM);
}

static void
stuck(void *arg)
{
	static char large[LARGE];
	const struct stuck *s = arg;
	int p[2];

	if (s->is_socket)
		(void)!socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	else
		(void)!pipe(p);
	(void)dup2(p[1], STDOUT_FILENO);
	out_init();
	stop_init();
	out_leave_within(1, s->code);
	if (s->before) {
		(void)raise(SIGTERM);
	} else {
		(void)signal(SIGALRM, on_alarm);
		(void)ualarm(50000, 0);
	}
	out_copy(large, sizeof(large));
	out_finish();
}

/* A reader that takes all gets all, though it is slow. */
static void
slow(void *arg)
{
	static char large[LARGE], block[65536];
	const struct timespec pause = {0, 2000000};
	long long got = 0;
	int p[2], status;
	ssize_t n;
	pid_t pid;

	if (*(const bool *)arg)
		(void)!socketpair(AF_UNIX, SOCK_STREAM, 0, p);
	else
		(void)!pipe(p);
	pid = fork();
	if (pid == 0) {
		(void)dup2(p[1], STDOUT_FILENO);
		(void)close(p[0]);
		(void)close(p[1]);
		out_init();
		stop_init();
		out_leave_within(1, fine);
		(void)raise(SIGTERM);
		out_copy(large, sizeof(large));
		out_finish();
		exit(0);
	}
	(void)close(p[1]);
	while ((n = read(p[0], block, sizeof(block))) > 0) {
		got += n;
		(void)nanosleep(&pause, NULL);
	}
	(void)waitpid(pid, &status, 0);
	exit(got == LARGE + 1 && status == 0 ? 0 : 1);
}

/* Another process made a shared pipe non-blocking. */
static void
shared(void *arg)
{
	static char large[LARGE], block[65536];
	int p[2], status;
	long long got = 0;
	ssize_t n;
	pid_t pid;

	(void)arg;
	(void)!pipe(p);
	pid = fork();
	if (pid == 0) {
		(void)dup2(p[1], STDOUT_FILENO);
		(void)close(p[0]);
		(void)close(p[1]);
		(void)fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
		out_init();
		out_copy(large, sizeof(large));
		out_finish();
		exit(0);
	}
	(void)close(p[1]);
	while ((n = read(p[0], block, sizeof(block))) > 0)
		got += n;
	(void)waitpid(pid, &status, 0);
	exit(got == LARGE + 1 && status == 0 ? 0 : 1);
}

static void
test_stuck(struct child *c)
{
	static const struct {
		struct stuck how;
		int rc;
		const char *what;
	} cases[] = {
	    {{false, true, fine}, EXIT_AGAIN, "a pipe, stopped before"},
	    {{false, false, fine}, EXIT_AGAIN, "a pipe, stopped meanwhile"},
	    {{true, true, fine}, EXIT_AGAIN, "a socket, stopped before"},
	    {{true, false, fine}, EXIT_AGAIN, "a socket, stopped meanwhile"},
	    {{false, true, code}, EXIT_DENIED, "what is worse is told"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		child_run(c, stuck, (void *)(uintptr_t)&cases[i].how);
		OK(c->rc == cases[i].rc &&
			strstr(c->err, "takes nothing") != NULL,
		    cases[i].what);
	}
}

int
main(void)
{
	static const bool no = false, yes = true;
	struct child c;

	child_run(&c, lines, NULL);
	OK(c.rc == 0 && strncmp(c.out, "one\ntwo\nxxxx", 12) == 0,
	    "lines in their order, those that are dropped not");
	child_run(&c, closed, NULL);
	OK(c.rc == EXIT_IO, "closed descriptors fail");
	child_run(&c, full, (void *)(uintptr_t)&no);
	OK(c.rc == EXIT_IO && strstr(c.err, "No space") != NULL, "a full disk");
	child_run(&c, full, (void *)(uintptr_t)&yes);
	OK(c.rc == EXIT_IO, "with a large line");
	child_run(&c, no_reader, NULL);
	OK(c.rc == 128 + SIGPIPE && c.err[0] == '\0',
	    "a reader that has gone is noticed, and ends it silently");
	test_stuck(&c);
	child_run(&c, slow, (void *)(uintptr_t)&no);
	OK(c.rc == 0, "a slow reader of a pipe gets all");
	child_run(&c, slow, (void *)(uintptr_t)&yes);
	OK(c.rc == 0, "and of a socket");
	child_run(&c, shared, NULL);
	OK(c.rc == 0, "a pipe that does not block is waited for");
	return tap_done();
}
