/* Columns that say where a row comes from: see origin.h. */
#include <inttypes.h>

#include "crypto.h"
#include "jsonw.h"
#include "origin.h"

enum { ORIGIN_MAX = 128 * 1024 /* a bucket and a key, escaped */ };

void
origin_init(struct object *o, const struct json_val *bucket)
{
	o->origin = (struct buf)BUF_INIT(ORIGIN_MAX);
	buf_adds(&o->origin, ",\"SourceBucket\":\"");
	if (bucket->p != NULL && bucket->type == JSON_STRING)
		(void)json_mend(&o->origin, bucket->p + 1, bucket->n - 2);
	buf_adds(&o->origin, "\",\"SourceKey\":\"");
	(void)jsonw_escape(&o->origin, o->key, o->nkey);
	buf_adds(&o->origin, "\"");
}

static void
add_hash(struct buf *b, const char *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t hash[CRYPTO_SHA256_LEN];
	char hex[CRYPTO_SHA256_HEX];

	crypto_sha256(p, n, hash);
	for (size_t i = 0; i < sizeof(hash); i++) {
		hex[2 * i] = digits[hash[i] >> 4];
		hex[2 * i + 1] = digits[hash[i] & 15];
	}
	buf_adds(b, ",\"EventHash\":\"");
	buf_add(b, hex, sizeof(hex));
	buf_addc(b, '"');
}

void
origin_add(struct buf *b, const struct object *o, const char *p, size_t n)
{
	if (o->origin.err == 0)
		buf_add(b, o->origin.p, o->origin.len);
	buf_addf(b, ",\"SourceRecord\":%" PRIu64, o->counts.records);
	add_hash(b, p, n);
}
