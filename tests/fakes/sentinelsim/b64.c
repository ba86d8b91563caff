/* base64url, the alphabet of JWTs. */
#include "b64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
b64_encode(const void *p, size_t n, struct buf *out)
{
	const unsigned char *s = p;

	for (size_t i = 0; i < n; i += 3) {
		size_t k = n - i < 3 ? n - i : 3;
		unsigned v = (unsigned)s[i] << 16;

		if (k > 1)
			v |= (unsigned)s[i + 1] << 8;
		if (k > 2)
			v |= s[i + 2];
		for (size_t j = 0; j <= k; j++)
			buf_addc(out, alphabet[v >> (18 - 6 * j) & 63]);
	}
}

static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool
b64_decode(const char *p, size_t n, struct buf *out)
{
	unsigned v = 0, bits = 0;

	if (n % 4 == 1)
		return false;
	for (size_t i = 0; i < n; i++) {
		int d = value(p[i]);

		if (d < 0)
			return false;
		v = v << 6 | (unsigned)d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(out, (char)(v >> bits & 0xff));
			v &= (1u << bits) - 1;
		}
	}
	return v == 0 && out->err == 0; /* no stray bits at the end */
}
