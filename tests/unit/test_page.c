/* s3list/page and common/xml: listings, in one piece and byte by byte */
#include <stdio.h>

#include "s3list/page.h"
#include "tap.h"
#include "xml.h"

#define HEAD                                         \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>" \
	"<ListBucketResult "                         \
	"xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define TAIL     "</ListBucketResult>"
#define MODIFIED "<LastModified>2026-01-02T03:04:05.000Z</LastModified>"
#define ENTRY(key)                                                    \
	"<Contents><Key>" key "</Key>" MODIFIED                       \
	"<ETag>&quot;0123456789abcdef0123456789abcdef-2&quot;</ETag>" \
	"<ChecksumAlgorithm>CRC32</ChecksumAlgorithm>"                \
	"<Size>42</Size><Owner><ID>me</ID></Owner>"                   \
	"<StorageClass>STANDARD</StorageClass></Contents>"

/* Parse in pieces of step bytes. */
static enum page_result
parse(
    struct page *p, const char *xml, size_t n, size_t step, const char *prefix)
{
	size_t part;

	page_begin(p);
	for (; n > 0; xml += part, n -= part) {
		part = step < n ? step : n;
		if (!page_feed(p, xml, part))
			break;
	}
	return page_end(p, prefix, strlen(prefix));
}

/* What a page holds, as one text. */
static const char *
summary(const struct page *p, enum page_result r)
{
	static char out[4096];
	size_t n;

	n = (size_t)snprintf(out, sizeof(out), "%d %d %d '%s' '%s'", (int)r,
	    p->truncated, p->encoded, p->has_token ? p->token.p : "", p->why);
	for (size_t i = 0; i < p->n && n < sizeof(out); i++)
		n += (size_t)snprintf(out + n, sizeof(out) - n,
		    " %.*s|%s|%s|%llu", (int)p->v[i].key_len,
		    page_text(p, p->v[i].key), page_text(p, p->v[i].etag),
		    page_text(p, p->v[i].modified),
		    (unsigned long long)p->v[i].size);
	return out;
}

