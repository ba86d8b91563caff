/*
 * A TCP relay that breaks connections, TLS or not: in the middle of a record,
 * of a header, of a body.
 *	tcpfault --to PORT --port-file FILE --plan FILE [--seed N]
 * Listens on 127.0.0.1, any port.  What happens to a new connection stands in
 * the plan, which is read anew for each: one line "ACTION PERCENT FROM TO".  So
 * many percent of connections are struck, the others pass; the place is so
 * many bytes on, drawn between FROM and TO:
 *	pass	nothing
 *	refuse	reset at once
 *	cut	closed after so many bytes of replies
 *	reset	the same by a RST
 *	upcut	closed after so many bytes of requests
 *	stall	no more is passed after so many bytes of replies
 *	drip	replies pass by so many bytes, every 5 ms
 * Ends on SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RELAYS = 128, PIECE = 16384, DRIP_MS = 5 };

enum action { PASS, REFUSE, CUT, RESET, UPCUT, STALL, DRIP, ACTIONS };
static const char *const names[ACTIONS] = {
    "pass", "refuse", "cut", "reset", "upcut", "stall", "drip"};

struct relay {
	int client, server; /* -1: this one is free */
	enum action action;
	uint64_t at;       /* the place */
	uint64_t up, down; /* bytes passed */
	int64_t next_ms;   /* of a drip */
};

static struct relay relays[RELAYS];
static uint64_t seed = 1;
static const char *plan;
static uint16_t to;

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* splitmix64 */
static uint64_t
draw(uint64_t below)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (z ^ (z >> 31)) % below;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
read_plan(struct relay *r)
{
	FILE *f = fopen(plan, "re");
	char word[16] = "pass";
	unsigned percent = 0, first = 0, last = 0;

	if (f != NULL) {
		if (fscanf(f, "%15s %u %u %u", word, &percent, &first, &last) <
		    1)
			percent = 0;
		(void)fclose(f);
	}
	r->action = PASS;
	if (draw(100) >= percent || last < first)
		return;
	for (int i = 0; i < ACTIONS; i++)
		if (strcmp(word, names[i]) == 0)
			r->action = (enum action)i;
	r->at = first + draw((uint64_t)last - first + 1);
}

static void
end(struct relay *r, bool reset)
{
	const struct linger now = {1, 0};

	if (reset)
		(void)setsockopt(
		    r->client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)close(r->client);
	if (r->server != -1)
		(void)close(r->server);
	r->client = r->server = -1;
}

static int
dial(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(to)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd != -1 &&
	    connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static void
take(int listener)
{
	int fd = accept(listener, NULL, NULL);
	struct relay *r = relays;

	if (fd == -1)
		return;
	while (r < relays + RELAYS && r->client != -1)
		r++;
	if (r == relays + RELAYS) {
		(void)close(fd);
		return;
	}
	*r = (struct relay){.client = fd, .server = -1};
	read_plan(r);
	if (r->action != REFUSE)
		r->server = dial();
	if (r->server == -1)
		end(r, true);
}

static bool
send_all(int fd, const char *p, size_t n)
{
	ssize_t w;

	for (; n > 0; p += w, n -= (size_t)w) {
		w = send(fd, p, n, MSG_NOSIGNAL);
		if (w <= 0)
			return false;
	}
	return true;
}

/* How many of n more bytes may pass in this direction; the end follows when
 * they are fewer. */
static size_t
allowed(const struct relay *r, bool down, uint64_t passed, size_t n)
{
	const bool limited =
	    down ? r->action == CUT || r->action == RESET || r->action == STALL
		 : r->action == UPCUT;

	return limited && r->at - passed < n ? (size_t)(r->at - passed) : n;
}

static void
move(struct relay *r, bool down)
{
	uint64_t *passed = down ? &r->down : &r->up;
	char piece[PIECE];
	size_t want = sizeof(piece), n;
	ssize_t got;

	if (down && r->action == DRIP) {
		r->next_ms = now_ms() + DRIP_MS;
		want = r->at > 0 && r->at < want ? (size_t)r->at : 1;
	}
	got = read(down ? r->server : r->client, piece, want);
	if (got <= 0) {
		end(r, false);
		return;
	}
	n = allowed(r, down, *passed, (size_t)got);
	if (!send_all(down ? r->client : r->server, piece, n)) {
		end(r, false);
		return;
	}
	*passed += n;
	if (n < (size_t)got && r->action != STALL)
		end(r, r->action == RESET);
}

/* May replies pass now? */
static bool
flows(const struct relay *r, int64_t now)
{
	return (r->action != STALL || r->down < r->at) &&
	       (r->action != DRIP || now >= r->next_ms);
}

static void
serve(int listener)
{
	struct pollfd p[1 + 2 * RELAYS];
	int64_t now;
	int wait;

	for (;;) {
		now = now_ms();
		wait = -1;
		p[0] = (struct pollfd){listener, POLLIN, 0};
		for (size_t i = 0; i < RELAYS; i++) {
			struct relay *r = &relays[i];

			if (r->client != -1 && r->action == DRIP)
				wait = DRIP_MS;
			p[1 + 2 * i] = (struct pollfd){r->client, POLLIN, 0};
			p[2 + 2 * i] = (struct pollfd){
			    flows(r, now) ? r->server : -1, POLLIN, 0};
		}
		if (poll(p, 1 + 2 * RELAYS, wait) < 0 && errno != EINTR)
			die("poll");
		for (size_t i = 0; i < RELAYS; i++) {
			if (relays[i].client != -1 && p[2 + 2 * i].revents != 0)
				move(&relays[i], true);
			if (relays[i].client != -1 && p[1 + 2 * i].revents != 0)
				move(&relays[i], false);
		}
		if (p[0].revents != 0)
			take(listener);
	}
}

static int
listen_on(const char *port_file)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *f;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (const struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(fd, RELAYS) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		die("listen");
	f = fopen(port_file, "we");
	if (f == NULL || fprintf(f, "%d\n", ntohs(a.sin_port)) < 0 ||
	    fclose(f) != 0)
		die(port_file);
	return fd;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {{"to", 1, NULL, 't'},
	    {"port-file", 1, NULL, 'f'}, {"plan", 1, NULL, 'p'},
	    {"seed", 1, NULL, 's'}, {NULL, 0, NULL, 0}};
	const char *port_file = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't')
			to = (uint16_t)strtoul(optarg, NULL, 10);
		else if (c == 'f')
			port_file = optarg;
		else if (c == 'p')
			plan = optarg;
		else if (c == 's')
			seed = strtoull(optarg, NULL, 10);
	}
	if (to == 0 || port_file == NULL || plan == NULL || optind != argc) {
		fputs("usage: tcpfault --to PORT --port-file FILE --plan FILE "
		      "[--seed N]\n",
		    stderr);
		return 64;
	}
	for (size_t i = 0; i < RELAYS; i++)
		relays[i].client = relays[i].server = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	serve(listen_on(port_file));
}
