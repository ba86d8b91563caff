/*
 * What every run of the torture must keep to, whatever failed: an exit status
 * of the table and none that says "bug"; whole lines of the wire; nothing in
 * them that the run without failures does not say; and, where it ends the same
 * way, all that it says.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "judge.h"

bool
same_end(const struct reference *ref, const struct outcome *o)
{
	/* "Run again" may mean anything. */
	return o->rc == 0 || (o->rc == ref->rc && o->rc != EXIT_AGAIN);
}

void
lines_read(struct lines *l, const struct buf *text, const char *stage)
{
	const char *p = text->p, *end = p + text->len, *nl, *why;
	const bool bare =
	    strcmp(stage, "rows") == 0 || strcmp(stage, "plan") == 0;
	struct wire_line *w;

	l->n = 0;
	l->torn = l->wrong = false;
	l->done = -1;
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL) {
			l->torn = true;
			return;
		}
		w = &l->v[l->n];
		if (l->n + 1 == LINES_MAX ||
		    !wire_parse(w, p, (size_t)(nl - p), &why) ||
		    (w->kind == WIRE_OTHER && !bare)) {
			l->wrong = true;
			return;
		}
		l->n++;
		if (w->kind == WIRE_DONE &&
		    memmem(p, (size_t)(nl - p), stage, strlen(stage)) != NULL)
			l->done = wire_done_code(w);
	}
}

/* Are they the same, but for the digits drawn for each fetch? */
static bool
same_line(const struct wire_line *a, const struct wire_line *b)
{
	const size_t at = a->id.n == WIRE_ID_LEN + 2
			      ? (size_t)(a->id.p - a->line) + 18
			      : a->len;

	return a->len == b->len && memcmp(a->line, b->line, at) == 0 &&
	       (at == a->len || memcmp(a->line + at + 4, b->line + at + 4,
				    a->len - at - 4) == 0);
}

bool
lines_have(const struct lines *l, const struct wire_line *w)
{
	for (size_t i = 0; i < l->n; i++)
		if (same_line(w, &l->v[i]))
			return true;
	return false;
}

/* What may be said of an object that could not be read to its end: how far
 * that went, and that it is worth another try. */
static bool
is_break(const struct wire_line *w)
{
	struct wire_counts c = {0};
	struct json_val retry;

	if (w->kind == WIRE_OTHER) /* a plan for what was read */
		return memmem(w->line, w->len, "{\"plan\":", 8) == w->line;
	if (w->kind == WIRE_ERROR)
		return wire_member(&w->error, "retry", &retry) &&
		       retry.type == JSON_TRUE;
	if (w->kind == WIRE_MARK)
		wire_counts(&w->mark, &c);
	return w->kind == WIRE_MARK &&
	       c.records == c.skipped + c.rows + c.rejects + c.filtered;
}

/* For filters whose lines are the same each time. */
static void
judge_lines(const struct reference *ref, const struct outcome *o,
    const struct lines *l, struct buf *why)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].kind != WIRE_DONE &&
		    !lines_have(&ref->lines, &l->v[i]) &&
		    (same_end(ref, o) || !is_break(&l->v[i])))
			buf_addf(why, "a line that should not be: %.*s\n",
			    (int)l->v[i].len, l->v[i].line);
	if (!same_end(ref, o))
		return;
	for (size_t i = 0; i < ref->lines.n; i++)
		if (ref->lines.v[i].kind != WIRE_DONE &&
		    !lines_have(l, &ref->lines.v[i]))
			buf_addf(why, "exit %d without the line %.*s\n", o->rc,
			    (int)ref->lines.v[i].len, ref->lines.v[i].line);
	if (l->n != ref->lines.n)
		buf_addf(why, "%zu lines instead of %zu\n", l->n, ref->lines.n);
}

static bool
known(int rc)
{
	return strcmp(exitcode_text(rc), "unknown") != 0;
}

/* Is this how a library ends that was refused memory, and does not bear it?
 * All of them fall over NULL, libjq asserts that it is none, libseccomp loops
 * or frees twice, and a handshake of OpenSSL can leave bytes unread, for which
 * libcurl asks again until the time to connect is over; what one has lost the
 * sanitizer calls a leak (99). */
static bool
foreign_end(const struct failnth *page, const struct outcome *o)
{
	const bool tls =
	    page->library == LIBRARY_CRYPTO || page->library == LIBRARY_SSL;

	return o->sig == SIGSEGV || (o->sig == SIGABRT && !tls) ||
	       o->sig == SIGXCPU || o->rc == 99;
}