static const struct {
	const char *what, *prefix, *xml, *want;
} cases[] = {
    {"an empty listing", "", HEAD "<IsTruncated>false</IsTruncated>" TAIL,
	"0 0 0 '' ''"},
    {"one object", "", HEAD ENTRY("a/b.gz") TAIL,
	"0 0 0 '' '' a/b.gz|0123456789abcdef0123456789abcdef-2|"
	"2026-01-02T03:04:05.000Z|42"},
    {"XML's own escapes", "", HEAD ENTRY("a&amp;b&lt;&#x20;&#97;&apos;") TAIL,
	"0 0 0 '' '' a&b< a'|0123456789abcdef0123456789abcdef-2|"
	"2026-01-02T03:04:05.000Z|42"},
    {"url-encoded keys, said after them", "p/",
	HEAD ENTRY("p/a+b%2Bc%20%E6%97%A5%01%%%2F") "<EncodingType>url</"
						    "EncodingType>" TAIL,
	"3 0 1 '' 'a key is not URL-encoded though the listing says that "
	"keys are'"},
    {"decoded", "p/",
	HEAD "<EncodingType>url</EncodingType>" ENTRY("p%2Fa+b%2Bc%20d%25")
	    TAIL,
	"0 0 1 '' '' p/a b+c d%|0123456789abcdef0123456789abcdef-2|"
	"2026-01-02T03:04:05.000Z|42"},
    {"left alone when not said to be encoded", "", HEAD ENTRY("a+b%2Bc") TAIL,
	"0 0 0 '' '' a+b%2Bc|0123456789abcdef0123456789abcdef-2|"
	"2026-01-02T03:04:05.000Z|42"},
    {"a token", "",
	HEAD "<IsTruncated>true</IsTruncated><NextContinuationToken>1/+="
	     "</NextContinuationToken>" TAIL,
	"0 1 0 '1/+=' ''"},
    {"no etag, no quotes", "",
	HEAD
	"<Contents><Key>k</Key><ETag></ETag>" MODIFIED
	"<Size>0</Size></Contents><Contents><Key>l</Key><ETag>x</ETag>" MODIFIED
	"<Size>18446744073709551</Size></Contents>" TAIL,
	"0 0 0 '' '' k||2026-01-02T03:04:05.000Z|0"
	" l|x|2026-01-02T03:04:05.000Z|18446744073709551"},
    {"no key", "", HEAD "<Contents><Size>1</Size>" MODIFIED "</Contents>" TAIL,
	"3 0 0 '' 'an object is listed without its key'"},
    {"an empty key", "",
	HEAD "<Contents><Key/><Size>1</Size>" MODIFIED "</Contents>" TAIL,
	"3 0 0 '' 'an object is listed without its key'"},
    {"a size that is none", "",
	HEAD "<Contents><Key>k</Key><Size>1e3</Size>" MODIFIED
	     "</Contents>" TAIL,
	"3 0 0 '' 'an object is listed without its size'"},
    {"a size of more digits than any has", "",
	HEAD "<Contents><Key>k</Key><Size>00000000000000000001</Size>" MODIFIED
	     "</Contents>" TAIL,
	"3 0 0 '' 'an object is listed without its size'"},
    {"an empty size", "",
	HEAD "<Contents><Key>k</Key><Size/>" MODIFIED "</Contents>" TAIL,
	"3 0 0 '' 'an object is listed without its size'"},
    {"a size with a sign", "",
	HEAD "<Contents><Key>k</Key><Size>-1</Size>" MODIFIED
	     "</Contents>" TAIL,
	"3 0 0 '' 'an object is listed without its size'"},
    {"half a pair of quotes", "",
	HEAD "<Contents><Key>k</Key><ETag>\"</ETag>" MODIFIED
	     "<Size>0</Size></Contents><Contents><Key>l</Key><ETag>\"x</"
	     "ETag>" MODIFIED "<Size>0</Size></Contents>" TAIL,
	"0 0 0 '' '' k|\"|2026-01-02T03:04:05.000Z|0"
	" l|\"x|2026-01-02T03:04:05.000Z|0"},
    {"hex digits of both cases", "",
	HEAD "<EncodingType>url</EncodingType>" ENTRY("%4a%4A%c3%A9") TAIL,
	"0 0 1 '' '' JJ\xc3\xa9|0123456789abcdef0123456789abcdef-2|"
	"2026-01-02T03:04:05.000Z|42"},
    {"an encoding that is cut", "",
	HEAD "<EncodingType>url</EncodingType>" ENTRY("a%4") TAIL,
	"3 0 1 '' 'a key is not URL-encoded though the listing says that "
	"keys are'"},
    {"one of other characters", "",
	HEAD "<EncodingType>url</EncodingType>" ENTRY("a%4g") TAIL,
	"3 0 1 '' 'a key is not URL-encoded though the listing says that "
	"keys are'"},
    {"one of other characters, too", "",
	HEAD "<EncodingType>url</EncodingType>" ENTRY("a%@0") TAIL,
	"3 0 1 '' 'a key is not URL-encoded though the listing says that "
	"keys are'"},
    {"words that are not those of S3", "",
	HEAD "<EncodingType>URL</EncodingType><IsTruncated>True</IsTruncated>"
	     "<NextContinuationToken/>" ENTRY("%41") TAIL,
	"0 0 0 '' '' %41|0123456789abcdef0123456789abcdef-2|"
	"2026-01-02T03:04:05.000Z|42"},
    {"a key shorter than the prefix", "logs/", HEAD ENTRY("log") TAIL,
	"3 0 0 '' 'a key is listed that does not begin with the prefix that "
	"was asked for'"},
    {"a time that is none", "",
	HEAD "<Contents><Key>k</Key><Size>1</Size><LastModified>soon"
	     "</LastModified></Contents>" TAIL,
	"3 0 0 '' 'an object is listed without the time it was modified'"},
    {"another prefix", "logs/", HEAD ENTRY("log/x") TAIL,
	"3 0 0 '' 'a key is listed that does not begin with the prefix that "
	"was asked for'"},
    {"an error after 200", "",
	"<Error><Code>InternalError</Code><Message>try &amp; try"
	"</Message></Error>",
	"2 0 0 '' 'InternalError: try & try'"},
    {"an error that says more", "",
	"<Error><Code>E</Code><Resource>/b</Resource><Message>m</Message>"
	"<A><Code>no</Code><Message>no</Message></A></Error>",
	"2 0 0 '' 'E: m'"},
    {"a page of HTML", "", "<html><body>hello</body></html>",
	"3 0 0 '' 'the answer is no listing of a bucket'"},
    {"entities", "", "<!DOCTYPE x [<!ENTITY a \"b\">]>" HEAD ENTRY("&a;") TAIL,
	"1 0 0 '' 'it has a document type'"},
    {"nothing", "", "", "1 0 0 '' 'no element found'"},
    {"cut", "", HEAD ENTRY("k"), "1 0 0 '' 'no element found'"},
    {"more after the end", "", HEAD TAIL "x",
	"1 0 0 '' 'junk after document element'"},
    {"a control character", "", HEAD ENTRY("a&#1;b") TAIL,
	"1 0 0 '' 'reference to invalid character number'"},
    {"not UTF-8", "", HEAD ENTRY("a\xff") TAIL,
	"1 0 0 '' 'not well-formed (invalid token)'"},
};

