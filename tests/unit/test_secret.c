/* common/secret: where secrets are kept, and that nothing of them stays. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "secret.h"
#include "tap.h"

/* The sanitizer lets mlock(2) do nothing. */
#ifdef __SANITIZE_ADDRESS__
static const bool locks = false;
#else
static const bool locks = true;
#endif

/* What the kernel says of the mapping that holds an address: kB locked, and
 * its flags. */
static long
locked_kb(const void *p, char flags[512])
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	char line[512];
	bool here = false;
	long kb = -1;

	flags[0] = '\0';
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (here && strncmp(line, "Locked:", 7) == 0)
			kb = strtol(line + 7, NULL, 10);
		else if (here && strncmp(line, "VmFlags:", 8) == 0)
			(void)snprintf(flags, 512, "%s", line);
	}
	if (f != NULL)
		(void)fclose(f);
	return kb;
}

static bool
is_zero(const void *p, size_t n)
{
	const unsigned char *s = p;

	while (n > 0 && s[n - 1] == 0)
		n--;
	return n == 0;
}

static void
test_place(void)
{
	char *s = secret_copy("s3cret", 6), flags[512];
	long kb = locked_kb(s, flags);
	int status = -1;
	pid_t pid;

	IS(s, "s3cret", "a copy, with a NUL");
	OK(!locks || kb >= SECRET_ARENA / 1024, "is locked");
	OK(strstr(flags, " dd") != NULL, "and in no core dump");
	pid = fork();
	if (pid == 0)
		_exit(is_zero(s, 6) ? 0 : 1);
	(void)waitpid(pid, &status, 0);
	OK(status == 0, "nor in a child");
	secret_free(s);
	OK(is_zero(s, 6), "nothing of it stays");
	secret_free(NULL);
}

static void
test_room(void)
{
	enum { MANY = 64 };
	char *v[MANY], *first = secret_alloc(1), *again, flags[512];
	bool apart = true, zero = true;

	secret_free(first);
	again = secret_alloc(1);
	OK(again == first, "what is given back is used again");
	secret_free(again);
	for (int i = 0; i < MANY; i++) {
		v[i] = secret_alloc(8000);
		zero = zero && is_zero(v[i], 8000);
		memset(v[i], 'a' + i % 26, 8000);
	}
	for (int i = 0; i < MANY; i++)
		for (int k = 0; k < 8000; k++)
			apart = apart && v[i][k] == 'a' + i % 26;
	OK(zero && apart, "more than fits, none in another's place");
	OK(locked_kb(v[MANY - 1], flags) <= 0, "what does not is ordinary");
	for (int i = 0; i < MANY; i++)
		secret_free(v[i]);
	again = secret_alloc(SECRET_ARENA - 64);
	OK(!locks || locked_kb(again, flags) > 0, "all of it is free again");
	secret_free(again);
}

static void
test_buffer(void)
{
	struct buf b;
	const char *p;

	secret_buf(&b, 100);
	p = b.p;
	for (int i = 0; i < 100; i++)
		buf_addc(&b, 'x');
	OK(b.err == 0 && b.p == p && b.len == 100, "a buffer does not move");
	buf_addc(&b, 'x');
	OK(b.err != 0, "and has its limit");
	secret_buf_reset(&b);
	OK(b.err == 0 && b.len == 0 && is_zero(p, 101), "emptied, all of it");
	buf_adds(&b, "again");
	IS(b.p, "again", "it is used again");
	secret_buf_free(&b);
	OK(b.p == NULL && is_zero(p, 101), "nothing of it stays");
}

/* A container that locks nothing. */
static void
test_no_lock(void)
{
	const struct rlimit none = {0, 0};
	int status = -1;
	pid_t pid = fork();
	char *s;

	if (pid == 0) {
		if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 ||
		    (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0))
			_exit(0);
		s = secret_copy("s3cret", 6);
		_exit(strcmp(s, "s3cret") == 0 ? 0 : 1);
	}
	(void)waitpid(pid, &status, 0);
	OK(status == 0, "without locked memory it works as well");
}

int
main(void)
{
	test_no_lock(); /* before there is an arena */
	test_place();
	test_room();
	test_buffer();
	return tap_done();
}
