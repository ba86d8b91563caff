/* What a sandbox forbids, tried one by one; see attempts.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "attempts.h"

struct victim victim;

bool
attempt_reached(long rc)
{
	return rc >= 0 ||
	       (errno != EPERM && errno != EACCES && errno != ENOSYS);
}

bool
attempt_close(long fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close((int)fd);
	errno = saved;
	return fd >= 0;
}

enum { X32 = 0x40000000 /* a bit of the numbers of that ABI's calls */ };

static bool
try_open(void)
{
	return attempt_close(
	    syscall(SYS_openat, AT_FDCWD, victim.file, O_RDONLY | O_CLOEXEC));
}

static bool
try_write(void)
{
	return attempt_close(syscall(SYS_openat, AT_FDCWD, victim.made,
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static bool
try_memory(void)
{
	return attempt_close(syscall(
	    SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR | O_CLOEXEC));
}

static bool
try_chmod(void)
{
	return fchmodat(AT_FDCWD, victim.file, 0644, 0) == 0;
}

static bool
try_chown(void)
{
	return fchownat(AT_FDCWD, victim.file, (uid_t)-1, (gid_t)-1, 0) == 0;
}

static bool
try_times(void)
{
	return utimensat(AT_FDCWD, victim.file, NULL, 0) == 0;
}

static bool
try_link(void)
{
	return link(victim.file, victim.node) == 0 && unlink(victim.node) == 0;
}

static bool
try_symlink(void)
{
	return symlink("/", victim.node) == 0 && unlink(victim.node) == 0;
}

static bool
try_fifo(void)
{
	return mknod(victim.node, S_IFIFO | 0600, 0) == 0 &&
	       unlink(victim.node) == 0;
}

static bool
try_unlink(void)
{
	return unlink(victim.file) == 0;
}

static bool
try_mkdir(void)
{
	return mkdir(victim.folder, 0700) == 0;
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

/* What a program could be put into. */
static bool
try_memfd(void)
{
	return attempt_close(memfd_create("x", MFD_CLOEXEC));
}

static bool
try_execveat(void)
{
	return attempt_reached(
	    syscall(SYS_execveat, -1, "", NULL, NULL, AT_EMPTY_PATH));
}

static bool
child_of(long flags)
{
	long pid = syscall(SYS_clone, flags, 0L, 0L, 0L, 0L);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool
try_fork(void)
{
	return child_of(SIGCHLD);
}

static bool
try_userns(void)
{
	return child_of(CLONE_NEWUSER | SIGCHLD);
}

static bool
try_clone3(void)
{
	return attempt_reached(syscall(SYS_clone3, NULL, (size_t)0));
}

static bool
try_unshare(void)
{
	return attempt_reached(unshare(1)); /* no such flag */
}

static bool
try_setns(void)
{
	return attempt_reached(setns(-1, 0));
}

static bool
try_mount(void)
{
	return attempt_reached(
	    mount("none", victim.file, "no such file system", 0, NULL));
}

static bool
try_handle(void)
{
	return attempt_reached(syscall(SYS_open_by_handle_at, -1, NULL, 0));
}

static bool
try_uring(void)
{
	return attempt_reached(syscall(SYS_io_uring_setup, 0, NULL));
}

static bool
try_faults(void)
{
	return attempt_reached(syscall(SYS_userfaultfd, -1));
}

static bool
try_bpf(void)
{
	return attempt_reached(syscall(SYS_bpf, -1, NULL, 0));
}

static bool
try_perf(void)
{
	return attempt_reached(
	    syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0L));
}

static bool
try_key(void)
{
	return attempt_reached(syscall(SYS_keyctl, (long)KEYCTL_GET_KEYRING_ID,
	    (long)KEY_SPEC_SESSION_KEYRING, 0L));
}

static bool
try_getfd(void)
{
	return attempt_reached(syscall(SYS_pidfd_getfd, -1, 0, 0));
}

/* Calls of this machine's other kinds of programs. */
static bool
try_x32(void)
{
#ifdef __x86_64__
	return attempt_reached(syscall(SYS_getpid | X32));
#else
	errno = ENOSYS;
	return false;
#endif
}

static bool
try_i386(void)
{
#ifdef __x86_64__
	enum { GETPID = 20 };
	long rc = GETPID;

	__asm__ volatile("int $0x80"
			 : "+a"(rc)
			 :
			 : "r8", "r9", "r10", "r11", "memory");
	errno = rc > 0 ? 0 : (int)-rc;
	return rc > 0;
#else
	errno = ENOSYS;
	return false;
#endif
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

static bool
try_tgkill(void)
{
	return syscall(SYS_tgkill, victim.pid, victim.pid, SIGCONT) == 0;
}

static bool
try_sigqueue(void)
{
	siginfo_t info = {.si_code = SI_QUEUE};

	return syscall(SYS_rt_sigqueueinfo, victim.pid, SIGCONT, &info) == 0;
}

static bool
try_pidfd(void)
{
	return attempt_close(syscall(SYS_pidfd_open, victim.pid, 0));
}

static bool
try_shm(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

	return id != -1 && shmctl(id, IPC_RMID, NULL) == 0;
}

static bool
try_inotify(void)
{
	return attempt_close(syscall(SYS_inotify_init1, O_CLOEXEC));
}

static bool
try_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

/* To outlive whom one works for. */
static bool
try_survive(void)
{
	return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0;
}

static bool
try_rlimit(void)
{
	struct rlimit r;

	return getrlimit(RLIMIT_NOFILE, &r) == 0 &&
	       setrlimit(RLIMIT_NOFILE, &r) == 0;
}

static bool
try_affinity(void)
{
	return attempt_reached(sched_setaffinity(0, 0, NULL));
}

/* Typed into the terminal: whatever standard error is. */
static bool
try_type(void)
{
	return attempt_reached(ioctl(STDERR_FILENO, TIOCSTI, "x"));
}

/* unlink comes last: others need the file. */
static const struct attempt all[] = {{"open", try_open}, {"write", try_write},
    {"memory", try_memory}, {"chmod", try_chmod}, {"chown", try_chown},
    {"times", try_times}, {"link", try_link}, {"symlink", try_symlink},
    {"fifo", try_fifo}, {"mkdir", try_mkdir}, {"exec", try_exec},
    {"memfd", try_memfd}, {"execveat", try_execveat}, {"fork", try_fork},
    {"userns", try_userns}, {"clone3", try_clone3}, {"unshare", try_unshare},
    {"setns", try_setns}, {"mount", try_mount}, {"handle", try_handle},
    {"uring", try_uring}, {"faults", try_faults}, {"bpf", try_bpf},
    {"perf", try_perf}, {"key", try_key}, {"getfd", try_getfd},
    {"x32", try_x32}, {"i386", try_i386}, {"ptrace", try_ptrace},
    {"vmread", try_vmread}, {"kill", try_kill}, {"code", try_code},
    {"tgkill", try_tgkill}, {"sigqueue", try_sigqueue}, {"pidfd", try_pidfd},
    {"shm", try_shm}, {"inotify", try_inotify}, {"dumpable", try_dumpable},
    {"survive", try_survive}, {"rlimit", try_rlimit},
    {"affinity", try_affinity}, {"type", try_type}, {"unlink", try_unlink}};

const struct attempts attempts_calls = {all, sizeof(all) / sizeof(*all)};
