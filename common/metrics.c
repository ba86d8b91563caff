/* Counters and gauges as Prometheus text; metricfile.c replaces the file. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "metrics.h"

enum { STAGE_MAX = 4096 };

void
metrics_init(struct metrics *m, const char *file, const char *stage,
    const struct metric *table, unsigned n)
{
	*m = (struct metrics){
	    .file = file, .stage = stage, .table = table, .n = n};
}

void
metrics_label(struct buf *b, const char *name, const char *value, size_t n)
{
	if (b->len > 0)
		buf_addc(b, ',');
	buf_addf(b, "%s=\"", name);
	for (size_t i = 0; i < n; i++) {
		char c = value[i];

		if (c == '\n' || c == '\\' || c == '"') {
			buf_addc(b, '\\');
			c = c == '\n' ? 'n' : c;
		}
		buf_addc(b, c);
	}
	buf_addc(b, '"');
}

/* HELP text: only backslash and line feed are escaped. */
static void
put_help(struct buf *b, const struct metric *m)
{
	buf_addf(b, "# HELP %s ", m->name);
	for (const char *s = m->help; *s != '\0'; s++) {
		if (*s == '\\' || *s == '\n') {
			buf_addc(b, '\\');
			buf_addc(b, *s == '\n' ? 'n' : '\\');
		} else {
			buf_addc(b, *s);
		}
	}
	buf_addf(b, "\n# TYPE %s %s\n", m->name,
	    m->counter != NULL ? "counter" : "gauge");
}

static void
put_number(struct buf *b, double v)
{
	if (isnan(v))
		buf_adds(b, "NaN");
	else if (isinf(v))
		buf_adds(b, v > 0 ? "+Inf" : "-Inf");
	else
		buf_addf(b, "%.17g", v);
}

static void
put_sample(struct buf *b, const struct metrics *ms, const struct metric *m)
{
	struct buf stage = BUF_INIT(STAGE_MAX);

	metrics_label(&stage, "stage", ms->stage, strlen(ms->stage));
	buf_addf(b, "%s{%s%s%s} ", m->name, stage.p != NULL ? stage.p : "",
	    m->labels != NULL && m->labels[0] != '\0' ? "," : "",
	    m->labels != NULL ? m->labels : "");
	if (stage.err != 0)
		b->err = stage.err;
	buf_clear(&stage);
	if (m->counter != NULL)
		buf_addf(b, "%llu", (unsigned long long)*m->counter);
	else
		put_number(b, *m->gauge);
	buf_addc(b, '\n');
}

/* Samples of one name stand together, under one HELP and TYPE. */
static void
put_all(struct buf *b, const struct metrics *ms)
{
	for (unsigned i = 0; i < ms->n; i++) {
		const char *name = ms->table[i].name;
		bool first = true;

		for (unsigned k = 0; k < i && first; k++)
			first = strcmp(ms->table[k].name, name) != 0;
		if (!first)
			continue;
		put_help(b, &ms->table[i]);
		for (unsigned k = i; k < ms->n; k++)
			if (strcmp(ms->table[k].name, name) == 0)
				put_sample(b, ms, &ms->table[k]);
	}
}

/* The whole file's text, or false with a fault. */
static bool
render(const struct metrics *m, struct buf *b, struct fault *f)
{
	buf_adds(b, "");
	put_all(b, m);
	if (b->err != 0)
		return fault_set(f, EXIT_SYSTEM, "cannot hold the metrics: %s",
		    strerror(b->err));
	return true;
}

static bool
judge(const struct metrics *m, int err, struct fault *f)
{
	if (err == 0)
		return true;
	(void)fault_set(f, EXIT_IO, "cannot write metrics to '%s': %s", m->file,
	    err == EEXIST ? "it is not a regular file" : strerror(err));
	if (err == EEXIST)
		return fault_hint(f,
		    "each writing replaces the file: name one, or one that is "
		    "not there yet");
	if (err == ENOSPC || err == EIO)
		return false;
	return fault_hint(f, "its folder must be there and be writable");
}

bool
metrics_write(struct metrics *m, struct fault *f)
{
	struct buf b = BUF_INIT(METRICS_TEXT_MAX);
	struct fault gone = {0};
	int err = 0;
	bool ok = true;

	if (m->file == NULL)
		return true;
	ok = render(m, &b, f);
	if (ok && helper_running(m->helper)) {
		/* Of no consequence for what the filter is there for. */
		if (!metricfile_ask(m->helper, &b, &err, &gone))
			log_warn("%s: the metrics are not written", gone.text);
	} else if (ok) {
		err = metricfile_replace(m->file, &b);
	}
	buf_clear(&b);
	return ok && judge(m, err, f);
}

/* Let the helper write, and hear later what came of it. */
static bool
tell_helper(struct metrics *m, const struct buf *b, struct fault *f)
{
	int err = metricfile_tell(&m->out, m->helper, b);

	if (err == EAGAIN || err == EPIPE)
		return fault_set(f, EXIT_IO,
		    "the metrics are not written: the helper %s",
		    err == EPIPE ? "has ended" : "does not answer");
	return judge(m, err, f);
}

void
metrics_tick(struct metrics *m, int64_t now_ms)
{
	struct buf b = BUF_INIT(METRICS_TEXT_MAX);
	struct fault f = {0};
	bool ok;

	if (m->file == NULL || now_ms < m->next_ms)
		return;
	m->next_ms = now_ms + METRICS_EVERY_MS;
	if (helper_running(m->helper))
		ok = render(m, &b, &f) && tell_helper(m, &b, &f);
	else
		ok = metrics_write(m, &f);
	buf_clear(&b);
	if (ok || m->warned)
		return;
	m->warned = true;
	log_warn("%s", f.text);
}

void
metrics_by(struct metrics *m, struct helper *h)
{
	if (m->file == NULL)
		return;
	m->helper = h;
	metricfile_serve(&m->out, h, m->file);
}
