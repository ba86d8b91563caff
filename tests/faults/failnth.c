/*
 * Preloaded into a filter: lets the Nth call of a class fail; see failnth.h.
 * Calls count from main() on.  What the C library calls inside of itself does
 * not fail, but for its allocations.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <unwind.h>

#include "failnth.h"

static struct failnth *page; /* NULL: nothing fails */

static failnth_chains *chains; /* NULL: nobody wants to know */

/* Where the libraries are that do not bear to be without memory. */
static const char *const names[LIBRARIES] = {
    NULL, "libcrypto.", "libssl.", "libseccomp.", "libjq.", "libonig."};
static struct range {
	uintptr_t begin, end;
} ranges[LIBRARIES];

static int
find_libraries(struct dl_phdr_info *i, size_t size, void *ctx)
{
	struct range *r = NULL;
	uintptr_t end;

	(void)size;
	(void)ctx;
	for (size_t k = 1; k < LIBRARIES; k++)
		if (strstr(i->dlpi_name, names[k]) != NULL)
			r = &ranges[k];
	for (size_t k = 0; r != NULL && k < i->dlpi_phnum; k++) {
		end = i->dlpi_addr + i->dlpi_phdr[k].p_vaddr +
		      i->dlpi_phdr[k].p_memsz;
		if (i->dlpi_phdr[k].p_type == PT_LOAD && end > r->end)
			r->end = end;
		r->begin = i->dlpi_addr;
	}
	return 0;
}

static enum failnth_library
library_of(const void *caller)
{
	const uintptr_t p = (uintptr_t)caller;

	for (size_t k = 1; k < LIBRARIES; k++)
		if (p >= ranges[k].begin && p < ranges[k].end)
			return (enum failnth_library)k;
	return LIBRARY_NONE;
}

static _Unwind_Reason_Code
add_frame(struct _Unwind_Context *c, void *ctx)
{
	uint32_t *hash = ctx;

	*hash = (*hash ^ (uint32_t)_Unwind_GetIP(c)) * 16777619;
	return _URC_NO_REASON;
}

/* Number n of this class: who made it.  A fork has the same addresses. */
static void
note_chain(enum failnth_class class, uint64_t n, const void *caller)
{
	uint32_t hash = 2166136261;

	if (n > CHAINS_MAX || library_of(caller) == LIBRARY_NONE)
		return;
	(void)_Unwind_Backtrace(add_frame, &hash);
	(*chains)[class][n - 1] = hash != 0 ? hash : 1;
}

static void
note_failure(const char *name, const void *caller)
{
	for (size_t i = 0; i < sizeof(page->name) - 1 && name[i]; i++)
		page->name[i] = name[i];
	page->library = library_of(caller);
	if (page->stop != 0)
		__builtin_trap();
}

/* Does this call fail?  With errno set, then. */
static bool
fails(enum failnth_class class, const char *name, const void *caller)
{
	uint64_t n;

	if (page == NULL)
		return false;
	n = __atomic_add_fetch(&page->calls[class], 1, __ATOMIC_RELAXED);
	if (chains != NULL)
		note_chain(class, n, caller);
	if (page->class != class || n < page->first ||
	    n - page->first >= page->count)
		return false;
	if (__atomic_fetch_add(&page->hits, 1, __ATOMIC_RELAXED) == 0)
		note_failure(name, caller);
	/* A sandbox has no kill(2); nobody catches this either. */
	if (page->how == FAIL_KILL)
		__builtin_trap();
	errno = page->err;
	return true;
}

/* Memory is a class of its own for libraries that fall over without. */
static enum failnth_class
whose(const void *caller)
{
	return library_of(caller) != LIBRARY_NONE ? FAIL_FOREIGN : FAIL_ALLOC;
}

#define CALLER __builtin_return_address(0)

/* The function behind ours. */
static void *
behind(void **at, const char *name)
{
	if (*at == NULL)
		*at = dlsym(RTLD_NEXT, name);
	return *at;
}

