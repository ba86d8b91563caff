#ifndef PAGE_H
#define PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * One page of a listing (S3 API Reference, ListObjectsV2): its XML is parsed
 * as it arrives, and what is needed of it is kept until the page is whole.
 * Only then are keys decoded, for EncodingType may come after them.
 */
enum {
	PAGE_ENTRIES_MAX = 10000,     /* asked are 1,000 at most */
	PAGE_ELEMENT_MAX = 16 * 1024, /* a key takes 3,072, a token more */
	/* Of XML; 1,000 keys and what goes with them are under 5 MiB. */
	PAGE_BYTES_MAX = 64 * 1024 * 1024,
	PAGE_ETAG_MAX = 256, /* 34 at S3; others' are longer */
	PAGE_KEY_TEXT = 4096 /* of a page's budget for each key it may hold */
};

/** What is listed of one object; slices of the page's text, each with a NUL
 * after it (but a key may hold more of them). */
struct page_entry {
	uint32_t key, key_len;           /* offsets; any bytes */
	uint32_t etag, etag_len;         /* without its quotes */
	uint32_t modified, modified_len; /* as S3 gave it */
	int64_t modified_ms;
	uint64_t size;
};

enum page_result {
	PAGE_WHOLE,
	PAGE_BROKEN, /* not well-formed, or cut: it may go better again */
	PAGE_ERROR,  /* an error in place of a listing, see why */
	PAGE_FOREIGN /* no listing, or one that makes no sense */
};

struct page_parse;

struct page {
	struct buf text;
	struct page_entry *v;
	size_t n, cap;
	bool truncated; /* there are more */
	bool has_token; /* and this is where they begin: */
	struct buf token;
	bool encoded; /* EncodingType is url */
	char why[256];
	struct page_parse *parse; /* while it arrives */
};

/** text_max bounds what a page keeps. */
void page_init(struct page *p, size_t text_max);
void page_free(struct page *p);

/** Forget everything and begin a new page. */
void page_begin(struct page *p);

/** Take n more bytes.  False when they make it hopeless to go on; then
 * page_end() says why. */
bool page_feed(struct page *p, const char *s, size_t n);

/**
 * The reply is over: check and decode.  Each key begins with the prefix that
 * was asked for.  With any result but PAGE_WHOLE the page is empty and why
 * says what is wrong.
 */
enum page_result page_end(struct page *p, const char *prefix, size_t n);

/** The slice of an entry. */
static inline const char *
page_text(const struct page *p, uint32_t offset)
{
	return p->text.p + offset;
}

#endif
