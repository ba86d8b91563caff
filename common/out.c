/* Standard output: collected, checked, and watched for its reader. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "out.h"

enum {
	PIPE_SIZE = 256 * 1024,    /* larger gains nothing (design.md) */
	FLUSH_AT = 128 * 1024,     /* collected before a write */
	OUT_MAX = 24 * 1024 * 1024 /* two lines of 8 MiB and the rest */
};

static struct buf pending = BUF_INIT(OUT_MAX);
static size_t line_start; /* where in pending the unfinished line begins */

/* Give a closed descriptor a file on which input or output fails. */
static void
ensure_open(int fd, int flags)
{
	int got;

	if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
		return;
	got = open("/dev/null", flags);
	if (got != -1 && got != fd) {
		(void)dup2(got, fd);
		(void)close(got);
	}
}

void
out_init(void)
{
	ensure_open(STDIN_FILENO, O_WRONLY);
	ensure_open(STDOUT_FILENO, O_RDONLY);
	ensure_open(STDERR_FILENO, O_RDWR);
	(void)signal(SIGPIPE, SIG_IGN);
	/* A file at its size limit is a failed write, not a death. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
}

struct buf *
out_buf(void)
{
	return &pending;
}

void
out_line(void)
{
	buf_addc(&pending, '\n');
	INVARIANT(pending.err == 0);
	line_start = pending.len;
	if (pending.len >= FLUSH_AT)
		out_flush();
}

void
out_drop(void)
{
	pending.err = 0;
	buf_cut(&pending, line_start);
}

void
out_copy(const char *line, size_t n)
{
	buf_add(&pending, line, n);
	out_line();
}

/* Write all of p; false with errno. */
static bool
write_all(const char *p, size_t n)
{
	struct pollfd wait = {.fd = STDOUT_FILENO, .events = POLLOUT};
	ssize_t w;

	while (n > 0) {
		w = write(STDOUT_FILENO, p, n);
		if (w >= 0) {
			p += w;
			n -= (size_t)w;
		} else if (errno == EAGAIN) {
			/* Another process made the shared pipe so. */
			(void)poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

bool
out_flush_try(void)
{
	bool ok = write_all(pending.p, line_start);

	if (ok)
		buf_drop(&pending, line_start);
	else
		buf_reset(&pending);
	line_start = 0;
	return ok;
}

bool
out_write_try(const char *p, size_t n)
{
	return out_flush_try() && write_all(p, n);
}

void
out_flush(void)
{
	if (line_start > 0 && !out_flush_try())
		out_fail(errno);
}

_Noreturn void
out_fail(int err)
{
	sigset_t set;

	if (err == EPIPE) {
		(void)signal(SIGPIPE, SIG_DFL);
		(void)sigemptyset(&set);
		(void)sigaddset(&set, SIGPIPE);
		(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
		(void)raise(SIGPIPE);
		_exit(EXIT_READER_GONE);
	}
	log_error("cannot write standard output: %s", strerror(err));
	_exit(EXIT_IO);
}

bool
out_reader_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = 0};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0;
}

void
out_finish(void)
{
	out_flush();
	if (close(STDOUT_FILENO) != 0 && errno != EINTR)
		out_fail(errno);
	buf_clear(&pending);
}
