/* common/helper: orders, answers, descriptors, and a helper that hangs, ends or
 * outlives nobody. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helperint.h"
#include "tap.h"

static char dir[] = "/tmp/test_helper-XXXXXX";

/* What the helper does for HELPER_OPERAND: by the number of the order. */
enum { ECHO, PID, OPEN, FAIL, STOP, END, SLEEP, QUIET };

static void
serve(
    void *ctx, uint32_t arg, const char *data, size_t n, struct helper_reply *r)
{
	char *const path = ctx;

	switch (arg) {
	case ECHO:
		memcpy(r->data, data, n);
		r->n = n;
		break;
	case PID:
		r->n = (size_t)snprintf(
		    r->data, sizeof(r->data), "%ld", (long)getpid());
		break;
	case OPEN:
		r->fd = open(path, O_RDONLY | O_CLOEXEC);
		r->err = r->fd == -1 ? errno : 0;
		break;
	case FAIL:
		r->err = ENOSPC;
		break;
	case STOP:
		(void)raise(SIGSTOP);
		break;
	case END:
		_exit(0);
	case SLEEP:
		(void)usleep(300000);
		break;
	case QUIET:
		r->silent = true;
		break;
	}
}

static char path[64];

static struct helper *
start(unsigned threads)
{
	struct helper *h =
	    helper_new("tests", threads > 1 ? SANDBOX_NAMES : SANDBOX_FILES);
	struct fault f = {0};

	helper_serve(h, HELPER_OPERAND, serve, path);
	helper_path(h, dir, LANDLOCK_READ);
	helper_threads(h, threads);
	if (!helper_start(h, &f)) {
		printf("Bail out! %s\n", f.text);
		exit(1);
	}
	return h;
}

static bool
ask(struct helper *h, uint32_t what, const void *data, size_t n,
    struct helper_reply *r, struct fault *f)
{
	const struct helper_order o = {.kind = HELPER_OPERAND,
	    .arg = what,
	    .data = data,
	    .n = n,
	    .ms = 20000};

	*f = (struct fault){0};
	return helper_ask(h, &o, r, f);
}

static pid_t
pid_of(struct helper *h)
{
	struct helper_reply r;
	struct fault f;

	if (!ask(h, PID, NULL, 0, &r, &f)) {
		printf("Bail out! %s\n", f.text);
		exit(1);
	}
	return (pid_t)strtol(r.data, NULL, 10);
}

static void
test_orders(void)
{
	static char most[HELPER_DATA_MAX];
	struct helper *h = start(1);
	struct helper_reply r;
	struct fault f;
	struct stat st, own;
	FILE *file = fopen(path, "w");
	bool ok = true;

	OK(file != NULL && fputs("hello", file) >= 0 && fclose(file) == 0,
	    "a file");
	OK(helper_running(h) && !helper_running(NULL), "it runs");
	OK(pid_of(h) != getpid(), "as a process of its own");
	memset(most, 'x', sizeof(most));
	OK(ask(h, ECHO, most, sizeof(most), &r, &f) && r.err == 0 &&
		r.fd == -1 && r.n == sizeof(most) &&
		memcmp(r.data, most, sizeof(most)) == 0 && r.data[r.n] == '\0',
	    "the longest order comes back whole");
	OK(ask(h, ECHO, NULL, 0, &r, &f) && r.n == 0, "and the shortest");
	OK(ask(h, FAIL, NULL, 0, &r, &f) && r.err == ENOSPC,
	    "an order that fails");
	OK(ask(h, OPEN, NULL, 0, &r, &f) && r.fd != -1 &&
		fstat(r.fd, &st) == 0 && stat(path, &own) == 0 &&
		st.st_ino == own.st_ino,
	    "a descriptor comes with the answer");
	OK((fcntl(r.fd, F_GETFD) & FD_CLOEXEC) != 0, "and goes to nobody else");
	(void)close(r.fd);
	for (int i = 0; ok && i < 3000; i++) {
		ok = ask(h, OPEN, NULL, 0, &r, &f) && r.fd != -1;
		(void)close(r.fd);
	}
	OK(ok, "three thousand of them leave none behind, here or there");
	(void)unlink(path);
	OK(ask(h, OPEN, NULL, 0, &r, &f) && r.fd == -1 && r.err == ENOENT,
	    "none comes when it cannot be opened");
	helper_free(h);
	helper_free(NULL);
}

