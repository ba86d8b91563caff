/* common/line: lines however the bytes arrive. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "line.h"
#include "tap.h"

enum { MAX = 10, BIG = 3 * 1024 * 1024 };

/* What line_next() gave, one after the other: "line|", "!length|", "torn~". */
static void
read_all(struct line_reader *l, char *out, size_t cap)
{
	const char *p;
	size_t n, at = 0;
	bool torn;

	for (;;) {
		switch (line_next(l, &p, &n, &torn)) {
		case LINE_OK:
			at += (size_t)snprintf(out + at, cap - at, "%.*s%c",
			    (int)n, p, torn ? '~' : '|');
			continue;
		case LINE_TOOLONG:
			at += (size_t)snprintf(out + at, cap - at, "!%zu|", n);
			continue;
		case LINE_NEED:
			if (!line_fill(l))
				return;
			continue;
		case LINE_EOF:
			return;
		}
	}
}

static const struct {
	const char *in, *out;
	uint64_t lines;
} cases[] = {
    {"", "", 0},
    {"\n", "|", 1},
    {"a\nb\n", "a|b|", 2},
    {"a\n\nb", "a||b~", 3},
    {"a", "a~", 1},
    {"0123456789\n", "0123456789|", 1},
    {"0123456789", "0123456789~", 1},
    {"0123456789x\nb\n", "!11|b|", 2},
    {"0123456789x", "!11|", 1},
    {"a\n01234567890123456789012345678901\nb\n", "a|!32|b|", 3},
    {"0123456789x\n0123456789xy\nz", "!11|!12|z~", 3},
    {"a\r\nb\n", "a\r|b|", 2},
};

/* The same from a file, and from a pipe that gives k bytes at a time. */
static void
splits(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i].in);
		bool same = true;

		for (size_t k = 1; k <= n + 1; k++) {
			struct line_reader l;
			char out[256] = "";
			size_t sent = 0, at = 0;
			const char *p;
			int fd[2];
			bool torn, end = false;

			if (pipe2(fd, O_NONBLOCK) != 0)
				return;
			line_init(&l, fd[0], MAX);
			while (!end) {
				size_t len, step = n - sent < k ? n - sent : k;

				switch (line_next(&l, &p, &len, &torn)) {
				case LINE_OK:
					at += (size_t)snprintf(out + at,
					    sizeof(out) - at, "%.*s%c",
					    (int)len, p, torn ? '~' : '|');
					break;
				case LINE_TOOLONG:
					at += (size_t)snprintf(out + at,
					    sizeof(out) - at, "!%zu|", len);
					break;
				case LINE_NEED:
					/* First in vain: nothing is there. */
					(void)line_fill(&l);
					(void)!write(
					    fd[1], cases[i].in + sent, step);
					sent += step;
					if (sent == n && fd[1] != -1) {
						(void)close(fd[1]);
						fd[1] = -1;
					}
					(void)line_fill(&l);
					break;
				case LINE_EOF:
					end = true;
				}
			}
			same = same && strcmp(out, cases[i].out) == 0 &&
			       l.number == cases[i].lines;
			if (strcmp(out, cases[i].out) != 0)
				printf("# %zu bytes at a time: %s\n", k, out);
			line_free(&l);
			(void)close(fd[0]);
		}
		OK(same, "lines, however they arrive");
	}
}

/* Lines longer than the first buffer, each offset told; a reader that is not
 * emptied keeps what it has. */
static void
large(void)
{
	int fd = memfd_create("lines", 0);
	char *text = malloc(BIG + 10);
	struct line_reader l;
	const char *p = NULL;
	size_t n = 0;
	bool ok = true;

	memset(text, 'x', BIG);
	memcpy(text, "first\n", 6);
	memcpy(text + BIG, "\nlast\n", 6);
	if (write(fd, text, BIG + 6) != BIG + 6)
		return;
	(void)lseek(fd, 0, SEEK_SET);
	line_init(&l, fd, 1000);
	for (int i = 0; i < 100; i++)
		ok = line_fill(&l) && ok;
	OK(ok && !l.eof, "a full reader waits to be emptied");
	line_free(&l);
	(void)lseek(fd, 0, SEEK_SET);
	line_init(&l, fd, BIG);
	(void)line_fill(&l);
	OK(line_next(&l, &p, &n, NULL) == LINE_OK && n == 5 && l.offset == 0,
	    "first");
	while (line_next(&l, &p, &n, NULL) == LINE_NEED && line_fill(&l))
		continue;
	OK(n == BIG - 6 && l.offset == 6 && l.number == 2, "a large line");
	while (line_next(&l, &p, &n, NULL) == LINE_NEED && line_fill(&l))
		continue;
	OK(n == 4 && memcmp(p, "last", 4) == 0 && l.offset == BIG + 1,
	    "and the one after it");
	line_free(&l);
	(void)lseek(fd, 0, SEEK_SET);
	line_init(&l, fd, 1000);
	while (line_next(&l, &p, &n, NULL) != LINE_TOOLONG)
		(void)line_fill(&l);
	OK(n == BIG - 6 && l.offset == 6 && l.cap < BIG / 2,
	    "a line over the limit takes no memory");
	while (line_next(&l, &p, &n, NULL) == LINE_NEED && line_fill(&l))
		continue;
	OK(n == 4 && l.offset == BIG + 1 && l.number == 3, "it counts");
	line_free(&l);
	free(text);
	(void)close(fd);
}

static void
failing(void)
{
	struct line_reader l;
	char out[64] = "";

	line_init(&l, -1, MAX);
	OK(!line_fill(&l) && errno == EBADF, "a failed read");
	read_all(&l, out, sizeof(out));
	IS(out, "", "gives nothing");
	line_free(&l);
}

/* A file that grows while it is read: not beyond what it held at first. */
static void
growing(void)
{
	struct line_reader l;
	char out[64] = "", path[] = "/tmp/test_line.XXXXXX";
	int fd = mkstemp(path);

	OK(fd != -1 && unlink(path) == 0 && write(fd, "x\na\nb\n", 6) == 6 &&
		lseek(fd, 2, SEEK_SET) == 2,
	    "a file");
	line_init(&l, fd, MAX);
	OK(pwrite(fd, "c\nd\n", 4, 6) == 4, "that grows");
	read_all(&l, out, sizeof(out));
	IS(out, "a|b|", "is read from where it stands to its end of before");
	line_free(&l);
	line_init(&l, fd, MAX);
	out[0] = '\0';
	read_all(&l, out, sizeof(out));
	IS(out, "c|d|", "and the rest the next time");
	line_free(&l);
	line_init(&l, fd, MAX);
	out[0] = '\0';
	OK(pwrite(fd, "e\n", 2, 10) == 2, "at its end");
	read_all(&l, out, sizeof(out));
	IS(out, "", "there is nothing, whatever comes");
	line_free(&l);
	(void)close(fd);
	fd = open("/proc/self/status", O_RDONLY);
	line_init(&l, fd, 4096);
	OK(fd == -1 || line_fill(&l), "a file of the kernel's, of no size");
	OK(fd == -1 || l.end > 0, "is read all the same");
	line_free(&l);
	(void)close(fd);
}

int
main(void)
{
	splits();
	growing();
	large();
	failing();
	return tap_done();
}
