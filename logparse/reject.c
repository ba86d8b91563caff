/* Rejects: the lines that keep what makes no row. */
#include <inttypes.h>
#include <string.h>

#include "emit.h"
#include "explain.h"
#include "header.h"
#include "log.h"
#include "out.h"
#include "utf8.h"

enum {
	HEADER_MAX = 128 * 1024, /* what is around a record, when it is set
				    aside; six times as long when escaped */
	REJECT_RAW_MAX = WIRE_LINE_MAX - 6 * HEADER_MAX -
			 4096 /* of a reject line, written */
};

/* {"id":"..","n":17 */
static void
line_head(struct buf *b, const struct object *o, struct jsonw *w)
{
	jsonw_open(w, b);
	jsonw_text(w, "id", o->id);
	jsonw_uint(w, "n", o->counts.records);
}

/* Say on stderr what was set aside, the first few times. */
static void
tell(struct object *o, const struct frame_event *ev)
{
	if (o->told == OBJECT_TOLD_MAX && !o->parser->bare) {
		log_warn("'%s': more records are set aside", o->name);
		o->told++;
	}
	if (o->told > OBJECT_TOLD_MAX)
		return;
	o->told += !o->parser->bare;
	log_warn("'%s', record %" PRIu64 " at byte %" PRIu64
		 ": %s%s%s (byte %" PRIu64 "): set aside",
	    o->name, o->counts.records, ev->at, ev->why,
	    ev->detail != NULL ? ": " : "",
	    ev->detail != NULL ? ev->detail : "", ev->bad_at);
	if (strcmp(ev->why, "unknown-format") == 0)
		log_hint("'logparse --list-formats' names the types that are "
			 "known; --format NAME takes it for one of them");
}

/* What is kept of the object around the record, or the header line that names
 * its fields: it takes that to parse the record again. */
static void
header(const struct object *o, struct jsonw *w)
{
	const struct header *names = o->framer.header;
	struct context wanted = o->framer.context;
	struct buf b = BUF_INIT(HEADER_MAX);

	if (names != NULL && names->line != NULL)
		jsonw_str(w, "header", names->line, names->len);
	if (context_slots(&o->framer.context) == NULL)
		return;
	context_write(&o->framer.context, &b);
	if (b.err != 0) {
		/* What columns take of it, then. */
		wanted.nrest = 0;
		buf_clear(&b);
		context_write(&wanted, &b);
	}
	if (b.err == 0)
		jsonw_str(w, "header", b.p, b.len);
	buf_clear(&b);
}

static void
reject_line(struct object *o, const struct frame_event *ev, const char *p,
    size_t n, bool more)
{
	struct buf *b = out_buf();
	struct jsonw w;

	line_head(b, o, &w);
	jsonw_object(&w, "reject");
	jsonw_text(&w, "reason", ev->why);
	jsonw_uint(&w, "at", ev->at);
	if (o->format >= 0)
		jsonw_text(
		    &w, "format", o->parser->formats.v[o->format].format->id);
	header(o, &w);
	if (ev->detail != NULL) {
		jsonw_text(&w, "detail", ev->detail);
		jsonw_uint(&w, "bad_at", ev->bad_at);
	}
	if (ev->said != NULL)
		jsonw_text(&w, "message", ev->said);
	if (more)
		jsonw_bool(&w, "more", true);
	jsonw_end(&w);
	if (utf8_valid(p, n) == n)
		jsonw_str(&w, "raw", p, n);
	else
		jsonw_base64(&w, "raw64", p, n);
	jsonw_end(&w);
	o->since_mark += n;
	out_line();
}

/* Do these bytes fit one reject line, whatever else stands in it? */
static bool
fits_line(const char *p, size_t n)
{
	size_t len = n;

	if (n <= FRAME_PART_MAX)
		return true;
	if (utf8_valid(p, n) != n)
		return n / 3 * 4 < REJECT_RAW_MAX;
	for (size_t i = 0; i < n && len < REJECT_RAW_MAX; i++)
		len += (unsigned char)p[i] < 0x20    ? 5
		       : p[i] == '"' || p[i] == '\\' ? 1
						     : 0;
	return len < REJECT_RAW_MAX;
}

/* The lines of what one event gives of a reject. */
static void
reject_lines(struct object *o, const struct frame_event *ev)
{
	const bool whole = fits_line(ev->p, ev->n);
	size_t at = 0, take;

	do {
		take = ev->n - at;
		if (!whole && take > FRAME_PART_MAX)
			take = FRAME_PART_MAX -
			       utf8_tail(ev->p + at, FRAME_PART_MAX);
		reject_line(
		    o, ev, ev->p + at, take, ev->more || at + take < ev->n);
		at += take;
	} while (at < ev->n);
}

void
emit_reject(struct object *o, const struct frame_event *ev)
{
	if (o->counts.records < o->skip) {
		if (!ev->more)
			EMIT_SETTLED(o, skipped);
		return;
	}
	if (!o->part && o->parser->explain)
		explain_other(o, ev, "set aside");
	else if (!o->part)
		tell(o, ev);
	if (!o->parser->bare)
		reject_lines(o, ev);
	o->part = ev->more;
	if (ev->more)
		return;
	o->parser->code = exitcode_worse(
	    o->parser->code, o->parser->bare ? EXIT_SETASIDE : EXIT_DONE);
	EMIT_SETTLED(o, rejects);
}
