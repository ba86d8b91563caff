/* Counters and gauges as Prometheus text, in a file replaced atomically. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"
#include "metrics.h"

enum {
	TEXT_MAX = 1024 * 1024, /* of the whole file */
	PATH_LIMIT = 4096
};

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
	struct buf stage = BUF_INIT(PATH_LIMIT);

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

static bool
write_whole(int fd, const char *p, size_t n)
{
	ssize_t r;

	while (n > 0) {
		r = write(fd, p, n);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return false;
		p += r;
		n -= (size_t)r;
	}
	return true;
}

/* No fsync: what a crash of the machine takes is out of date anyway. */
static bool
replace(const char *file, const struct buf *text)
{
	char tmp[PATH_LIMIT];
	bool ok;
	int fd, n, err;

	n = snprintf(tmp, sizeof(tmp), "%s.%ld.tmp", file, (long)getpid());
	if (n < 0 || (size_t)n >= sizeof(tmp)) {
		errno = ENAMETOOLONG;
		return false;
	}
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd == -1)
		return false;
	ok = write_whole(fd, text->p, text->len);
	err = errno;
	if (close(fd) != 0 && ok) {
		ok = false;
		err = errno;
	}
	if (ok && rename(tmp, file) != 0) {
		ok = false;
		err = errno;
	}
	if (!ok)
		(void)unlink(tmp);
	errno = err;
	return ok;
}

bool
metrics_write(struct metrics *m, struct fault *f)
{
	struct buf b = BUF_INIT(TEXT_MAX);
	bool ok = true;

	if (m->file == NULL)
		return true;
	buf_adds(&b, "");
	put_all(&b, m);
	if (b.err != 0)
		ok = fault_set(f, EXIT_SYSTEM, "cannot hold the metrics: %s",
		    strerror(b.err));
	else if (!replace(m->file, &b)) {
		(void)fault_set(f, EXIT_IO, "cannot write metrics to '%s': %s",
		    m->file, strerror(errno));
		ok = fault_hint(f, "its folder must be there and be writable");
	}
	buf_clear(&b);
	return ok;
}

void
metrics_tick(struct metrics *m, int64_t now_ms)
{
	struct fault f = {0};

	if (m->file == NULL || now_ms < m->next_ms)
		return;
	m->next_ms = now_ms + METRICS_EVERY_MS;
	if (metrics_write(m, &f) || m->warned)
		return;
	m->warned = true;
	log_warn("%s", f.text);
}
