/* A helper's own end: it becomes one, is confined, and takes orders. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "envwipe.h"
#include "helperint.h"
#include "log.h"

enum {
	NOBODY = 65534, /* the kernel's overflow uid, Debian's nobody */
	STACK_BYTES = 512 * 1024 /* of a thread: modules may use much */
};

bool
helper_put(int socket, const struct helper_head *head, const void *data,
    size_t n, int fd, int flags)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov[2] = {{(void *)(uintptr_t)head, sizeof(*head)},
	    {(void *)(uintptr_t)data, n}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = n > 0 ? 2 : 1};
	struct cmsghdr *c;
	ssize_t sent;

	if (fd != -1) {
		memset(&control, 0, sizeof(control));
		m.msg_control = control.room;
		m.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(socket, &m, flags | MSG_NOSIGNAL);
	while (sent == -1 && errno == EINTR);
	return sent != -1;
}

int
helper_get(int socket, struct helper_head *head, char *data, size_t *n, int *fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov[2] = {{head, sizeof(*head)}, {data, HELPER_DATA_MAX}};
	struct msghdr m = {.msg_iov = iov,
	    .msg_iovlen = 2,
	    .msg_control = control.room,
	    .msg_controllen = sizeof(control.room)};
	struct cmsghdr *c;
	ssize_t got;

	*fd = -1;
	do
		got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
	while (got == -1 && errno == EINTR);
	if (got <= 0)
		return (int)got;
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	if ((size_t)got < sizeof(*head) ||
	    (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		if (*fd != -1)
			(void)close(*fd);
		errno = EPROTO;
		return -1;
	}
	*n = (size_t)got - sizeof(*head);
	data[*n] = '\0';
	return 1;
}

/* Hold nothing that somebody else waits for the end of. */
static void
drop_descriptors(struct helper *h)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null != -1) {
		if (!h->keep)
			(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
	}
	if (h->keep) {
		if (null > STDERR_FILENO)
			(void)close(null);
		return;
	}
	(void)dup2(h->fd, STDERR_FILENO + 1);
	h->fd = STDERR_FILENO + 1;
	(void)fcntl(h->fd, F_SETFD, FD_CLOEXEC);
	closefrom(h->fd + 1);
}

/* Stay until the master ends: it says what stopping means. */
static void
ignore_signals(void)
{
	static const int asking[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};

	for (size_t i = 0; i < sizeof(asking) / sizeof(*asking); i++)
		(void)signal(asking[i], SIG_IGN);
}

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

static bool
tell_start(struct helper *h, const struct fault *f)
{
	struct helper_head head = {.arg = f->code};
	char data[sizeof(f->text) + sizeof(f->hint)];
	size_t n = strlen(f->text) + 1;

	memcpy(data, f->text, n);
	memcpy(data + n, f->hint, strlen(f->hint) + 1);
	return helper_put(h->fd, &head, data, n + strlen(f->hint) + 1, -1, 0);
}

/* Take orders until the master has gone. */
static void *
serve(void *arg)
{
	struct helper *h = arg;
	struct helper_head head = {0};
	struct helper_reply *r = malloc(sizeof(*r));
	char *data = malloc(HELPER_DATA_MAX + 1);
	size_t n = 0;
	int fd;

	while (r != NULL && data != NULL &&
	       helper_get(h->fd, &head, data, &n, &fd) == 1) {
		if (fd != -1)
			(void)close(fd);
		if (head.kind >= HELPER_KINDS ||
		    h->serves[head.kind].fn == NULL)
			break;
		r->arg = 0;
		r->err = 0;
		r->fd = -1;
		r->silent = false;
		r->n = 0;
		h->serves[head.kind].fn(
		    h->serves[head.kind].ctx, head.arg, data, n, r);
		if (r->silent)
			continue;
		head.arg = r->arg;
		head.err = r->err;
		if (!helper_put(h->fd, &head, r->data, r->n, r->fd, 0))
			break;
		if (r->fd != -1)
			(void)close(r->fd);
	}
	leave(EXIT_DONE); /* other threads too */
}

static void
serve_in_threads(struct helper *h)
{
	pthread_attr_t attr;
	pthread_t thread;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (unsigned i = 1; i < h->threads; i++)
		if (pthread_create(&thread, &attr, serve, h) != 0)
			break; /* fewer will do */
	(void)serve(h);
}

_Noreturn void
helper_run(struct helper *h, pid_t master)
{
	struct fault f = {0};

	env_wipe(ENV_KEEP_NONE);
	ignore_signals();
	drop_descriptors(h);
	(void)prctl(PR_SET_NAME, h->name, 0, 0, 0);
	(void)sandbox_close(&h->box, &f);
	/* Should it hang when its master ends.  Not before: a change of user
	 * clears it. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != master)
		leave(EXIT_DONE);
	/* A master that was not told would wait for it. */
	if (tell_start(h, &f) && f.code == EXIT_DONE)
		serve_in_threads(h);
	leave((int)f.code);
}
