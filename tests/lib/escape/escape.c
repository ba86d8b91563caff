/* Attempts to leave the sandbox from inside; see escape.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "attempts.h"
#include "escape.h"

enum { LATER_US = 30000, CHOSEN_MAX = 64 };

static const struct attempt *chosen[CHOSEN_MAX];
static size_t nchosen;
static bool worker; /* they are for processes of a SANDBOX_KEEPER */
static volatile sig_atomic_t closed, tried;

/* Say what came of it, in one write and with no memory taken. */
static void
attempt(const struct attempt *a)
{
	char line[128] = "escape ";
	const char *result;

	errno = 0;
	result = a->fn() ? "done" : strerrorname_np(errno);
	(void)strncat(line, a->name, 32);
	(void)strncat(line, ": ", 3);
	(void)strncat(line, result != NULL ? result : "?", 32);
	(void)strncat(line, "\n", 2);
	(void)!write(STDERR_FILENO, line, strlen(line));
}

static void
attempt_all(int sig)
{
	int saved = errno;

	/* The timer goes on: it cannot be set once the sandbox is closed. */
	if (sig == SIGALRM && (!closed || tried))
		return;
	tried = 1;
	for (size_t i = 0; i < nchosen; i++)
		attempt(chosen[i]);
	errno = saved;
}

static const char *
variable(const char *name)
{
	const char *v = getenv(name);

	return v != NULL ? v : "";
}

static bool
is_here(enum sandbox_kind kind)
{
	const char *in = variable("LB_ESCAPE_IN");

	if (strcmp(in, "files") == 0)
		return kind == SANDBOX_FILES;
	if (strcmp(in, "names") == 0)
		return kind == SANDBOX_NAMES;
	if (strcmp(in, "expressions") == 0 || strcmp(in, "worker") == 0)
		return kind == SANDBOX_KEEPER;
	return kind == SANDBOX_PARSE || kind == SANDBOX_CLIENT;
}

/* Is this one of the words? */
static bool
is_named(const char *words, const char *word)
{
	const size_t n = strlen(word);

	for (; *words != '\0'; words += strcspn(words, " ")) {
		words += strspn(words, " ");
		if (strncmp(words, word, n) == 0 &&
		    (words[n] == ' ' || words[n] == '\0'))
			return true;
	}
	return false;
}

static void
choose(const struct attempts *a)
{
	const char *names = variable("LB_ESCAPE");

	for (size_t i = 0; i < a->n && nchosen < CHOSEN_MAX; i++)
		if (is_named(names, a->all[i].name))
			chosen[nchosen++] = &a->all[i];
}

/* A name in the folder of victims. */
static void
below(char *path, size_t size, const char *name)
{
	(void)snprintf(path, size, "%s/%s", variable("LB_ESCAPE_DIR"), name);
}

static void
find_victim(void)
{
	struct victim *v = &victim;
	int fd;

	below(v->file, sizeof(v->file), "victim");
	below(v->made, sizeof(v->made), "made");
	below(v->folder, sizeof(v->folder), "folder");
	below(v->node, sizeof(v->node), "node");
	v->service.sin_family = AF_INET;
	v->service.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v->service.sin_port =
	    htons((uint16_t)strtol(variable("LB_ESCAPE_PORT"), NULL, 10));
	v->pid = (pid_t)strtol(variable("LB_ESCAPE_PID"), NULL, 10);
	v->address = (void *)(uintptr_t)strtoull(
	    variable("LB_ESCAPE_ADDRESS"), NULL, 16);
	v->log.sun_family = AF_UNIX;
	below(v->log.sun_path, sizeof(v->log.sun_path), "log");
	/* It stays open. */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)bind(fd, (const struct sockaddr *)&v->log, sizeof(v->log));
}

void
escape_prepare(enum sandbox_kind kind)
{
	const struct itimerval soon = {
	    .it_interval = {0, LATER_US}, .it_value = {0, LATER_US}};

	worker = strcmp(variable("LB_ESCAPE_IN"), "worker") == 0;
	nchosen = 0;
	if (!is_here(kind))
		return;
	choose(&attempts_net);
	choose(&attempts_calls);
	if (nchosen == 0)
		return;
	find_victim();
	if (getenv("LB_ESCAPE_LATER") == NULL)
		return;
	(void)signal(SIGALRM, attempt_all);
	(void)setitimer(ITIMER_REAL, &soon, NULL);
}

void
escape_try(enum sandbox_kind kind)
{
	if (kind == SANDBOX_KEEPER && worker)
		return;
	closed = 1;
	if (nchosen > 0 && getenv("LB_ESCAPE_LATER") == NULL)
		attempt_all(0);
}

void
escape_try_worker(void)
{
	if (worker)
		escape_try(SANDBOX_PARSE);
}