/* Orders that nobody waits for. */
static void
test_told(void)
{
	struct helper *h = start(1);
	struct helper_reply r;
	struct fault f;
	uint32_t first, second;
	int err = 0;

	first = helper_send(h, HELPER_OPERAND, FAIL, NULL, 0);
	helper_note(h, first, &err);
	OK(first != 0 && err == -1, "told, nothing is known");
	second = helper_send(h, HELPER_OPERAND, ECHO, "a", 1);
	OK(second != first, "orders have numbers");
	OK(ask(h, ECHO, "b", 1, &r, &f) && r.n == 1 && r.data[0] == 'b',
	    "an answer is that of its order");
	OK(err == ENOSPC, "what was noted came by");
	OK(helper_next(h, &r, 0) == HELPER_NOTHING, "the rest was dropped");
	(void)helper_send(h, HELPER_OPERAND, QUIET, NULL, 0);
	first = helper_send(h, HELPER_OPERAND, ECHO, "c", 1);
	OK(helper_next(h, &r, 20000) == HELPER_ANSWER && r.seq == first,
	    "some orders have no answer");
	helper_free(h);
}

static void
test_threads(void)
{
	struct helper *h = start(4);
	struct helper_reply r;
	uint32_t slow = helper_send(h, HELPER_OPERAND, SLEEP, NULL, 0);
	uint32_t quick = helper_send(h, HELPER_OPERAND, ECHO, "q", 1);

	OK(helper_next(h, &r, 20000) == HELPER_ANSWER && r.seq == quick,
	    "with threads, a slow order holds up no other");
	OK(helper_next(h, &r, 20000) == HELPER_ANSWER && r.seq == slow,
	    "and comes to its end");
	helper_free(h);
}

static void
test_hangs(void)
{
	const struct helper_order o = {
	    .kind = HELPER_OPERAND, .arg = ECHO, .ms = 50};
	static char most[HELPER_DATA_MAX];
	struct helper *h = start(1);
	struct helper_reply r;
	struct fault f = {0};
	pid_t pid = pid_of(h);
	int i = 0;

	(void)helper_send(h, HELPER_OPERAND, STOP, NULL, 0);
	OK(!helper_ask(h, &o, &r, &f) && f.code == EXIT_IO,
	    "a helper that hangs is waited for so long");
	IS(f.text, "the helper for tests does not answer", "and told");
	while (i < 10000 &&
	       helper_send(h, HELPER_OPERAND, ECHO, most, sizeof(most)) != 0)
		i++;
	OK(i < 10000 && errno == EAGAIN, "orders never block");
	(void)kill(pid, SIGCONT);
	OK(ask(h, ECHO, "d", 1, &r, &f) && r.data[0] == 'd',
	    "when it goes on, it is used again");
	(void)helper_send(h, HELPER_OPERAND, STOP, NULL, 0);
	helper_free(h);
	OK(true, "one that hangs keeps nobody from ending");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void
test_ends(void)
{
	struct helper *h = start(1);
	struct helper_reply r;
	struct fault f;

	OK(!ask(h, END, NULL, 0, &r, &f) && f.code == EXIT_IO,
	    "a helper that ends");
	IS(f.text, "the helper for tests has ended", "is told");
	OK(!ask(h, ECHO, NULL, 0, &r, &f) && f.code == EXIT_IO,
	    "again and again");
	OK(helper_send(h, HELPER_OPERAND, ECHO, NULL, 0) == 0 && errno == EPIPE,
	    "without a signal");
	OK(helper_next(h, &r, 0) == HELPER_GONE, "it is gone");
	helper_free(h);
	(void)waitpid(-1, NULL, 0);
}

/* Is the process there, if only as a zombie of somebody else? */
static bool
runs(pid_t pid)
{
	for (int i = 0; i < 2000; i++) {
		if (kill(pid, 0) != 0)
			return false;
		(void)usleep(10000);
	}
	return true;
}

static void
test_outlives(void)
{
	int out[2];
	pid_t master, pid = 0;
	struct helper *h;

	if (pipe(out) != 0)
		return;
	master = fork();
	if (master == 0) {
		h = start(1);
		pid = pid_of(h);
		(void)kill(pid, SIGTERM);
		(void)kill(pid, SIGINT);
		pid = pid_of(h);
		(void)!write(out[1], &pid, sizeof(pid));
		(void)raise(SIGKILL);
	}
	OK(read(out[0], &pid, sizeof(pid)) == sizeof(pid) && pid > 0,
	    "signals that ask to stop are its master's to hear");
	(void)waitpid(master, NULL, 0);
	OK(!runs(pid), "it ends with a master that is killed");
	(void)close(out[0]);
	(void)close(out[1]);
}

/* Nothing of a pipe's ends stays with it. */
static void
test_descriptors(void)
{
	struct pollfd p;
	struct helper *h;
	int fd[2];

	if (pipe(fd) != 0)
		return;
	h = start(1);
	(void)close(fd[1]);
	p = (struct pollfd){.fd = fd[0], .events = POLLIN};
	OK(poll(&p, 1, 20000) == 1 && (p.revents & POLLHUP) != 0,
	    "it holds no descriptor of its master");
	(void)close(fd[0]);
	helper_free(h);
}

/* An order that nobody serves: a master that has lost its senses. */
static void
test_unknown(void)
{
	static const struct {
		enum helper_kind kind;
		const char *what;
	} cases[] = {{HELPER_KINDS, "an order that there is not"},
	    {HELPER_NAME, "an order that it does not serve"}};
	struct helper_reply r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct helper *h = start(1);

		OK(helper_send(h, cases[i].kind, 0, NULL, 0) != 0 &&
			helper_next(h, &r, 20000) == HELPER_GONE,
		    cases[i].what);
		helper_free(h);
	}
}

