/* Object lines and s3:// addresses, as something to fetch. */
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "json.h"
#include "jsonw.h"
#include "object.h"
#include "s3url.h"
#include "timefmt.h"
#include "utf8.h"

void
object_reset(struct object *o)
{
	struct buf text = o->text;

	memset(o, 0, sizeof(*o));
	o->text = text;
	o->text.max = OBJECT_LINE_MAX + 1024; /* what object_learn() adds */
	buf_reset(&o->text);
}

void
object_free(struct object *o)
{
	buf_clear(&o->text);
}

/* Copy a string member into an array of size bytes: visible ASCII only, for
 * it goes into a URL or header.  A member that is missing leaves "". */
static bool
take(char *out, size_t size, const struct json_val *v)
{
	struct buf b = BUF_INIT(OBJECT_LINE_MAX);
	bool ok;

	if (v->p == NULL || v->type == JSON_NULL)
		return true;
	ok = v->type == JSON_STRING && json_text(&b, v) == 0 && b.err == 0 &&
	     b.len < size;
	for (size_t i = 0; ok && i < b.len; i++)
		ok = b.p[i] > ' ' && b.p[i] <= '~';
	if (ok && b.len > 0)
		memcpy(out, b.p, b.len + 1);
	buf_clear(&b);
	return ok;
}

bool
object_etag(char out[OBJECT_ETAG_MAX + 1], const char *s, size_t n)
{
	if (n >= 2 && memcmp(s, "W/", 2) == 0) {
		s += 2;
		n -= 2;
	}
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s++;
		n -= 2;
	}
	if (n > OBJECT_ETAG_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '"')
			return false;
	memcpy(out, s, n);
	out[n] = '\0';
	return true;
}

static bool
take_etag(struct object *o, const struct json_val *v)
{
	char text[OBJECT_ETAG_MAX + 8] = "";

	return take(text, sizeof(text), v) &&
	       object_etag(o->etag, text, strlen(text));
}

static bool
take_key(struct object *o, const struct wire_object *w)
{
	struct buf b = BUF_INIT(S3_KEY_MAX);
	bool ok = wire_object_key(w, &b) && b.err == 0 && b.len > 0;

	if (ok) {
		memcpy(o->key, b.p, b.len);
		o->key_len = b.len;
	}
	buf_clear(&b);
	return ok;
}

static bool
is_any(const struct json_val *key, const char *const *names)
{
	for (; *names != NULL; names++)
		if (json_is(key, *names))
			return true;
	return false;
}

/* Copy the line's members but those named, as they are. */
static void
copy_members(struct buf *to, const struct json_val *line,
    const char *const *without, bool comma)
{
	struct json_val key, val;
	struct json j;
	bool first;

	json_init(&j, line->p, line->n);
	if (!json_enter(&j, '{', &first))
		return;
	while (json_member(&j, &first, &key) && json_value(&j, &val)) {
		if (is_any(&key, without))
			continue;
		if (comma)
			buf_addc(to, ',');
		buf_add(to, key.p, key.n);
		buf_addc(to, ':');
		buf_add(to, val.p, val.n);
		comma = true;
	}
}

/* A number that is there must be one. */
static bool
take_number(uint64_t *out, bool *has, const struct json_val *v)
{
	*has = v->p != NULL && v->type != JSON_NULL;
	return !*has || json_uint(v, out);
}

/* Fill o from the members; returns what is wrong, or NULL. */
static const char *
take_all(struct object *o, const struct wire_object *w)
{
	bool has;

	if (!take(o->bucket, sizeof(o->bucket), &w->bucket) ||
	    !s3_bucket_ok(o->bucket))
		return "its bucket cannot be one";
	if (!take_key(o, w))
		return "its key is empty, over 1,024 bytes or no text";
	if (!take_etag(o, &w->etag))
		return "its etag cannot be one";
	if (!take(o->version, sizeof(o->version), &w->version))
		return "its version cannot be one";
	if (!take(o->region, sizeof(o->region), &w->region) ||
	    (o->region[0] != '\0' && !s3_region_ok(o->region)))
		return "its region cannot be one";
	if (!take(o->endpoint, sizeof(o->endpoint), &w->endpoint))
		return "its endpoint cannot be one";
	if (!take_number(&o->size, &o->has_size, &w->size))
		return "its size is no number";
	if (!take_number(&o->receives, &has, &w->receives))
		return "its receives is no number";
	return NULL;
}

