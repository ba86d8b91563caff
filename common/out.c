/* Standard output: collected, checked, and watched for its reader. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "out.h"
#include "stop.h"
#include "utf8.h"

enum {
	PIPE_SIZE = 256 * 1024,     /* larger gains nothing (design.md) */
	FLUSH_AT = 128 * 1024,      /* collected before a write */
	OUT_MAX = 24 * 1024 * 1024, /* two lines of 8 MiB and the rest */
	GRACE_MS = 1000 /* for a reader that is slow, not gone; our choice */
};

static struct buf pending = BUF_INIT(OUT_MAX);
static size_t line_start; /* where in pending the unfinished line begins */
static int out_fd = STDOUT_FILENO;
static bool screen; /* it is a terminal */

/* See out_leave_within(). */
static struct {
	int (*code)(void); /* NULL: not asked for */
	int64_t within_ms;
	int64_t until; /* once a signal came, else -1 */
	bool pieces;   /* out_fd blocks: write no more than surely fits */
} leave = {.until = -1};

/* Give a closed descriptor a file on which input or output fails.  Those below
 * it are open, so it is the lowest that is free. */
static void
ensure_open(int fd, int flags)
{
	if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
		(void)open("/dev/null", flags);
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
	screen = isatty(STDOUT_FILENO) == 1;
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
out_leave_within(int64_t within_ms, int (*code)(void))
{
	struct stat st;
	int fd = -1;

	leave.within_ms = within_ms;
	leave.code = code;
	leave.pieces = true;
	/* A pipe opened anew is the same pipe, but does not block for us
	 * alone: O_NONBLOCK belongs to what is shared with other processes. */
	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISFIFO(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return;
	out_fd = fd;
	leave.pieces = false;
}

/* How long a reader that takes nothing is waited for; -1: for ever. */
static int64_t
patience(void)
{
	int64_t now, left;

	if (leave.code == NULL || !stop_asked())
		return -1;
	now = clock_mono_ms();
	if (leave.until < 0)
		leave.until = now + leave.within_ms;
	left = leave.until - now;
	return left < GRACE_MS ? GRACE_MS : left;
}

/* Wait until the reader takes something, or has gone. */
static void
wait_for_reader(void)
{
	struct pollfd fds[2] = {
	    {.fd = out_fd, .events = POLLOUT}, {.fd = -1, .events = POLLIN}};
	int64_t wait;

	do {
		wait = patience();
		/* The signal that asks to stop wakes us, and stays there. */
		fds[1].fd = leave.code != NULL && wait < 0 ? stop_fd() : -1;
		if (poll(fds, 2, clock_wait_ms(wait)) != 0)
			continue;
		log_warn("the reader of standard output takes nothing: "
			 "leaving, with %zu bytes unwritten",
		    pending.len);
		_exit(exitcode_worse(EXIT_AGAIN, leave.code()));
	} while (fds[0].revents == 0);
}

/* Write all of p; false with errno. */
static bool
write_bytes(const char *p, size_t n)
{
	size_t piece;
	ssize_t w;

	while (n > 0) {
		piece = n;
		if (leave.pieces) {
			wait_for_reader();
			piece = n < PIPE_BUF ? n : PIPE_BUF;
		}
		w = write(out_fd, p, piece);
		if (w >= 0) {
			p += w;
			n -= (size_t)w;
		} else if (errno == EAGAIN) {
			/* Ours, or another process made it so. */
			wait_for_reader();
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* Write lines.  On a terminal what would steer it is written as JSON's
 * escapes, which are the same text: it stands inside strings alone, but for
 * white space. */
static bool
write_all(const char *p, size_t n)
{
	const char *from = p, *end = p + n;
	char escape[8];
	unsigned cp;
	size_t len;

	for (; screen && p<end; p += len> 0 ? len : 1) {
		len = utf8_steers(p, (size_t)(end - p), &cp);
		if (len == 0 || cp == '\n' || cp == '\r' || cp == '\t')
			continue;
		(void)snprintf(escape, sizeof(escape), "\\u%04x", cp);
		if (!write_bytes(from, (size_t)(p - from)) ||
		    !write_bytes(escape, 6))
			return false;
		from = p + len;
	}
	return write_bytes(from, (size_t)(end - from));
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
out_copy(const char *line, size_t n)
{
	if (n < FLUSH_AT) {
		buf_add(&pending, line, n);
		out_line();
	} else if (!out_write_try(line, n) || !write_all("\n", 1)) {
		/* A large one is not kept twice in memory. */
		out_fail(errno);
	}
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
	if (out_fd != STDOUT_FILENO)
		(void)close(out_fd);
	out_fd = STDOUT_FILENO;
	if (close(STDOUT_FILENO) != 0 && errno != EINTR)
		out_fail(errno);
	buf_clear(&pending);
}
