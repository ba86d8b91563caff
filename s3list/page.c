/* A page of ListObjectsV2, from XML as it arrives to decoded entries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "page.h"
#include "timefmt.h"
#include "xml.h"

enum { FIRST_ENTRIES = 64 };

struct page_parse {
	struct xml *xml;
	size_t bytes;          /* that came */
	struct page_entry now; /* the Contents that is being read */
	bool has_key, has_size, has_modified;
	enum page_result result;     /* so far */
	char code[64], message[128]; /* of an <Error> */
};

void
page_init(struct page *p, size_t text_max)
{
	memset(p, 0, sizeof(*p));
	p->text.max = text_max;
	p->token.max = PAGE_ELEMENT_MAX;
}

static void
parse_free(struct page *p)
{
	if (p->parse != NULL)
		xml_free(p->parse->xml);
	free(p->parse);
	p->parse = NULL;
}

void
page_free(struct page *p)
{
	parse_free(p);
	buf_clear(&p->text);
	buf_clear(&p->token);
	free(p->v);
	p->v = NULL;
	p->n = p->cap = 0;
}

/* The page cannot be used; returns false. */
static bool
refuse(struct page *p, enum page_result result, const char *why)
{
	if (p->parse->result == PAGE_WHOLE) {
		p->parse->result = result;
		(void)snprintf(p->why, sizeof(p->why), "%s", why);
	}
	return false;
}

static bool
on_open(void *ctx, unsigned depth, const char *name)
{
	struct page *p = ctx;
	struct page_parse *parse = p->parse;

	if (depth == 1 && strcmp(name, "Error") == 0)
		parse->result = PAGE_ERROR;
	else if (depth == 1 && strcmp(name, "ListBucketResult") != 0)
		return refuse(
		    p, PAGE_FOREIGN, "the answer is no listing of a bucket");
	if (depth == 2 && strcmp(name, "Contents") == 0) {
		memset(&parse->now, 0, sizeof(parse->now));
		parse->has_key = parse->has_size = parse->has_modified = false;
	}
	return true;
}

/* Keep n bytes, and a NUL after them, in the page's text. */
static bool
keep(struct page *p, const char *s, size_t n, uint32_t *at, uint32_t *len)
{
	*at = (uint32_t)p->text.len;
	*len = (uint32_t)n;
	buf_add(&p->text, s, n);
	buf_addc(&p->text, '\0');
	if (p->text.err != 0)
		return refuse(p, PAGE_FOREIGN,
		    "the page is far larger than was asked for");
	return true;
}

static bool
parse_size(const char *s, size_t n, uint64_t *out)
{
	uint64_t v = 0;

	if (n == 0 || n > 19)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*out = v;
	return true;
}

/* A child of <Contents>. */
static bool
object_member(struct page *p, const char *name, const char *text, size_t n)
{
	struct page_parse *parse = p->parse;
	struct page_entry *e = &parse->now;

	if (strcmp(name, "Key") == 0) {
		parse->has_key = n > 0;
		return keep(p, text, n, &e->key, &e->key_len);
	}
	if (strcmp(name, "ETag") == 0) {
		if (n >= 2 && text[0] == '"' && text[n - 1] == '"') {
			text++;
			n -= 2;
		}
		if (n > PAGE_ETAG_MAX)
			return refuse(p, PAGE_FOREIGN, "an etag is too long");
		return keep(p, text, n, &e->etag, &e->etag_len);
	}
	if (strcmp(name, "LastModified") == 0) {
		parse->has_modified = timefmt_parse(text, n, &e->modified_ms);
		return keep(p, text, n, &e->modified, &e->modified_len);
	}
	if (strcmp(name, "Size") == 0)
		parse->has_size = parse_size(text, n, &e->size);
	return true;
}

static bool
object_end(struct page *p)
{
	const struct page_parse *parse = p->parse;
	struct page_entry *v;
	size_t cap;

	if (!parse->has_key || !parse->has_size || !parse->has_modified)
		return refuse(p, PAGE_FOREIGN,
		    !parse->has_key    ? "an object is listed without its key"
		    : !parse->has_size ? "an object is listed without its size"
				       : "an object is listed without the time "
					 "it was modified");
	if (p->n == PAGE_ENTRIES_MAX)
		return refuse(p, PAGE_FOREIGN,
		    "the page holds far more objects than were asked for");
	if (p->n == p->cap) {
		cap = p->cap == 0 ? FIRST_ENTRIES : p->cap * 2;
		v = realloc(p->v, cap * sizeof(*v));
		if (v == NULL)
			log_oom();
		p->v = v;
		p->cap = cap;
	}
	p->v[p->n++] = parse->now;
	return true;
}

