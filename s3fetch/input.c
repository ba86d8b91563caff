/* Operands and lines of standard input; see input.h. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "input.h"
#include "log.h"
#include "out.h"
#include "utf8.h"

enum { SHOWN = 5 /* lines complained of one by one */ };

static const char scheme[] = "s3://";

void
input_init(struct input *in, char *const *operands, size_t n, bool keep)
{
	*in = (struct input){.noperands = n, .keep = keep};
	if (n > 0)
		in->operands = operands;
	line_init(&in->lines, STDIN_FILENO, WIRE_LINE_MAX);
}

void
input_free(struct input *in)
{
	line_free(&in->lines);
}

bool
input_fill(struct input *in, struct fault *f)
{
	if (line_fill(&in->lines))
		return true;
	return fault_set(
	    f, EXIT_IO, "cannot read standard input: %s", strerror(errno));
}

static void
pass(const struct input *in, const char *p, size_t n)
{
	if (!in->keep)
		out_copy(p, n);
}

/* A line that is no line of the wire: it passes on, for the destination keeps
 * such in its dead-letter file.  One without its end was cut by the end of who
 * wrote it, and is none to keep. */
static void
alien(struct input *in, const char *p, size_t n, bool torn, const char *why)
{
	if (torn) {
		in->other++;
		log_warn("the input stops inside line %llu",
		    (unsigned long long)in->lines.number);
		/* What is not the wire does not become it when run again. */
		in->worst = exitcode_worse(in->worst,
		    in->wire > 0 || p[0] == '{' || p[0] == 's' ? EXIT_AGAIN
							       : EXIT_SETASIDE);
		return;
	}
	in->alien++;
	if (in->alien <= SHOWN)
		log_warn("input line %llu is not the wire: %s",
		    (unsigned long long)in->lines.number, why);
	else if (in->alien == SHOWN + 1)
		log_warn("more such lines follow");
	in->worst = exitcode_worse(in->worst, EXIT_SETASIDE);
	pass(in, p, n);
}

/* An object line that names nothing we can fetch.  Where it has a name, an
 * error line will say so too. */
static void
refused(struct input *in, const char *why)
{
	in->refused++;
	if (in->refused <= SHOWN)
		log_error("object line %llu cannot be fetched: %s",
		    (unsigned long long)in->lines.number, why);
	else if (in->refused == SHOWN + 1)
		log_error("more such object lines follow");
	in->worst = exitcode_worse(in->worst, EXIT_SETASIDE);
}

/* An object of another store is another stage's to fetch. */
static bool
of_s3(const struct json_val *line)
{
	struct json_val store;

	return !wire_member(line, "store", &store) || json_is(&store, "s3");
}

/* What a line of the wire is, to us.  A dead letter of an object may have the
 * member "object" before its names. */
static bool
is_object(const struct wire_line *w)
{
	return w->kind == WIRE_OBJECT ||
	       (w->kind == WIRE_OPEN && w->dead.p != NULL && w->id.p == NULL &&
		   w->bucket.p != NULL);
}

/* Returns true when o was filled. */
static bool
take_line(
    struct input *in, struct object *o, const char *p, size_t n, bool torn)
{
	const struct json_val whole = {p, n, JSON_OBJECT, 0};
	struct wire_line w;
	const char *why;
	bool ok;

	if (wire_blank(p, n))
		return false;
	if (n >= sizeof(scheme) - 1 &&
	    memcmp(p, scheme, sizeof(scheme) - 1) == 0) {
		in->wire++;
		/* A list made on Windows names the keys without it. */
		if (object_from_url(o, p, p[n - 1] == '\r' ? n - 1 : n, &why))
			return true;
		refused(in, why);
		return false;
	}
	why = "it is not UTF-8";
	if (utf8_valid(p, n) != n || !wire_parse(&w, p, n, &why)) {
		alien(in, p, n, torn, why);
		return false;
	}
	in->done = w.kind == WIRE_DONE;
	if (w.kind == WIRE_OTHER)
		in->other++;
	else
		in->wire++;
	if (is_object(&w) && of_s3(&whole)) {
		ok = object_from_line(o, &whole, &why);
		if (why != NULL)
			refused(in, why);
		return ok;
	}
	if (w.kind == WIRE_DONE)
		in->worst = exitcode_worse(in->worst, wire_done_code(&w));
	pass(in, p, n);
	return false;
}

static enum input_result
next_operand(struct input *in, struct object *o)
{
	const char *why;

	if (in->noperands == 0) {
		in->ended = true;
		return INPUT_END;
	}
	/* main() has tried it before. */
	INVARIANT(
	    object_from_url(o, *in->operands, strlen(*in->operands), &why));
	in->operands++;
	in->noperands--;
	in->wire++;
	return INPUT_OBJECT;
}

enum input_result
input_next(struct input *in, struct object *o)
{
	const char *p;
	bool torn;
	size_t n;

	if (in->operands != NULL)
		return next_operand(in, o);
	for (;;) {
		switch (line_next(&in->lines, &p, &n, &torn)) {
		case LINE_OK:
			if (take_line(in, o, p, n, torn))
				return INPUT_OBJECT;
			break;
		case LINE_TOOLONG:
			log_error("input line %llu, at byte %llu, is skipped: "
				  "its %zu bytes are over 8 MiB",
			    (unsigned long long)in->lines.number,
			    (unsigned long long)in->lines.offset, n);
			in->worst = exitcode_worse(in->worst, EXIT_SETASIDE);
			break;
		case LINE_NEED:
			return INPUT_NEED;
		case LINE_EOF:
			in->ended = true;
			return INPUT_END;
		}
	}
}

bool
input_left(const struct input *in)
{
	int n = 0;

	if (in->operands != NULL)
		return in->noperands > 0;
	if (in->ended)
		return false;
	if (in->lines.end > in->lines.pos)
		return true;
	if (ioctl(STDIN_FILENO, FIONREAD, &n) == 0 && n > 0)
		return true;
	return !in->done;
}

int
input_verdict(const struct input *in)
{
	if (in->alien + in->other > 0 && in->wire == 0) {
		log_error("standard input holds no line of the wire");
		log_hint("s3fetch reads what s3list writes, or s3://bucket/key "
			 "lines; to send log lines of your own, pipe them into "
			 "'logparse -'");
		return exitcode_worse(in->worst, EXIT_SETASIDE);
	}
	/* A few have been told one by one. */
	if (in->alien > SHOWN || in->refused > SHOWN)
		log_warn("%llu lines of the input were not the wire, %llu "
			 "object lines could not be fetched",
		    (unsigned long long)in->alien,
		    (unsigned long long)in->refused);
	return in->worst;
}
