/* common/landlock: what it forbids and what not, as each kernel that has some
 * of it would.  The rules close a process of their own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "child.h"
#include "landlock.h"
#include "tap.h"

/* Of a build for coverage, which confines nobody. */
void __gcov_dump(void) __attribute__((weak));

static char dir[] = "/tmp/test_landlock-XXXXXX";
static char in[64], out[64], file[96], other[96], made[96];
static unsigned port;

/* The name of the error, or "done". */
static const char *
said(bool ok)
{
	return ok ? "done" : strerrorname_np(errno);
}

static const char *
try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	const char *s = said(fd != -1);

	if (fd != -1)
		(void)close(fd);
	return s;
}

static const char *
try_connect(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const char *s =
	    said(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);

	(void)close(fd);
	return s;
}

struct box {
	int abi;
	struct landlock_rules rules;
};

static void
confined(void *arg)
{
	const struct box *b = arg;

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!landlock_restrict(b->abi, &b->rules)) {
		printf("cannot: %s", strerrorname_np(errno));
		(void)fflush(stdout);
		_exit(0);
	}
	printf("read %s, ", try_open(file, O_RDONLY));
	printf("write %s, ", try_open(file, O_WRONLY));
	printf("list %s, ", try_open(in, O_RDONLY | O_DIRECTORY));
	printf("make %s, ", try_open(made, O_WRONLY | O_CREAT));
	(void)unlink(made);
	printf("mkdir %s, ", said(mkdir(made, 0700) == 0));
	printf("other %s, ", try_open(other, O_RDONLY));
	printf("connect %s", try_connect());
	/* What a sanitizer does at exit is forbidden too. */
	(void)fflush(stdout);
	_exit(0);
}

/* A server that is there, and takes what comes. */
static int
listening(void)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&a, n) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		return -1;
	port = ntohs(a.sin_port);
	return fd;
}

static void
each(const struct landlock_rules *r, const char *want, const char *connects,
    const char *what)
{
	struct child c;
	char expect[256], name[128];
	const int abi = landlock_abi();

	for (int i = 1; i <= 7; i++) {
		struct box b = {i, *r};

		(void)snprintf(name, sizeof(name), "%s, as of ABI %d", what, i);
		if (i > abi || __gcov_dump != NULL) {
			if (i <= abi)
				child_run(&c, confined, &b);
			(void)rmdir(made);
			printf(
			    "ok %d - %s # SKIP not here\n", ++tap_count, name);
			continue;
		}
		(void)snprintf(expect, sizeof(expect), "%s, connect %s", want,
		    i >= 4 ? connects : "done");
		child_run(&c, confined, &b);
		(void)rmdir(made);
		IS(c.out, expect, name);
	}
}

static void
rights(void)
{
	struct landlock_path p = {in, 0};
	const unsigned none = port ^ 1;
	struct landlock_rules r = {.paths = &p, .npaths = 1, .any_port = true};

	each(&r,
	    "read EACCES, write EACCES, list EACCES, make EACCES, "
	    "mkdir EACCES, other EACCES",
	    "done", "no right");
	p.rights = LANDLOCK_READ | LANDLOCK_LIST;
	each(&r,
	    "read done, write EACCES, list done, make EACCES, "
	    "mkdir EACCES, other EACCES",
	    "done", "to read");
	p.rights = LANDLOCK_WRITE | LANDLOCK_MAKE;
	r.any_port = false;
	r.ports = &none;
	r.nports = 1;
	each(&r,
	    "read EACCES, write done, list EACCES, make done, "
	    "mkdir EACCES, other EACCES",
	    "EACCES", "to write, with another port");
	p.rights = LANDLOCK_MAKE_DIR;
	r.ports = &port;
	each(&r,
	    "read EACCES, write EACCES, list EACCES, make EACCES, "
	    "mkdir done, other EACCES",
	    "done", "to make folders, with this port");
	p = (struct landlock_path){file,
	    LANDLOCK_READ | LANDLOCK_LIST | LANDLOCK_WRITE | LANDLOCK_MAKE};
	r.nports = 0;
	each(&r,
	    "read done, write done, list EACCES, make EACCES, "
	    "mkdir EACCES, other EACCES",
	    "EACCES", "a file, with no port");
	p.path = "/nowhere";
	each(&r,
	    "read EACCES, write EACCES, list EACCES, make EACCES, "
	    "mkdir EACCES, other EACCES",
	    "EACCES", "a path that is not there");
}

static void
refusals(void)
{
	const unsigned bad = 65536;
	struct box b = {landlock_abi(), {.ports = &bad, .nports = 1}};
	struct child c;

	if (b.abi < 4) {
		printf("ok %d - no such port # SKIP not here\n", ++tap_count);
		return;
	}
	child_run(&c, confined, &b);
	IS(c.out, "cannot: EINVAL", "no such port");
}

int
main(void)
{
	int server = listening();

	if (mkdtemp(dir) == NULL || server == -1)
		return 1;
	(void)snprintf(in, sizeof(in), "%s/in", dir);
	(void)snprintf(out, sizeof(out), "%s/out", dir);
	(void)snprintf(file, sizeof(file), "%s/file", in);
	(void)snprintf(made, sizeof(made), "%s/made", in);
	(void)snprintf(other, sizeof(other), "%s/file", out);
	(void)mkdir(in, 0700);
	(void)mkdir(out, 0700);
	(void)close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	(void)close(open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	OK(landlock_abi() >= 0, "what this kernel has");
	rights();
	refusals();
	(void)close(server);
	OK(unlink(file) == 0 && unlink(other) == 0 && rmdir(in) == 0 &&
		rmdir(out) == 0 && rmdir(dir) == 0,
	    "no file is left behind");
	return tap_done();
}
