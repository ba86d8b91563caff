/* s3fetch/object: lines and addresses, and what is refused of them */
#include "s3fetch/object.h"
#include "tap.h"

struct example {
	const char *line;
	const char *why;  /* NULL: taken */
	const char *text; /* of the open line; NULL: the line itself */
};

#define S3 "{\"store\":\"s3\",\"bucket\":\"b\""
static const struct example lines[] = {
    {S3 ",\"key\":\"k\"}", NULL, NULL},
    {S3 ",\"key\":\"k\",\"size\":9,\"etag\":\"\\\"e\\\"\",\"x\":[1, 2]}", NULL,
	NULL},
    {S3 ",\"key64\":\"/w==\"}", NULL, NULL},
    {"{\"dead\":{\"reason\":\"r\"},\"store\":\"s3\",\"bucket\":\"b\","
     "\"key\":\"k\",\"receives\":11,\"ack\":{\"h\":1},\"z\":1}",
	NULL, S3 ",\"key\":\"k\",\"z\":1}"},
    {"{\"dead\":{\"reason\":\"r\"},\"object\":{\"bucket\":\"b\"},"
     "\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\"}",
	NULL, S3 ",\"key\":\"k\"}"},
    {"{\"store\":\"s3\",\"bucket\":\"a/b\",\"key\":\"k\"}",
	"its bucket cannot be one", NULL},
    {"{\"store\":\"s3\",\"bucket\":\"b\\u0000\",\"key\":\"k\"}",
	"its bucket cannot be one", NULL},
    {S3 ",\"key\":\"\"}", "its key is empty, over 1,024 bytes or no text",
	NULL},
    {S3 ",\"key\":\"k\",\"etag\":\"a\\u000ab\"}", "its etag cannot be one",
	NULL},
    {S3 ",\"key\":\"k\",\"etag\":\"a\\\"b\"}", "its etag cannot be one", NULL},
    {S3 ",\"key\":\"k\",\"etag\":5}", "its etag cannot be one", NULL},
    {S3 ",\"key\":\"k\",\"etag\":null,\"size\":null}", NULL, NULL},
    {S3 ",\"key\":\"k\",\"version\":\"a b\"}", "its version cannot be one",
	NULL},
    {S3 ",\"key\":\"k\",\"region\":\"eu west\"}", "its region cannot be one",
	NULL},
    {S3 ",\"key\":\"k\",\"endpoint\":\"http://a\\nb\"}",
	"its endpoint cannot be one", NULL},
    {S3 ",\"key\":\"k\",\"size\":-1}", "its size is no number", NULL},
    {S3 ",\"key\":\"k\",\"receives\":\"x\"}", "its receives is no number",
	NULL},
};

/* Of these nothing can be said on the wire. */
static const struct example nameless[] = {
    {S3 "}", "it has no key", NULL},
    {"{\"bucket\":\"b\",\"key\":\"k\"}", "it has no store", NULL},
    {S3 ",\"key64\":\"%\"}", "its key is empty, over 1,024 bytes or no text",
	NULL},
    {S3 ",\"key\":\"\\ud800\"}",
	"its key is empty, over 1,024 bytes or no text", NULL},
};

static void
test_nameless(void)
{
	struct object o = {0};

	for (size_t i = 0; i < sizeof(nameless) / sizeof(*nameless); i++) {
		const struct example *e = &nameless[i];
		struct json_val v = {e->line, strlen(e->line), JSON_OBJECT, 0};
		const char *why = NULL;

		OK(!object_from_line(&o, &v, &why), e->line);
		IS(why, e->why, "and why");
	}
	object_free(&o);
}

static void
test_lines(void)
{
	struct object o = {0};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const struct example *e = &lines[i];
		struct json_val v = {e->line, strlen(e->line), JSON_OBJECT, 0};
		const char *why = NULL;

		OK(object_from_line(&o, &v, &why), e->line);
		IS(o.text.p, e->text != NULL ? e->text : e->line,
		    "the open line's text");
		IS(why != NULL ? why : "", e->why != NULL ? e->why : "",
		    "what is wrong with it");
		OK(o.refused == why, "which it keeps");
	}
	object_free(&o);
}

static void
test_urls(void)
{
	static const struct {
		const char *url, *text, *key;
	} urls[] = {
	    {"s3://b/k", S3 ",\"key\":\"k\"}", "k"},
	    {"s3://b//k/", S3 ",\"key\":\"/k/\"}", "/k/"},
	    {"s3://b/a%20b+c", S3 ",\"key\":\"a%20b+c\"}", "a%20b+c"},
	    {"s3://b/\"\\", S3 ",\"key\":\"\\\"\\\\\"}", "\"\\"},
	    {"s3://b/\xff", S3 ",\"key64\":\"/w==\"}", "\xff"},
	    {"s3://b/", NULL, NULL},
	    {"s3://b", NULL, NULL},
	    {"s3:///k", NULL, NULL},
	    {"S3://b/k", NULL, NULL},
	    {"", NULL, NULL},
	};
	struct object o = {0};

	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		const char *why = NULL;
		bool ok =
		    object_from_url(&o, urls[i].url, strlen(urls[i].url), &why);

		OK(ok == (urls[i].text != NULL), urls[i].url);
		if (ok && urls[i].text != NULL) {
			IS(o.text.p, urls[i].text, "its object line");
			IS(o.key, urls[i].key, "its key");
		}
	}
	object_free(&o);
}

static void
test_learn(void)
{
	static const char plain[] = S3 ",\"key\":\"k\",\"modified\":\"x\"}";
	struct object_facts facts = {
	    "\"abc\"", "Sun, 06 Nov 1994 08:49:37 GMT", true, 12};
	struct json_val v = {plain, sizeof(plain) - 1, JSON_OBJECT, 0};
	struct object o = {0};
	const char *why;

	(void)object_from_line(&o, &v, &why);
	OK(object_learn(&o, &facts), "what a reply tells");
	IS(o.text.p,
	    S3 ",\"key\":\"k\",\"size\":12,\"etag\":\"abc\","
	       "\"modified\":\"1994-11-06T08:49:37Z\"}",
	    "goes into the line");
	IS(o.etag, "abc", "the etag is asked for from now on");
	facts.etag = "\"other\"";
	OK(object_learn(&o, &facts) && strcmp(o.etag, "abc") == 0,
	    "one that is there stays");
	(void)object_from_line(&o, &v, &why);
	facts.etag = "a b";
	OK(!object_learn(&o, &facts), "an etag that cannot be one");
	object_free(&o);
}

static void
test_names(void)
{
	char name[OBJECT_NAME_MAX], etag[OBJECT_ETAG_MAX + 1];
	struct object o = {0};
	const char *why;
	char url[1000];

	memset(url, 'x', sizeof(url));
	memcpy(url, "s3://b/", 7);
	(void)object_from_url(&o, url, sizeof(url), &why);
	object_name(&o, name);
	OK(strlen(name) == OBJECT_NAME_MAX - 1 &&
		strcmp(name + strlen(name) - 4, "x...") == 0,
	    "a long name is cut");
	object_free(&o);
	OK(object_etag(etag, "W/\"a\"", 5) && strcmp(etag, "a") == 0,
	    "a weak etag");
	OK(object_etag(etag, "", 0) && etag[0] == '\0', "no etag");
	OK(!object_etag(etag, url, sizeof(url)), "one that is too long");
}

int
main(void)
{
	test_lines();
	test_nameless();
	test_urls();
	test_learn();
	test_names();
	return tap_done();
}
