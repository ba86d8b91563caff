/* Writing object lines. */
#include "objline.h"
#include "jsonw.h"
#include "utf8.h"

void
objline_write(struct buf *b, const struct objline *o)
{
	struct jsonw w;

	jsonw_open(&w, b);
	jsonw_text(&w, "store", o->store);
	jsonw_text(&w, "bucket", o->bucket);
	if (utf8_valid(o->key, o->key_len) == o->key_len)
		jsonw_str(&w, "key", o->key, o->key_len);
	else
		jsonw_base64(&w, "key64", o->key, o->key_len);
	jsonw_uint(&w, "size", o->size);
	if (o->etag_len > 0)
		jsonw_str(&w, "etag", o->etag, o->etag_len);
	if (o->modified_len > 0)
		jsonw_str(&w, "modified", o->modified, o->modified_len);
	if (o->version != NULL && o->version[0] != '\0')
		jsonw_text(&w, "version", o->version);
	if (o->region != NULL)
		jsonw_text(&w, "region", o->region);
	if (o->endpoint != NULL)
		jsonw_text(&w, "endpoint", o->endpoint);
	if (o->skip > 0)
		jsonw_uint(&w, "skip", o->skip);
	if (o->format != NULL && o->format[0] != '\0')
		jsonw_text(&w, "format", o->format);
	if (o->extra != NULL) {
		buf_addc(b, ',');
		buf_adds(b, o->extra);
	}
	jsonw_end(&w);
	buf_addc(b, '\n');
}
