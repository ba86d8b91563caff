/*
 * For the coverage build (linked with --wrap): what a process went through
 * counts although it ends by _exit(2), or by a signal that it raises itself,
 * or with its master; and although a sandbox was closed, in which gcov could
 * not write its files: all is prepared, and nothing forbidden.
 */
#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { LANDLOCK_RESTRICT_SELF = 446 };

void __gcov_dump(void); /* GCC manual, Profiling and Test Coverage in
			   Freestanding Environments */

void __real__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) __attribute__((noreturn));
void __gcov_reset(void);
pid_t __wrap___gcov_fork(void);
int __real_raise(int sig);
int __wrap_raise(int sig);
int __wrap_setgroups(size_t n, const gid_t *list);
long __real_syscall(long call, ...);
long __wrap_syscall(long call, ...);
int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);

/* Preloaded by the torture: what gcov does from here on is to work. */
static void
stop_failing(void)
{
	void (*off)(void);

	*(void **)&off = dlsym(RTLD_DEFAULT, "failnth_off");
	if (off != NULL)
		off();
}

/* Before gcov's own, which has priority 100 and so is the last. */
__attribute__((destructor)) static void
at_exit(void)
{
	stop_failing();
}

void
__wrap__exit(int code)
{
	stop_failing();
	__gcov_dump();
	__real__exit(code);
}

int
__wrap_raise(int sig)
{
	stop_failing();
	__gcov_dump();
	return __real_raise(sig);
}

/* Not with all counts written before, as by gcov's own: the torture would let
 * that fail. */
pid_t
__wrap___gcov_fork(void)
{
	pid_t (*volatile real)(void) = fork; /* a call becomes ours again */
	pid_t pid = real();

	if (pid == 0)
		__gcov_reset();
	return pid;
}

/* As where nobody is nobody: root stays root. */
int
__wrap_setgroups(size_t n, const gid_t *list)
{
	(void)n;
	(void)list;
	errno = EPERM;
	return -1;
}

long
__wrap_syscall(long call, ...)
{
	long a[6];
	va_list ap;

	if (call == LANDLOCK_RESTRICT_SELF)
		return 0;
	va_start(ap, call);
	for (size_t i = 0; i < sizeof(a) / sizeof(*a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return __real_syscall(call, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* A helper that is killed when its master ends writes nothing.  A filter of
 * system calls that forbids nothing fails where the other would. */
int
__wrap_prctl(int option, ...)
{
	unsigned long a[4];
	static struct sock_filter all =
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	static struct sock_fprog prog = {1, &all};
	va_list ap;

	if (option == PR_SET_PDEATHSIG)
		return 0;
	if (option == PR_SET_SECCOMP)
		return __real_prctl(option, SECCOMP_MODE_FILTER, &prog, 0, 0);
	va_start(ap, option);
	for (size_t i = 0; i < sizeof(a) / sizeof(*a); i++)
		a[i] = va_arg(ap, unsigned long);
	va_end(ap);
	return __real_prctl(option, a[0], a[1], a[2], a[3]);
}
