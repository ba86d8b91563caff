/* Writing JSON: every line and log record of the project comes through here. */
#include <stdio.h>
#include <string.h>

#include "jsonw.h"
#include "scan.h"
#include "utf8.h"

static const char hex_digits[] = "0123456789abcdef";

static void
put_escape(struct buf *b, unsigned char c)
{
	char s[6] = {'\\', 'u', '0', '0'};

	switch (c) {
	case '"':
	case '\\':
		s[1] = (char)c;
		break;
	case '\n':
		s[1] = 'n';
		break;
	case '\r':
		s[1] = 'r';
		break;
	case '\t':
		s[1] = 't';
		break;
	default:
		s[4] = hex_digits[c >> 4];
		s[5] = hex_digits[c & 15];
		buf_add(b, s, 6);
		return;
	}
	buf_add(b, s, 2);
}

/* Append n bytes without ", \ or controls; returns how many were replaced. */
static size_t
put_high(struct buf *b, const char *s, size_t n)
{
	size_t i = 0, bad = 0, good;

	while (i < n) {
		good = utf8_valid(s + i, n - i);
		buf_add(b, s + i, good);
		i += good;
		if (i < n) {
			buf_adds(b, "\xef\xbf\xbd");
			i++;
			bad++;
		}
	}
	return bad;
}

size_t
jsonw_escape(struct buf *b, const char *s, size_t n)
{
	size_t i = 0, run, bad = 0;
	unsigned high;

	while (i < n) {
		high = 0;
		run = scan_string(s + i, n - i, &high);
		if (high != 0)
			bad += put_high(b, s + i, run);
		else
			buf_add(b, s + i, run);
		i += run;
		if (i < n)
			put_escape(b, (unsigned char)s[i++]);
	}
	return bad;
}

void
jsonw_add_base64(struct buf *b, const void *data, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = data;
	size_t want = (n + 2) / 3 * 4;
	char *out = buf_room(b, want);
	unsigned v;

	if (out == NULL)
		return;
	for (; n >= 3; n -= 3, p += 3) {
		v = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = digits[v >> 6 & 63];
		*out++ = digits[v & 63];
	}
	if (n > 0) {
		v = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0);
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = n > 1 ? digits[v >> 6 & 63] : '=';
		*out++ = '=';
	}
	buf_wrote(b, want);
}

static void
name(struct jsonw *w, const char *key)
{
	if (w->comma)
		buf_addc(w->b, ',');
	w->comma = true;
	if (key == NULL)
		return;
	buf_addc(w->b, '"');
	(void)jsonw_escape(w->b, key, strlen(key));
	buf_add(w->b, "\":", 2);
}

static void
start(struct jsonw *w, const char *key, char c)
{
	name(w, key);
	buf_addc(w->b, c);
	w->comma = false;
	w->depth++;
}

static void
finish(struct jsonw *w, char c)
{
	buf_addc(w->b, c);
	w->comma = true;
	w->depth--;
}

void
jsonw_open(struct jsonw *w, struct buf *b)
{
	*w = (struct jsonw){.b = b, .depth = 1};
	buf_addc(b, '{');
}

void
jsonw_begin(struct jsonw *w, struct buf *b)
{
	buf_reset(b);
	jsonw_open(w, b);
}

void
jsonw_object(struct jsonw *w, const char *key)
{
	start(w, key, '{');
}

void
jsonw_array(struct jsonw *w, const char *key)
{
	start(w, key, '[');
}

void
jsonw_end(struct jsonw *w)
{
	finish(w, '}');
}

void
jsonw_end_array(struct jsonw *w)
{
	finish(w, ']');
}

void
jsonw_str(struct jsonw *w, const char *key, const char *s, size_t n)
{
	name(w, key);
	buf_addc(w->b, '"');
	(void)jsonw_escape(w->b, s, n);
	buf_addc(w->b, '"');
}

void
jsonw_text(struct jsonw *w, const char *key, const char *s)
{
	jsonw_str(w, key, s, strlen(s));
}

void
jsonw_int(struct jsonw *w, const char *key, int64_t v)
{
	if (v >= 0) {
		jsonw_uint(w, key, (uint64_t)v);
		return;
	}
	name(w, key);
	buf_addf(w->b, "%lld", (long long)v);
}

void
jsonw_uint(struct jsonw *w, const char *key, uint64_t v)
{
	char digits[20], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	name(w, key);
	buf_add(w->b, p, (size_t)(digits + sizeof(digits) - p));
}

void
jsonw_bool(struct jsonw *w, const char *key, bool v)
{
	name(w, key);
	buf_adds(w->b, v ? "true" : "false");
}

void
jsonw_raw(struct jsonw *w, const char *key, const char *json, size_t n)
{
	name(w, key);
	buf_add(w->b, json, n);
}

void
jsonw_base64(struct jsonw *w, const char *key, const void *p, size_t n)
{
	name(w, key);
	buf_addc(w->b, '"');
	jsonw_add_base64(w->b, p, n);
	buf_addc(w->b, '"');
}
