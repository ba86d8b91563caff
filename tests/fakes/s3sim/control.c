/* The control API: what tests tell the server, and what it tells them. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/s3/s3uri.h"
#include "control.h"
#include "keys.h"
#include "log.h"
#include "script.h"
#include "stats.h"

enum { FILL_MAX = 10000000, FILL_SIZE_MAX = 1 << 30 };

/* Reply with JSON; the reference is taken. */
static void
reply_json(struct request *r, unsigned status, json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text == NULL)
		log_oom();
	r->reply.status = status;
	buf_adds(&r->reply.body, text);
	buf_addc(&r->reply.body, '\n');
	reply_header(r, "Content-Type", "application/json");
	free(text);
	json_decref(j);
}

static void
reply_bad(struct request *r, unsigned status, const char *why)
{
	reply_json(r, status, json_pack("{s:s}", "error", why));
}

static void
status(struct request *r, json_t *in)
{
	struct buf v = BUF_INIT(16);
	bool keys = !(request_param(r, "keys", &v) && strcmp(v.p, "0") == 0);

	(void)in;
	reply_json(r, 200, stats_show(keys));
	buf_clear(&v);
}

static void
request_log(struct request *r, json_t *in)
{
	(void)in;
	stats_log(&r->reply.body);
	r->reply.status = 200;
	reply_header(r, "Content-Type", "application/x-ndjson");
}

static void
reset(struct request *r, json_t *in)
{
	(void)in;
	script_clear();
	stats_reset();
	reply_json(r, 200, json_object());
}

static void
show_faults(struct request *r, json_t *in)
{
	(void)in;
	reply_json(r, 200, script_show());
}

static void
clear_faults(struct request *r, json_t *in)
{
	(void)in;
	script_clear();
	reply_json(r, 200, json_object());
}

static void
add_faults(struct request *r, json_t *in)
{
	json_t *ids = json_array(), *one;
	const char *why = "";
	unsigned id = 1;
	size_t i;

	if (json_is_array(in)) {
		json_array_foreach (in, i, one) {
			if (id == 0)
				break;
			id = script_add(one, &why);
			json_array_append_new(
			    ids, json_integer((json_int_t)id));
		}
	} else {
		id = script_add(in, &why);
		json_array_append_new(ids, json_integer((json_int_t)id));
	}
	if (id == 0)
		reply_bad(r, 400, why);
	else
		reply_json(r, 200, json_pack("{s:O}", "ids", ids));
	json_decref(ids);
}

static void
add_bucket(struct request *r, json_t *in)
{
	const char *name = json_string_value(json_object_get(in, "name"));
	const char *region = json_string_value(json_object_get(in, "region"));
	struct fault f = {0};

	if (name == NULL || !store_bucket_valid(name))
		reply_bad(r, 400, "name is missing or not valid");
	else if (!store_bucket_make(name, region, &f))
		reply_bad(r, 409, f.text);
	else
		reply_json(r, 200, json_object());
}

static void
add_key(struct request *r, json_t *in)
{
	const char *why;

	if (keys_add(in, &why))
		reply_json(r, 200, json_object());
	else
		reply_bad(r, 400, why);
}

static void
remove_key(struct request *r, json_t *in)
{
	const char *id =
	    json_string_value(json_object_get(in, "access_key_id"));

	if (id != NULL && keys_remove(id))
		reply_json(r, 200, json_object());
	else
		reply_bad(r, 404, "no such key");
}

static void
fill(struct request *r, json_t *in)
{
	const char *bucket = json_string_value(json_object_get(in, "bucket"));
	const char *prefix = json_string_value(json_object_get(in, "prefix"));
	json_int_t count = json_integer_value(json_object_get(in, "count"));
	json_int_t size = json_integer_value(json_object_get(in, "size"));

	if (bucket == NULL || prefix == NULL || count < 1 || count > FILL_MAX ||
	    size < 0 || size > FILL_SIZE_MAX)
		reply_bad(r, 400, "bucket, prefix, count or size is wrong");
	else if (store_fill(bucket, prefix, (size_t)count, (size_t)size) !=
		 STORE_OK)
		reply_bad(r, 404, "no such bucket");
	else
		reply_json(r, 200, json_object());
}

static void
set_clock(struct request *r, json_t *in)
{
	const json_t *ahead = json_object_get(in, "ahead_s");

	if (!json_is_integer(ahead)) {
		reply_bad(r, 400, "ahead_s is no integer");
		return;
	}
	__atomic_store_n(&sim.clock_ahead_ms,
	    (int64_t)json_integer_value(ahead) * 1000, __ATOMIC_RELAXED);
	reply_json(r, 200, json_object());
}

void
control_finish(struct request *r)
{
	static const struct {
		const char *method, *path;
		void (*handle)(struct request *r, json_t *in);
	} table[] = {
	    {"GET", "/_status", status},
	    {"GET", "/_log", request_log},
	    {"POST", "/_control/reset", reset},
	    {"GET", "/_control/faults", show_faults},
	    {"POST", "/_control/faults", add_faults},
	    {"DELETE", "/_control/faults", clear_faults},
	    {"POST", "/_control/buckets", add_bucket},
	    {"POST", "/_control/keys", add_key},
	    {"DELETE", "/_control/keys", remove_key},
	    {"POST", "/_control/fill", fill},
	    {"POST", "/_control/clock", set_clock},
	};
	json_error_t error;
	json_t *in = NULL;

	if (!r->loopback) {
		reply_bad(r, 403, "control is for loopback only");
		return;
	}
	if (r->body.len > 0) {
		in = json_loadb(r->body.p, r->body.len, 0, &error);
		if (in == NULL) {
			reply_bad(r, 400, error.text);
			return;
		}
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(r->method, table[i].method) == 0 &&
		    r->path_len == strlen(table[i].path) &&
		    memcmp(r->path, table[i].path, r->path_len) == 0) {
			table[i].handle(r, in);
			json_decref(in);
			return;
		}
	json_decref(in);
	reply_bad(r, 404, "no such control, or not by this method");
}
