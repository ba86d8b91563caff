/* Columns that say where a row comes from: see origin.h. */
#include <inttypes.h>
#include <string.h>

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

static bool
has_column(const struct format *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->columns[i].name, name) == 0)
			return true;
	return false;
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
origin_add(struct buf *b, const struct object *o, const struct format *f,
    const char *p, size_t n)
{
	if (o->origin.err == 0 && !has_column(f, "SourceBucket") &&
	    !has_column(f, "SourceKey"))
		buf_add(b, o->origin.p, o->origin.len);
	if (!has_column(f, "SourceRecord"))
		buf_addf(b, ",\"SourceRecord\":%" PRIu64, o->counts.records);
	if (!has_column(f, "EventHash"))
		add_hash(b, p, n);
}
