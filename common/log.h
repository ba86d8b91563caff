#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

/*
 * Diagnostics: one line an event on stderr, one write(2) each, as text
 * ("prog: warning: ...") or as JSON.  Messages are lower case, end without
 * punctuation, name their subject in single quotes and never hold record
 * contents.  Control characters are replaced; registered secrets too.
 */
enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

/** Set the program's name; text format on a terminal, else JSON. */
void log_init(const char *progname);

/** Choose the format (option --log-format). */
void log_use_json(bool json);

/** Raise the verbosity (option -v): once shows info, twice debug. */
void log_more(void);

/** Is a message of this level printed?  To skip costly preparation. */
bool log_on(enum log_level level);

/**
 * Never print these bytes: every later message has "[redacted]" in their
 * place.  Kept by copy; at most 32 secrets of 4 bytes to 32 KiB, others are
 * ignored (tokens that rotate replace the oldest).
 */
void log_secret(const char *s, size_t n);

/**
 * Do the same to a text of somebody else's that goes on elsewhere: services may
 * quote what they were sent.  A secret that was cut by the end of the text
 * counts, too, when eight bytes of it are there.
 */
void log_redact(char *s);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Print a line of advice that belongs to the message before it. */
void log_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Print a fault as an error, with its hint. */
void log_fault(const struct fault *f);

/** An invariant of ours is broken: say which, exit 70. */
_Noreturn void log_bug(const char *file, int line, const char *what);

/** An invariant check that stays on in release builds. */
#define INVARIANT(cond)                                     \
	do {                                                \
		if (!(cond))                                \
			log_bug(__FILE__, __LINE__, #cond); \
	} while (0)

/** Say that memory ran out, exit 71. */
_Noreturn void log_oom(void);

#endif
