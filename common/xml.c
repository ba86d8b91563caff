/* Bounded reading of XML with expat, whose types stay here. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "buf.h"
#include "xml.h"

/* Since expat 2.6, and in security updates of earlier ones that do not say so
 * in their version: there when the library is. */
extern XML_Bool XML_SetReparseDeferralEnabled(
    XML_Parser parser, XML_Bool enabled) __attribute__((weak));

enum {
	FEED_MAX =
	    64 * 1024, /* expat takes an int; what it copies stays small */
	/* What expat keeps: a token of XML_TOKEN_MAX twice, tables.  Those of
	 * the names of tags and attributes grow with each new one. */
	MEMORY_MAX = 1024 * 1024
};

struct xml {
	XML_Parser parser;
	const struct xml_calls *calls;
	void *ctx;
	struct buf text;
	uint64_t fed;  /* bytes, all together */
	size_t memory; /* expat's, now */
	unsigned depth;
	const char *why; /* of our own, or NULL */
	char error[128];
	bool failed;
};

/* ---------------------------------------------------- expat's memory */

/* Before each block that expat has. */
struct block {
	struct xml *owner;
	size_t n;
};
_Static_assert(sizeof(struct block) % 16 == 0, "blocks stay aligned");

static struct xml *asking; /* whose parser it is that wants memory */

static void *
more_memory(void *p, size_t n)
{
	struct block *old = p != NULL ? (struct block *)p - 1 : NULL, *b;
	size_t had = old != NULL ? old->n : 0;
	struct xml *x = old != NULL ? old->owner : asking;

	if (n > MEMORY_MAX || x->memory - had + n > MEMORY_MAX) {
		x->why = "it takes too much memory";
		return NULL;
	}
	b = realloc(old, sizeof(*b) + n);
	if (b == NULL)
		return NULL;
	b->owner = x;
	b->n = n;
	x->memory += n - had;
	return b + 1;
}

static void *
new_memory(size_t n)
{
	return more_memory(NULL, n);
}

static void
free_memory(void *p)
{
	struct block *b = p != NULL ? (struct block *)p - 1 : NULL;

	if (b != NULL)
		b->owner->memory -= b->n;
	free(b);
}

/* ----------------------------------------------------------- its calls */

static void
fail(struct xml *x, const char *why)
{
	if (x->why == NULL)
		x->why = why;
	(void)XML_StopParser(x->parser, XML_FALSE);
}

static const char *
local_name(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon != NULL ? colon + 1 : name;
}

static void XMLCALL
on_open(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct xml *x = ctx;

	(void)attributes;
	if (x->why != NULL)
		return;
	if (++x->depth > XML_DEPTH_MAX) {
		fail(x, "nested too deep");
		return;
	}
	buf_reset(&x->text);
	if (x->calls->open != NULL &&
	    !x->calls->open(x->ctx, x->depth, local_name(name)))
		fail(x, "not what was expected");
}

static void XMLCALL
on_close(void *ctx, const XML_Char *name)
{
	struct xml *x = ctx;

	if (x->why != NULL)
		return;
	if (!x->calls->close(x->ctx, x->depth, local_name(name),
		x->text.p != NULL ? x->text.p : "", x->text.len))
		fail(x, "not what was expected");
	x->depth--;
	buf_reset(&x->text);
}

static void XMLCALL
on_text(void *ctx, const XML_Char *s, int n)
{
	struct xml *x = ctx;

	buf_add(&x->text, s, (size_t)n);
	if (x->text.err != 0)
		fail(x, "text of one element too long");
}

/* Entities, and all the trouble they make, come from a document type. */
static void XMLCALL
on_doctype(void *ctx, const XML_Char *name, const XML_Char *sysid,
    const XML_Char *pubid, int internal)
{
	(void)name;
	(void)sysid;
	(void)pubid;
	(void)internal;
	fail(ctx, "it has a document type");
}

struct xml *
xml_new(const struct xml_calls *calls, void *ctx, size_t text_max)
{
	static const XML_Memory_Handling_Suite memory = {
	    new_memory, more_memory, free_memory};
	struct xml *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	asking = x;
	x->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	if (x->parser == NULL) {
		free(x);
		return NULL;
	}
	x->calls = calls;
	x->ctx = ctx;
	x->text.max = text_max;
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_open, on_close);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	/* XML_TOKEN_MAX bounds what is read again; deferred, it would not be
	 * known how long a token is. */
	if (XML_SetReparseDeferralEnabled != NULL)
		(void)XML_SetReparseDeferralEnabled(x->parser, XML_FALSE);
	return x;
}

void
xml_free(struct xml *x)
{
	if (x == NULL)
		return;
	XML_ParserFree(x->parser);
	buf_clear(&x->text);
	free(x);
}

/* Expat 2.8 deprecates the name that earlier ones have alone. */
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 8
#define BYTE_INDEX XML_GetCurrentByteIndex64
#else
#define BYTE_INDEX XML_GetCurrentByteIndex
#endif

/* Is what expat has not made sense of yet longer than anything may be? */
static bool
token_too_long(const struct xml *x)
{
	int64_t at = BYTE_INDEX(x->parser);

	return at >= 0 && x->fed - (uint64_t)at > XML_TOKEN_MAX;
}

static bool
parse(struct xml *x, const char *p, size_t n, bool final)
{
	bool ok;

	asking = x;
	ok = XML_Parse(x->parser, p, (int)n, final) == XML_STATUS_OK;
	x->fed += n;
	if (ok && !final && token_too_long(x)) {
		x->why = "a tag or comment too long";
		ok = false;
	}
	if (ok)
		return true;
	x->failed = true;
	(void)snprintf(x->error, sizeof(x->error), "%s",
	    x->why != NULL ? x->why
			   : XML_ErrorString(XML_GetErrorCode(x->parser)));
	return false;
}

bool
xml_feed(struct xml *x, const char *p, size_t n, bool final)
{
	size_t part;

	if (x->failed)
		return false;
	for (; n > FEED_MAX; p += part, n -= part) {
		part = FEED_MAX;
		if (!parse(x, p, part, false))
			return false;
	}
	return parse(x, p, n, final);
}

const char *
xml_error(const struct xml *x)
{
	return x->error;
}
