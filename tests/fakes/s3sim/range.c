/* Conditional requests and byte ranges (RFC 9110 sections 13 and 14). */
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "timefmt.h"

/* Does a list of entity tags, quoted or not, or "*", hold this one? */
static bool
etag_listed(const char *list, const char *etag)
{
	size_t n = strlen(etag), len;

	for (const char *p = list; *p != '\0'; p += len) {
		p += strspn(p, ", \t\"");
		if (strncmp(p, "W/\"", 3) == 0)
			p += 3;
		len = strcspn(p, ",\"");
		if ((len == 1 && *p == '*') ||
		    (len == n && memcmp(p, etag, n) == 0))
			return true;
	}
	return false;
}

/* A header with a date; S3 ignores one that it cannot read. */
static bool
header_time(const struct request *r, const char *name, int64_t *ms)
{
	const char *v = request_header(r, name);

	return v != NULL && timefmt_http(v, strlen(v), ms);
}

static bool
failed(struct request *r, const char *condition)
{
	reply_error(r, "PreconditionFailed", NULL);
	reply_field(r, "Condition", "%s", condition);
	return false;
}

bool
ops_conditions(struct request *r, const struct object *o)
{
	const char *match = request_header(r, "If-Match");
	const char *none = request_header(r, "If-None-Match");
	bool same = none != NULL && etag_listed(none, o->etag);
	int64_t ms;

	if (match != NULL && !etag_listed(match, o->etag))
		return failed(r, "If-Match");
	if (match == NULL && header_time(r, "If-Unmodified-Since", &ms) &&
	    o->modified_ms > ms)
		return failed(r, "If-Unmodified-Since");
	if (none == NULL)
		same = header_time(r, "If-Modified-Since", &ms) &&
		       o->modified_ms <= ms;
	if (!same)
		return true;
	r->reply.status = 304;
	reply_header(r, "ETag", "\"%s\"", o->etag);
	return false;
}

/* bytes=A-B, bytes=A-, bytes=-N.  Anything else S3 ignores. */
static bool
parse_range(const char *v, int64_t size, int64_t *first, int64_t *last)
{
	const char *p = v + strlen("bytes=");
	char *end;

	if (strncmp(v, "bytes=", strlen("bytes=")) != 0 ||
	    strchr(v, ',') != NULL)
		return false;
	if (*p == '-') {
		int64_t n = strtoll(p + 1, &end, 10);

		if (end == p + 1 || *end != '\0' || p[1] == '-')
			return false;
		*first = n == 0 ? size : n > size ? 0 : size - n;
		*last = size - 1;
		return true;
	}
	*first = strtoll(p, &end, 10);
	if (end == p || *end != '-')
		return false;
	p = end + 1;
	*last = size - 1;
	if (*p == '\0')
		return true;
	*last = strtoll(p, &end, 10);
	if (*end != '\0' || *last < *first)
		return false;
	if (*last >= size)
		*last = size - 1;
	return true;
}

bool
ops_range(struct request *r, const struct object *o)
{
	const char *v = request_header(r, "Range");
	int64_t first, last;

	r->reply.offset = 0;
	r->reply.length = o->size;
	r->reply.status = 200;
	if (v == NULL || !parse_range(v, o->size, &first, &last))
		return true;
	if (first >= o->size) {
		reply_error(r, "InvalidRange", NULL);
		reply_field(r, "RangeRequested", "%.100s", v);
		reply_field(r, "ActualObjectSize", "%lld", (long long)o->size);
		reply_header(
		    r, "Content-Range", "bytes */%lld", (long long)o->size);
		return false;
	}
	r->reply.offset = first;
	r->reply.length = last - first + 1;
	r->reply.status = 206;
	reply_header(r, "Content-Range", "bytes %lld-%lld/%lld",
	    (long long)first, (long long)last, (long long)o->size);
	return true;
}
