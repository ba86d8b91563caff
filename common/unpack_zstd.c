/* The framing of Zstandard (RFC 8878); blocks by libzstd.  See unpack.h. */
#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "log.h"
#include "unpack_impl.h"

/* Free the Zstandard decoder and return its memory to the pool. */
void
unpack_zstd_free(struct unpack *u)
{
	struct unpack_state *s = u->state;

	(void)ZSTD_freeDCtx(s->zstd);
	s->zstd = NULL;
	if (u->opts.pool != NULL)
		u->opts.pool->used -= s->charged;
	s->charged = 0;
}

/* Can the n bytes at p begin a Zstandard or skippable frame? */
bool
unpack_zstd_magic(const uint8_t *p, size_t n)
{
	static const uint8_t frame[4] = {0x28, 0xb5, 0x2f, 0xfd};
	static const uint8_t skip[4] = {0x50, 0x2a, 0x4d, 0x18};

	if (n > 4)
		n = 4;
	return memcmp(p, frame, n) == 0 ||
	       (n > 0 && (p[0] & 0xf0) == skip[0] &&
		   memcmp(p + 1, skip + 1, n - 1) == 0);
}

/* How many bytes of a frame's header are needed, knowing those in hold: RFC
 * 8878 section 3.1.1.1. */
static size_t
zstd_head_len(const struct unpack_state *s)
{
	static const uint8_t did_len[] = {0, 1, 2, 4};
	static const uint8_t fcs_len[] = {0, 2, 4, 8};
	unsigned desc = s->hold[4];
	size_t single = desc >> 5 & 1, fcs = fcs_len[desc >> 6];

	if (s->held < 4 || s->hold[0] != 0x28)
		return 4;
	if (s->held < 5)
		return 5;
	return 6 - single + did_len[desc & 3] + (fcs == 0 ? single : fcs);
}

/* The window that a complete header in hold asks for. */
static uint64_t
zstd_window(const struct unpack_state *s, size_t len)
{
	unsigned desc = s->hold[4], width = desc >> 6;
	uint64_t base, size = 0;

	if ((desc >> 5 & 1) == 0) {
		base = (uint64_t)1 << (10 + (s->hold[5] >> 3));
		return base + base / 8 * (s->hold[5] & 7);
	}
	/* A single segment: the whole content. */
	for (size_t i = 0; i < (size_t)1 << width; i++)
		size |= (uint64_t)s->hold[len - ((size_t)1 << width) + i]
			<< (8 * i);
	return width == 1 ? size + 256 : size;
}

/* Make a decoder for a frame with s->window, within the pool. */
static bool
zstd_begin(struct unpack *u)
{
	struct unpack_state *s = u->state;
	struct unpack_pool *pool = u->opts.pool;
	const size_t need = (size_t)s->window + UNPACK_ZSTD_EXTRA;
	int log = 10;

	if (s->zstd != NULL && need <= s->charged)
		return true;
	unpack_zstd_free(u);
	u->need = need;
	if (pool != NULL && need > pool->limit - pool->used)
		return unpack_fail(
		    u, UNPACK_WAIT, u->in, "no room for a window");
	while (log < 31 && (size_t)1 << log < u->opts.window_max)
		log++;
	s->zstd = ZSTD_createDCtx();
	if (s->zstd == NULL)
		log_oom();
	INVARIANT(!ZSTD_isError(
	    ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, log)));
	s->charged = need;
	if (pool != NULL)
		pool->used += need;
	return true;
}

static bool
zstd_bad(struct unpack *u, size_t rc)
{
	/* Windows are within their limit: this is no fault of the frame. */
	if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
		log_oom();
	return unpack_fail(u, UNPACK_BADZSTD, u->state->start,
	    "the zstd frame at byte %llu is damaged: %s",
	    (unsigned long long)u->state->start, ZSTD_getErrorName(rc));
}

static bool
zstd_head(struct unpack *u, struct unpack_input *in)
{
	struct unpack_state *s = u->state;
	ZSTD_inBuffer zin = {s->hold, 0, 0};
	ZSTD_outBuffer zout = {s->out, sizeof(s->out), 0};
	size_t want, rc;

	if (s->held == 0)
		s->start = u->in;
	while (s->held < (want = zstd_head_len(s))) {
		if (in->n == 0)
			return true;
		(void)unpack_collect(u, in, s->held + 1);
		if (!unpack_zstd_magic(s->hold, s->held))
			return unpack_fail(u, UNPACK_TRAILING, s->start,
			    "byte %llu, after the last zstd frame, begins no "
			    "other",
			    (unsigned long long)s->start);
	}
	s->window = s->hold[0] == 0x28 ? zstd_window(s, want) : 0;
	if (s->window > u->opts.window_max)
		return unpack_fail(u, UNPACK_BADWINDOW, s->start,
		    "the zstd frame at byte %llu needs a window of %llu "
		    "bytes, over the limit of %zu",
		    (unsigned long long)s->start, (unsigned long long)s->window,
		    u->opts.window_max);
	if (!zstd_begin(u))
		return false;
	zin.size = s->held;
	s->held = 0;
	s->step = ZSTD_FRAME;
	rc = ZSTD_decompressStream(s->zstd, &zout, &zin);
	if (ZSTD_isError(rc))
		return zstd_bad(u, rc);
	/* Blocks must follow, so all of it was taken. */
	INVARIANT(zin.pos == zin.size && zout.pos == 0);
	return true;
}

static bool
zstd_frame(struct unpack *u, struct unpack_input *in)
{
	struct unpack_state *s = u->state;
	ZSTD_inBuffer zin = {in->p, in->n, 0};
	ZSTD_outBuffer zout;
	size_t rc, before;

	do {
		zout = (ZSTD_outBuffer){s->out, sizeof(s->out), 0};
		before = zin.pos;
		rc = ZSTD_decompressStream(s->zstd, &zout, &zin);
		unpack_take(u, in, zin.pos - before);
		if (!unpack_emit(u, in, s->out, zout.pos))
			return false;
		if (ZSTD_isError(rc))
			return zstd_bad(u, rc);
	} while (rc != 0 && (in->n > 0 || zout.pos == zout.size));
	if (rc == 0)
		s->step = ZSTD_HEAD;
	return true;
}

bool
unpack_zstd_step(struct unpack *u, struct unpack_input *in)
{
	return u->state->step == ZSTD_HEAD ? zstd_head(u, in)
					   : zstd_frame(u, in);
}
