/*
 * The framing of gzip (RFC 1952); deflate by ISA-L.  See unpack.h.
 *
 * The wrapper is not left to ISA-L: its own reader takes the trailer back out
 * of the input buffer, which fails when the trailer came in pieces, and it
 * says nothing of where an error is.
 */
#include <stdlib.h>
#include <string.h>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include "log.h"
#include "unpack_impl.h"

enum {
	HEAD_LEN = 10, /* RFC 1952 section 2.3.1: the fixed part */
	TAIL_LEN = 8,  /* CRC-32 and length */
	FHCRC = 2,
	FEXTRA = 4,
	FNAME = 8,
	FCOMMENT = 16,
	FRESERVED = 0xe0
};

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/*
 * ISA-L 2.30 returns with dirty upper halves of the vector registers, which
 * makes SSE code after it slow on many processors.
 */
static void
clean_vectors(void)
{
#if defined(__x86_64__) || defined(__i386__)
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroupper" ::: "memory");
#endif
}

static uint32_t
crc32_of(uint32_t crc, const uint8_t *p, size_t n)
{
	crc = crc32_gzip_refl(crc, p, n);
	clean_vectors();
	return crc;
}

/* The fixed part of a member's header is in hold. */
static bool
gzip_head(struct unpack *u)
{
	struct unpack_state *s = u->state;

	if (s->hold[2] != 8)
		return unpack_fail(u, UNPACK_BADGZIP, s->start + 2,
		    "the gzip member at byte %llu has the unknown method %u",
		    (unsigned long long)s->start, s->hold[2]);
	s->flags = s->hold[3];
	if ((s->flags & FRESERVED) != 0)
		return unpack_fail(u, UNPACK_BADGZIP, s->start + 3,
		    "the gzip member at byte %llu has unknown flags 0x%02x",
		    (unsigned long long)s->start, s->flags);
	s->head_crc = crc32_of(0, s->hold, HEAD_LEN);
	s->held = 0;
	s->crc = s->total = 0;
	s->step = GZIP_EXTRA_LEN;
	if (s->inflate == NULL) {
		s->inflate = malloc(sizeof(*s->inflate));
		if (s->inflate == NULL)
			log_oom();
		isal_inflate_init(s->inflate);
	}
	isal_inflate_reset(s->inflate);
	return true;
}

/* Pass n bytes of the header, or as many as are there. */
static size_t
head_pass(struct unpack *u, struct unpack_input *in, size_t n)
{
	if (n > in->n)
		n = in->n;
	u->state->head_crc = crc32_of(u->state->head_crc, in->p, n);
	unpack_take(u, in, n);
	return n;
}

/* Pass a string of the header with its NUL; true when it is complete. */
static bool
head_string(struct unpack *u, struct unpack_input *in)
{
	const uint8_t *nul = memchr(in->p, '\0', in->n);

	(void)head_pass(u, in, nul != NULL ? (size_t)(nul - in->p) + 1 : in->n);
	return nul != NULL;
}

/* The optional parts of a member's header; in->n > 0. */
static bool
gzip_head_rest(struct unpack *u, struct unpack_input *in)
{
	struct unpack_state *s = u->state;

	switch (s->step) {
	case GZIP_EXTRA_LEN:
		if ((s->flags & FEXTRA) != 0) {
			if (!unpack_collect(u, in, 2))
				return true;
			s->head_crc = crc32_of(s->head_crc, s->hold, 2);
			s->extra = (size_t)(s->hold[0] | s->hold[1] << 8);
			s->held = 0;
		} else {
			s->extra = 0;
		}
		s->step = GZIP_EXTRA;
		return true;
	case GZIP_EXTRA:
		s->extra -= head_pass(u, in, s->extra);
		if (s->extra == 0)
			s->step = GZIP_NAME;
		return true;
	case GZIP_NAME:
		if ((s->flags & FNAME) == 0 || head_string(u, in))
			s->step = GZIP_COMMENT;
		return true;
	case GZIP_COMMENT:
		if ((s->flags & FCOMMENT) == 0 || head_string(u, in))
			s->step = GZIP_HEAD_CRC;
		return true;
	default:
		break;
	}
	s->step = GZIP_BODY;
	if ((s->flags & FHCRC) == 0)
		return true;
	s->step = GZIP_HEAD_CRC;
	if (!unpack_collect(u, in, 2))
		return true;
	s->held = 0;
	s->step = GZIP_BODY;
	if ((s->head_crc & 0xffff) != (le32(s->hold) & 0xffff))
		return unpack_fail(u, UNPACK_BADCHECKSUM, s->start,
		    "the header of the gzip member at byte %llu has a wrong "
		    "checksum",
		    (unsigned long long)s->start);
	return true;
}

static bool
gzip_emit(
    struct unpack *u, const struct unpack_input *in, const uint8_t *p, size_t n)
{
	struct unpack_state *s = u->state;