static bool
is_true(const char *text, size_t n)
{
	return n == 4 && memcmp(text, "true", 4) == 0;
}

static bool
on_close(
    void *ctx, unsigned depth, const char *name, const char *text, size_t n)
{
	struct page *p = ctx;
	struct page_parse *parse = p->parse;

	if (parse->result == PAGE_ERROR) {
		if (depth == 2 && strcmp(name, "Code") == 0)
			(void)snprintf(
			    parse->code, sizeof(parse->code), "%s", text);
		else if (depth == 2 && strcmp(name, "Message") == 0)
			(void)snprintf(
			    parse->message, sizeof(parse->message), "%s", text);
		return true;
	}
	if (depth == 3)
		return object_member(p, name, text, n);
	if (depth != 2)
		return true;
	if (strcmp(name, "Contents") == 0)
		return object_end(p);
	if (strcmp(name, "IsTruncated") == 0)
		p->truncated = is_true(text, n);
	else if (strcmp(name, "EncodingType") == 0)
		p->encoded = n == 3 && memcmp(text, "url", 3) == 0;
	else if (strcmp(name, "NextContinuationToken") == 0 && n > 0) {
		p->has_token = true;
		buf_reset(&p->token);
		buf_add(&p->token, text, n);
	}
	return true;
}

void
page_begin(struct page *p)
{
	static const struct xml_calls calls = {on_open, on_close};

	parse_free(p);
	buf_reset(&p->text);
	buf_reset(&p->token);
	p->n = 0;
	p->truncated = p->has_token = p->encoded = false;
	p->why[0] = '\0';
	p->parse = calloc(1, sizeof(*p->parse));
	if (p->parse != NULL)
		p->parse->xml = xml_new(&calls, p, PAGE_ELEMENT_MAX);
	if (p->parse == NULL || p->parse->xml == NULL)
		log_oom();
}

bool
page_feed(struct page *p, const char *s, size_t n)
{
	struct page_parse *parse = p->parse;

	parse->bytes += n;
	if (parse->bytes > PAGE_BYTES_MAX)
		return refuse(p, PAGE_FOREIGN, "the page has no end");
	if (xml_feed(parse->xml, s, n, false))
		return true;
	if (parse->result == PAGE_ERROR) /* its text does not matter */
		return false;
	return refuse(p, PAGE_BROKEN, xml_error(parse->xml));
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undo the URL encoding of a key in place.  False when it is none: then the
 * service did not do what it says, and a wrong key would read as gone. */
static bool
decode_key(struct page *p, struct page_entry *e)
{
	char *out = p->text.p + e->key;
	const char *in = out, *end = out + e->key_len;
	int hi, lo;

	while (in < end) {
		if (*in == '%') {
			hi = end - in > 2 ? hex_digit(in[1]) : -1;
			lo = end - in > 2 ? hex_digit(in[2]) : -1;
			if (hi < 0 || lo < 0)
				return false;
			*out++ = (char)(hi << 4 | lo);
			in += 3;
		} else {
			*out++ = *in == '+' ? ' ' : *in;
			in++;
		}
	}
	e->key_len = (uint32_t)(out - (p->text.p + e->key));
	return true;
}

static void
finish_keys(struct page *p, const char *prefix, size_t n)
{
	struct page_entry *e;

	for (size_t i = 0; i < p->n; i++) {
		e = &p->v[i];
		if (p->encoded && !decode_key(p, e)) {
			(void)refuse(p, PAGE_FOREIGN,
			    "a key is not URL-encoded though the listing says "
			    "that keys are");
			return;
		}
		if (e->key_len < n ||
		    memcmp(page_text(p, e->key), prefix, n) != 0) {
			(void)refuse(p, PAGE_FOREIGN,
			    "a key is listed that does not begin with the "
			    "prefix that was asked for");
			return;
		}
	}
}

/* What the service says goes into logs: no token of ours, whole or cut. */
static void
page_why(struct page *p, char *code, char *message)
{
	log_redact(code);
	log_redact(message);
	(void)snprintf(p->why, sizeof(p->why), "%s: %s", code, message);
}

enum page_result
page_end(struct page *p, const char *prefix, size_t n)
{
	struct page_parse *parse = p->parse;
	enum page_result result;

	if (parse->result == PAGE_WHOLE && !xml_feed(parse->xml, "", 0, true))
		(void)refuse(p, PAGE_BROKEN, xml_error(parse->xml));
	if (parse->result == PAGE_WHOLE)
		finish_keys(p, prefix, n);
	if (parse->result == PAGE_ERROR)
		page_why(p, parse->code, parse->message);
	result = parse->result;
	parse_free(p);
	if (result != PAGE_WHOLE)
		p->n = 0;
	return result;
}
