/*
 * Which system calls each kind of process has left.  Lists of
 * what is allowed; the rest is refused, see sandbox.h.  A name that an
 * architecture does not have (arm64 has no open(2)) is left out there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "callfilter.h"
#include "syscalls.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define CALL(name) SCMP_SYS(name)

enum { TYPES = 0xf /* of sockets; the rest are flags */ };

/* Memory, time, signals of our own, and descriptors that are there. */
static const int everybody[] = {CALL(brk), CALL(clock_getres),
    CALL(clock_gettime), CALL(clock_nanosleep), CALL(close), CALL(dup),
    CALL(dup2), CALL(dup3), CALL(epoll_create1), CALL(epoll_ctl),
    CALL(epoll_pwait), CALL(epoll_wait), CALL(eventfd2), CALL(exit),
    CALL(exit_group), CALL(fallocate), CALL(fdatasync), CALL(fstat),
    CALL(fstatfs), CALL(fsync), CALL(ftruncate), CALL(futex), CALL(getegid),
    CALL(geteuid), CALL(getgid), CALL(getpid), CALL(getppid), CALL(getrandom),
    CALL(getrusage), CALL(gettid), CALL(gettimeofday), CALL(getuid),
    CALL(lseek), CALL(madvise), CALL(mlock), CALL(mlock2), CALL(mremap),
    CALL(munlock), CALL(munmap), CALL(nanosleep), CALL(pipe2), CALL(poll),
    CALL(ppoll), CALL(pread64), CALL(pselect6), CALL(pwrite64), CALL(pwritev),
    CALL(read), CALL(readv), CALL(recvfrom), CALL(recvmsg),
    CALL(restart_syscall), CALL(rt_sigaction), CALL(rt_sigpending),
    CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigtimedwait),
    CALL(sched_getaffinity), CALL(sched_yield), CALL(select),
    CALL(set_robust_list), CALL(shutdown), CALL(sigaltstack), CALL(sysinfo),
    CALL(time), CALL(times), CALL(uname), CALL(write), CALL(writev)};

/* With sockets that are not there yet; see also sockets(). */
static const int network[] = {CALL(connect), CALL(getpeername),
    CALL(getsockname), CALL(getsockopt), CALL(recvmmsg)};

/* By name, to see whether a file was moved away. */
static const int looking[] = {CALL(newfstatat), CALL(stat)};

static const int files[] = {CALL(access), CALL(faccessat), CALL(fchmod),
    CALL(getcwd), CALL(getdents64), CALL(lstat), CALL(mkdir), CALL(mkdirat),
    CALL(newfstatat), CALL(open), CALL(openat), CALL(readlink),
    CALL(readlinkat), CALL(rename), CALL(renameat), CALL(renameat2), CALL(stat),
    CALL(statfs), CALL(unlink), CALL(unlinkat)};

/* What the C library's resolver does, and modules of the name service that
 * ask a daemon (resolved, nscd, sssd); see also reading() and sockets().
 * bind(2) is for netlink. */
static const int names[] = {CALL(access), CALL(bind), CALL(faccessat),
    CALL(getcwd), CALL(getdents64), CALL(getgroups), CALL(getresgid),
    CALL(getresuid), CALL(lstat), CALL(newfstatat), CALL(readlink),
    CALL(readlinkat), CALL(rseq), CALL(setsockopt), CALL(stat), CALL(statfs)};

/* Of who forks processes and waits for them. */
static const int forking[] = {CALL(setitimer), CALL(wait4), CALL(waitid)};

/* Libraries try these first, and do without where the kernel has none. */
static const int newer[] = {CALL(clone3), CALL(close_range), CALL(epoll_pwait2),
    CALL(faccessat2), CALL(futex_waitv), CALL(membarrier), CALL(openat2),
    CALL(preadv2), CALL(pwritev2), CALL(statx)};

