/* The HTTP side: takes requests apart, sends replies, misbehaves on demand. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "control.h"
#include "log.h"
#include "ops.h"
#include "rnd.h"
#include "server.h"
#include "stats.h"

enum {
	CONNECTIONS = 1000,       /* at the same time; a thread each */
	HEADER_MEMORY = 64 << 10, /* bytes of one request's headers */
	BLOCK = 64 << 10,         /* bytes of a body sent at a time */
	FILE_MAX = 16 << 20,      /* bytes of a TLS certificate or key file */
	IDLE_S = 75               /* a connection without requests is closed */
};

static struct MHD_Daemon *daemon_;
static int stop_event = -1; /* readable once the server stops */

/* ---- Sending a body. ---- */

struct sender {
	struct object *object; /* NULL: the bytes are in text */
	int fd;
	char *text;
	int64_t offset, length;
	struct mischief m;
	int socket;
};

static void
sender_free(void *cls)
{
	struct sender *s = cls;

	store_unref(s->object);
	if (s->fd >= 0)
		(void)close(s->fd);
	free(s->text);
	free(s);
}

/*
 * Wait ms (-1: for ever).  False when the server stops or the client has
 * gone.
 */
static bool
pause_ms(int socket, int64_t ms)
{
	struct pollfd p[2] = {{.fd = stop_event, .events = POLLIN},
	    {.fd = socket, .events = POLLRDHUP}};
	int n;

	do
		n = poll(p, 2, ms < 0 || ms > 3600000 ? -1 : (int)ms);
	while (n < 0 && errno == EINTR);
	return n == 0;
}

/* Make the kernel send a RST now: an unconnected socket has no peer. */
static void
reset_connection(int socket)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	(void)connect(socket, &none, sizeof(none));
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Part of the true bytes, from position pos of the body. */
static ssize_t
read_part(const struct sender *s, int64_t pos, char *buf, int64_t n)
{
	const char *bytes = s->text;

	if (s->object != NULL)
		bytes = s->object->bytes;
	if (s->fd >= 0)
		return pread(s->fd, buf, (size_t)n, (off_t)(s->offset + pos));
	memcpy(buf, bytes + s->offset + pos, (size_t)n);
	return (ssize_t)n;
}