/* Can an open line tell of it? */
static bool
has_name(const struct object *o)
{
	const struct json_val text = {o->text.p, o->text.len, JSON_OBJECT, 0};
	struct wire_object w;
	const char *why;
	char id[WIRE_ID_LEN + 1];

	return o->text.err == 0 && wire_object(&w, &text, &why) &&
	       wire_object_id(&w, id);
}

bool
object_from_line(
    struct object *o, const struct json_val *line, const char **why)
{
	static const char *const own[] = {
	    "dead", "object", "receives", "ack", NULL};
	struct json_val dead;
	struct wire_object w;

	object_reset(o);
	if (line->n > OBJECT_LINE_MAX) {
		*why = "it is over 64 KiB";
		return false;
	}
	if (!wire_object(&w, line, why))
		return false;
	*why = o->refused = take_all(o, &w);
	if (wire_member(line, "dead", &dead)) {
		o->receives = 0;
		buf_addc(&o->text, '{');
		copy_members(&o->text, line, own, false);
		buf_addc(&o->text, '}');
	} else {
		buf_add(&o->text, line->p, line->n);
	}
	return o->refused == NULL || has_name(o);
}

bool
object_from_url(struct object *o, const char *url, size_t n, const char **why)
{
	struct s3_url u;
	struct fault f = {0};
	struct jsonw w;

	object_reset(o);
	if (!s3_url_parse(&u, url, n, &f)) {
		*why = "it is no s3://BUCKET/KEY";
		return false;
	}
	if (u.key_len == 0 || u.key_len > S3_KEY_MAX) {
		*why = u.key_len == 0 ? "it names no object"
				      : "its key is over 1,024 bytes";
		return false;
	}
	memcpy(o->bucket, u.bucket, sizeof(o->bucket));
	memcpy(o->key, u.key, u.key_len);
	o->key_len = u.key_len;
	jsonw_begin(&w, &o->text);
	jsonw_text(&w, "store", "s3");
	jsonw_text(&w, "bucket", o->bucket);
	if (utf8_valid(o->key, o->key_len) == o->key_len)
		jsonw_str(&w, "key", o->key, o->key_len);
	else
		jsonw_base64(&w, "key64", o->key, o->key_len);
	jsonw_end(&w);
	return true;
}

bool
object_learn(struct object *o, const struct object_facts *facts)
{
	static const char *const names[] = {"size", "etag", "modified", NULL};
	struct buf old = o->text;
	struct json_val line = {old.p, old.len, JSON_OBJECT, 0}, v;
	char time[TIMEFMT_MAX];
	struct jsonw w;
	int64_t ms;

	if (o->etag[0] != '\0' || facts->etag == NULL)
		return true;
	if (!object_etag(o->etag, facts->etag, strlen(facts->etag)))
		return false;
	o->text = (struct buf)BUF_INIT(old.max);
	jsonw_begin(&w, &o->text);
	copy_members(&o->text, &line, names, false);
	w.comma = true;
	if (facts->has_size)
		jsonw_uint(&w, "size", facts->size);
	jsonw_text(&w, "etag", o->etag);
	if (facts->modified != NULL &&
	    timefmt_http(facts->modified, strlen(facts->modified), &ms)) {
		timefmt_rfc3339(time, ms, false);
		jsonw_text(&w, "modified", time);
	} else if (wire_member(&line, "modified", &v)) {
		jsonw_raw(&w, "modified", v.p, v.n);
	}
	jsonw_end(&w);
	buf_clear(&old);
	return true;
}

void
object_name(const struct object *o, char out[OBJECT_NAME_MAX])
{
	int n = snprintf(out, OBJECT_NAME_MAX, "s3://%s/", o->bucket);
	size_t at = (size_t)n;

	for (size_t i = 0; i < o->key_len && at < OBJECT_NAME_MAX - 4; i++)
		out[at++] = o->key[i] == '\0' ? '?' : o->key[i];
	if (o->key_len > at - (size_t)n)
		at += (size_t)snprintf(out + at, OBJECT_NAME_MAX - at, "...");
	out[at] = '\0';
}
