/* Percent-encoding of S3 keys: in requests, listings and file names. */
#include <stdint.h>
#include <string.h>

#include "s3uri.h"

static const char hex[] = "0123456789ABCDEF";

/* RFC 3986 section 2.3, which SigV4's UriEncode() leaves alone. */
static bool
is_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

static bool
stays(unsigned char c, enum s3uri_set set)
{
	if (set == S3URI_SIGV4)
		return is_unreserved(c);
	if (set == S3URI_PATH)
		return is_unreserved(c) || c == '/';
	/* java.net.URLEncoder's set, and the slash: what S3's listings show. */
	return (is_unreserved(c) && c != '~') || c == '*' || c == '/';
}

static void
add_escape(struct buf *out, unsigned char c)
{
	char esc[3] = {'%', hex[c >> 4], hex[c & 15]};

	buf_add(out, esc, sizeof(esc));
}

void
s3uri_encode(struct buf *out, const void *p, size_t n, enum s3uri_set set)
{
	const unsigned char *s = p;
	size_t i = 0, run;

	while (i < n) {
		for (run = i; run < n && stays(s[run], set); run++)
			;
		buf_add(out, s + i, run - i);
		i = run;
		if (i == n)
			break;
		if (s[i] == ' ' && set == S3URI_LISTING)
			buf_addc(out, '+');
		else
			add_escape(out, s[i]);
		i++;
	}
}

/* The value of a hex digit, or -1. */
static int
hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
s3uri_decode(struct buf *out, const void *p, size_t n, bool plus)
{
	const unsigned char *s = p;
	int hi, lo;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '+' && plus) {
			buf_addc(out, ' ');
		} else if (s[i] != '%') {
			buf_addc(out, (char)s[i]);
		} else {
			if (n - i < 3)
				return false;
			hi = hex_value(s[i + 1]);
			lo = hex_value(s[i + 2]);
			if (hi < 0 || lo < 0)
				return false;
			buf_addc(out, (char)(hi << 4 | lo));
			i += 2;
		}
	}
	return true;
}

void
s3uri_file(struct buf *out, const void *key, size_t n)
{
	const unsigned char *s = key;
	size_t piece = out->len;

	for (size_t i = 0; i < n; i++) {
		if (out->len - piece > S3URI_PIECE - 4) {
			buf_adds(out, "+/");
			piece = out->len;
		}
		if (is_unreserved(s[i]) && !(s[i] == '.' && out->len == piece))
			buf_addc(out, (char)s[i]);
		else
			add_escape(out, s[i]);
	}
}
