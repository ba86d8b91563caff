#ifndef FAILNTH_H
#define FAILNTH_H

#include <stdint.h>

/*
 * What failnth.so (LD_PRELOAD) and the driver of the torture share: a page that
 * the driver maps and hands down by its descriptor's number, in FAILNTH_FD. The
 * library maps it too and needs no system call from then on, so it works
 * inside a sandbox, and what it counted outlives a SIGKILL.  Without a driver,
 * FAILNTH_SPEC says what fails: "write:error:28:3:1" is ENOSPC for the third.
 */
enum failnth_class {
	FAIL_ALLOC,   /* malloc(3) and its kin, but for: */
	FAIL_FOREIGN, /* the same in OpenSSL, libseccomp, libjq */
	FAIL_MAP,     /* mmap(2), mremap(2) */
	FAIL_READ,    /* read(2), recv(2), fread(3) .. */
	FAIL_WRITE,   /* write(2), send(2) .. */
	FAIL_OPEN,    /* open(2), fopen(3), opendir(3), mkdir(2) .. */
	FAIL_SYNC,    /* fsync(2), ftruncate(2), rename(2), unlink(2) .. */
	FAIL_NET,     /* socket(2), connect(2) .. */
	FAIL_LOCK,    /* fcntl(2) with a lock, flock(2) */
	FAIL_STAT,    /* stat(2), access(2), lseek(2) .. */
	FAIL_WAIT,    /* poll(2), select(2) */
	FAIL_START,   /* pipe(2), fork(2), pthread_create(3) .. */
	FAIL_CLOSE,   /* close(2): done, but called a failure */
	FAIL_RANDOM,  /* getrandom(2) */
	FAIL_CLASSES
};

enum failnth_how {
	FAIL_ERROR, /* the call is not made */
	FAIL_SHORT, /* it moves one byte */
	FAIL_KILL   /* the process dies at once, by SIGILL */
};

/* Libraries that do not bear to be without memory. */
enum failnth_library {
	LIBRARY_NONE, /* the filter itself, and those that do bear it */
	LIBRARY_CRYPTO,
	LIBRARY_SSL,
	LIBRARY_SECCOMP,
	LIBRARY_JQ,
	LIBRARY_ONIG,
	LIBRARIES
};

/* So many calls of a class have their callers noted. */
enum { CHAINS_MAX = 65536 };

struct failnth {
	/* Set by the driver. */
	uint32_t class; /* enum failnth_class */
	uint32_t how;
	int32_t err;
	uint32_t again; /* after a run that failed, on what it left */
	uint32_t stop;  /* trap at the first failure, for a debugger */
	uint32_t trace; /* note who makes each call; chains follow this */
	uint64_t first; /* the first call of the class to fail, from 1 */
	uint64_t count; /* how many calls from there on fail */
	/* Set by the library. */
	uint64_t calls[FAIL_CLASSES];
	uint64_t hits;
	char name[24];    /* the function that failed first */
	uint32_t library; /* enum failnth_library: who called it */
};

/* After the page, when trace is set: of each call of a class a number for the
 * functions that led to it, 0 when no library of those above made it. */
typedef uint32_t failnth_chains[FAIL_CLASSES][CHAINS_MAX];

/* Of what is mapped. */
#define FAILNTH_SIZE (sizeof(struct failnth) + sizeof(failnth_chains))

#endif
