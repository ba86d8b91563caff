/* Decoding stored bytes: which kind they are, what comes out, how much. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "unpack_impl.h"

const char *
unpack_code(enum unpack_err err)
{
	static const char *const names[] = {[UNPACK_FINE] = "Fine",
	    [UNPACK_STOPPED] = "Stopped",
	    [UNPACK_WAIT] = "Wait",
	    [UNPACK_BADGZIP] = "BadGzip",
	    [UNPACK_BADCHECKSUM] = "BadChecksum",
	    [UNPACK_TRUNCATED] = "Truncated",
	    [UNPACK_TRAILING] = "TrailingGarbage",
	    [UNPACK_BADRATIO] = "RatioExceeded",
	    [UNPACK_BADZSTD] = "BadZstd",
	    [UNPACK_BADWINDOW] = "WindowTooLarge"};

	return names[err];
}

const char *
unpack_kind_name(enum unpack_kind kind)
{
	static const char *const names[] = {[UNPACK_UNKNOWN] = "unknown",
	    [UNPACK_PLAIN] = "plain",
	    [UNPACK_GZIP] = "gzip",
	    [UNPACK_ZSTD] = "zstd"};

	return names[kind];
}

void
unpack_init(struct unpack *u, const struct unpack_options *o)
{
	memset(u, 0, sizeof(*u));
	u->opts = *o;
	if (u->opts.window_max == 0)
		u->opts.window_max = UNPACK_ZSTD_WINDOW;
	INVARIANT(o->pool == NULL ||
		  o->pool->limit >= u->opts.window_max + UNPACK_ZSTD_EXTRA);
}

void
unpack_free(struct unpack *u)
{
	if (u->state != NULL) {
		unpack_zstd_free(u);
		free(u->state->inflate);
		free(u->state);
	}
	u->state = NULL;
}

bool
unpack_fail(
    struct unpack *u, enum unpack_err err, uint64_t at, const char *fmt, ...)
{
	va_list ap;

	u->err = err;
	u->at = at;
	va_start(ap, fmt);
	(void)vsnprintf(u->message, sizeof(u->message), fmt, ap);
	va_end(ap);
	return false;
}

void
unpack_take(struct unpack *u, struct unpack_input *in, size_t n)
{
	in->p += n;
	in->n -= n;
	u->in += n;
}

bool
unpack_emit(
    struct unpack *u, const struct unpack_input *in, const void *p, size_t n)
{
	const uint64_t max = u->opts.max_ratio;
	const uint64_t stored =
	    u->opts.stored != NULL ? *u->opts.stored : u->in;

	if (n == 0)
		return true;
	u->out += n;
	if (max != 0 && u->out > UNPACK_RATIO_FROM && u->out / max > stored)
		return unpack_fail(u, UNPACK_BADRATIO, u->in,
		    "%llu stored bytes give more than %llu times as many",
		    (unsigned long long)stored, (unsigned long long)max);
	if (!in->sink(in->ctx, p, n))
		return unpack_fail(u, UNPACK_STOPPED, u->in, "stopped");
	return true;
}

bool
unpack_collect(struct unpack *u, struct unpack_input *in, size_t want)
{
	struct unpack_state *s = u->state;
	size_t n = want - s->held;

	if (n > in->n)
		n = in->n;
	if (n > 0)
		memcpy(s->hold + s->held, in->p, n);
	s->held += n;
	unpack_take(u, in, n);
	return s->held == want;
}

/* The first bytes decide what the stream is; in->n > 0. */
static bool
detect(struct unpack *u, struct unpack_input *in)
{
	static const uint8_t gzip[2] = {0x1f, 0x8b};
	struct unpack_state *s = u->state;
	size_t n = s->held + 1;

	(void)unpack_collect(u, in, n);
	if (n <= 2 && memcmp(s->hold, gzip, n) == 0) {
		if (n == 2) {
			u->kind = UNPACK_GZIP;
			s->step = GZIP_HEAD;
		}
		return true;
	}
	if (unpack_zstd_magic(s->hold, n)) {
		if (n == 4) {
			u->kind = UNPACK_ZSTD;
			s->step = ZSTD_HEAD;
		}
		return true;
	}
	u->kind = UNPACK_PLAIN;
	s->step = PLAIN;
	s->held = 0;
	if ((size_t)(in->p - in->start) < n)
		return unpack_emit(u, in, s->hold, n);
	/* All of it is still here: it goes out in one piece. */
	in->p -= n;
	in->n += n;
	u->in -= n;
	return true;
}

/* Take one step; in->n > 0. */
static bool
step(struct unpack *u, struct unpack_input *in)
{
	const uint8_t *p = in->p;
	size_t n = in->n;

	switch (u->state->step) {
	case DETECT:
		return detect(u, in);
	case PLAIN:
		unpack_take(u, in, n);
		return unpack_emit(u, in, p, n);
	case ZSTD_HEAD:
	case ZSTD_FRAME:
		return unpack_zstd_step(u, in);
	default:
		return unpack_gzip_step(u, in);
	}
}

bool
unpack_feed(
    struct unpack *u, const char *p, size_t n, unpack_sink *sink, void *ctx)
{
	const uint8_t *start = (const uint8_t *)p;
	struct unpack_input in = {start, n, start, sink, ctx};

	if (u->err == UNPACK_WAIT)
		u->err = UNPACK_FINE;
	if (u->err != UNPACK_FINE)
		return false;
	if (u->state == NULL && n > 0) {
		u->state = malloc(sizeof(*u->state));
		if (u->state == NULL)
			log_oom();
		memset(u->state, 0, offsetof(struct unpack_state, out));
	}
	while (in.n > 0)
		if (!step(u, &in))
			return false;
	return true;
}

bool
unpack_finish(struct unpack *u, unpack_sink *sink, void *ctx)
{
	struct unpack_input in = {NULL, 0, NULL, sink, ctx};
	struct unpack_state *s = u->state;

	if (u->err != UNPACK_FINE && u->err != UNPACK_WAIT)
		return false;
	if (s == NULL || s->step == DETECT) {
		u->kind = UNPACK_PLAIN;
		if (s == NULL)
			return true;
		s->step = PLAIN;
		return unpack_emit(u, &in, s->hold, s->held);
	}
	if (s->step == PLAIN || s->step == GZIP_PADDING ||
	    (s->held == 0 && (s->step == GZIP_NEXT || s->step == ZSTD_HEAD)))
		return true;
	return unpack_fail(u, UNPACK_TRUNCATED, u->in,
	    "ends at byte %llu, inside the %s that begins at byte %llu",
	    (unsigned long long)u->in,
	    u->kind == UNPACK_GZIP ? "gzip member" : "zstd frame",
	    (unsigned long long)s->start);
}
