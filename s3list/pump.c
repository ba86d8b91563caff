/* Writing lines without ever waiting in write(2). */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "out.h"
#include "pump.h"
#include "stop.h"

void
pump_init(struct pump *p)
{
	struct stat st;

	memset(p, 0, sizeof(*p));
	p->lines.max = PUMP_MAX;
	p->screen = isatty(STDOUT_FILENO) == 1;
	p->pipe = fstat(STDOUT_FILENO, &st) == 0 && !S_ISREG(st.st_mode);
}

void
pump_free(struct pump *p)
{
	buf_clear(&p->lines);
}

void
pump_reset(struct pump *p)
{
	buf_reset(&p->lines);
	p->at = 0;
}

size_t
pump_pending(const struct pump *p)
{
	return p->lines.len - p->at;
}

/* How many bytes to write: as many as surely fit, whole lines if there is one.
 */
static size_t
portion(const struct pump *p)
{
	const char *s = p->lines.p + p->at, *end;
	size_t n = pump_pending(p);

	if (!p->pipe || n <= PIPE_BUF)
		return n;
	end = memrchr(s, '\n', PIPE_BUF);
	return end != NULL ? (size_t)(end - s) + 1 : PIPE_BUF;
}

/* One line for a terminal, where out.c sees to it that it steers nothing; or
 * what is there of it.  It may wait, as long as who looks holds the screen. */
static int
show_line(struct pump *p)
{
	const char *s = p->lines.p + p->at, *end;
	size_t n = pump_pending(p);

	end = memchr(s, '\n', n);
	if (end != NULL)
		n = (size_t)(end - s) + 1;
	if (!out_write_try(s, n))
		return errno;
	p->at += n;
	return 0;
}

/* Write a portion; 0 or why it failed. */
static int
step(struct pump *p, short revents)
{
	ssize_t w;
	int err;

	if ((revents & POLLERR) != 0)
		return EPIPE;
	if (pump_pending(p) == 0 || (revents & (POLLOUT | POLLNVAL)) == 0)
		return 0;
	if (p->screen) {
		err = show_line(p);
		if (err != 0)
			return err;
	} else {
		w = write(STDOUT_FILENO, p->lines.p + p->at, portion(p));
		if (w == -1)
			return errno == EINTR || errno == EAGAIN ? 0 : errno;
		p->at += (size_t)w;
	}
	if (p->at == p->lines.len)
		pump_reset(p);
	return 0;
}

void
pump_write(struct pump *p, short revents)
{
	int err = step(p, revents);

	if (err != 0)
		out_fail(err);
}

int
pump_try(struct pump *p, int64_t within_ms)
{
	struct pollfd fds[2] = {{.fd = STDOUT_FILENO, .events = POLLOUT},
	    {.fd = stop_fd(), .events = POLLIN}};
	int64_t until = -1, now, wait = -1;
	int err;

	while (pump_pending(p) > 0) {
		now = clock_mono_ms();
		if (stop_asked()) {
			fds[1].fd = -1;
			if (until < 0)
				until = now + within_ms;
			if (now >= until)
				return ETIMEDOUT;
			wait = until - now;
		}
		fds[0].revents = fds[1].revents = 0;
		if (poll(fds, 2, clock_wait_ms(wait)) <= 0)
			continue;
		err = step(p, fds[0].revents);
		if (err != 0)
			return err;
	}
	return 0;
}

bool
pump_drain(struct pump *p, int64_t within_ms)
{
	int err = pump_try(p, within_ms);

	if (err != 0 && err != ETIMEDOUT)
		out_fail(err);
	return err == 0;
}
