#ifndef HTTPSERVER_H
#define HTTPSERVER_H

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A server for tests that does what a script says, on each connection anew,
 * plain or with TLS.  It runs in threads of the test.
 */
enum op {
	END,    /* of the script: close */
	EXPECT, /* read one request, body included */
	SEND,   /* send text */
	COUNT,  /* send text, '@' in it as the number of this request */
	FILE_,  /* send the file of this name */
	FILL,   /* send n bytes of 'x' */
	SLEEP,  /* n ms */
	WAIT,   /* until the peer closes */
	RESET,  /* close with RST */
	NEXT,   /* close; the next connection begins behind this */
	TUNNEL, /* pass bytes to and from port n of this host, to their end */
	TURN,   /* go on; the next connection begins behind the step after */
	AGAIN   /* from the start of the script */
};

struct step {
	enum op op;
	const char *text;
	int n;
};

enum { PEERS = 512, REQUEST_MAX = 16384 };

struct server {
	const struct step *script;
	SSL_CTX *tls; /* NULL: plain */
	int fd, port, stop;
	pthread_t acceptor, peers[PEERS];
	int n_peers;
	atomic_int connections, requests;
	atomic_llong body_bytes;
	pthread_mutex_t lock;
	char last[REQUEST_MAX]; /* head of the last request */
	FILE *log;              /* the heads of all, or NULL */
};

struct peer {
	struct server *s;
	int fd;
	SSL *ssl;
};

