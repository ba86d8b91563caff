/* Diagnostics on stderr, as text for people or JSON for collectors. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "jsonw.h"
#include "log.h"
#include "progress.h"
#include "secret.h"
#include "timefmt.h"
#include "utf8.h"

enum {
	MESSAGE_MAX = 4096, /* a longer message is cut */
	LINE_MAX_LEN = 8 * MESSAGE_MAX,
	SECRETS = 32,
	SECRET_MIN = 4,
	SECRET_MAX = 32 * 1024, /* a token of a service: at most 4 KB yet */
	TAIL_MIN = 8 /* bytes of a secret by which its beginning is known */
};

static const char *prog = "logbridge";
static bool as_json;
static int verbose;
static struct {
	char *p;
	size_t n;
} secrets[SECRETS];
static size_t next_secret;

static const char *const level_names[] = {"error", "warning", "info", "debug"};

void
log_init(const char *progname)
{
	prog = progname;
	as_json = isatty(STDERR_FILENO) == 0;
}

void
log_use_json(bool json)
{
	as_json = json;
}

void
log_more(void)
{
	verbose++;
}

bool
log_on(enum log_level level)
{
	return (int)level <= LEVEL_WARN + verbose;
}

void
log_secret(const char *s, size_t n)
{
	char *p;

	if (n < SECRET_MIN || n > SECRET_MAX)
		return;
	for (size_t i = 0; i < SECRETS; i++)
		if (secrets[i].n == n && memcmp(secrets[i].p, s, n) == 0)
			return;
	p = secret_copy(s, n);
	secret_free(secrets[next_secret].p);
	secrets[next_secret].p = p;
	secrets[next_secret].n = n;
	next_secret = (next_secret + 1) % SECRETS;
}

/* Replace n bytes by a mark that is never longer; returns where it ends. */
static char *
put_mark(char *at, size_t n)
{
	static const char mark[] = "[redacted]";
	size_t put = n < sizeof(mark) - 1 ? n : sizeof(mark) - 1;

	memcpy(at, mark, put);
	memmove(at + put, at + n, strlen(at + n) + 1);
	return at + put;
}

void
log_redact(char *s)
{
	const char *secret;
	size_t n, len;
	char *at;

	for (size_t i = 0; i < SECRETS; i++) {
		secret = secrets[i].p;
		n = secrets[i].n;
		if (n == 0)
			continue;
		for (at = s; (at = memmem(at, strlen(at), secret, n)) != NULL;)
			at = put_mark(at, n);
		len = strlen(s);
		for (n = n - 1 < len ? n - 1 : len; n >= TAIL_MIN; n--)
			if (memcmp(s + len - n, secret, n) == 0) {
				(void)put_mark(s + len - n, n);
				break;
			}
	}
}

/* Remote text can end up in a message: nothing may steer a terminal.  As text
 * that is also said of bytes that are no UTF-8, some of which are C1 to
 * terminals of eight bits; JSON has U+FFFD for them. */
static void
disarm(char *msg)
{
	size_t left = strlen(msg), n;
	unsigned cp;

	for (char *s = msg; left > 0; s += n, left -= n) {
		n = utf8_steers(s, left, &cp);
		if (n > 0) {
			memset(s, '?', n);
			continue;
		}
		n = utf8_char(s, left);
		if (n == 0) {
			n = 1;
			if (!as_json)
				*s = '?';
		}
	}
}

static void
put_line(const char *line, size_t n)
{
	ssize_t r;

	progress_clear();
	do
		r = write(STDERR_FILENO, line, n);
	while (r == -1 && errno == EINTR);
}

/* A line of JSON, which begins with its time. */
static void
add_json(struct buf *b, const char *level, const char *key, const char *msg)
{
	char when[TIMEFMT_MAX];
	struct jsonw w;

	timefmt_rfc3339(when, clock_wall_ms(), true);
	jsonw_begin(&w, b);
	jsonw_text(&w, "time", when);
	jsonw_text(&w, "level", level);
	jsonw_text(&w, "prog", prog);
	jsonw_text(&w, key, msg);
	jsonw_end(&w);
	buf_addc(b, '\n');
}

static void
emit_json(const char *level, const char *key, const char *msg)
{
	/* No allocation: to say that memory is out takes none. */
	static char room[LINE_MAX_LEN + 1];
	static struct buf b = {
	    .p = room, .cap = sizeof(room), .max = LINE_MAX_LEN};

	add_json(&b, level, key, msg);
	if (b.err == 0)
		put_line(b.p, b.len);
}

static void
emit_text(const char *level, const char *msg)
{
	char line[MESSAGE_MAX + 128];
	size_t n;

	(void)snprintf(line, sizeof(line), "%s: %s: %.*s\n", prog, level,
	    MESSAGE_MAX, msg);
	n = strlen(line);
	line[n - 1] = '\n'; /* of a line that is cut too */
	put_line(line, n);
}

/* Cut a long message, between characters. */
static void
cut(char *msg)
{
	size_t n = strnlen(msg, MESSAGE_MAX - 1);

	if (msg[n] != '\0')
		n -= utf8_tail(msg, n);
	msg[n] = '\0';
}

__attribute__((format(printf, 3, 0))) static void
emit(const char *level, const char *key, const char *fmt, va_list ap)
{
	/* A secret across the cut must be there whole to be found. */
	char msg[MESSAGE_MAX + SECRET_MAX];

	if (vsnprintf(msg, sizeof(msg), fmt, ap) < 0)
		return;
	log_redact(msg);
	cut(msg);
	disarm(msg);
	if (as_json)
		emit_json(level, key, msg);
	else
		emit_text(level, msg);
}

#define EMIT(level)                                           \
	do {                                                  \
		va_list ap;                                   \
		if (!log_on(level))                           \
			return;                               \
		va_start(ap, fmt);                            \
		emit(level_names[level], "message", fmt, ap); \
		va_end(ap);                                   \
	} while (0)

void
log_error(const char *fmt, ...)
{
	EMIT(LEVEL_ERROR);
}

void
log_warn(const char *fmt, ...)
{
	EMIT(LEVEL_WARN);
}

void
log_info(const char *fmt, ...)
{
	EMIT(LEVEL_INFO);
}

void
log_debug(const char *fmt, ...)
{
	EMIT(LEVEL_DEBUG);
}

void
log_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit("hint", "message", fmt, ap);
	va_end(ap);
}

void
log_fault(const struct fault *f)
{
	log_error("%s", f->text);
	if (f->hint[0] != '\0')
		log_hint("%s", f->hint);
}

_Noreturn void
log_bug(const char *file, int line, const char *what)
{
	log_error("bug: %s:%d: %s does not hold", file, line, what);
	log_hint("please report this with the lines before it");
	_exit(EXIT_BUG);
}

_Noreturn void
log_oom(void)
{
	log_error("out of memory");
	_exit(EXIT_SYSTEM);
}
