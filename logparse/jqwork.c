/* The end of a jqwork that asks: see jqwork.h. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jqworkint.h"
#include "log.h"

enum { END_MS = 1000 /* to be gone in, at the end */ };

/* --- one order -------------------------------------------------------- */

static _Noreturn void
gone(void)
{
	log_error("the process that runs expressions has ended");
	exit(EXIT_SYSTEM);
}

/* Wait for the answer to order seq; false: nobody gives one. */
static bool
answered(const struct jqwork *w, uint32_t seq)
{
	struct jqwork_order a;
	ssize_t got;

	do {
		a.seq = seq;
		got = recv(w->fd, &a, sizeof(a), 0);
		/* One that came twice is of an order before. */
	} while (got == -1 ? errno == EINTR
			   : got == (ssize_t)sizeof(a) && a.seq != seq);
	return got == (ssize_t)sizeof(a);
}

static void
order(struct jqwork *w, size_t i, bool map)
{
	struct jqwork_order o = {.program = (uint32_t)i, .map = map};
	ssize_t sent;

	if (w->text != NULL) {
		memcpy(w->shared->text, w->text, w->ntext);
		w->shared->n = w->ntext;
		w->shared->row = ++w->row;
		w->text = NULL;
	}
	w->seq += 1 + (w->seq == UINT32_MAX);
	o.seq = w->seq;
	w->shared->order = o;
	w->shared->due = o.seq;
	do
		sent = send(w->fd, &o, sizeof(o), MSG_NOSIGNAL);
	while (sent == -1 && errno == EINTR);
	if (sent != (ssize_t)sizeof(o) || !answered(w, o.seq))
		gone();
}

/* What came of it. */
static enum jqrun_result
result(struct jqwork *w, struct jqrun_error *e)
{
	static char what[JQWORK_WHAT_MAX];
	const struct jqwork_shared *s = w->shared;

	if (s->result == JQRUN_YES || s->result == JQRUN_NO)
		return s->result;
	memcpy(what, s->what, sizeof(what) - 1);
	memcpy(e->said, s->said, JQRUN_SAID_MAX);
	e->said[JQRUN_SAID_MAX] = '\0';
	e->what = what;
	return JQRUN_FAILED;
}

void
jqwork_row(struct jqwork *w, const char *row, size_t n)
{
	INVARIANT(n <= WIRE_LINE_MAX);
	w->text = row;
	w->ntext = n;
}

enum jqrun_result
jqwork_any(struct jqwork *w, size_t i, struct jqrun_error *e)
{
	order(w, i, false);
	return result(w, e);
}

enum jqrun_result
jqwork_map(struct jqwork *w, size_t i, struct buf *b,
    struct value_counts *counts, struct jqrun_error *e)
{
	enum jqrun_result r;
	size_t n;

	order(w, i, true);
	r = result(w, e);
	n = w->shared->n;
	if (r != JQRUN_YES)
		return r;
	if (n > WIRE_LINE_MAX) {
		b->err = EFBIG;
		return r;
	}
	buf_add(b, w->shared->text, n);
	counts->replaced += w->shared->counts.replaced;
	counts->cut += w->shared->counts.cut;
	counts->bad_ip += w->shared->counts.bad_ip;
	return r;
}

/* --- start and end ---------------------------------------------------- */

static bool
fork_keeper(struct jqwork *w)
{
	const pid_t master = getpid();
	int fd[2];
	pid_t pid;

	w->shared = mmap(NULL, sizeof(*w->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->shared == MAP_FAILED)
		w->shared = NULL;
	if (w->shared == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		(void)close(fd[0]);
		w->fd = fd[1];
		jqkeep_run(w, master);
	}
	(void)close(fd[1]);
	w->fd = fd[0];
	return pid != -1;
}

struct jqwork *
jqwork_start(const struct jqwork_program *v, size_t n, struct fault *f)
{
	struct jqwork *w = calloc(1, sizeof(*w));

	if (w == NULL)
		log_oom();
	w->v = v;
	w->n = n;
	w->fd = -1;
	if (!fork_keeper(w))
		(void)fault_set(f, EXIT_SYSTEM,
		    "cannot start a process for expressions: %s",
		    strerror(errno));
	else if (!answered(w, 0))
		(void)fault_set(f, EXIT_SYSTEM,
		    "the process for expressions does not start");
	else if (w->shared->fault.code == EXIT_DONE)
		return w;
	else
		*f = w->shared->fault;
	jqwork_free(w);
	return NULL;
}

void
jqwork_free(struct jqwork *w)
{
	struct pollfd p;

	if (w == NULL)
		return;
	if (w->fd != -1) {
		/* They see the end, and we see theirs. */
		(void)shutdown(w->fd, SHUT_WR);
		p = (struct pollfd){.fd = w->fd};
		(void)poll(&p, 1, END_MS);
		(void)close(w->fd);
	}
	if (w->shared != NULL)
		(void)munmap(w->shared, sizeof(*w->shared));
	free(w);
}
