/*
 * Object lines and s3:// lines of any bytes: what is taken of them can go into
 * an open line, a header, a URL and a file name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "s3fetch/object.h"
#include "s3fetch/save.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *s)
{
	for (; *s != '\0'; s++)
		CHECK(*s > ' ' && *s <= '~');
}

static void
check_path(const struct object *o)
{
	struct buf path = BUF_INIT(8 * S3_KEY_MAX);

	if (!save_path(&path, o->key, o->key_len)) {
		CHECK(memchr(o->key, '\0', o->key_len) != NULL);
	} else {
		CHECK(path.len > 0 && path.p[path.len - 1] == '\0');
		for (size_t at = 0; at < path.len;
		     at += strlen(path.p + at) + 1) {
			const char *s = path.p + at;

			CHECK(*s != '\0' && strlen(s) <= 255);
			CHECK(strcmp(s, ".") != 0 && strcmp(s, "..") != 0);
			CHECK(strchr(s, '/') == NULL);
		}
	}
	buf_clear(&path);
}

static void
check(struct object *o)
{
	const struct json_val text = {o->text.p, o->text.len, JSON_OBJECT, 0};
	char id[WIRE_ID_LEN + 1], name[OBJECT_NAME_MAX];
	const struct object_facts facts = {
	    "\"e\"", "Sun, 06 Nov 1994 08:49:37 GMT", true, 1};
	struct wire_object w;
	struct wire_line line;
	const char *why;

	CHECK(o->text.err == 0 && wire_parse(&line, text.p, text.n, &why));
	CHECK(line.kind == WIRE_OBJECT && line.dead.p == NULL);
	CHECK(wire_object(&w, &text, &why) && wire_new_id(&w, id));
	if (o->refused != NULL)
		return;
	CHECK(o->key_len > 0 && o->key_len <= S3_KEY_MAX);
	CHECK(s3_bucket_ok(o->bucket));
	check_text(o->etag);
	CHECK(strchr(o->etag, '"') == NULL);
	check_text(o->version);
	check_text(o->region);
	check_text(o->endpoint);
	check_path(o);
	object_name(o, name);
	CHECK(object_learn(o, &facts) && o->etag[0] != '\0');
	CHECK(wire_parse(&line, o->text.p, o->text.len, &why));
	CHECK(line.kind == WIRE_OBJECT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *why;
	const struct json_val v = {p, size, JSON_OBJECT, 0};
	struct object o = {0};
	struct wire_line line;

	if (wire_parse(&line, p, size, &why) && line.kind == WIRE_OBJECT &&
	    object_from_line(&o, &v, &why))
		check(&o);
	if (object_from_url(&o, p, size, &why))
		check(&o);
	object_free(&o);
	return 0;
}
