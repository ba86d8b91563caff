/*
 * Sockets and libmicrohttpd: the only file that knows them.  The listening
 * socket is ours, so that tests can have connections refused or reset; each
 * accepted connection is a thread of MHD's, which may sleep.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "request.h"
#include "server.h"
#include "sim.h"

enum {
	CONNECTIONS_MAX = 2000,
	CONNECTION_MEMORY = 128 * 1024, /* headers, and a piece of the body */
	IDLE_SECONDS = 120,
	PEM_MAX = 1024 * 1024
};

struct server {
	struct sim *sim;
	struct MHD_Daemon *daemon, *control;
	char *cert, *key;
	uint16_t port;
	int listen_fd; /* -1 while refusing; the acceptor's */
	int wake_fd;   /* eventfd: refuse has changed */
	pthread_t acceptor;
	bool accepting; /* the thread runs */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool refuse, refusing, failed;
};

static int
listen_on(uint16_t *port, struct fault *f)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	a.sin_port = htons(*port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) == -1 ||
	    listen(fd, SOMAXCONN) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) == -1) {
		(void)fault_set(f, EXIT_IO, "cannot listen on 127.0.0.1:%u: %s",
		    *port, strerror(errno));
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	*port = ntohs(a.sin_port);
	return fd;
}

/* Make the peer see a reset now, whatever has been sent or not. */
static void
reset_socket(int fd)
{
	struct linger l = {.l_onoff = 1, .l_linger = 0};
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	/* On Linux this aborts the connection and leaves fd open. */
	(void)connect(fd, &none, sizeof(none));
}

static void
set_date(struct sim *sim, struct MHD_Response *resp)
{
	time_t now = (time_t)(sim_now_ms(sim) / 1000);
	char text[40];
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	(void)MHD_add_response_header(resp, MHD_HTTP_HEADER_DATE, text);
}

static enum MHD_Result
send_reply(struct MHD_Connection *c, struct request *q)
{
	struct reply *r = &q->reply;
	struct MHD_Response *resp;
	enum MHD_Result queued;

	if (r->body.err != 0)
		sim_oom();
	resp = MHD_create_response_from_buffer(r->body.len, r->body.p,
	    r->body.p != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (resp == NULL)
		sim_oom();
	r->body = (struct buf)BUF_INIT(REPLY_BODY_MAX); /* MHD's now */
	set_date(q->sim, resp);
	for (size_t i = 0; i < r->nheaders; i++)
		(void)MHD_add_response_header(
		    resp, r->header[i].name, r->header[i].value);
	queued = MHD_queue_response(c, r->status, resp);
	MHD_destroy_response(resp);
	return queued;
}

static enum MHD_Result
finish(struct MHD_Connection *c, struct request *q)
{
	switch (request_serve(q)) {
	case REQUEST_REPLY:
		return send_reply(c, q);
	case REQUEST_RESET:
		pthread_mutex_lock(&q->sim->lock);
		q->sim->stats.connections_reset++;
		pthread_mutex_unlock(&q->sim->lock);
		reset_socket(q->fd);
		return MHD_NO;
	case REQUEST_CLOSE:
		break;
	}
	return MHD_NO;
}

static void
begin(struct MHD_Connection *c, struct request *q, const char *method)
{
	const union MHD_ConnectionInfo *info;
	const char *v;

	q->method = method;
	for (enum request_header h = 0; h < HEADERS; h++) {
		v = MHD_lookup_connection_value(
		    c, MHD_HEADER_KIND, request_header_name(h));
		if (v != NULL)
			q->header[h] = sim_dup(v, strlen(v));
	}
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	q->fd = info != NULL ? info->connect_fd : -1;
	q->tls = MHD_get_connection_info(
		     c, MHD_CONNECTION_INFO_GNUTLS_SESSION) != NULL;
	request_begin(q);
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **ctx)
{
	struct request *q = *ctx;

	(void)cls;
	(void)url;
	(void)version;
	if (q->method == NULL) {
		begin(c, q, method);
		/* A client that asks first is told at once. */
		if (q->too_long && q->header[HEADER_EXPECT] != NULL)
			return finish(c, q);
		return MHD_YES;
	}
	if (*size > 0) {
		size_t n = *size;

		*size = 0;
		return request_body(q, data, n) ? MHD_YES : MHD_NO;
	}
	return finish(c, q);
}

static void *
on_target(void *cls, const char *target, struct MHD_Connection *c)
{
	(void)c;
	return request_new(cls, target);
}

static void
on_completed(void *cls, struct MHD_Connection *c, void **ctx,
    enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)c;
	(void)code;
	request_free(*ctx);
	*ctx = NULL;
}

static void
take_connection(struct server *s)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd =
	    accept4(s->listen_fd, (struct sockaddr *)&a, &len, SOCK_CLOEXEC);

	if (fd == -1)
		return;
	pthread_mutex_lock(&s->sim->lock);
	s->sim->stats.connections++;
	pthread_mutex_unlock(&s->sim->lock);
	(void)MHD_add_connection(s->daemon, fd, (struct sockaddr *)&a, len);
}

