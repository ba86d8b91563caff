/* Wire lines to objects. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "idmap.h"
#include "input.h"
#include "line.h"
#include "log.h"
#include "out.h"
#include "stop.h"

struct input {
	struct parser *p;
	struct idmap open;
	struct buf bytes; /* of a chunk */
	uint64_t lines, wire_lines;
	uint64_t refused; /* objects over the limit: their lines are dropped */
};

static void
worse(struct parser *p, int code)
{
	p->code = exitcode_worse(p->code, code);
}

static void
pass_on(struct input *in, const struct wire_line *w)
{
	if (!in->p->bare)
		out_copy(w->line, w->len);
}

static void
handle_open(struct input *in, const struct wire_line *w)
{
	const char *why = "its id is none";
	char id[WIRE_ID_LEN + 1];
	struct json_val raw;
	struct object *o = NULL;

	if (wire_id(w, id)) {
		if (idmap_get(&in->open, id) != NULL)
			why = "it is open already";
		else
			o = object_new(in->p, id, &w->object,
			    wire_member(&(struct json_val){w->line, w->len,
					    JSON_OBJECT, 0},
				"raw", &raw) &&
				raw.type == JSON_TRUE,
			    &why);
	}
	if (o == NULL) {
		log_error("an open line cannot be used: %s", why);
		worse(in->p, EXIT_BUG);
		return;
	}
	pass_on(in, w);
	if (idmap_put(&in->open, id, o) == 0)
		return;
	object_fail(o, "TooManyOpen", true,
	    "more than 4,096 objects are open on the pipe");
	if (in->refused++ == 0)
		log_hint("fan out object lines, not chunks; see docs/wire.md");
	object_free(o);
	worse(in->p, EXIT_SETASIDE);
}

/* The open object that a line speaks of, or NULL when there is none. */
static struct object *
object_of(struct input *in, const struct wire_line *w, const char *kind)
{
	char id[WIRE_ID_LEN + 1];
	struct object *o = NULL;

	if (wire_id(w, id))
		o = idmap_get(&in->open, id);
	if (o == NULL && kind != NULL && in->refused == 0) {
		log_error("a %s line belongs to no open object", kind);
		worse(in->p, EXIT_BUG);
	}
	return o;
}

static void
close_object(struct input *in, struct object *o)
{
	(void)idmap_take(&in->open, o->id);
	object_free(o);
}

static bool
chunk_bytes(struct input *in, const struct wire_line *w)
{
	buf_reset(&in->bytes);
	if (w->text.p != NULL) {
		if (w->text.type != JSON_STRING)
			return false;
		(void)json_unescape(&in->bytes, w->text.p + 1, w->text.n - 2);
	} else if (w->b64.type != JSON_STRING ||
		   !json_base64(&in->bytes, w->b64.p + 1, w->b64.n - 2)) {
		return false;
	}
	if (in->bytes.err == ENOMEM)
		log_oom();
	return in->bytes.err == 0;
}

static void
handle_chunk(struct input *in, const struct wire_line *w)
{
	struct object *o = object_of(in, w, "chunk");
	uint64_t at;

	if (o == NULL || o->failed)
		return;
	if (!json_uint(&w->at, &at) || at != o->at || !chunk_bytes(in, w)) {
		object_fail(o, "BadChunk", true,
		    "a chunk line is out of place or cannot be read");
		worse(in->p, EXIT_BUG);
		return;
	}
	if (in->bytes.len > 0)
		(void)object_feed(o, in->bytes.p, in->bytes.len);
}

static void
handle_end(struct input *in, const struct wire_line *w)
{
	struct object *o = object_of(in, w, NULL);

	if (o == NULL) {
		/* Of an object that another stage has parsed. */
		if (in->refused == 0)
			pass_on(in, w);
		return;
	}
	if (!o->failed && wire_number(&w->end, "bytes", o->at) != o->at) {
		object_fail(o, "BadChunk", true,
		    "chunk lines are missing before the end");
		worse(in->p, EXIT_BUG);
	}
	if (!o->failed)
		(void)object_end(o);
	close_object(in, o);
}

/* An object that its reader will not get, as --rows has no line for it. */
static void
tell_error(struct input *in, const struct object *o, const struct wire_line *w)
{
	struct buf code = BUF_INIT(256);
	struct json_val v;
	bool retry;

	if (wire_member(&w->error, "code", &v))
		(void)json_text(&code, &v);
	retry = wire_member(&w->error, "retry", &v) && v.type == JSON_TRUE;
	log_error("'%s': %s", o != NULL ? o->name : "an object",
	    code.p != NULL ? code.p : "failed");
	worse(in->p, retry ? EXIT_AGAIN : EXIT_SETASIDE);
	buf_clear(&code);
}

static void
handle_error(struct input *in, const struct wire_line *w)
{
	struct object *o = object_of(in, w, NULL);

	if (in->p->bare && (o == NULL || !o->failed))
		tell_error(in, o, w);
	if (o == NULL) {
		if (in->refused == 0)
			pass_on(in, w);
		return;
	}
	if (!o->failed) {
		object_mark(o);
		pass_on(in, w);
	}
	close_object(in, o);
}