/* Wait until fd can be read, or the server stops: false. */
static inline bool
server_wait(struct server *s, int fd, int ms)
{
	struct pollfd p[2] = {
	    {.fd = s->stop, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

	(void)poll(p, fd >= 0 ? 2 : 1, ms);
	return p[0].revents == 0;
}

static inline int
peer_read(struct peer *p, char *to, int n)
{
	if (p->ssl != NULL && SSL_pending(p->ssl) == 0 &&
	    !server_wait(p->s, p->fd, -1))
		return -1;
	if (p->ssl != NULL)
		return SSL_read(p->ssl, to, n);
	if (!server_wait(p->s, p->fd, -1))
		return -1;
	return (int)recv(p->fd, to, (size_t)n, 0);
}

static inline bool
peer_write(struct peer *p, const char *s, size_t n)
{
	ssize_t r;

	if (p->ssl != NULL)
		return n == 0 || SSL_write(p->ssl, s, (int)n) > 0;
	for (; n > 0; s += r, n -= (size_t)r) {
		r = send(p->fd, s, n, MSG_NOSIGNAL);
		if (r <= 0)
			return false;
	}
	return true;
}

/* Read a request's head byte by byte, then its body. */
static inline bool
peer_expect(struct peer *p)
{
	char head[REQUEST_MAX], body[4096];
	const char *at;
	long long left = 0;
	int n = 0, r;

	for (; n < (int)sizeof(head) - 1; n++) {
		if (peer_read(p, head + n, 1) != 1)
			return false;
		if (n >= 3 && memcmp(head + n - 3, "\r\n\r\n", 4) == 0)
			break;
	}
	head[n] = '\0';
	at = strcasestr(head, "\ncontent-length:");
	if (at != NULL)
		left = atoll(at + 16);
	for (; left > 0; left -= r) {
		r = peer_read(p, body,
		    left < (int)sizeof(body) ? (int)left : (int)sizeof(body));
		if (r <= 0)
			return false;
		p->s->body_bytes += r;
	}
	(void)pthread_mutex_lock(&p->s->lock);
	memcpy(p->s->last, head, sizeof(head));
	if (p->s->log != NULL) {
		(void)fprintf(p->s->log, "%s\n", head);
		(void)fflush(p->s->log);
	}
	(void)pthread_mutex_unlock(&p->s->lock);
	p->s->requests++;
	return true;
}

static inline bool
peer_fill(struct peer *p, int n)
{
	char block[4096];

	memset(block, 'x', sizeof(block));
	for (; n > 0; n -= (int)sizeof(block))
		if (!peer_write(p, block,
			n < (int)sizeof(block) ? (size_t)n : sizeof(block)))
			return false;
	return true;
}

/* Send text with the number of requests so far, eight digits, for each '@'; in
 * one write, for a piece would wait for the peer's word of the one before. */
static inline bool
peer_count(struct peer *p, const char *text)
{
	char out[4096];
	size_t n = 0;

	for (; *text != '\0' && n < sizeof(out) - 16; text++) {
		if (*text == '@')
			n += (size_t)snprintf(
			    out + n, sizeof(out) - n, "%08d", p->s->requests);
		else
			out[n++] = *text;
	}
	return peer_write(p, out, n);
}

static inline bool
peer_file(struct peer *p, const char *path)
{
	char block[65536];
	FILE *f = fopen(path, "re");
	bool ok = f != NULL;
	size_t n;

	while (ok && (n = fread(block, 1, sizeof(block), f)) > 0)
		ok = peer_write(p, block, n);
	if (f != NULL)
		(void)fclose(f);
	return ok;
}

/* Pass on what one side sends; false: it sends no more. */
static inline bool
peer_pass(int from, int to)
{
	char block[16384];
	ssize_t n = recv(from, block, sizeof(block), 0);

	return n > 0 && send(to, block, (size_t)n, MSG_NOSIGNAL) == n;
}

static inline void
peer_tunnel(struct peer *p, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd f[2] = {
	    {.fd = p->fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	bool more = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

	while (more && poll(f, 2, -1) > 0) {
		if (f[0].revents != 0)
			more = peer_pass(p->fd, fd);
		if (more && f[1].revents != 0)
			more = peer_pass(fd, p->fd);
	}
	(void)close(fd);
}

static inline bool
peer_step(struct peer *p, const struct step *st)
{
	const struct linger hard = {.l_onoff = 1};
	char c;

	switch (st->op) {
	case EXPECT:
		return peer_expect(p);
	case SEND:
		return peer_write(p, st->text, strlen(st->text));
	case COUNT:
		return peer_count(p, st->text);
	case FILE_:
		return peer_file(p, st->text);
	case FILL:
		return peer_fill(p, st->n);
	case SLEEP:
		return server_wait(p->s, -1, st->n);
	case WAIT:
		while (peer_read(p, &c, 1) == 1)
			continue;
		return false;
	case RESET:
		(void)setsockopt(
		    p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		return false;
	case TUNNEL:
		peer_tunnel(p, st->n);
		return false;
	case NEXT:
		p->s->script = st + 1;
		return false;
	case TURN:
		p->s->script = st + 2;
		return true;
	case END:
	case AGAIN:
		break;
	}
	return st->op == AGAIN;
}

/* Who has the last bytes may be here with the next connection at once. */
static inline void
peer_says(struct peer *p, const struct step *st)
{
	if ((st->op == SEND || st->op == COUNT || st->op == FILE_ ||
		st->op == FILL) &&
	    st[1].op == NEXT)
		p->s->script = st + 2;
}

static inline void *
peer_run(void *arg)
{
	const struct timeval patience = {.tv_sec = 10};
	struct peer *p = arg;
	const struct step *st = p->s->script;
	sigset_t pipe_only;

	/* What a server sends in vain must not kill the test. */
	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &pipe_only, NULL);
	(void)setsockopt(
	    p->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	p->s->connections++;
	if (p->s->tls != NULL && st->op != WAIT && st->op != RESET) {
		p->ssl = SSL_new(p->s->tls);
		(void)SSL_set_fd(p->ssl, p->fd);
		if (SSL_accept(p->ssl) != 1)
			goto out;
	}
	for (peer_says(p, st); peer_step(p, st); peer_says(p, st))
		st = st->op == AGAIN ? p->s->script : st + 1;
	if (p->ssl != NULL && (st->op == END || st->op == NEXT))
		(void)SSL_shutdown(p->ssl);
out:
	SSL_free(p->ssl);
	(void)close(p->fd);
	free(p);
	return NULL;
}

static inline void *
server_accept(void *arg)
{
	struct server *s = arg;
	struct peer *p;
	int fd;

	while (server_wait(s, s->fd, -1) && s->n_peers < PEERS) {
		fd = accept(s->fd, NULL, NULL);
		if (fd == -1)
			continue;
		p = calloc(1, sizeof(*p));
		p->s = s;
		p->fd = fd;
		(void)pthread_create(
		    &s->peers[s->n_peers++], NULL, peer_run, p);
	}
	return NULL;
}

static inline void
server_start(struct server *s, const struct step *script, SSL_CTX *tls)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	memset(s, 0, sizeof(*s));
	s->script = script;
	s->tls = tls;
	(void)pthread_mutex_init(&s->lock, NULL);
	s->stop = eventfd(0, EFD_CLOEXEC);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (struct sockaddr *)&a, n) != 0 ||
	    listen(s->fd, PEERS) != 0 ||
	    getsockname(s->fd, (struct sockaddr *)&a, &n) != 0) {
		perror("Bail out! cannot listen");
		exit(1);
	}
	s->port = ntohs(a.sin_port);
	(void)pthread_create(&s->acceptor, NULL, server_accept, s);
}

static inline void
server_stop(struct server *s)
{
	const uint64_t one = 1;

	(void)!write(s->stop, &one, sizeof(one));
	(void)pthread_join(s->acceptor, NULL);
	for (int i = 0; i < s->n_peers; i++)
		(void)pthread_join(s->peers[i], NULL);
	(void)close(s->fd);
	(void)close(s->stop);
	(void)pthread_mutex_destroy(&s->lock);
}

#endif
