/* The master's end of a helper; its own is in helperrun.c. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "helperint.h"
#include "log.h"

enum { END_MS = 1000 /* to be gone in, at the end */ };

struct helper *
helper_new(const char *name, enum sandbox_kind kind)
{
	struct helper *h = calloc(1, sizeof(*h));

	if (h == NULL)
		log_oom();
	h->name = name;
	h->box.kind = kind;
	h->threads = 1;
	h->fd = -1;
	return h;
}

void
helper_serve(struct helper *h, enum helper_kind kind, helper_fn *fn, void *ctx)
{
	INVARIANT(h->fd == -1);
	h->serves[kind].fn = fn;
	h->serves[kind].ctx = ctx;
	h->wanted = true;
}

void
helper_path(struct helper *h, const char *path, unsigned rights)
{
	struct landlock_path *v =
	    realloc(h->paths, (h->npaths + 1) * sizeof(*v));
	char *copy = strdup(path);

	if (v == NULL || copy == NULL)
		log_oom();
	h->paths = v;
	h->paths[h->npaths].path = copy;
	h->paths[h->npaths++].rights = rights;
}

void
helper_folder(struct helper *h, const char *path, unsigned rights)
{
	char real[PATH_MAX];
	char *copy = strdup(path);

	if (copy == NULL)
		log_oom();
	helper_path(h, dirname(copy), rights);
	free(copy);
	/* A link: where it leads to as well. */
	if (realpath(path, real) != NULL)
		helper_path(h, dirname(real), rights);
}

void
helper_keep_descriptors(struct helper *h)
{
	h->keep = true;
}

void
helper_threads(struct helper *h, unsigned n)
{
	h->threads = n;
}

static void
drop_paths(struct helper *h)
{
	for (size_t i = 0; i < h->npaths; i++)
		free((void *)(uintptr_t)h->paths[i].path);
	free(h->paths);
	h->paths = NULL;
	h->npaths = 0;
}

/* Its first message says whether it is confined. */
static bool
await_start(struct helper *h, struct fault *f)
{
	struct helper_reply *r = &h->spare;

	switch (helper_next(h, r, HELPER_WAIT_MS)) {
	case HELPER_ANSWER:
		if (r->arg == EXIT_DONE)
			return true;
		fault_set(f, (enum exitcode)r->arg, "the helper for %s: %s",
		    h->name, r->data);
		return fault_hint(f, "%s", r->data + strlen(r->data) + 1);
	case HELPER_NOTHING:
	case HELPER_GONE:
		break;
	}
	return fault_set(
	    f, EXIT_SYSTEM, "the helper for %s does not start", h->name);
}

bool
helper_start(struct helper *h, struct fault *f)
{
	const pid_t master = getpid();
	int fd[2];
	pid_t pid;

	if (!h->wanted)
		return true;
	h->box.paths = h->paths;
	h->box.npaths = h->npaths;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) != 0)
		return fault_set(f, EXIT_SYSTEM, "cannot start a helper: %s",
		    strerror(errno));
	pid = fork();
	if (pid == 0) {
		(void)close(fd[0]);
		h->fd = fd[1];
		helper_run(h, master);
	}
	(void)close(fd[1]);
	if (pid == -1) {
		(void)close(fd[0]);
		return fault_set(f, EXIT_SYSTEM, "cannot start a helper: %s",
		    strerror(errno));
	}
	h->fd = fd[0];
	drop_paths(h);
	return await_start(h, f);
}

bool
helper_running(const struct helper *h)
{
	return h != NULL && h->fd != -1;
}

int
helper_fd(const struct helper *h)
{
	return h->fd;
}

/* The kernel's time: what is waited for is a process of this machine, whatever
 * the clock of a test build says. */
static int64_t
real_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint32_t
helper_send(struct helper *h, enum helper_kind kind, uint32_t arg,
    const void *data, size_t n)
{
	struct helper_head head = {.seq = h->seq + 1, .kind = kind, .arg = arg};

	INVARIANT(n <= HELPER_DATA_MAX);
	if (head.seq == 0)    /* COV_EXCL: after 4 billion orders */
		head.seq = 1; /* COV_EXCL: as above */
	if (!helper_put(h->fd, &head, data, n, -1, MSG_DONTWAIT))
		return 0;
	h->seq = head.seq;
	return head.seq;
}

/* Is this the answer that is kept for later?  Then keep it. */
static bool
noted(struct helper *h, struct helper_reply *r)
{
	if (h->noted == 0 || r->seq != h->noted)
		return false;
	*h->noted_err = r->err;
	h->noted = 0;
	if (r->fd != -1)
		(void)close(r->fd);
	return true;
}

static enum helper_got
next_until(struct helper *h, struct helper_reply *r, int64_t until)
{
	struct pollfd p = {.fd = h->fd, .events = POLLIN};
	struct helper_head head = {0};
	int64_t left;
	int got;

	for (;;) {
		left = until - real_ms();
		got = poll(&p, 1, left > 0 ? (int)left : 0);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return HELPER_NOTHING;
		got = helper_get(h->fd, &head, r->data, &r->n, &r->fd);
		if (got <= 0)
			return HELPER_GONE;
		r->seq = head.seq;
		r->arg = head.arg;
		r->err = head.err;
		if (!noted(h, r))
			return HELPER_ANSWER;
	}
}

enum helper_got
helper_next(struct helper *h, struct helper_reply *r, int ms)
{
	return next_until(h, r, real_ms() + ms);
}

uint32_t
helper_push(struct helper *h, const struct helper_order *o, int ms)
{
	const int64_t until = real_ms() + ms;
	struct pollfd p = {.fd = h->fd, .events = POLLOUT};
	uint32_t seq;
	int64_t left;

	for (;;) {
		seq = helper_send(h, o->kind, o->arg, o->data, o->n);
		left = until - real_ms();
		if (seq != 0 || errno != EAGAIN || left <= 0)
			return seq;
		(void)poll(&p, 1, (int)left);
	}
}

bool
helper_ask(struct helper *h, const struct helper_order *o,
    struct helper_reply *r, struct fault *f)
{
	const int ms = o->ms > 0 ? o->ms : HELPER_WAIT_MS;
	const int64_t until = real_ms() + ms;
	uint32_t seq = helper_push(h, o, ms);
	enum helper_got got =
	    seq != 0 || errno == EAGAIN ? HELPER_NOTHING : HELPER_GONE;

	while (seq != 0) {
		got = next_until(h, r, until);
		if (got != HELPER_ANSWER || r->seq == seq)
			break;
		if (r->fd != -1)
			(void)close(r->fd);
	}
	if (got == HELPER_ANSWER)
		return true;
	return fault_set(f, EXIT_IO,
	    got == HELPER_GONE ? "the helper for %s has ended"
			       : "the helper for %s does not answer",
	    h->name);
}

void
helper_note(struct helper *h, uint32_t seq, int *err)
{
	h->noted = seq;
	h->noted_err = err;
	*err = -1;
}

void
helper_free(struct helper *h)
{
	struct pollfd p;

	if (h == NULL)
		return;
	if (h->fd != -1) {
		/* It sees the end, and we see its. */
		(void)shutdown(h->fd, SHUT_WR);
		p = (struct pollfd){.fd = h->fd};
		(void)poll(&p, 1, END_MS);
		(void)close(h->fd);
	}
	drop_paths(h);
	free(h);
}
