/* Locked memory for secrets: an arena of blocks, first fit; see secret.h. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "log.h"
#include "secret.h"

enum { BLOCK = 64, BLOCKS = SECRET_ARENA / BLOCK };

/* Before each piece: its size, so that all of it is overwritten. */
struct head {
	size_t n;
	size_t blocks; /* 0: from malloc(3) */
};

static unsigned char *arena;
static bool used[BLOCKS], tried;

static void
make_arena(void)
{
	void *p = mmap(NULL, SECRET_ARENA, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	tried = true;
	if (p == MAP_FAILED)
		log_oom();
	arena = p;
	if (mlock(p, SECRET_ARENA) != 0)
		log_info(
		    "secrets are not locked in memory: %s", strerror(errno));
	(void)madvise(p, SECRET_ARENA, MADV_DONTDUMP);
	(void)madvise(p, SECRET_ARENA, MADV_WIPEONFORK);
}

/* So many free blocks in a row, or NULL. */
static struct head *
find(size_t blocks)
{
	size_t run = 0;

	for (size_t i = 0; i < BLOCKS; i++) {
		run = used[i] ? 0 : run + 1;
		if (run < blocks)
			continue;
		for (size_t k = i + 1 - blocks; k <= i; k++)
			used[k] = true;
		return (
		    struct head *)(void *)(arena + (i + 1 - blocks) * BLOCK);
	}
	return NULL;
}

void *
secret_alloc(size_t n)
{
	size_t total = n + sizeof(struct head);
	size_t blocks = (total + BLOCK - 1) / BLOCK;
	struct head *h;

	if (!tried)
		make_arena();
	h = find(blocks);
	if (h == NULL) {
		h = calloc(1, total);
		blocks = 0;
	}
	if (h == NULL)
		log_oom();
	h->n = n;
	h->blocks = blocks;
	return h + 1;
}

void
secret_free(void *p)
{
	struct head *h;
	size_t first, blocks;

	if (p == NULL)
		return;
	h = (struct head *)p - 1;
	blocks = h->blocks;
	OPENSSL_cleanse(p, h->n);
	if (blocks == 0) {
		free(h);
		return;
	}
	first = (size_t)((unsigned char *)h - arena) / BLOCK;
	INVARIANT(first + blocks <= BLOCKS);
	memset(h, 0, sizeof(*h));
	for (size_t i = first; i < first + blocks; i++)
		used[i] = false;
}

char *
secret_copy(const void *p, size_t n)
{
	char *copy = secret_alloc(n + 1);

	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

void
secret_buf(struct buf *b, size_t max)
{
	/* With room for all of it the buffer never moves. */
	*b = (struct buf)BUF_INIT(max);
	b->p = secret_alloc(max + 1);
	b->cap = max + 1;
}

void
secret_buf_reset(struct buf *b)
{
	if (b->p != NULL)
		OPENSSL_cleanse(b->p, b->cap);
	buf_reset(b);
}

void
secret_buf_free(struct buf *b)
{
	secret_free(b->p);
	*b = (struct buf)BUF_INIT(b->max);
}
