/* Writing JSON: every line and log record of the project comes through here. */
#include <stdio.h>
#include <string.h>

#include "jsonw.h"
#include "scan.h"
#include "utf8.h"

enum { PIECE = 4096 /* bytes escaped at once: they may grow sixfold */ };

/* Near the buffer's limit what the bytes may take is more than there is room
 * for: then what they do take decides. */
void
jsonw_escape_valid(struct buf *b, const char *s, size_t n)
{
	char small[SCAN_ESCAPED(16)];
	size_t step;
	char *out;

	for (; n > 0; s += step, n -= step) {
		step = n < PIECE ? n : PIECE;
		if (b->err == 0 && b->max - b->len < SCAN_ESCAPED(step)) {
			step = step < 16 ? step : 16;
			buf_add(b, small, scan_escape(small, s, step));
			continue;
		}
		out = buf_room(b, SCAN_ESCAPED(step));
		if (out == NULL)
			return;
		buf_wrote(b, scan_escape(out, s, step));
	}
}

size_t
jsonw_escape(struct buf *b, const char *s, size_t n)
{
	size_t bad = 0, good;

	for (;;) {
		good = utf8_valid(s, n);
		jsonw_escape_valid(b, s, good);
		if (good == n)
			return bad;
		buf_adds(b, UTF8_REPLACEMENT);
		bad++;
		good += utf8_bad(s + good, n - good);
		s += good;
		n -= good;
	}
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