static void
test_cases(void)
{
	static const size_t steps[] = {1, 2, 3, 7, 64, 1000000};
	struct page p;
	enum page_result r;

	page_init(&p, 1024 * 1024);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
			r = parse(&p, cases[i].xml, strlen(cases[i].xml),
			    steps[s], cases[i].prefix);
			IS(summary(&p, r), cases[i].want, cases[i].what);
		}
	page_free(&p);
}

static void
test_bytes(void)
{
	static const char xml[] =
	    HEAD "<EncodingType>url</EncodingType>" ENTRY("%00%ff%0A+") TAIL;
	struct page p;

	page_init(&p, 1024);
	OK(parse(&p, xml, sizeof(xml) - 1, 5, "") == PAGE_WHOLE &&
		p.v[0].key_len == 4 &&
		memcmp(page_text(&p, p.v[0].key), "\0\xff\n ", 4) == 0,
	    "keys are bytes");
	page_free(&p);
}

static void
test_limits(void)
{
	struct buf xml = BUF_INIT(8 * 1024 * 1024);
	struct page p;

	page_init(&p, 4096);
	buf_adds(&xml, HEAD);
	for (int i = 0; i < 100; i++)
		buf_adds(&xml, ENTRY("k"));
	buf_adds(&xml, TAIL);
	OK(parse(&p, xml.p, xml.len, 100, "") == PAGE_FOREIGN && p.n == 0,
	    "a page over its budget");
	IS(p.why, "the page is far larger than was asked for", "says so");
	OK(p.text.cap <= 4097, "and takes no more");
	page_free(&p);

	page_init(&p, 4 * 1024 * 1024);
	OK(parse(&p, xml.p, xml.len, 100, "") == PAGE_WHOLE && p.n == 100,
	    "a hundred objects");
	buf_reset(&xml);
	buf_adds(&xml, HEAD);
	for (int i = 0; i <= PAGE_ENTRIES_MAX; i++)
		buf_adds(&xml, "<Contents><Key>k</Key>" MODIFIED
			       "<Size>1</Size></Contents>");
	OK(parse(&p, xml.p, xml.len, xml.len, "") == PAGE_FOREIGN,
	    "more objects than any page has");
	buf_reset(&xml);
	buf_adds(&xml, HEAD "<Contents><Key>");
	for (int i = 0; i < PAGE_ELEMENT_MAX + 1; i++)
		buf_addc(&xml, 'k');
	OK(parse(&p, xml.p, xml.len, 4096, "") == PAGE_BROKEN,
	    "a key without end");
	IS(p.why, "text of one element too long", "says so");
	buf_reset(&xml);
	buf_adds(&xml, HEAD);
	for (int i = 0; i < XML_DEPTH_MAX; i++)
		buf_adds(&xml, "<x>");
	OK(parse(&p, xml.p, xml.len, 4096, "") == PAGE_BROKEN,
	    "elements without end");
	IS(p.why, "nested too deep", "says so");
	buf_reset(&xml);
	buf_adds(&xml, HEAD "<Contents><Key>k</Key><ETag>");
	for (int i = 0; i <= PAGE_ETAG_MAX; i++)
		buf_addc(&xml, 'e');
	buf_adds(&xml, "</ETag></Contents>");
	OK(parse(&p, xml.p, xml.len, 4096, "") == PAGE_FOREIGN,
	    "an etag that is none");
	buf_reset(&xml);
	buf_adds(&xml, HEAD "<!--");
	for (int i = 0; i < XML_TOKEN_MAX + 65536; i++)
		buf_addc(&xml, '.');
	OK(parse(&p, xml.p, xml.len, 4096, "") == PAGE_BROKEN,
	    "a comment without end");
	IS(p.why, "a tag or comment too long", "says so");
	buf_reset(&xml);
	buf_adds(&xml, HEAD);
	for (int i = 0; i < 100000; i++)
		buf_addf(&xml, "<n%d/>", i);
	OK(parse(&p, xml.p, xml.len, 4096, "") == PAGE_BROKEN,
	    "names of tags without end");
	IS(p.why, "it takes too much memory", "says so");
	buf_reset(&xml);
	buf_adds(&xml, HEAD "<x");
	for (int i = 1; i < 100000; i++)
		if (i % 1000 == 0)
			buf_adds(&xml, "/><x");
		else
			buf_addf(&xml, " n%d=\"\"", i);
	OK(parse(&p, xml.p, xml.len, 4096, "") == PAGE_BROKEN,
	    "names of attributes without end");
	IS(p.why, "it takes too much memory", "says so");
	buf_reset(&xml);
	for (int i = 0; i < 100000; i++)
		buf_adds(&xml, "<Owner></Owner>");
	page_begin(&p);
	(void)page_feed(&p, HEAD, strlen(HEAD));
	for (size_t n = 0; n < PAGE_BYTES_MAX; n += xml.len)
		if (!page_feed(&p, xml.p, xml.len))
			break;
	OK(page_end(&p, "", 0) == PAGE_FOREIGN, "a page without end");
	IS(p.why, "the page has no end", "says so");
	page_begin(&p); /* and one that is not ended before it is freed */
	page_free(&p);
	buf_clear(&xml);
}

