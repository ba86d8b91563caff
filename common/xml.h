#ifndef XML_H
#define XML_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Reading XML as it arrives, with bounds; expat's types stay in xml.c.  No
 * document type, hence no entities but the five; at most XML_DEPTH_MAX deep,
 * no tag, comment or the like longer than XML_TOKEN_MAX, which expat would
 * keep in memory until its end comes, and not so many different names that
 * its tables grow past 1 MiB.
 */
enum {
	XML_DEPTH_MAX = 16,        /* S3 nests 4 deep */
	XML_TOKEN_MAX = 128 * 1024 /* S3's tags are under 100 bytes */
};

/** Depth is 1 for the root.  Names are given without a namespace prefix. */
struct xml_calls {
	/** May be NULL; false ends the parse. */
	bool (*open)(void *ctx, unsigned depth, const char *name);
	/** text: the n bytes of character data in this element since its last
	 * child; false ends the parse. */
	bool (*close)(void *ctx, unsigned depth, const char *name,
	    const char *text, size_t n);
};

struct xml;

/** text_max bounds the character data of one element.  NULL: no memory. */
struct xml *xml_new(const struct xml_calls *calls, void *ctx, size_t text_max);
void xml_free(struct xml *x);

/** Take n more bytes; the last ones with final.  False when it is not XML,
 * over a limit, or a callback said so; stays false. */
bool xml_feed(struct xml *x, const char *p, size_t n, bool final);

/** Why, for a message: "not well-formed (invalid token)". */
const char *xml_error(const struct xml *x);

#endif