static void
judge_end(const struct reference *ref, const struct failnth *page,
    const struct outcome *o, struct buf *why)
{
	if (page->class == FAIL_FOREIGN && foreign_end(page, o))
		return;
	if (o->timeout)
		buf_adds(why, "it hangs\n");
	else if (page->how == FAIL_KILL && o->sig == SIGILL)
		return;
	else if (o->sig != 0)
		buf_addf(why, "killed by signal %d\n", o->sig);
	else if (o->rc == EXIT_BUG || !known(o->rc))
		buf_addf(why, "exit status %d\n", o->rc);
	else if (o->rc == 0 && ref->rc != 0)
		buf_addf(why, "exit status 0 instead of %d\n", ref->rc);
	else if (o->rc != ref->rc && o->err.len == 0 &&
		 page->class != FAIL_WRITE)
		buf_addf(why, "exit status %d without a word\n", o->rc);
}

/* How many lines a file of metrics has, 0 when there is none; or -1, when the
 * last of them is torn. */
static long
metrics_lines(const char *file)
{
	FILE *f = fopen(file, "re");
	char text[65536];
	long lines = 0;
	size_t n = 0;

	if (f != NULL) {
		n = fread(text, 1, sizeof(text), f);
		(void)fclose(f);
	}
	for (size_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return n > 0 && text[n - 1] != '\n' ? -1 : lines;
}

static void
judge_metrics(
    const struct scene *s, const struct reference *ref, struct buf *why)
{
	long lines = metrics_lines(s->metrics);

	if (lines != 0 && lines != ref->metrics)
		buf_addf(why, "metrics of %ld lines\n", lines);
}

struct reference *
judge_reference(const struct scene *s, const struct outcome *o)
{
	static struct reference it;
	struct reference *const r = &it;
	struct buf why = BUF_INIT(REASONS_MAX);

	r->rc = o->rc;
	r->out.max = r->dead.max = r->settled.max = 16 << 20;
	buf_add(&r->out, o->out.p, o->out.len);
	buf_add(&r->dead, o->dead.p, o->dead.len);
	lines_read(&r->lines, &r->out, s->filter);
	lines_read(&r->dead_lines, &r->dead, "");
	if (s->state != NULL)
		state_settled(s->state, &r->settled, &why);
	if (s->save != NULL)
		save_keep(s->save);
	if (s->metrics != NULL)
		r->metrics = metrics_lines(s->metrics);
	if (o->timeout || o->sig != 0 || r->lines.torn || r->lines.wrong ||
	    r->dead_lines.torn || r->dead_lines.wrong || why.len > 0) {
		fprintf(stderr, "torture: %s without failures: %s%.*s%.*s\n",
		    s->name, why.len > 0 ? why.p : "", (int)o->out.len,
		    o->out.p, (int)o->err.len, o->err.p);
		exit(99);
	}
	return r;
}

void
judge_state(const struct scene *s, const struct reference *ref,
    const struct outcome *o, struct buf *why)
{
	static struct buf got = BUF_INIT(1 << 20);
	const char *nl;

	buf_reset(&got);
	state_settled(s->state, &got, why);
	if (same_end(ref, o) &&
	    (got.len != ref->settled.len ||
		(got.len > 0 && memcmp(got.p, ref->settled.p, got.len) != 0)))
		buf_addf(why, "exit %d, and settled is: %s\n", o->rc,
		    got.len > 0 ? got.p : "nothing");
	for (const char *p = got.p; p != NULL && *p != '\0'; p = nl + 1) {
		nl = strchr(p, '\n');
		if (memmem(ref->settled.p, ref->settled.len, p,
			(size_t)(nl + 1 - p)) == NULL)
			buf_addf(why, "settled against the receipts: %.*s\n",
			    (int)(nl - p), p);
	}
}

void
judge(const struct scene *s, const struct reference *ref,
    const struct failnth *page, const struct outcome *o, struct buf *why)
{
	static struct lines l;
	/* What fails in the middle of a write leaves half a line. */
	const bool torn_fine = page->class == FAIL_WRITE && o->rc != 0;

	judge_end(ref, page, o, why);
	lines_read(&l, &o->out, s->filter);
	if (l.wrong || (l.torn && !torn_fine))
		buf_adds(why, "what it writes is no wire\n");
	/* Closing standard output comes after the done line. */
	if (l.done != -1 && known(o->rc) && l.done != o->rc && o->rc != EXIT_IO)
		buf_addf(why, "exit status %d, but its done line says %d\n",
		    o->rc, l.done);
	if (o->rc == 0 && l.done != 0 && ref->lines.done == 0)
		buf_adds(why, "exit status 0 without a done line\n");
	if (strcmp(s->filter, "s3fetch") == 0)
		judge_fetch(ref, o, &l, why);
	else if (strcmp(s->filter, "sentinelpost") == 0)
		judge_post(ref, page, o, &l, torn_fine, why);
	else
		judge_lines(ref, o, &l, why);
	if (s->state != NULL)
		judge_state(s, ref, o, why);
	if (strcmp(s->filter, "s3ack") == 0 && s->state != NULL)
		judge_ack(s, &l, why);
	if (s->save != NULL)
		judge_save(s->save, same_end(ref, o), !page->again, why);
	if (s->metrics != NULL)
		judge_metrics(s, ref, why);
}