/* Nothing that is linked here tries these: who does is not us any more. */
static const int never[] = {CALL(acct), CALL(add_key), CALL(bpf), CALL(chroot),
    CALL(clock_adjtime), CALL(clock_settime), CALL(delete_module), CALL(execve),
    CALL(execveat), CALL(finit_module), CALL(fsconfig), CALL(fsmount),
    CALL(fsopen), CALL(fspick), CALL(init_module), CALL(io_uring_enter),
    CALL(io_uring_register), CALL(io_uring_setup), CALL(ioperm), CALL(iopl),
    CALL(kcmp), CALL(kexec_file_load), CALL(kexec_load), CALL(keyctl),
    CALL(mount), CALL(mount_setattr), CALL(move_mount), CALL(open_by_handle_at),
    CALL(open_tree), CALL(perf_event_open), CALL(personality),
    CALL(pidfd_getfd), CALL(pivot_root), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(ptrace), CALL(reboot), CALL(request_key),
    CALL(setns), CALL(settimeofday), CALL(swapoff), CALL(swapon), CALL(umount2),
    CALL(unshare), CALL(userfaultfd)};

static const uint64_t commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD,
    F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK,
    F_OFD_SETLKW, F_GETPIPE_SZ, F_SETPIPE_SZ};

/* TCGETS is what isatty(3) asks, TCGETS2 what later C libraries do. */
static const uint64_t controls[] = {
    FIONREAD, FIONBIO, TIOCGWINSZ, TCGETS, 0x802c542a};

/* What libcurl sets of a connection. */
static const struct {
	uint64_t level, name;
} options[] = {{SOL_SOCKET, SO_KEEPALIVE}, {IPPROTO_TCP, TCP_NODELAY},
    {IPPROTO_TCP, TCP_KEEPIDLE}, {IPPROTO_TCP, TCP_KEEPINTVL},
    {IPPROTO_TCP, TCP_KEEPCNT}};

static void
add(struct callfilter *f, uint32_t action, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		callfilter_add(f, &(struct callfilter_rule){
				      .call = calls[i], .action = action});
}

/* An argument of a call, from 0, is this; or is this where mask has ones. */
static struct callfilter_arg
masked(unsigned arg, uint64_t mask, uint64_t value)
{
	return (struct callfilter_arg){arg, mask, value};
}

static struct callfilter_arg
equals(unsigned arg, uint64_t value)
{
	return masked(arg, UINT64_MAX, value);
}

/* Allow a call when these arguments are as told; several such are or'ed. */
static void
allow(struct callfilter *f, int call, const struct callfilter_arg *args,
    unsigned n)
{
	struct callfilter_rule r = {
	    .call = call, .action = SCMP_ACT_ALLOW, .nargs = n};

	memcpy(r.args, args, n * sizeof(*args));
	callfilter_add(f, &r);
}

static void
allow_if(struct callfilter *f, int call, struct callfilter_arg a)
{
	allow(f, call, &a, 1);
}

static void
allow_if2(struct callfilter *f, int call, struct callfilter_arg a,
    struct callfilter_arg b)
{
	allow(f, call, (const struct callfilter_arg[]){a, b}, 2);
}

/* Memory that is written is never run, and no code is added. */
static void
memory(struct callfilter *f, enum sandbox_kind kind)
{
	const struct callfilter_arg data = masked(2, PROT_EXEC, 0);

	allow_if(f, CALL(mmap), data);
	allow_if(f, CALL(mprotect), data);
	if (kind == SANDBOX_NAMES) /* modules of the name service */
		allow_if2(f, CALL(mmap),
		    masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
		    masked(3, MAP_ANONYMOUS, 0));
}

/* What is allowed for some of its arguments only. */
static void
arguments(struct callfilter *f)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		allow_if(f, CALL(fcntl), equals(1, commands[i]));
	for (size_t i = 0; i < COUNT(controls); i++)
		allow_if(f, CALL(ioctl), equals(1, controls[i]));
	/* abort(3), raise(3) and the like, and no other process. */
	allow_if(f, CALL(kill), equals(0, (uint64_t)getpid()));
	allow_if(f, CALL(tgkill), equals(0, (uint64_t)getpid()));
	/* To read limits of our own, not to set any. */
	allow_if2(f, CALL(prlimit64), equals(0, 0), equals(2, 0));
	/* How fstat(2) of a descriptor is called. */
	allow_if(f, CALL(newfstatat), masked(3, AT_EMPTY_PATH, AT_EMPTY_PATH));
	/* One of datagrams could send them to any name, the log's daemon's. */
	allow_if2(f, CALL(socketpair), equals(0, AF_UNIX),
	    masked(1, TYPES, SOCK_STREAM));
	/* And not connect on the way, which Landlock does not see. */
	allow_if(f, CALL(sendmsg), masked(2, MSG_FASTOPEN, 0));
	allow_if(f, CALL(sendto), masked(3, MSG_FASTOPEN, 0));
}

