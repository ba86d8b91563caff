/* Landlock by its system calls; see landlock.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "landlock.h"

/* The same numbers on every architecture (they came after the unification of
 * the tables in Linux 5.1). */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };

/* include/uapi/linux/landlock.h of Linux 6.12. */
enum { VERSION_FLAG = 1, RULE_PATH = 1, RULE_PORT = 2 };
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_MAKE_SYM = 1 << 12,
	FS_REFER = 1 << 13,    /* ABI 2 */
	FS_TRUNCATE = 1 << 14, /* ABI 3 */
	FS_IOCTL_DEV = 1 << 15 /* ABI 5 */
};
enum { NET_BIND_TCP = 1, NET_CONNECT_TCP = 2 };
enum { SCOPE_ABSTRACT = 1, SCOPE_SIGNAL = 2 };

struct ruleset_attr {
	uint64_t fs, net, scoped;
};
struct path_attr {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));
struct port_attr {
	uint64_t access, port;
};

int
landlock_abi(void)
{
	long abi = syscall(CREATE_RULESET, NULL, (size_t)0, VERSION_FLAG);

	return abi > 0 ? (int)abi : 0;
}

/* All that this ABI can forbid. */
static uint64_t
all_access(int abi)
{
	uint64_t all = FS_MAKE_SYM | (FS_MAKE_SYM - 1);

	if (abi >= 2)
		all |= FS_REFER;
	if (abi >= 3)
		all |= FS_TRUNCATE;
	if (abi >= 5)
		all |= FS_IOCTL_DEV;
	return all;
}

/* What a file, as opposed to a folder, can be given. */
static uint64_t
of_file(uint64_t access)
{
	return access & (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE |
			    FS_TRUNCATE | FS_IOCTL_DEV);
}

static uint64_t
access_of(unsigned rights)
{
	uint64_t a = 0;

	if ((rights & LANDLOCK_READ) != 0)
		a |= FS_READ_FILE;
	if ((rights & LANDLOCK_LIST) != 0)
		a |= FS_READ_DIR;
	if ((rights & LANDLOCK_WRITE) != 0)
		a |= FS_WRITE_FILE | FS_TRUNCATE;
	if ((rights & LANDLOCK_MAKE) != 0)
		a |= FS_MAKE_REG | FS_REMOVE_FILE;
	if ((rights & LANDLOCK_MAKE_DIR) != 0)
		a |= FS_MAKE_DIR;
	return a;
}

static bool
add_path(int set, uint64_t handled, const struct landlock_path *p)
{
	struct path_attr a = {.access = access_of(p->rights) & handled};
	struct stat st;
	int fd = open(p->path, O_PATH | O_CLOEXEC);
	bool ok;

	if (fd == -1)
		return true;
	a.fd = fd;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		a.access = of_file(a.access);
	/* EBADFD: a pipe or the like, which no rule is needed for. */
	ok = a.access == 0 || syscall(ADD_RULE, set, RULE_PATH, &a, 0) == 0 ||
	     errno == EBADFD;
	(void)close(fd);
	return ok;
}

static bool
add_port(int set, unsigned port)
{
	struct port_attr a = {.access = NET_CONNECT_TCP, .port = port};

	return syscall(ADD_RULE, set, RULE_PORT, &a, 0) == 0;
}

bool
landlock_restrict(int abi, const struct landlock_rules *r)
{
	struct ruleset_attr a = {.fs = all_access(abi)};
	int set, err;
	bool ok = true;

	if (abi >= 4)
		a.net = NET_BIND_TCP | (r->any_port ? 0 : NET_CONNECT_TCP);
	if (abi >= 6)
		a.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	/* A kernel takes a longer attribute when what it does not know of it
	 * is zero. */
	set = (int)syscall(CREATE_RULESET, &a, sizeof(a), 0);
	if (set == -1)
		return false;
	for (size_t i = 0; ok && i < r->npaths; i++)
		ok = add_path(set, a.fs, &r->paths[i]);
	for (size_t i = 0; ok && !r->any_port && abi >= 4 && i < r->nports; i++)
		ok = add_port(set, r->ports[i]);
	ok = ok && syscall(RESTRICT_SELF, set, 0) == 0;
	err = errno;
	(void)close(set);
	errno = err;
	return ok;
}
