/* The wire on standard input, line by line, and waiting for more of it. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "input.h"
#include "line.h"
#include "lines.h"
#include "log.h"
#include "out.h"
#include "stop.h"

bool
input_wait(int fd, const struct opt_common *common, int64_t *stop_at)
{
	struct pollfd fds[3] = {{.fd = fd, .events = POLLIN},
	    {.fd = STDOUT_FILENO}, {.fd = stop_fd(), .events = POLLIN}};
	int64_t now, wait = -1;

	if (!stop_asked() && poll(fds, 1, 0) == 1)
		return true;
	out_flush();
	for (;;) {
		if (stop_asked()) {
			now = clock_mono_ms();
			if (*stop_at < 0)
				*stop_at = now + common->stop_within_ms;
			wait = *stop_at - now;
			if (wait <= 0)
				return false;
			fds[2].fd = -1;
		}
		if (poll(fds, 3, clock_wait_ms(wait)) == -1 && errno != EINTR)
			return true; /* the read will say what is wrong */
		if ((fds[1].revents & POLLERR) != 0)
			out_fail(EPIPE);
		if (fds[0].revents != 0)
			return true;
	}
}

void
input_wire(struct parser *p, const struct opt_common *common)
{
	struct lines in;
	struct line_reader l;
	int64_t stop_at = -1;
	enum line_result r;
	const char *line = NULL;
	bool torn = false;
	size_t n = 0;
	int code = EXIT_DONE;

	lines_init(&in, p);
	line_init(&l, STDIN_FILENO, WIRE_LINE_MAX);
	while (code == EXIT_DONE &&
	       (r = line_next(&l, &line, &n, &torn)) != LINE_EOF) {
		if (r == LINE_OK) {
			lines_handle(&in, line, n, torn);
		} else if (r == LINE_TOOLONG) {
			lines_too_long(&in, l.number, l.offset, n);
		} else if (!input_wait(l.fd, common, &stop_at)) {
			code = EXIT_AGAIN;
		} else if (parser_tick(p), !line_fill(&l)) {
			log_error(
			    "cannot read standard input: %s", strerror(errno));
			code = EXIT_IO;
		}
	}
	p->code = exitcode_worse(p->code, code);
	lines_end(&in);
	line_free(&l);
}