/* Of this domain, and the protocol that the type stands for: Landlock knows
 * nothing of MPTCP and SCTP. */
static void
socket_of(struct callfilter *f, uint64_t domain, uint64_t type, uint64_t usual)
{
	const uint64_t protocols[] = {0, usual};

	for (size_t i = 0; i < COUNT(protocols); i++)
		allow(f, CALL(socket),
		    (const struct callfilter_arg[]){equals(0, domain),
			masked(1, TYPES, type), equals(2, protocols[i])},
		    3);
}

static void
sockets(struct callfilter *f, enum sandbox_kind kind)
{
	static const uint64_t inet[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < COUNT(inet); i++) {
		socket_of(f, inet[i], SOCK_STREAM, IPPROTO_TCP);
		if (kind == SANDBOX_NAMES)
			socket_of(f, inet[i], SOCK_DGRAM, IPPROTO_UDP);
	}
	allow_if(f, CALL(sendmmsg), masked(3, MSG_FASTOPEN, 0));
	if (kind != SANDBOX_NAMES) {
		for (size_t i = 0; i < COUNT(options); i++)
			allow_if2(f, CALL(setsockopt),
			    equals(1, options[i].level),
			    equals(2, options[i].name));
		return;
	}
	allow_if2(
	    f, CALL(socket), equals(0, AF_UNIX), masked(1, TYPES, SOCK_STREAM));
	/* Which addresses this machine has (NETLINK_ROUTE is 0). */
	allow_if2(f, CALL(socket), equals(0, AF_NETLINK), equals(2, 0));
}

/* Files, to read them. */
static void
reading(struct callfilter *f)
{
	const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC;

	allow_if(f, CALL(open), masked(1, writing, O_RDONLY));
	allow_if(f, CALL(openat), masked(2, writing, O_RDONLY));
}

/* What neither threads nor processes of ours have: namespaces, tracers. */
enum {
	FOREIGN = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
		  CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_PTRACE |
		  CLONE_PIDFD,
	THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD
};

/* Threads, but no processes. */
static void
threads(struct callfilter *f)
{
	allow_if(f, CALL(clone), masked(0, THREAD | FOREIGN | CSIGNAL, THREAD));
}

/* Processes, as fork(3) makes them, but no threads; each is confined more. */
static void
processes(struct callfilter *f)
{
	add(f, SCMP_ACT_ALLOW, forking, COUNT(forking));
	allow_if(
	    f, CALL(clone), masked(0, THREAD | FOREIGN | CSIGNAL, SIGCHLD));
	allow_if2(f, CALL(prctl), equals(0, PR_SET_SECCOMP),
	    equals(1, SECCOMP_MODE_FILTER));
}

static void
fill(struct callfilter *f, const struct sandbox *s)
{
	add(f, SCMP_ACT_KILL_PROCESS, never, COUNT(never));
	add(f, SCMP_ACT_ALLOW, everybody, COUNT(everybody));
	memory(f, s->kind);
	arguments(f);
	if (s->kind != SANDBOX_PARSE && s->kind != SANDBOX_CLIENT)
		allow_if2(f, CALL(prctl), equals(0, PR_SET_PDEATHSIG),
		    equals(1, SIGKILL));
	if (s->kind == SANDBOX_KEEPER)
		processes(f);
	if (s->stat)
		add(f, SCMP_ACT_ALLOW, looking, COUNT(looking));
	if (s->kind == SANDBOX_FILES)
		add(f, SCMP_ACT_ALLOW, files, COUNT(files));
	if (s->kind == SANDBOX_NAMES) {
		add(f, SCMP_ACT_ALLOW, names, COUNT(names));
		reading(f);
		threads(f);
	}
	if (s->kind == SANDBOX_NAMES || s->kind == SANDBOX_CLIENT) {
		add(f, SCMP_ACT_ALLOW, network, COUNT(network));
		sockets(f, s->kind);
	}
	add(f, SCMP_ACT_ERRNO(ENOSYS), newer, COUNT(newer));
}

int
syscalls_restrict(const struct sandbox *s)
{
	static struct callfilter f;

	f = (struct callfilter){.otherwise = SCMP_ACT_ERRNO(EPERM),
	    .foreign = SCMP_ACT_KILL_PROCESS};
	fill(&f, s);
	return callfilter_load(&f);
}
