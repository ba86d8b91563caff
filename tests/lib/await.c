/*
 * await SECONDS COUNT FILE PID ..: wait until FILE has COUNT lines more than
 * now (exit 0), or none of the processes is there any more (1), or the time is
 * over (2).  For tests that act at a point of the work, not of the clock.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

enum { POLL_NS = 500 * 1000, BLOCK = 1 << 16 };

/* Lines in the bytes from *at to the end, which *at moves to. */
static long
new_lines(int fd, off_t *at)
{
	static char block[BLOCK];
	const char *p, *end;
	long lines = 0;
	ssize_t n;

	while ((n = pread(fd, block, BLOCK, *at)) > 0) {
		*at += n;
		for (p = block, end = block + n;
		     (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
			lines++;
	}
	return lines;
}

static bool
any_alive(char *const *pids)
{
	for (; *pids != NULL; pids++)
		if (kill((pid_t)strtol(*pids, NULL, 10), 0) == 0)
			return true;
	return false;
}

int
main(int argc, char *argv[])
{
	const struct timespec nap = {0, POLL_NS};
	struct timespec now;
	time_t end;
	long count, got = 0;
	struct stat sb;
	off_t at;
	int fd;

	log_init("await");
	if (argc < 5) {
		log_error("usage: await SECONDS COUNT FILE PID ..");
		return EXIT_BADUSAGE;
	}
	count = strtol(argv[2], NULL, 10);
	fd = open(argv[3], O_RDONLY | O_CLOEXEC | O_CREAT, 0600);
	if (fd == -1 || fstat(fd, &sb) != 0) {
		log_error("cannot open '%s': %s", argv[3], strerror(errno));
		return EXIT_IO;
	}
	at = sb.st_size;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + (time_t)strtol(argv[1], NULL, 10);
	while ((got += new_lines(fd, &at)) < count) {
		if (!any_alive(argv + 4))
			return 1;
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end)
			return 2;
		(void)nanosleep(&nap, NULL);
	}
	return 0;
}
