#ifndef PACK_H
#define PACK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Compression of request bodies to gzip (RFC 1952), whole buffers at a time:
 * libdeflate, or ISA-L for --compress fast.  Their types stay in pack.c.
 */
enum {
	PACK_FAST = -1, /* ISA-L level 1 */
	PACK_PLAIN = 0, /* no compression: bodies go as they are */
	PACK_DEFAULT = 6,
	PACK_MAX = 12
};

struct pack;

/** level: PACK_FAST, PACK_PLAIN or 1 to PACK_MAX; max is the longest input.
 * Out of memory ends the program. */
struct pack *pack_new(int level, size_t max);
void pack_free(struct pack *p);

/** Is the output of pack_body() gzip? */
bool pack_is_gzip(const struct pack *p);

/** Send plain bodies from now on: the service refused gzip. */
void pack_use_plain(struct pack *p);

/**
 * Pack n <= max bytes.  Returns a copy that the caller frees, with its length
 * in *len.
 */
char *pack_body(struct pack *p, const char *in, size_t n, size_t *len);

#endif
