/* Sockets that a sandbox forbids, tried one by one; see attempts.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attempts.h"

/* The service that nobody named, by connect(2) or by what does the same. */
static bool
reach(int type, int protocol, int flags)
{
	const struct sockaddr *to = (const struct sockaddr *)&victim.service;
	const socklen_t n = sizeof(victim.service);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, protocol);
	bool ok = fd != -1;

	if (ok && flags != 0)
		ok = sendto(fd, "x", 1, flags | MSG_NOSIGNAL, to, n) == 1;
	else if (ok)
		ok = connect(fd, to, n) == 0;
	(void)attempt_close(fd);
	return ok;
}

static bool
try_connect(void)
{
	return reach(SOCK_STREAM, 0, 0);
}

static bool
try_udp(void)
{
	return reach(SOCK_DGRAM, 0, 0);
}

static bool
try_mptcp(void)
{
	return reach(SOCK_STREAM, IPPROTO_MPTCP, 0);
}

static bool
try_fastopen(void)
{
	return reach(SOCK_STREAM, 0, MSG_FASTOPEN);
}

static bool
try_listen(void)
{
	const struct sockaddr_in any = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd != -1 &&
		  bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0 &&
		  listen(fd, 1) == 0;

	(void)attempt_close(fd);
	return ok;
}

static bool
try_sockopt(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd != -1 && attempt_reached(setsockopt(
				  fd, SOL_SOCKET, SO_ATTACH_FILTER, NULL, 0));

	(void)attempt_close(fd);
	return ok;
}

/* To a name, though it is one of a pair. */
static bool
try_datagram(void)
{
	int fd[2], err;
	bool ok;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd) != 0)
		return false;
	ok = sendto(fd[0], "x", 1, MSG_DONTWAIT,
		 (const struct sockaddr *)&victim.log, sizeof(victim.log)) == 1;
	err = errno;
	(void)close(fd[0]);
	(void)close(fd[1]);
	errno = err;
	return ok;
}

static bool
socket_of(int domain, int type, int protocol)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);

	return attempt_close(fd) || attempt_reached(fd);
}

static bool
try_unix(void)
{
	return socket_of(AF_UNIX, SOCK_STREAM, 0);
}

static bool
try_syslog(void)
{
	return socket_of(AF_UNIX, SOCK_DGRAM, 0);
}

static bool
try_raw(void)
{
	return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static bool
try_ping(void)
{
	return socket_of(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static bool
try_sctp(void)
{
	return socket_of(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
}

static bool
try_packet(void)
{
	return socket_of(AF_PACKET, SOCK_RAW, 0);
}

static bool
try_netlink(void)
{
	return socket_of(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
}

static bool
try_crypto(void)
{
	return socket_of(AF_ALG, SOCK_SEQPACKET, 0);
}

static bool
try_vsock(void)
{
	return socket_of(AF_VSOCK, SOCK_STREAM, 0);
}

static const struct attempt all[] = {{"connect", try_connect}, {"udp", try_udp},
    {"mptcp", try_mptcp}, {"fastopen", try_fastopen}, {"listen", try_listen},
    {"sockopt", try_sockopt}, {"datagram", try_datagram}, {"unix", try_unix},
    {"syslog", try_syslog}, {"raw", try_raw}, {"ping", try_ping},
    {"sctp", try_sctp}, {"packet", try_packet}, {"netlink", try_netlink},
    {"crypto", try_crypto}, {"vsock", try_vsock}};

const struct attempts attempts_net = {all, sizeof(all) / sizeof(*all)};