static bool
ignore(void *ctx, unsigned depth, const char *name, const char *t, size_t n)
{
	(void)ctx;
	(void)depth;
	(void)name;
	(void)t;
	(void)n;
	return true;
}

static void
test_xml(void)
{
	static const struct xml_calls calls = {NULL, ignore};
	struct buf big = BUF_INIT(1024 * 1024);
	struct xml *x = xml_new(&calls, NULL, 1000);

	for (int i = 0; i < 40000; i++)
		buf_adds(&big, "<x></y>");
	OK(x != NULL && !xml_feed(x, big.p, big.len, true),
	    "what is wrong in the first part of much");
	IS(xml_error(x), "mismatched tag", "is told");
	OK(!xml_feed(x, "<x/>", 4, true), "and not mended by what comes after");
	xml_free(x);
	xml_free(NULL);
	buf_clear(&big);
}

static void
test_shared(void)
{
	static const char file[] = "../shared/data/s3-xml/s3-list-objects.xml";
	char text[8192];
	struct page p;
	size_t n;
	FILE *f = fopen(file, "r");

	if (f == NULL) {
		printf("ok %d # SKIP no %s\n", ++tap_count, file);
		return;
	}
	n = fread(text, 1, sizeof(text), f);
	(void)fclose(f);
	page_init(&p, 4096);
	IS(summary(&p, parse(&p, text, n, 13, "key")),
	    "0 0 0 '' '' key1|1d921b22129502cbbe5cbaf2c8bac682|"
	    "2013-01-10T21:45:09.000Z|10000 key2|"
	    "1d921b22129502cbbe5cbaf2c8bac682|2013-01-10T22:45:09.000Z|1234",
	    "botocore's sample");
	page_free(&p);
}

int
main(void)
{
	test_cases();
	test_bytes();
	test_limits();
	test_xml();
	test_shared();
	return tap_done();
}
