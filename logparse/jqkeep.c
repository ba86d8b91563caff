/*
 * The keeper of the process that runs programs of libjq, and that process, the
 * worker: see jqwork.h.  The keeper compiles the programs before it forks the
 * first worker, so another one costs a fork and no more.  It reads nothing: the
 * worker takes the orders.  What a worker has of a program that cannot be
 * brought to its end is not used again: the worker ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jqworkint.h"
#include "log.h"
#include "sandbox.h"

enum { FALSE_STARTS = 8 /* of workers that took no order */ };

/* The sanitizers and gcov have something to write; nobody else has. */
static _Noreturn void
leave(int code)
{
#ifdef LB_NO_SANDBOX
	exit(code);
#else
	_exit(code);
#endif
}

/* --- the worker ------------------------------------------------------- */

/* Who cannot answer ends: of a worker the keeper tells, of it its socket. */
static void
answer(const struct jqwork *w, uint32_t seq)
{
	const struct jqwork_order a = {.seq = seq};

	ssize_t sent;

	do
		sent = send(w->fd, &a, sizeof(a), MSG_NOSIGNAL);
	while (sent == -1 && errno == EINTR);
	if (sent != (ssize_t)sizeof(a))
		leave(EXIT_AGAIN);
}

static void
say_failed(struct jqwork_shared *s, const char *what, const char *said)
{
	memset(s->what, 0, sizeof(s->what));
	memcpy(s->what, what, strnlen(what, sizeof(s->what) - 1));
	memset(s->said, 0, sizeof(s->said));
	memcpy(s->said, said, strnlen(said, sizeof(s->said) - 1));
	s->result = JQRUN_FAILED;
}

static struct jqrun *
program(struct jqwork *w, size_t i)
{
	struct fault f = {0};

	INVARIANT(i < w->n);
	if (w->programs[i] == NULL)
		w->programs[i] = jqrun_new(w->v[i].option, w->v[i].text, &f);
	INVARIANT(w->programs[i] != NULL);
	return w->programs[i];
}

/* The row is copied: what is made of it takes its place. */
static void
take_row(const struct jqwork *w)
{
	static struct buf row = BUF_INIT(WIRE_LINE_MAX);
	static uint64_t number;

	if (number == w->shared->row)
		return;
	number = w->shared->row;
	jqrun_end();
	buf_reset(&row);
	buf_add(&row, w->shared->text, w->shared->n);
	jqrun_row(row.p, row.len);
}

static void
work(struct jqwork *w, struct jqrun *r, bool map)
{
	static struct buf made = BUF_INIT(WIRE_LINE_MAX);
	struct jqwork_shared *s = w->shared;
	struct jqrun_error e = {0};

	take_row(w);
	s->counts = (struct value_counts){0};
	buf_reset(&made);
	s->result =
	    map ? jqrun_map(r, &made, &s->counts, &e) : jqrun_any(r, &e);
	if (s->result == JQRUN_FAILED) {
		say_failed(s, e.what, e.said);
	} else if (made.err != 0) {
		s->n = WIRE_LINE_MAX + 1;
	} else if (s->result == JQRUN_YES && map) {
		memcpy(s->text, made.p, made.len);
		s->n = made.len;
	}
}

/* The order that is due, if any is. */
static void
take_order(struct jqwork *w)
{
	struct jqwork_shared *s = w->shared;
	struct jqwork_order o;
	struct jqrun *r;

	if (s->due == s->done)
		return;
	o = s->order;
	s->busy = o.seq;
	s->taken++;
	r = program(w, o.program);
	work(w, r, o.map);
	s->done = o.seq;
	answer(w, o.seq);
	s->busy = 0;
	if (!jqrun_tidy(r))
		leave(EXIT_AGAIN);
}

/* Take orders until the master has gone. */
static _Noreturn void
be_worker(struct jqwork *w, pid_t keeper)
{
	struct jqwork_order o;
	ssize_t got;

	sandbox_no_forks();
	/* What libjq says before it aborts helps nobody. */
	(void)dup2(STDOUT_FILENO, STDERR_FILENO);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != keeper)
		leave(EXIT_AGAIN);
	jqrun_forked();
	/* The one before may have ended between an order and its work. */
	take_order(w);
	for (;;) {
		got = recv(w->fd, &o, sizeof(o), 0);
		if (got == -1 && errno == EINTR)
			continue;
		if (got != (ssize_t)sizeof(o))
			leave(got == 0 ? EXIT_DONE : EXIT_IO);
		take_order(w);
	}
}

/* --- the keeper ------------------------------------------------------- */

/* Why a worker has ended, which was at work. */
static const char *
cause(int status)
{
	const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (code == JQRUN_EXIT_TIME)
		return "it takes too much time";
	if (code == EXIT_SYSTEM ||
	    (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
		return "it takes too much memory";
	return "libjq does not survive it";
}

static _Noreturn void
keep(struct jqwork *w)
{
	struct jqwork_shared *s = w->shared;
	const pid_t keeper = getpid();
	unsigned starts = 0;
	uint32_t taken;
	int status;
	pid_t pid;

	while (starts < FALSE_STARTS) {
		taken = s->taken;
		pid = fork();
		if (pid == 0)
			be_worker(w, keeper);
		if (pid == -1)
			break;
		while (waitpid(pid, &status, 0) == -1)
			if (errno != EINTR)
				leave(EXIT_SYSTEM);
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_DONE)
			leave(EXIT_DONE);
		/* What it was asked is lost, and nobody knows what it was. */
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_IO)
			break;
		starts = s->taken == taken ? starts + 1 : 0;
		if (s->busy != 0) {
			/* Or it was done, and perhaps answered: twice is no
			 * harm. */
			if (s->done != s->busy)
				say_failed(s, cause(status), "");
			s->done = s->busy;
			answer(w, s->busy);
			s->busy = 0;
		}
	}
	leave(EXIT_SYSTEM);
}

/* Hold nothing that somebody else waits for the end of. */
static void
drop_descriptors(struct jqwork *w)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1)
		leave(EXIT_SYSTEM);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(w->fd, STDERR_FILENO + 1);
	w->fd = STDERR_FILENO + 1;
	closefrom(w->fd + 1);
}

/* Stay until the master ends: it says what stopping means. */
static void
ignore_signals(void)
{
	static const int asking[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};

	for (size_t i = 0; i < sizeof(asking) / sizeof(*asking); i++)
		(void)signal(asking[i], SIG_IGN);
}

static bool
compile(struct jqwork *w, struct fault *f)
{
	w->programs = calloc(w->n, sizeof(*w->programs));
	if (w->programs == NULL)
		log_oom();
	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].late)
			continue;
		w->programs[i] = jqrun_new(w->v[i].option, w->v[i].text, f);
		if (w->programs[i] == NULL)
			return false;
	}
	return true;
}

_Noreturn void
jqkeep_run(struct jqwork *w, pid_t master)
{
	const struct sandbox box = {.kind = SANDBOX_KEEPER};
	struct fault *f = &w->shared->fault;
	bool ready;

	ignore_signals();
	drop_descriptors(w);
	(void)prctl(PR_SET_NAME, "expressions", 0, 0, 0);
	jqrun_prepare();
	ready = sandbox_close(&box, f) && compile(w, f);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != master)
		leave(EXIT_DONE);
	answer(w, 0);
	if (ready)
		keep(w);
	leave((int)f->code);
}
