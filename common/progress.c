/* The status line on a terminal. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

enum {
	EVERY_MS = 1000,
	COLUMNS = 80, /* where the terminal does not tell */
	COLUMNS_MAX = 250
};

static const char erase[] = "\r\033[K"; /* to column one, clear the line */
static bool enabled, shown;
static int64_t next_ms;

void
progress_init(bool on)
{
	enabled = on;
	shown = false;
	next_ms = 0;
}

bool
progress_due(void)
{
	return enabled && clock_mono_ms() >= next_ms;
}

static size_t
columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col < 2)
		return COLUMNS;
	return w.ws_col < COLUMNS_MAX ? w.ws_col : COLUMNS_MAX;
}

static void
put(const char *s, size_t n)
{
	ssize_t r;

	do
		r = write(STDERR_FILENO, s, n);
	while (r == -1 && errno == EINTR);
}

void
progress_tick(const char *fmt, ...)
{
	char line[sizeof(erase) + COLUMNS_MAX + 1];
	char *text = line + sizeof(erase) - 1;
	size_t max = columns(); /* the last column stays free: no wrapping */
	va_list ap;
	size_t n;

	if (!progress_due())
		return;
	memcpy(line, erase, sizeof(erase));
	va_start(ap, fmt);
	(void)vsnprintf(text, max, fmt, ap);
	va_end(ap);
	for (char *s = text; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	/* The cursor rests in column one: what others in the pipe write to the
	 * same terminal begins there, and covers this. */
	n = strlen(line);
	line[n++] = '\r';
	put(line, n);
	shown = true;
	next_ms = clock_mono_ms() + EVERY_MS;
}

void
progress_clear(void)
{
	if (shown)
		put(erase, sizeof(erase) - 1);
	shown = false;
}
