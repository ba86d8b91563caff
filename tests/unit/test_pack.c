/* sentinelpost/pack: bodies to gzip, judged by zlib. */
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "sentinelpost/batch.h"
#include "sentinelpost/pack.h"
#include "tap.h"

static char in[BATCH_RAW_MAX], back[BATCH_RAW_MAX + 1];

/* Is p one gzip member that holds the first n bytes of in? */
static bool
holds(const char *p, size_t len, size_t n)
{
	z_stream z = {0};
	bool ok;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return false;
	z.next_in = (Bytef *)(uintptr_t)p;
	z.avail_in = (uInt)len;
	z.next_out = (Bytef *)back;
	z.avail_out = sizeof(back);
	ok = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 &&
	     z.total_out == n && memcmp(back, in, n) == 0;
	(void)inflateEnd(&z);
	return ok;
}

static void
fill(bool random)
{
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(in); i++) {
		x = x * 1664525U + 1013904223U;
		in[i] =
		    random ? (char)(x >> 24) : "{\"name\":\"value\"},"[i % 17];
	}
}

static void
level(int l)
{
	static const size_t sizes[] = {2, 3, 1000, 65535, 65536, BATCH_RAW_MAX};
	struct pack *p = pack_new(l, BATCH_RAW_MAX);
	char what[32];
	bool ok = true;
	size_t len, smallest = BATCH_RAW_MAX;

	(void)snprintf(what, sizeof(what), "level %d", l);
	OK(pack_is_gzip(p) == (l != PACK_PLAIN), what);
	for (int random = 0; random < 2; random++) {
		fill(random != 0);
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			char *body = pack_body(p, in, sizes[i], &len);

			ok = ok && len <= BATCH_BODY_MAX &&
			     (l == PACK_PLAIN ? len == sizes[i] &&
						    memcmp(body, in, len) == 0
					      : holds(body, len, sizes[i]));
			if (sizes[i] == BATCH_RAW_MAX && len < smallest)
				smallest = len;
			free(body);
		}
	}
	OK(ok, "comes back whole, within the limit");
	OK(l == PACK_PLAIN || smallest < BATCH_RAW_MAX / 50,
	    "and text is much smaller");
	pack_use_plain(p);
	free(pack_body(p, in, 100, &len));
	OK(len == 100 && !pack_is_gzip(p), "plain from now on");
	pack_free(p);
}

int
main(void)
{
	for (int l = PACK_FAST; l <= PACK_MAX; l++)
		level(l);
	pack_free(NULL);
	return tap_done();
}
