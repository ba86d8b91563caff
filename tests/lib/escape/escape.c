/* Attempts to leave the sandbox from inside; see escape.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "escape.h"

enum { LATER_US = 30000 };

/* What is attempted upon: read before the sandbox closes. */
static struct {
	const char *file;
	in_port_t port;
	pid_t pid;
	void *address;
} victim;

static const struct attempt *chosen;
static volatile sig_atomic_t closed, tried;

/* Each returns whether it succeeded, or false with errno.  A signal handler
 * may call them. */
static bool
close_it(long fd)
{
	if (fd >= 0)
		(void)close((int)fd);
	return fd >= 0;
}

static bool
try_open(void)
{
	return close_it(
	    syscall(SYS_openat, AT_FDCWD, victim.file, O_RDONLY | O_CLOEXEC));
}

static bool
try_write(void)
{
	return close_it(syscall(SYS_openat, AT_FDCWD, victim.file,
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static bool
try_unlink(void)
{
	return unlink(victim.file) == 0;
}

static bool
try_mkdir(void)
{
	return mkdir(victim.file, 0700) == 0;
}

static bool
reach(int type, bool serve)
{
	const struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = serve ? 0 : victim.port,
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), err;
	bool ok = fd != -1;

	if (ok && serve)
		ok = bind(fd, (const struct sockaddr *)&a, sizeof(a)) == 0 &&
		     listen(fd, 1) == 0;
	else if (ok)
		ok = connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0;
	err = errno;
	(void)close_it(fd);
	errno = err;
	return ok;
}

static bool
try_connect(void)
{
	return reach(SOCK_STREAM, false);
}

static bool
try_udp(void)
{
	return reach(SOCK_DGRAM, false);
}

static bool
try_listen(void)
{
	return reach(SOCK_STREAM, true);
}

static bool
try_unix(void)
{
	return close_it(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static bool
try_exec(void)
{
	static char name[] = "echo", said[] = "escape exec: done";
	char *argv[] = {name, said, NULL}, *envp[] = {NULL};

	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	(void)execve("/bin/echo", argv, envp);
	return false;
}

static bool
try_fork(void)
{
	long pid = syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool
try_ptrace(void)
{
	if (ptrace(PTRACE_SEIZE, victim.pid, NULL, NULL) != 0)
		return false;
	(void)ptrace(PTRACE_DETACH, victim.pid, NULL, NULL);
	return true;
}

static bool
try_vmread(void)
{
	char byte;
	const struct iovec to = {&byte, 1}, from = {victim.address, 1};

	return process_vm_readv(victim.pid, &to, 1, &from, 1, 0) == 1;
}

static bool
try_kill(void)
{
	return kill(victim.pid, SIGCONT) == 0;
}

static bool
try_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static const struct attempt {
	const char *name;
	bool (*fn)(void);
} attempts[] = {{"open", try_open}, {"write", try_write},
    {"unlink", try_unlink}, {"mkdir", try_mkdir}, {"connect", try_connect},
    {"udp", try_udp}, {"listen", try_listen}, {"unix", try_unix},
    {"exec", try_exec}, {"fork", try_fork}, {"ptrace", try_ptrace},
    {"vmread", try_vmread}, {"kill", try_kill}, {"code", try_code}};

/* Say what came of it, in one write and with no memory taken. */
static void
attempt(int sig)
{
	char line[128] = "escape ";
	const char *result;
	int saved = errno;

	/* The timer goes on: it cannot be set once the sandbox is closed. */
	if (sig == SIGALRM && (!closed || tried))
		return;
	tried = 1;
	errno = 0;
	result = chosen->fn() ? "done" : strerrorname_np(errno);
	(void)strncat(line, chosen->name, 32);
	(void)strncat(line, ": ", 3);
	(void)strncat(line, result != NULL ? result : "?", 32);
	(void)strncat(line, "\n", 2);
	(void)!write(STDERR_FILENO, line, strlen(line));
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
	return kind == SANDBOX_PARSE || kind == SANDBOX_CLIENT;
}

void
escape_prepare(enum sandbox_kind kind)
{
	const struct itimerval soon = {
	    .it_interval = {0, LATER_US}, .it_value = {0, LATER_US}};
	const char *name = variable("LB_ESCAPE");

	chosen = NULL;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(*attempts); i++)
		if (strcmp(attempts[i].name, name) == 0 && is_here(kind))
			chosen = &attempts[i];
	if (chosen == NULL)
		return;
	victim.file = variable("LB_ESCAPE_FILE");
	victim.port =
	    htons((uint16_t)strtol(variable("LB_ESCAPE_PORT"), NULL, 10));
	victim.pid = (pid_t)strtol(variable("LB_ESCAPE_PID"), NULL, 10);
	victim.address = (void *)(uintptr_t)strtoull(
	    variable("LB_ESCAPE_ADDRESS"), NULL, 16);
	if (getenv("LB_ESCAPE_LATER") == NULL)
		return;
	(void)signal(SIGALRM, attempt);
	(void)setitimer(ITIMER_REAL, &soon, NULL);
}

void
escape_try(enum sandbox_kind kind)
{
	(void)kind;
	closed = 1;
	if (chosen != NULL && getenv("LB_ESCAPE_LATER") == NULL)
		attempt(0);
}