/* libmicrohttpd asks for the next bytes of a body. */
static ssize_t
read_body(void *cls, uint64_t at, char *buf, size_t max)
{
	const struct sender *s = cls;
	const struct mischief *m = &s->m;
	int64_t pos = (int64_t)at, n = least((int64_t)max, s->length - pos);
	ssize_t got;

	if (m->cut_after >= 0) {
		n = least(n, m->cut_after - pos);
		if (n <= 0 && m->cut_reset)
			reset_connection(s->socket);
	}
	if (m->stall_after >= 0) {
		n = least(n, m->stall_after - pos);
		if (n <= 0)
			(void)pause_ms(s->socket, -1);
	}
	if (n <= 0) /* also when Content-Length promised too much */
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (m->drip_bytes > 0) {
		n = least(n, m->drip_bytes);
		if (pos > 0 && !pause_ms(s->socket, m->drip_ms))
			return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	got = read_part(s, pos, buf, n);
	if (got <= 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (m->flip_at >= s->offset + pos && m->flip_at < s->offset + pos + got)
		buf[m->flip_at - s->offset - pos] ^= (char)0xff;
	return got;
}

/* The response for r->reply, whose object or text it takes. */
static struct MHD_Response *
make_response(struct request *r)
{
	struct reply *reply = &r->reply;
	struct sender *s = calloc(1, sizeof(*s));
	int64_t length;

	if (s == NULL)
		log_oom();
	s->m = r->mischief;
	s->socket = r->socket;
	s->fd = -1;
	if (reply->object != NULL) {
		s->object = reply->object;
		s->fd = reply->fd;
		s->offset = reply->offset;
		s->length = reply->length;
		reply->object = NULL;
		reply->fd = -1;
	} else {
		if (reply->body.err != 0)
			log_oom();
		s->text = reply->body.p;
		s->length = (int64_t)reply->body.len;
		reply->body = (struct buf)BUF_INIT(BODY_MAX);
	}
	length = s->length + s->m.length_add;
	length = length < 0 ? 0 : length;
	return MHD_create_response_from_callback(
	    (uint64_t)length, BLOCK, read_body, s, sender_free);
}

static enum MHD_Result
send_reply(struct MHD_Connection *c, struct request *r)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	char date[40];

	if (r->mischief.delay_ms > 0 &&
	    !pause_ms(r->socket, r->mischief.delay_ms))
		return MHD_NO;
	if (r->mischief.reset)
		reset_connection(r->socket);
	if (r->mischief.reset || r->mischief.close)
		return MHD_NO;
	response = make_response(r);
	if (response == NULL)
		log_oom();
	http_date(date, sim_now_ms());
	reply_header(r, "Date", "%s", date);
	reply_header(r, "Server", "AmazonS3");
	reply_header(r, "x-amz-request-id", "%s", r->id);
	reply_header(r, "x-amz-id-2", "%s", r->id2);
	for (size_t i = 0; i < r->reply.header_count; i++)
		(void)MHD_add_response_header(response,
		    r->reply.headers[i].name, r->reply.headers[i].value);
	result = MHD_queue_response(c, r->reply.status, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- Taking a request. ---- */

/* The ids of a request, in the form of S3's. */
static void
draw_ids(struct request *r)
{
	static const char digits[] = "0123456789ABCDEF";
	struct buf text = BUF_INIT(128);
	unsigned char bytes[56];

	rnd_bytes(bytes, sizeof(bytes));
	for (int i = 0; i < 16; i++)
		r->id[i] = digits[bytes[i] & 15];
	s3hash_base64(&text, bytes, sizeof(bytes));
	memcpy(r->id2, text.p, sizeof(r->id2) - 1);
	buf_clear(&text);
}

/* libmicrohttpd has read the request line: the target as it was sent. */
static void *
take_target(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct request *r = calloc(1, sizeof(*r));

	(void)cls;
	(void)c;
	if (r == NULL || (r->target = strdup(uri)) == NULL)
		log_oom();
	r->key = (struct buf)BUF_INIT(4 * STORE_KEY_MAX);
	r->body = (struct buf)BUF_INIT(BODY_MAX);
	r->reply.body = (struct buf)BUF_INIT(BODY_MAX);
	r->reply.fd = -1;
	r->upload.fd = -1;
	r->content_length = -1;
	r->start_ms = clock_mono_ms();
	mischief_none(&r->mischief);
	draw_ids(r);
	return r;
}

static enum MHD_Result
take_header(
    void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct request *r = cls;

	(void)kind;
	if (r->header_count == HEADERS_MAX) {
		r->too_many_headers = true;
		return MHD_NO;
	}
	r->headers[r->header_count++] =
	    (struct s3sig_header){name, value != NULL ? value : ""};
	return MHD_YES;
}

static bool
from_loopback(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr_in *in;

	if (info == NULL || info->client_addr->sa_family != AF_INET)
		return false;
	in = (const struct sockaddr_in *)(const void *)info->client_addr;
	return ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

/* All headers are there. */
static void
begin(struct MHD_Connection *c, struct request *r, const char *method)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	const char *length;

	r->started = true;
	r->method = method;
	r->socket = info != NULL ? info->connect_fd : -1;
	r->loopback = from_loopback(c);
	(void)MHD_get_connection_values(c, MHD_HEADER_KIND, take_header, r);
	length = request_header(r, "Content-Length");
	if (length != NULL)
		r->content_length = strtoll(length, NULL, 10);
	request_route(r);
	if (r->op != OP_CONTROL) {
		stats_enter();
		r->refused = !ops_begin(r);
	}
}

static enum MHD_Result
finish(struct MHD_Connection *c, struct request *r)
{
	if (r->op == OP_CONTROL) {
		control_finish(r);
	} else {
		if (!r->refused)
			ops_finish(r);
		reply_finish(r);
		stats_count(r);
	}
	return send_reply(c, r);
}

/*
 * Answer a refused upload at once?  Only to a client that waits to hear: one
 * that is sending might find the connection broken before it reads the reply.
 */
static bool
client_waits(const struct request *r)
{
	return request_header(r, "Expect") != NULL ||
	       r->content_length > sim.object_max;
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *c, const char *url, const char *method,
    const char *http, const char *data, size_t *n, void **state)
{
	struct request *r = *state;

	(void)cls;
	(void)url;
	(void)http;
	if (!r->started) {
		begin(c, r, method);
		if (r->refused && client_waits(r))
			return finish(c, r);
		return MHD_YES;
	}
	if (*n > 0) {
		if (!r->refused)
			ops_body(r, data, *n);
		*n = 0;
		return MHD_YES;
	}
	return finish(c, r);
}

static void
completed(void *cls, struct MHD_Connection *c, void **state,
    enum MHD_RequestTerminationCode why)
{
	struct request *r = *state;

	(void)cls;
	(void)c;
	(void)why;
	if (r == NULL)
		return;
	*state = NULL;
	if (r->started && r->op != OP_CONTROL)
		stats_leave();
	store_unref(r->reply.object);
	if (r->reply.fd >= 0)
		(void)close(r->reply.fd);
	upload_drop(&r->upload);
	s3hash_free(&r->hash);
	buf_clear(&r->key);
	buf_clear(&r->body);
	buf_clear(&r->reply.body);
	free(r->target);
	free(r);
}

/* Escapes stay as they are: the signature is over the text as sent. */
static size_t
keep_escapes(void *cls, struct MHD_Connection *c, char *text)
{
	(void)cls;
	(void)c;
	return strlen(text);
}

/* ---- Start and stop. ---- */

/* A whole file as a string; the caller frees it. */
static char *
slurp(const char *path, struct fault *f)
{
	struct buf b = BUF_INIT(FILE_MAX);
	char block[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0)
		buf_add(&b, block, (size_t)n);
	if (fd >= 0)
		(void)close(fd);
	if (n == 0 && b.err == 0 && b.len > 0)
		return b.p;
	buf_clear(&b);
	(void)fault_set(f, EXIT_BADCONFIG, "cannot read '%s': %s", path,
	    n < 0 ? strerror(errno) : "empty or too long");
	return NULL;
}

static bool
launch(const struct sockaddr_in *addr, char *cert, char *key, struct fault *f)
{
	struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, cert},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, key},
	    {MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION |
			 MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			 MHD_USE_ITC | MHD_USE_SUPPRESS_DATE_NO_CLOCK;

	if (cert == NULL)
		tls[0].option = MHD_OPTION_END;
	else
		flags |= MHD_USE_TLS;
	errno = 0;
	daemon_ = MHD_start_daemon(flags, 0, NULL, NULL, handle, NULL,
	    MHD_OPTION_SOCK_ADDR, (const struct sockaddr *)(const void *)addr,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
	    MHD_OPTION_URI_LOG_CALLBACK, take_target, NULL,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
	    MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
	    MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_ARRAY, tls,
	    MHD_OPTION_END);
	return daemon_ != NULL ||
	       fault_set(f, EXIT_DOWN, "cannot listen: %s",
		   errno != 0 ? strerror(errno)
			      : "address in use, or a bad certificate");
}

bool
server_start(const struct server_options *o, uint16_t *port, struct fault *f)
{
	struct sockaddr_in addr = {
	    .sin_family = AF_INET, .sin_port = htons(o->port)};
	const union MHD_DaemonInfo *info;
	char *cert = NULL, *key = NULL;
	bool ok = false;

	stop_event = eventfd(0, EFD_CLOEXEC);
	if (stop_event < 0)
		return fault_set(f, EXIT_SYSTEM, "cannot make an eventfd: %s",
		    strerror(errno));
	if (inet_pton(AF_INET, o->listen, &addr.sin_addr) != 1)
		return fault_set(
		    f, EXIT_BADUSAGE, "'%s' is no IPv4 address", o->listen);
	if (o->tls_cert != NULL && ((cert = slurp(o->tls_cert, f)) == NULL ||
				       (key = slurp(o->tls_key, f)) == NULL))
		goto out;
	ok = launch(&addr, cert, key, f);
	if (ok) {
		info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_BIND_PORT);
		*port = info != NULL ? info->port : o->port;
	}
out:
	free(cert);
	free(key);
	return ok;
}

void
server_stop(void)
{
	uint64_t one = 1;

	(void)!write(stop_event, &one, sizeof(one));
	MHD_stop_daemon(daemon_);
	(void)close(stop_event);
}