#define REAL(type, name, params)                                \
	static void *real_;                                     \
	type(*const real) params = /* one type, another cast */ \
	    (__typeof__(real))(uintptr_t)behind(&real_, #name)

/* A function that fails with `bad`, or is what it is. */
#define WRAP(class, bad, type, name, params, args)                    \
	type name params;                                             \
	type name params                                              \
	{                                                             \
		REAL(type, name, params);                             \
		return fails(class, #name, CALLER) ? bad : real args; \
	}

/* Memory, which libraries that fall over without want as well. */
#define WRAP_ALLOC(bad, type, name, params, args)                             \
	type name params;                                                     \
	type name params                                                      \
	{                                                                     \
		REAL(type, name, params);                                     \
		return fails(whose(CALLER), #name, CALLER) ? bad : real args; \
	}

/* One that moves up to n bytes, of which a short one moves 1. */
#define WRAP_IO(class, name, params, args, n)                                \
	ssize_t name params;                                                 \
	ssize_t name params                                                  \
	{                                                                    \
		REAL(ssize_t, name, params);                                 \
		if (page == NULL || page->how != FAIL_SHORT)                 \
			return fails(class, #name, CALLER) ? -1 : real args; \
		if (n > 1 && fails(class, #name, CALLER))                    \
			n = 1;                                               \
		return real args;                                            \
	}

WRAP_ALLOC(NULL, void *, malloc, (size_t n), (n))

/* The C library's own would be the one that calls malloc(3). */
char *strdup(const char *s);
char *
strdup(const char *s)
{
	REAL(void *, malloc, (size_t n));
	const size_t n = strlen(s) + 1;
	char *copy = fails(whose(CALLER), "strdup", CALLER) ? NULL : real(n);

	return copy != NULL ? memcpy(copy, s, n) : NULL;
}

WRAP_ALLOC(NULL, void *, calloc, (size_t n, size_t m), (n, m))
WRAP_ALLOC(NULL, void *, realloc, (void *p, size_t n), (p, n))
WRAP_ALLOC(NULL, void *, reallocarray, (void *p, size_t n, size_t m), (p, n, m))
WRAP_ALLOC(NULL, void *, memalign, (size_t a, size_t n), (a, n))
WRAP_ALLOC(NULL, void *, aligned_alloc, (size_t a, size_t n), (a, n))
WRAP_ALLOC(
    ENOMEM, int, posix_memalign, (void **p, size_t a, size_t n), (p, a, n))

WRAP(FAIL_MAP, MAP_FAILED, void *, mmap,
    (void *p, size_t n, int prot, int flags, int fd, off_t at),
    (p, n, prot, flags, fd, at))
WRAP(FAIL_MAP, MAP_FAILED, void *, mmap64,
    (void *p, size_t n, int prot, int flags, int fd, off64_t at),
    (p, n, prot, flags, fd, at))

WRAP_IO(FAIL_READ, read, (int fd, void *p, size_t n), (fd, p, n), n)
WRAP_IO(
    FAIL_READ, pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at), n)
WRAP_IO(FAIL_READ, pread64, (int fd, void *p, size_t n, off64_t at),
    (fd, p, n, at), n)
WRAP_IO(FAIL_READ, recv, (int fd, void *p, size_t n, int flags),
    (fd, p, n, flags), n)
WRAP_IO(FAIL_READ, recvfrom,
    (int fd, void *p, size_t n, int flags, __SOCKADDR_ARG from, socklen_t *len),
    (fd, p, n, flags, from, len), n)
WRAP(FAIL_READ, -1, ssize_t, recvmsg, (int fd, struct msghdr *m, int flags),
    (fd, m, flags))
WRAP(FAIL_READ, 0, size_t, fread, (void *p, size_t n, size_t m, FILE *f),
    (p, n, m, f))
WRAP(FAIL_READ, NULL, char *, fgets, (char *s, int n, FILE *f), (s, n, f))

/* Where _FORTIFY_SOURCE made other calls of them. */
WRAP_IO(FAIL_READ, __read_chk, (int fd, void *p, size_t n, size_t max),
    (fd, p, n, max), n)
WRAP_IO(FAIL_READ, __recv_chk,
    (int fd, void *p, size_t n, size_t max, int flags), (fd, p, n, max, flags),
    n)

WRAP_IO(FAIL_WRITE, write, (int fd, const void *p, size_t n), (fd, p, n), n)
WRAP_IO(FAIL_WRITE, pwrite, (int fd, const void *p, size_t n, off_t at),
    (fd, p, n, at), n)
WRAP_IO(FAIL_WRITE, pwrite64, (int fd, const void *p, size_t n, off64_t at),
    (fd, p, n, at), n)
WRAP_IO(FAIL_WRITE, send, (int fd, const void *p, size_t n, int flags),
    (fd, p, n, flags), n)
WRAP_IO(FAIL_WRITE, sendto,
    (int fd, const void *p, size_t n, int flags, __CONST_SOCKADDR_ARG to,
	socklen_t len),
    (fd, p, n, flags, to, len), n)
WRAP(FAIL_WRITE, -1, ssize_t, writev, (int fd, const struct iovec *v, int n),
    (fd, v, n))
WRAP(FAIL_WRITE, -1, ssize_t, sendmsg,
    (int fd, const struct msghdr *m, int flags), (fd, m, flags))

/* The mode of open(2), which is there only when something is made. */
#define OPENER(name, params, args, last)                                 \
	int name params;                                                 \
	int name params                                                  \
	{                                                                \
		REAL(int, name, params);                                 \
		mode_t mode = 0;                                         \
		va_list ap;                                              \
		if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {            \
			va_start(ap, last);                              \
			mode = va_arg(ap, mode_t);                       \
			va_end(ap);                                      \
		}                                                        \
		return fails(FAIL_OPEN, #name, CALLER) ? -1 : real args; \
	}
OPENER(open, (const char *path, int flags, ...), (path, flags, mode), flags)
OPENER(open64, (const char *path, int flags, ...), (path, flags, mode), flags)
OPENER(openat, (int dir, const char *path, int flags, ...),
    (dir, path, flags, mode), flags)
OPENER(openat64, (int dir, const char *path, int flags, ...),
    (dir, path, flags, mode), flags)
WRAP(FAIL_OPEN, -1, int, __open64_2, (const char *path, int flags),
    (path, flags))
WRAP(FAIL_OPEN, NULL, FILE *, fopen, (const char *path, const char *mode),
    (path, mode))
WRAP(FAIL_OPEN, NULL, FILE *, fopen64, (const char *path, const char *mode),
    (path, mode))
WRAP(FAIL_OPEN, NULL, FILE *, fdopen, (int fd, const char *mode), (fd, mode))
WRAP(FAIL_OPEN, NULL, DIR *, opendir, (const char *path), (path))
WRAP(FAIL_OPEN, -1, int, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(FAIL_OPEN, -1, int, mkdirat, (int dir, const char *path, mode_t mode),
    (dir, path, mode))

WRAP(FAIL_SYNC, -1, int, fsync, (int fd), (fd))
WRAP(FAIL_SYNC, -1, int, fdatasync, (int fd), (fd))
WRAP(FAIL_SYNC, -1, int, ftruncate, (int fd, off_t n), (fd, n))
WRAP(FAIL_SYNC, -1, int, ftruncate64, (int fd, off64_t n), (fd, n))
WRAP(FAIL_SYNC, -1, int, rename, (const char *from, const char *to), (from, to))
WRAP(FAIL_SYNC, -1, int, renameat,
    (int d, const char *from, int e, const char *to), (d, from, e, to))
WRAP(FAIL_SYNC, -1, int, unlink, (const char *path), (path))
WRAP(FAIL_SYNC, -1, int, unlinkat, (int dir, const char *path, int flags),
    (dir, path, flags))
WRAP(FAIL_SYNC, -1, int, fchmod, (int fd, mode_t mode), (fd, mode))

WRAP(FAIL_NET, -1, int, socket, (int domain, int type, int protocol),
    (domain, type, protocol))
WRAP(FAIL_NET, -1, int, connect,
    (int fd, __CONST_SOCKADDR_ARG to, socklen_t len), (fd, to, len))
WRAP(FAIL_NET, -1, int, getsockopt,
    (int fd, int level, int name, void *p, socklen_t *n),
    (fd, level, name, p, n))
WRAP(FAIL_NET, -1, int, setsockopt,
    (int fd, int level, int name, const void *p, socklen_t n),
    (fd, level, name, p, n))
WRAP(FAIL_NET, -1, int, getsockname,
    (int fd, __SOCKADDR_ARG to, socklen_t *len), (fd, to, len))
WRAP(FAIL_NET, -1, int, getpeername,
    (int fd, __SOCKADDR_ARG to, socklen_t *len), (fd, to, len))
WRAP(FAIL_NET, EAI_AGAIN, int, getaddrinfo,
    (const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **res),
    (node, service, hints, res))

/* fcntl(2) is about locks, or about flags that nobody misses. */
#define FCNTL(name)                                                    \
	int name(int fd, int cmd, ...);                                \
	int name(int fd, int cmd, ...)                                 \
	{                                                              \
		REAL(int, name, (int, int, void *));                   \
		bool lock = cmd == F_SETLK || cmd == F_SETLKW ||       \
			    cmd == F_GETLK || cmd == F_OFD_SETLK ||    \
			    cmd == F_OFD_SETLKW || cmd == F_OFD_GETLK; \
		va_list ap;                                            \
		void *arg;                                             \
		va_start(ap, cmd);                                     \
		arg = va_arg(ap, void *);                              \
		va_end(ap);                                            \
		return lock && fails(FAIL_LOCK, #name, CALLER)         \
			   ? -1                                        \
			   : real(fd, cmd, arg);                       \
	}
FCNTL(fcntl)
FCNTL(fcntl64)
WRAP(FAIL_LOCK, -1, int, flock, (int fd, int op), (fd, op))

WRAP(FAIL_STAT, -1, int, stat, (const char *path, struct stat *st), (path, st))
WRAP(FAIL_STAT, -1, int, stat64, (const char *path, struct stat64 *st),
    (path, st))
WRAP(FAIL_STAT, -1, int, lstat, (const char *path, struct stat *st), (path, st))
WRAP(FAIL_STAT, -1, int, lstat64, (const char *path, struct stat64 *st),
    (path, st))
WRAP(FAIL_STAT, -1, int, fstat, (int fd, struct stat *st), (fd, st))
WRAP(FAIL_STAT, -1, int, fstat64, (int fd, struct stat64 *st), (fd, st))
WRAP(FAIL_STAT, -1, int, fstatat,
    (int dir, const char *path, struct stat *st, int flags),
    (dir, path, st, flags))
WRAP(FAIL_STAT, -1, int, access, (const char *path, int mode), (path, mode))
WRAP(FAIL_STAT, -1, off_t, lseek, (int fd, off_t at, int whence),
    (fd, at, whence))
WRAP(FAIL_STAT, NULL, char *, getcwd, (char *p, size_t n), (p, n))

WRAP(
    FAIL_WAIT, -1, int, poll, (struct pollfd * p, nfds_t n, int ms), (p, n, ms))
WRAP(FAIL_WAIT, -1, int, __poll_chk,
    (struct pollfd * p, nfds_t n, int ms, size_t max), (p, n, ms, max))
WRAP(FAIL_WAIT, -1, int, ppoll,
    (struct pollfd * p, nfds_t n, const struct timespec *t, const sigset_t *s),
    (p, n, t, s))
WRAP(FAIL_WAIT, -1, int, select,
    (int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *t),
    (n, r, w, e, t))

WRAP(FAIL_START, -1, int, pipe, (int fd[2]), (fd))
WRAP(FAIL_START, -1, int, pipe2, (int fd[2], int flags), (fd, flags))
WRAP(FAIL_START, -1, int, socketpair, (int d, int t, int p, int fd[2]),
    (d, t, p, fd))
WRAP(FAIL_START, -1, pid_t, fork, (void), ())
WRAP(FAIL_START, EAGAIN, int, pthread_create,
    (pthread_t * t, const pthread_attr_t *a, void *(*f)(void *), void *arg),
    (t, a, f, arg))
WRAP(FAIL_START, -1, int, dup, (int fd), (fd))
WRAP(FAIL_START, -1, int, dup2, (int fd, int to), (fd, to))

WRAP(FAIL_CLOSE, (real(fd), errno = page->err, -1), int, close, (int fd), (fd))

WRAP(FAIL_RANDOM, -1, ssize_t, getrandom, (void *p, size_t n, unsigned flags),
    (p, n, flags))

/* SQLite sleeps for ten seconds on a lock that fails; nothing here needs the
 * time. */
int usleep(useconds_t us);
int
usleep(useconds_t us)
{
	REAL(int, usleep, (useconds_t));

	return real(us / 100);
}

/* "CLASS:HOW:ERRNO:FIRST:COUNT", without a driver. */
static void
read_spec(const char *spec)
{
	static const char *const classes[FAIL_CLASSES] = {"alloc", "foreign",
	    "map", "read", "write", "open", "sync", "net", "lock", "stat",
	    "wait", "start", "close", "random"};
	static const char *const hows[] = {"error", "short", "kill"};
	static struct failnth own;
	char class[16], how[16];

	if (sscanf(spec, "%15[^:]:%15[^:]:%" SCNd32 ":%" SCNu64 ":%" SCNu64,
		class, how, &own.err, &own.first, &own.count) != 5)
		abort();
	own.class = FAIL_CLASSES;
	for (uint32_t i = 0; i < FAIL_CLASSES; i++)
		if (strcmp(class, classes[i]) == 0)
			own.class = i;
	for (uint32_t i = 0; i < 3; i++)
		if (strcmp(how, hows[i]) == 0)
			own.how = i;
	page = &own;
}

/* The program has ended, and what follows is not part of it: a profile that is
 * written. */
void failnth_off(void);
void
failnth_off(void)
{
	page = NULL;
}

static int (*real_main)(int, char **, char **);

static int
counted_main(int argc, char **argv, char **envp)
{
	const char *fd = getenv("FAILNTH_FD");
	const char *spec = getenv("FAILNTH_SPEC");
	long got;

	(void)dl_iterate_phdr(find_libraries, NULL);
	if (fd != NULL) {
		got = syscall(SYS_mmap, NULL, FAILNTH_SIZE,
		    PROT_READ | PROT_WRITE, MAP_SHARED,
		    (int)strtol(fd, NULL, 10), 0L);
		if (got != -1) {
			(void)syscall(SYS_close, (int)strtol(fd, NULL, 10));
			page = (struct failnth *)(uintptr_t)got;
			if (page->trace != 0)
				chains = (failnth_chains *)(void *)(page + 1);
		}
	}
	if (spec != NULL)
		read_spec(spec);
	return real_main(argc, argv, envp);
}

int __libc_start_main(int (*)(int, char **, char **), int, char **,
    void (*)(void), void (*)(void), void (*)(void), void *);

/* What main() is called by. */
int
__libc_start_main(int (*f)(int, char **, char **), int argc, char **argv,
    void (*init)(void), void (*fini)(void), void (*rtld_fini)(void), void *end)
{
	REAL(int, __libc_start_main,
	    (int (*)(int, char **, char **), int, char **, void (*)(void),
		void (*)(void), void (*)(void), void *));

	real_main = f;
	return real(counted_main, argc, argv, init, fini, rtld_fini, end);
}