	s->crc = crc32_of(s->crc, p, n);
	s->total += (uint32_t)n;
	return unpack_emit(u, in, p, n);
}

/*
 * Deflate is wrong.  What this last call decoded is dropped: before it finds
 * a distance that is too large, ISA-L copies from in front of its buffer.
 */
static bool
gzip_bad(struct unpack *u)
{
	const struct inflate_state *z = u->state->inflate;
	int held = z->read_in_length > 0 ? z->read_in_length / 8 : 0;

	return unpack_fail(u, UNPACK_BADGZIP, u->state->start,
	    "the gzip member at byte %llu is damaged near byte %llu",
	    (unsigned long long)u->state->start,
	    (unsigned long long)u->in - (unsigned)held);
}

/* The member's body is complete: what ISA-L read ahead begins the trailer. */
static void
gzip_body_end(struct unpack_state *s)
{
	const struct inflate_state *z = s->inflate;
	uint64_t ahead = z->read_in >> (z->read_in_length % 8);

	s->held = (size_t)z->read_in_length / 8;
	INVARIANT(s->held <= TAIL_LEN);
	for (size_t i = 0; i < s->held; i++)
		s->hold[i] = (uint8_t)(ahead >> (8 * i));
	s->step = GZIP_TAIL;
}

static bool
gzip_body(struct unpack *u, struct unpack_input *in)
{
	struct unpack_state *s = u->state;
	struct inflate_state *z = s->inflate;
	uint32_t offered;
	size_t got;
	int rc;

	do {
		offered = in->n < UINT32_MAX ? (uint32_t)in->n : UINT32_MAX;
		/* ISA-L does not write to its input. */
		z->next_in = (uint8_t *)(uintptr_t)in->p;
		z->avail_in = offered;
		z->next_out = s->out;
		z->avail_out = sizeof(s->out);
		rc = isal_inflate(z);
		clean_vectors();
		unpack_take(u, in, offered - z->avail_in);
		if (rc < 0)
			return gzip_bad(u);
		got = sizeof(s->out) - z->avail_out;
		if (!gzip_emit(u, in, s->out, got))
			return false;
		if (z->block_state == ISAL_BLOCK_FINISH) {
			gzip_body_end(s);
			return true;
		}
	} while (in->n > 0 || z->avail_out == 0);
	return true;
}

static bool
gzip_tail(struct unpack *u, struct unpack_input *in)
{
	struct unpack_state *s = u->state;

	if (!unpack_collect(u, in, TAIL_LEN))
		return true;
	s->held = 0;
	s->step = GZIP_NEXT;
	if (le32(s->hold) != s->crc)
		return unpack_fail(u, UNPACK_BADCHECKSUM, s->start,
		    "the gzip member at byte %llu has a wrong checksum",
		    (unsigned long long)s->start);
	if (le32(s->hold + 4) != s->total)
		return unpack_fail(u, UNPACK_BADCHECKSUM, s->start,
		    "the gzip member at byte %llu has a wrong length",
		    (unsigned long long)s->start);
	return true;
}

/* After a member: the next one's magic, or zeros to the end; in->n > 0. */
static bool
gzip_next(struct unpack *u, struct unpack_input *in)
{
	struct unpack_state *s = u->state;

	if (s->held == 0 && *in->p == 0) {
		s->step = GZIP_PADDING;
		return true;
	}
	if (*in->p != (s->held == 0 ? 0x1f : 0x8b))
		return unpack_fail(u, UNPACK_TRAILING, u->in - s->held,
		    "byte %llu, after the last gzip member, begins no other",
		    (unsigned long long)(u->in - s->held));
	if (s->held == 0)
		s->start = u->in;
	if (unpack_collect(u, in, s->held + 1) && s->held == 2)
		s->step = GZIP_HEAD;
	return true;
}

static bool
gzip_padding(struct unpack *u, struct unpack_input *in)
{
	size_t n = 0;

	while (n < in->n && in->p[n] == 0)
		n++;
	unpack_take(u, in, n);
	if (in->n > 0)
		return unpack_fail(u, UNPACK_TRAILING, u->in,
		    "byte %llu, after the last gzip member and zeros, is more",
		    (unsigned long long)u->in);
	return true;
}

bool
unpack_gzip_step(struct unpack *u, struct unpack_input *in)
{
	switch (u->state->step) {
	case GZIP_HEAD:
		return !unpack_collect(u, in, HEAD_LEN) || gzip_head(u);
	case GZIP_BODY:
		return gzip_body(u, in);
	case GZIP_TAIL:
		return gzip_tail(u, in);
	case GZIP_NEXT:
		return gzip_next(u, in);
	case GZIP_PADDING:
		return gzip_padding(u, in);
	default:
		return gzip_head_rest(u, in);
	}
}
