/* Raw log files as objects of their own. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "input.h"
#include "log.h"
#include "out.h"
#include "timefmt.h"
#include "utf8.h"

enum {
	BLOCK = 128 * 1024,
	LOOK = 256 /* bytes that tell a line of the wire */
};

/* The object line of a file, or of standard input (path "-"). */
static void
object_line(struct buf *b, const char *path, const struct stat *st)
{
	char modified[TIMEFMT_MAX];
	size_t n = strlen(path);
	struct jsonw w;

	jsonw_open(&w, b);
	jsonw_text(&w, "store", "file");
	jsonw_text(&w, "bucket", "");
	if (utf8_valid(path, n) == n)
		jsonw_str(&w, "key", path, n);
	else
		jsonw_base64(&w, "key64", path, n);
	if (st != NULL && S_ISREG(st->st_mode)) {
		jsonw_int(&w, "size", st->st_size);
		timefmt_rfc3339(
		    modified, (int64_t)st->st_mtim.tv_sec * 1000, false);
		jsonw_text(&w, "modified", modified);
	}
	jsonw_end(&w);
}

/* Bare rows say no id, and the first one takes half the time of a start: that
 * of the crypto library. */
static bool
new_id(const struct parser *p, const struct wire_object *w,
    char id[WIRE_ID_LEN + 1])
{
	if (!p->bare)
		return wire_new_id(w, id);
	memset(id, '0', WIRE_ID_LEN);
	id[WIRE_ID_LEN] = '\0';
	return true;
}

static struct object *
begin(struct parser *p, const char *path, const struct stat *st)
{
	struct buf line = BUF_INIT(64 * 1024);
	struct wire_object w;
	struct object *o = NULL;
	struct json_val v;
	char id[WIRE_ID_LEN + 1];
	const char *why = "its name is too long";

	object_line(&line, path, st);
	v = (struct json_val){line.p, line.len, JSON_OBJECT, 0};
	if (line.err == 0 && wire_object(&w, &v, &why) && new_id(p, &w, id))
		o = object_new(p, id, &v, true, &why);
	if (o == NULL) {
		log_error("cannot take '%s': %s", path, why);
		p->code = exitcode_worse(p->code, EXIT_IO);
	} else if (!p->bare) {
		wire_open(out_buf(), id, line.p, line.len, false);
		out_line();
	}
	buf_clear(&line);
	return o;
}

enum fed { FED_ALL, FED_FAILED, FED_STOPPED };

/* Are they lines of the wire, beginning with an object's first one? */
static bool
is_wire(const char *p, size_t n)
{
	static const char begins[] = "{\"v\":1,\"id\":\"";
	const size_t len = sizeof(begins) - 1;

	return n > len && memcmp(p, begins, len) == 0 &&
	       memmem(p, n < LOOK ? n : LOOK, "\",\"object\":{", 12) != NULL;
}

/* Those come on standard input: as a log they would be rows of no use. */
static void
refuse_wire(struct object *o)
{
	object_fail(o, "WireLines", false,
	    "it holds lines of the wire, as s3fetch writes them, and no log");
	log_hint("give them on standard input: logparse < FILE");
}

/* Feed all of fd. */
static enum fed
feed(struct parser *p, struct object *o, int fd,
    const struct opt_common *common, int64_t *stop_at)
{
	static char block[BLOCK];
	bool first = true;
	ssize_t n;

	while (input_wait(fd, common, stop_at)) {
		parser_tick(p);
		n = read(fd, block, sizeof(block));
		if (n == -1 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n == -1) {
			log_error(
			    "cannot read '%s': %s", o->name, strerror(errno));
			p->code = exitcode_worse(p->code, EXIT_IO);
			object_fail(o, "ReadError", true, strerror(errno));
			return FED_FAILED;
		}
		if (n == 0)
			return FED_ALL;
		if (first && is_wire(block, (size_t)n)) {
			refuse_wire(o);
			return FED_FAILED;
		}
		first = false;
		if (!object_feed(o, block, (size_t)n))
			return FED_FAILED;
	}
	object_stop(o);
	p->code = exitcode_worse(p->code, EXIT_AGAIN);
	return FED_STOPPED;
}

/* Say why an operand cannot be read. */
static void
tell(struct parser *p, const char *path, bool is_folder, const struct fault *f)
{
	if (f->code != EXIT_DONE)
		log_error("cannot open '%s': %s", path, f->text);
	else
		log_error("cannot open '%s': %s", path,
		    is_folder ? "it is a directory" : strerror(errno));
	if (strncmp(path, "s3://", 5) == 0)
		log_hint("logparse reads files; fetch it: s3fetch "
			 "s3://.. | logparse");
	else if (is_folder)
		log_hint("name the files in it, as in FOLDER/*.gz");
	p->code = exitcode_worse(p->code, EXIT_IO);
}

bool
input_file(struct parser *p, const struct operands *all, size_t i,
    const struct opt_common *common, int64_t *stop_at)
{
	const char *path = all->paths[i];
	char real[PATH_MAX] = "";
	struct fault f = {0};
	struct stat st = {0};
	struct object *o;
	enum fed fed = FED_FAILED;
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : operand_open(all, i, real, &f);

	if (fd == -1 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		tell(p, path, fd != -1 && S_ISDIR(st.st_mode), &f);
		if (fd != -1 && !is_stdin)
			(void)close(fd);
		return true;
	}
	o = begin(p, is_stdin ? "-" : real, is_stdin ? NULL : &st);
	if (o != NULL) {
		/* Its bytes are of no other time that is known. */
		if (is_stdin)
			timefmt_rfc3339(o->read_at, clock_wall_ms(), false);
		fed = feed(p, o, fd, common, stop_at);
		if (fed == FED_ALL)
			(void)object_end(o);
		object_free(o);
	}
	if (!is_stdin)
		(void)close(fd);
	return fed != FED_STOPPED;
}
