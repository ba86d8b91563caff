/* Header lines of a reply: kept in bounded memory, looked up by name. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "httphead.h"
#include "log.h"
#include "timefmt.h"

void
httphead_init(struct http_headers *h)
{
	*h = (struct http_headers){.pairs = BUF_SECRET(HTTP_HEADERS_MAX)};
}

void
httphead_reset(struct http_headers *h)
{
	buf_reset(&h->pairs);
}

void
httphead_free(struct http_headers *h)
{
	buf_clear(&h->pairs);
	h->seen = 0;
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Cut white space, the end of line included, off both ends. */
static void
trim(const char **s, size_t *n)
{
	while (*n > 0 && blank((*s)[*n - 1]))
		--*n;
	while (*n > 0 && blank(**s)) {
		++*s;
		--*n;
	}
}

bool
httphead_add(struct http_headers *h, const char *line, size_t n)
{
	const char *colon, *value;
	size_t len;

	h->seen += n;
	if (h->seen > HTTP_HEADERS_MAX)
		return false;
	if (memchr(line, '\0', n) != NULL)
		return true;
	if (n > 0 && (*line == ' ' || *line == '\t')) {
		/* RFC 9112 section 5.2: a line folded in the old way goes on
		 * with the value before it. */
		trim(&line, &n);
		if (n == 0 || h->pairs.len == 0)
			return true;
		buf_cut(&h->pairs, h->pairs.len - 1);
		buf_addc(&h->pairs, ' ');
		buf_add(&h->pairs, line, n);
		buf_addc(&h->pairs, '\0');
		return h->pairs.err == 0;
	}
	colon = memchr(line, ':', n);
	if (colon == NULL || colon == line)
		return true;
	value = colon + 1;
	len = n - (size_t)(value - line);
	trim(&value, &len);
	buf_add(&h->pairs, line, (size_t)(colon - line));
	buf_addc(&h->pairs, '\0');
	buf_add(&h->pairs, value, len);
	buf_addc(&h->pairs, '\0');
	return h->pairs.err == 0;
}

int
httphead_status(const char *line, size_t n)
{
	const char *sp;

	if (n < 12 || memcmp(line, "HTTP/", 5) != 0)
		return 0;
	sp = memchr(line, ' ', n);
	if (sp == NULL || n - (size_t)(sp - line) < 4)
		return 0;
	for (int i = 1; i <= 3; i++)
		if (sp[i] < '0' || sp[i] > '9')
			return 0;
	return (sp[1] - '0') * 100 + (sp[2] - '0') * 10 + (sp[3] - '0');
}

const char *
http_header(const struct http_reply *r, const char *name)
{
	const char *p, *end, *value, *found = NULL;

	if (r->headers == NULL || r->headers->pairs.len == 0)
		return NULL;
	p = r->headers->pairs.p;
	end = p + r->headers->pairs.len;
	for (; p < end; p = value + strlen(value) + 1) {
		value = p + strlen(p) + 1;
		if (strcasecmp(p, name) == 0)
			found = value;
	}
	return found;
}

int64_t
http_retry_after_ms(const struct http_reply *r)
{
	const char *s = http_header(r, "retry-after");
	int64_t ms = 0, at;

	if (s == NULL)
		return -1;
	if (*s >= '0' && *s <= '9') {
		for (; *s >= '0' && *s <= '9'; s++)
			if (ms <= HTTP_RETRY_AFTER_MAX_MS)
				ms = ms * 10 + (int64_t)(*s - '0') * 1000;
		/* Some services give a fraction; it is rounded up. */
		if (s[0] == '.' && s[1] >= '0' && s[1] <= '9') {
			ms += 1000;
			s += 1 + strspn(s + 1, "0123456789");
		}
		if (*s != '\0')
			return -1;
	} else if (timefmt_http(s, strlen(s), &at)) {
		ms = at - clock_wall_ms();
		/* Our clock may be wrong, the reply's own Date is better. */
		s = http_header(r, "date");
		if (s != NULL && timefmt_http(s, strlen(s), &ms))
			ms = at - ms;
	} else {
		return -1;
	}
	if (ms < 0)
		return 0;
	return ms > HTTP_RETRY_AFTER_MAX_MS ? HTTP_RETRY_AFTER_MAX_MS : ms;
}

void
httphead_request_id(struct http_reply *r)
{
	static const char *const names[] = {"x-amz-request-id",
	    "x-amzn-requestid", "x-ms-request-id", "x-guploader-uploadid",
	    "request-id", "x-request-id"};
	const char *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && v == NULL;
	     i++)
		v = http_header(r, names[i]);
	for (; v != NULL && *v > ' ' && *v < 0x7f; v++)
		if (n < sizeof(r->request_id) - 1)
			r->request_id[n++] = *v;
	r->request_id[n] = '\0';
	log_redact(r->request_id); /* what cuts it must not hide a secret */
}
