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
	p->pipe = fstat(STDOUT_FILENO, &st) == 0 && !S_ISREG(st.st_mode);
}

void
pump_free(struct pump *p)
{
	buf_clear(&p->lines);
}

size_t
pump_pending(const struct pump *p)
{
	return p->lines.len - p->at;
}

/* How many bytes to write: whole lines, as many as surely fit. */
static size_t
portion(const struct pump *p)
{
	const char *s = p->lines.p + p->at, *end;
	size_t n = pump_pending(p);

	if (!p->pipe || n <= PIPE_BUF)
		return n;
	end = memrchr(s, '\n', PIPE_BUF);
	if (end == NULL)
		end = memchr(s, '\n', n);
	return end != NULL ? (size_t)(end - s) + 1 : n;
}

void
pump_write(struct pump *p, short revents)
{
	size_t n;

	if ((revents & POLLERR) != 0)
		out_fail(EPIPE);
	if (pump_pending(p) == 0 || (revents & (POLLOUT | POLLNVAL)) == 0)
		return;
	n = portion(p);
	out_copy(p->lines.p + p->at, n - 1);
	out_flush();
	p->at += n;
	if (p->at == p->lines.len) {
		buf_reset(&p->lines);
		p->at = 0;
	}
}

bool
pump_drain(struct pump *p, int64_t within_ms)
{
	struct pollfd fds[2] = {{.fd = STDOUT_FILENO, .events = POLLOUT},
	    {.fd = stop_fd(), .events = POLLIN}};
	int64_t until = -1, now, wait = -1;

	while (pump_pending(p) > 0) {
		now = clock_mono_ms();
		if (stop_asked()) {
			fds[1].fd = -1;
			if (until < 0)
				until = now + within_ms;
			if (now >= until)
				return false;
			wait = until - now;
		}
		fds[0].revents = fds[1].revents = 0;
		if (poll(fds, 2, clock_wait_ms(wait)) > 0)
			pump_write(p, fds[0].revents);
	}
	return true;
}