/* A descriptor that goes with an order, or with an answer that was noted. */
static void
test_strays(void)
{
	struct helper *h = start(1);
	struct helper_head head = {.seq = 9, .kind = HELPER_OPERAND};
	struct helper_reply r;
	struct fault f;
	struct pollfd p;
	int fd[2], err = 0, before, after;
	FILE *file = fopen(path, "w");

	if (file == NULL || fclose(file) != 0 || pipe(fd) != 0)
		return;
	OK(helper_put(h->fd, &head, "x", 1, fd[1], 0), "an order with one");
	(void)close(fd[1]);
	OK(ask(h, ECHO, NULL, 0, &r, &f), "is like any other");
	p = (struct pollfd){.fd = fd[0], .events = POLLIN};
	OK(poll(&p, 1, 20000) == 1 && (p.revents & POLLHUP) != 0,
	    "and it is closed");
	(void)close(fd[0]);

	before = dup(STDOUT_FILENO);
	(void)close(before);
	helper_note(h, helper_send(h, HELPER_OPERAND, OPEN, NULL, 0), &err);
	OK(ask(h, ECHO, NULL, 0, &r, &f) && err == 0,
	    "an answer with one that was noted");
	(void)helper_send(h, HELPER_OPERAND, OPEN, NULL, 0);
	OK(ask(h, ECHO, NULL, 0, &r, &f), "and one that nobody waits for");
	after = dup(STDOUT_FILENO);
	(void)close(after);
	OK(before == after, "leave none behind");
	(void)unlink(path);
	helper_free(h);
}

/* What is no message: short, long. */
static void
test_messages(void)
{
	static char data[HELPER_DATA_MAX + 1];
	static char most[sizeof(struct helper_head) + HELPER_DATA_MAX + 1];
	struct helper_head head = {.seq = 1};
	size_t n = 0;
	int s[2], fd, before, after;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s) != 0)
		return;
	before = dup(STDOUT_FILENO);
	(void)close(before);
	(void)!send(s[0], "abc", 3, 0);
	OK(helper_get(s[1], &head, data, &n, &fd) == -1 && errno == EPROTO,
	    "a message without a whole head");
	OK(send(s[0], most, sizeof(most), 0) == (ssize_t)sizeof(most) &&
		helper_get(s[1], &head, data, &n, &fd) == -1 && errno == EPROTO,
	    "one that is too long");
	OK(helper_put(
	       s[0], &head, most, HELPER_DATA_MAX + 1, STDOUT_FILENO, 0) &&
		helper_get(s[1], &head, data, &n, &fd) == -1 && errno == EPROTO,
	    "one that is too long, with a descriptor");
	after = dup(STDOUT_FILENO);
	(void)close(after);
	OK(before == after, "which is not kept");
	(void)close(s[0]);
	OK(helper_get(s[1], &head, data, &n, &fd) == 0, "and the end");
	(void)close(s[1]);
	OK(helper_get(-1, &head, data, &n, &fd) == -1 && errno == EBADF,
	    "no socket");
}

static void
test_nothing(void)
{
	struct helper *h = helper_new("tests", SANDBOX_FILES);
	struct fault f = {0};

	OK(helper_start(h, &f) && !helper_running(h),
	    "with nothing to do there is none");
	helper_free(h);
}

int
main(void)
{
	(void)signal(SIGPIPE, SIG_DFL);
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	test_orders();
	test_told();
	test_threads();
	test_hangs();
	test_ends();
	test_outlives();
	test_descriptors();
	test_unknown();
	test_strays();
	test_messages();
	test_nothing();
	OK(rmdir(dir) == 0, "no file is left behind");
	return tap_done();
}