/* Close or open the listening socket as server_refuse() asked. */
static void
change_listening(struct server *s)
{
	struct fault f = {0};
	uint64_t n;

	if (read(s->wake_fd, &n, sizeof(n)) != sizeof(n))
		return;
	pthread_mutex_lock(&s->lock);
	if (s->refuse && s->listen_fd != -1) {
		(void)close(s->listen_fd);
		s->listen_fd = -1;
	} else if (!s->refuse && s->listen_fd == -1) {
		s->listen_fd = listen_on(&s->port, &f);
	}
	s->refusing = s->refuse;
	s->failed = !s->refuse && s->listen_fd == -1;
	(void)pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static void *
accept_loop(void *arg)
{
	struct server *s = arg;

	for (;;) {
		struct pollfd p[3] = {{.fd = s->sim->stop_fd, .events = POLLIN},
		    {.fd = s->wake_fd, .events = POLLIN},
		    {.fd = s->listen_fd, .events = POLLIN}};

		if (poll(p, 3, -1) == -1 && errno != EINTR)
			return NULL;
		if (p[0].revents != 0)
			return NULL;
		if (p[1].revents != 0)
			change_listening(s);
		else if (p[2].revents != 0)
			take_connection(s);
	}
}

bool
server_refuse(struct server *s, bool refuse)
{
	uint64_t one = 1;
	bool ok;

	pthread_mutex_lock(&s->lock);
	s->refuse = refuse;
	s->failed = false;
	if (s->refusing != refuse &&
	    write(s->wake_fd, &one, sizeof(one)) == sizeof(one))
		while (s->refusing != refuse)
			pthread_cond_wait(&s->changed, &s->lock);
	ok = !s->failed;
	pthread_mutex_unlock(&s->lock);
	return ok;
}

static char *
read_pem(const char *file, struct fault *f)
{
	FILE *in = fopen(file, "re");
	char *text;
	size_t n;

	if (in == NULL) {
		(void)fault_set(f, EXIT_BADCONFIG, "cannot open '%s': %s", file,
		    strerror(errno));
		return NULL;
	}
	text = sim_alloc(PEM_MAX);
	n = fread(text, 1, PEM_MAX - 1, in);
	text[n] = '\0';
	(void)fclose(in);
	return text;
}

static struct MHD_Daemon *
start_daemon(
    struct server *s, unsigned flags, const struct MHD_OptionItem *more)
{
	return MHD_start_daemon(flags | MHD_USE_THREAD_PER_CONNECTION |
				    MHD_USE_INTERNAL_POLLING_THREAD |
				    MHD_USE_POLL | MHD_USE_ITC |
				    MHD_USE_SUPPRESS_DATE_NO_CLOCK,
	    0, NULL, NULL, on_request, s->sim, MHD_OPTION_URI_LOG_CALLBACK,
	    on_target, s->sim, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
	    MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static bool
start_main(struct server *s, struct fault *f)
{
	const struct options *o = &s->sim->opt;
	struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, NULL},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, NULL},
	    /* TLS 1.2 or later, as Azure Monitor since March 2026 */
	    {MHD_OPTION_HTTPS_PRIORITIES, 0,
		(void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:"
				    "+VERS-TLS1.2"},
	    {MHD_OPTION_END, 0, NULL}};

	if (o->tls_cert != NULL) {
		s->cert = read_pem(o->tls_cert, f);
		s->key = s->cert != NULL ? read_pem(o->tls_key, f) : NULL;
		if (s->key == NULL)
			return false;
		tls[0].ptr_value = s->cert;
		tls[1].ptr_value = s->key;
	}
	s->daemon = start_daemon(s,
	    MHD_USE_NO_LISTEN_SOCKET | (o->tls_cert != NULL ? MHD_USE_TLS : 0),
	    o->tls_cert != NULL ? tls : plain);
	if (s->daemon == NULL)
		return fault_set(f, EXIT_BADCONFIG,
		    "cannot start the server (are certificate and key good?)");
	return true;
}

static bool
start_control(struct server *s, uint16_t *port, struct fault *f)
{
	int fd = listen_on(port, f);
	struct MHD_OptionItem items[] = {
	    {MHD_OPTION_LISTEN_SOCKET, fd, NULL}, {MHD_OPTION_END, 0, NULL}};

	if (fd == -1)
		return false;
	s->control = start_daemon(s, 0, items);
	if (s->control == NULL) {
		(void)close(fd);
		return fault_set(f, EXIT_IO, "cannot start the control port");
	}
	return true;
}

bool
server_start(
    struct sim *sim, uint16_t *port, uint16_t *control_port, struct fault *f)
{
	struct server *s = sim_zalloc(1, sizeof(*s));

	sim->server = s;
	s->sim = sim;
	s->wake_fd = eventfd(0, EFD_CLOEXEC);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->changed, NULL);
	s->listen_fd = listen_on(port, f);
	s->port = *port;
	if (s->listen_fd == -1 || s->wake_fd == -1 || !start_main(s, f) ||
	    !start_control(s, control_port, f))
		return false;
	if (pthread_create(&s->acceptor, NULL, accept_loop, s) != 0)
		return fault_set(f, EXIT_SYSTEM, "cannot start a thread");
	s->accepting = true;
	return true;
}

void
server_stop(struct server *s)
{
	if (s == NULL)
		return;
	if (s->accepting)
		(void)pthread_join(s->acceptor, NULL);
	if (s->daemon != NULL)
		MHD_stop_daemon(s->daemon);
	if (s->control != NULL)
		MHD_stop_daemon(s->control);
	if (s->listen_fd != -1)
		(void)close(s->listen_fd);
	(void)close(s->wake_fd);
	(void)pthread_mutex_destroy(&s->lock);
	(void)pthread_cond_destroy(&s->changed);
	free(s->cert);
	if (s->key != NULL)
		explicit_bzero(s->key, strlen(s->key));
	free(s->key);
	free(s);
}
