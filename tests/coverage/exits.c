/*
 * For the coverage build (linked with --wrap): what a process went through
 * counts although it ends by _exit(2), or by a signal that it raises itself.
 */
#include <signal.h>
#include <unistd.h>

void __gcov_dump(void); /* GCC manual, Profiling and Test Coverage in
			   Freestanding Environments */

void __real__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) __attribute__((noreturn));
int __real_raise(int sig);
int __wrap_raise(int sig);

void
__wrap__exit(int code)
{
	__gcov_dump();
	__real__exit(code);
}

int
__wrap_raise(int sig)
{
	__gcov_dump();
	return __real_raise(sig);
}
