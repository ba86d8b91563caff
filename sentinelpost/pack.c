/* Request bodies to gzip; see pack.h. */
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pack.h"

enum {
	/* What gzip's header and trailer and the stored blocks that text
	 * which does not compress becomes (5 bytes each 64 KiB, RFC 1951
	 * section 3.2.4) may add, with room to spare. */
	EXTRA = 4096
};

struct pack {
	int level;
	size_t max;
	struct libdeflate_compressor *deflate;
	struct isal_zstream *fast;
	uint8_t *fast_level_buf;
	char *out; /* where a body is made before it is copied */
	size_t cap;
};

struct pack *
pack_new(int level, size_t max)
{
	struct pack *p = calloc(1, sizeof(*p));

	if (p == NULL)
		log_oom();
	p->level = level;
	p->max = max;
	p->cap = max + EXTRA;
	if (level == PACK_FAST) {
		p->fast = malloc(sizeof(*p->fast));
		p->fast_level_buf = malloc(ISAL_DEF_LVL1_DEFAULT);
		if (p->fast == NULL || p->fast_level_buf == NULL)
			log_oom();
	} else if (level != PACK_PLAIN) {
		p->deflate = libdeflate_alloc_compressor(level);
		if (p->deflate == NULL)
			log_oom();
		p->cap = libdeflate_gzip_compress_bound(p->deflate, max);
	}
	p->out = malloc(p->cap);
	if (p->out == NULL)
		log_oom();
	return p;
}

void
pack_free(struct pack *p)
{
	if (p == NULL)
		return;
	libdeflate_free_compressor(p->deflate);
	free(p->fast_level_buf);
	free(p->fast);
	free(p->out);
	free(p);
}

bool
pack_is_gzip(const struct pack *p)
{
	return p->level != PACK_PLAIN;
}

void
pack_use_plain(struct pack *p)
{
	p->level = PACK_PLAIN;
}

/* ISA-L 2.30 returns with dirty upper vector registers, which slows down
 * whatever SSE code comes next on some processors. */
static void
clean_registers(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroupper" ::: "memory");
#endif
}

static size_t
pack_fast(struct pack *p, const char *in, size_t n)
{
	struct isal_zstream *z = p->fast;
	int rc;

	isal_deflate_stateless_init(z);
	z->level = 1;
	z->level_buf = p->fast_level_buf;
	z->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
	z->gzip_flag = IGZIP_GZIP;
	z->end_of_stream = 1;
	z->flush = NO_FLUSH;
	/* The library's own declaration lacks const; it does not write. */
	z->next_in = (uint8_t *)(uintptr_t)in;
	z->avail_in = (uint32_t)n;
	z->next_out = (uint8_t *)p->out;
	z->avail_out = (uint32_t)p->cap;
	rc = isal_deflate_stateless(z);
	clean_registers();
	INVARIANT(rc == COMP_OK && z->avail_in == 0);
	return z->total_out;
}

char *
pack_body(struct pack *p, const char *in, size_t n, size_t *len)
{
	const char *from = p->out;
	char *copy;

	INVARIANT(n <= p->max);
	if (p->level == PACK_FAST) {
		*len = pack_fast(p, in, n);
	} else if (p->level != PACK_PLAIN) {
		*len =
		    libdeflate_gzip_compress(p->deflate, in, n, p->out, p->cap);
	} else {
		from = in;
		*len = n;
	}
	INVARIANT(*len > 0);
	copy = malloc(*len);
	if (copy == NULL)
		log_oom();
	memcpy(copy, from, *len);
	return copy;
}