/* The bytes of a reject line into in->bytes. */
static bool
reject_bytes(struct input *in, const struct wire_line *w)
{
	buf_reset(&in->bytes);
	if (w->raw.p != NULL && w->raw.type == JSON_STRING)
		(void)json_text(&in->bytes, &w->raw);
	else if (w->raw64.p != NULL && w->raw64.type == JSON_STRING)
		(void)json_base64(&in->bytes, w->raw64.p + 1, w->raw64.n - 2);
	return in->bytes.len > 0 && in->bytes.err == 0;
}

/* A dead letter's reject: try it again, pass it on when it still is one. */
static void
handle_reject(struct input *in, const struct wire_line *w)
{
	struct buf name = BUF_INIT(256);
	struct json_val format, more;
	char id[WIRE_ID_LEN + 1];
	uint64_t n;

	if (!wire_id(w, id) || !json_uint(&w->n, &n) ||
	    wire_member(&w->reject, "more", &more) ||
	    !wire_member(&w->reject, "format", &format) ||
	    json_text(&name, &format) != 0 || name.err != 0 ||
	    !reject_bytes(in, w) ||
	    !object_reparse(in->p, id, n, name.p, name.len, &w->object,
		in->bytes.p, in->bytes.len))
		pass_on(in, w);
	buf_clear(&name);
}

/* A line that is no JSON object: the destination sets it aside.  One without
 * its end was cut by the end of who wrote it. */
static void
handle_alien(
    struct input *in, const char *p, size_t n, bool torn, const char *why)
{
	if (torn) {
		log_warn("the input stops inside line %" PRIu64, in->lines);
		worse(in->p, EXIT_AGAIN);
		return;
	}
	log_debug("line %" PRIu64 " is not the wire: %s", in->lines, why);
	if (!in->p->bare)
		out_copy(p, n);
}

static void
handle_line(struct input *in, const char *p, size_t n, bool torn)
{
	struct wire_line w;
	const char *why;

	in->lines++;
	if (!wire_parse(&w, p, n, &why)) {
		handle_alien(in, p, n, torn, why);
		return;
	}
	in->wire_lines += w.kind != WIRE_OTHER;
	switch (w.kind) {
	case WIRE_OPEN:
		handle_open(in, &w);
		break;
	case WIRE_CHUNK:
		handle_chunk(in, &w);
		break;
	case WIRE_END:
		handle_end(in, &w);
		break;
	case WIRE_ERROR:
		handle_error(in, &w);
		break;
	case WIRE_REJECT:
		handle_reject(in, &w);
		break;
	case WIRE_DONE:
		worse(in->p, wire_done_code(&w));
		pass_on(in, &w);
		break;
	default:
		pass_on(in, &w);
		break;
	}
}

bool
input_wait(int fd, const struct opt_common *common, int64_t *stop_at)
{
	struct pollfd fds[3] = {{.fd = fd, .events = POLLIN},
	    {.fd = STDOUT_FILENO}, {.fd = stop_fd(), .events = POLLIN}};
	int64_t now, wait = -1;

	if (!stop_asked() && poll(fds, 1, 0) == 1)
		return true;
	out_flush();
	for (;;) {
		if (stop_asked()) {
			now = clock_mono_ms();
			if (*stop_at < 0)
				*stop_at = now + common->stop_within_ms;
			wait = *stop_at - now;
			if (wait <= 0)
				return false;
			fds[2].fd = -1;
		}
		if (poll(fds, 3, clock_wait_ms(wait)) == -1 && errno != EINTR)
			return true; /* the read will say what is wrong */
		if ((fds[1].revents & POLLERR) != 0)
			out_fail(EPIPE);
		if (fds[0].revents != 0)
			return true;
	}
}

/* The input stopped inside these: what is done of them can be settled. */
static void
leave_open(struct input *in)
{
	struct object *o;
	size_t i = 0;

	while ((o = idmap_next(&in->open, &i)) != NULL) {
		if (!o->failed) {
			log_warn("'%s': input stops inside it", o->name);
			object_mark(o);
			worse(in->p, EXIT_AGAIN);
		}
		object_free(o);
	}
	idmap_free(&in->open);
}

void
input_wire(struct parser *p, const struct opt_common *common)
{
	struct input in = {.p = p, .bytes = BUF_INIT(WIRE_LINE_MAX)};
	struct line_reader l;
	int64_t stop_at = -1;
	enum line_result r;
	const char *line = NULL;
	bool torn = false;
	size_t n = 0;

	line_init(&l, STDIN_FILENO, WIRE_LINE_MAX);
	while ((r = line_next(&l, &line, &n, &torn)) != LINE_EOF) {
		if (r == LINE_OK) {
			handle_line(&in, line, n, torn);
		} else if (r == LINE_TOOLONG) {
			log_error("line %" PRIu64 " at byte %" PRIu64
				  " is %zu bytes, over 8 MiB: skipped",
			    l.number, l.offset, n);
			worse(p, EXIT_SETASIDE);
		} else if (!input_wait(l.fd, common, &stop_at)) {
			worse(p, EXIT_AGAIN);
			break;
		} else if (parser_tick(p), !line_fill(&l)) {
			if (errno == ENOMEM)
				log_oom();
			log_error(
			    "cannot read standard input: %s", strerror(errno));
			worse(p, EXIT_IO);
			break;
		}
	}
	if (in.lines > 0 && in.wire_lines == 0) {
		log_error("standard input holds no line of the wire");
		log_hint("for a raw log use: logparse FILE, or: .. | "
			 "logparse -");
		worse(p, EXIT_SETASIDE);
	}
	leave_open(&in);
	line_free(&l);
	buf_clear(&in.bytes);
}
