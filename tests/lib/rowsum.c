/*
 * rowsum: "LINES SUM" of the lines of standard input, whatever their order;
 * with --member NAME of the text between the quotes behind each "NAME":,
 * lines or not, without reading the JSON around it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "sum/rowsum.h"

enum {
	ROOM = 16 << 20, /* longer than any line of the wire, or value */
	NAME_ROOM = 128
};

static char room[ROOM];

/* Sum up what is whole of n bytes; returns how many were. */
static size_t
take_lines(struct rowsum *s, size_t n)
{
	const char *lf = n > 0 ? memrchr(room, '\n', n) : NULL;
	size_t whole = lf != NULL ? (size_t)(lf - room) + 1 : 0;

	rowsum_lines(s, room, whole);
	return whole;
}

static size_t
take_values(struct rowsum *s, size_t n, const char *name)
{
	const size_t len = strlen(name);
	const char *p = room, *end = room + n, *at, *quote;

	while ((at = memmem(p, (size_t)(end - p), name, len)) != NULL) {
		quote = memchr(at + len, '"', (size_t)(end - at) - len);
		if (quote == NULL)
			return (size_t)(at - room);
		rowsum_add(s, at + len, (size_t)(quote - at) - len);
		p = quote + 1;
	}
	/* The rest may be the beginning of a name. */
	if ((size_t)(end - p) >= len)
		p = end - len + 1;
	return (size_t)(p - room);
}

int
main(int argc, char *argv[])
{
	const bool lines = argc == 1;
	struct rowsum s = {0};
	char name[NAME_ROOM];
	size_t n = 0, used;
	ssize_t got;

	log_init("rowsum");
	if (!lines && (argc != 3 || strcmp(argv[1], "--member") != 0 ||
			  strlen(argv[2]) > NAME_ROOM - 8)) {
		log_error("usage: rowsum [--member NAME] < LINES");
		return EXIT_BADUSAGE;
	}
	if (!lines)
		(void)snprintf(name, sizeof(name), "\"%s\":\"", argv[2]);
	while ((got = read(STDIN_FILENO, room + n, ROOM - n)) > 0) {
		n += (size_t)got;
		used = lines ? take_lines(&s, n) : take_values(&s, n, name);
		n -= used;
		memmove(room, room + used, n);
	}
	if (got == -1 || n == ROOM || (lines && n > 0)) {
		log_error("%s", got == -1   ? strerror(errno)
				: n == ROOM ? "a line or value is too long"
					    : "the last line has no end");
		return EXIT_IO;
	}
	(void)printf("%llu %016llx\n", (unsigned long long)s.lines,
	    (unsigned long long)s.sum);
	return fflush(stdout) == 0 ? EXIT_DONE : EXIT_IO;
}
