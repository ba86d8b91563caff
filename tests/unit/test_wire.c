/* common/wire */
#include "json.h"
#include "tap.h"
#include "wire.h"

static void
kinds(void)
{
	static const struct {
		const char *line;
		enum wire_kind kind;
	} cases[] = {
	    {"{\"id\":\"x\",\"receipt\":{},\"object\":{}}", WIRE_RECEIPT},
	    {"{\"id\":\"x\",\"n\":1,\"table\":\"T\",\"row\":{}}", WIRE_ROW},
	    {"{\"dead\":{},\"object\":{},\"row\":{}}", WIRE_ROW},
	    {"{\"reject\":{},\"raw\":\"x\"}", WIRE_REJECT},
	    {"{\"error\":{}}", WIRE_ERROR},
	    {"{\"mark\":{}}", WIRE_MARK},
	    {"{\"end\":{}}", WIRE_END},
	    {"{\"done\":{}}", WIRE_DONE},
	    {" { \"at\" : 0 , \"text\" : \"x\" } ", WIRE_CHUNK},
	    {"{\"b64\":\"\"}", WIRE_CHUNK},
	    {"{\"v\":1,\"object\":{}}", WIRE_OPEN},
	    {"{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\"}", WIRE_OBJECT},
	    {"{\"something\":\"else\"}", WIRE_OTHER},
	    {"{\"r\\u006fw\":{}}", WIRE_ROW},
	};
	static const char *const bad[] = {
	    "", "[]", "1", "{", "{\"a\":1}x", "{\"a\":01}", "nonsense"};
	struct wire_line w;
	const char *why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		OK(wire_parse(&w, cases[i].line, strlen(cases[i].line), &why) &&
			w.kind == cases[i].kind,
		    cases[i].line);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		OK(!wire_parse(&w, bad[i], strlen(bad[i]), &why), bad[i]);
}

/* The id that docs/wire.md gives as its example, from an independent tool:
 * printf 's3\0b\0k\0e' | sha256sum */
static void
identity(void)
{
	static const char *const lines[] = {
	    "{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\",\"etag\":\"e\"}",
	    "{\"etag\":\"\\\"e\\\"\",\"key64\":\"aw==\",\"bucket\":\"b\","
	    "\"store\":\"s3\",\"version\":\"v\"}",
	    "{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\","
	    "\"version\":\"e\"}"};
	struct wire_object o;
	struct wire_line w;
	const char *why;
	char id[WIRE_ID_LEN + 1];
	static const char escaped[] =
	    "{\"id\":\"\\u0030123456789abcde\\u0066\\u002D0f0f\"}";

	for (size_t i = 0; i < 3; i++) {
		struct json_val v = {
		    lines[i], strlen(lines[i]), JSON_OBJECT, 0};

		OK(wire_object(&o, &v, &why) && wire_new_id(&o, id), "an id");
		id[16] = '\0';
		IS(id, "146422feefe8eeb9", lines[i]);
	}
	OK(wire_parse(&w, "{\"id\":\"0123456789abcdef-0f0f\"}", 30, &why) &&
		wire_id(&w, id),
	    "a well-formed id");
	OK(wire_parse(&w, escaped, sizeof(escaped) - 1, &why) &&
		wire_id(&w, id) && strcmp(id, "0123456789abcdef-0f0f") == 0,
	    "an id with escapes");
	OK(wire_parse(&w, "{\"id\":\"0123456789abcdef-0F0f\"}", 30, &why) &&
		!wire_id(&w, id),
	    "capitals are no id");
}

/* What is no object, and why. */
static void
no_objects(void)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
	    {"{\"bucket\":\"b\",\"key\":\"k\"}", "it has no store"},
	    {"{\"store\":1,\"bucket\":\"b\",\"key\":\"k\"}", "it has no store"},
	    {"{\"store\":\"s3\",\"key\":\"k\"}", "it has no bucket"},
	    {"{\"store\":\"s3\",\"bucket\":null,\"key\":\"k\"}",
		"it has no bucket"},
	    {"{\"store\":\"s3\",\"bucket\":\"b\"}", "it has no key"},
	    {"{\"store\":\"s3\",\"bucket\":\"b\",\"key\":[]}", "it has no key"},
	    {"{\"store\":\"s3\",\"bucket\":\"b\",\"key64\":7}",
		"it has no key"},
	};
	static const char other[] =
	    "{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\",\"key64\":7,"
	    "\"etag\":7,\"version\":8}";
	static const char bad[] = "{\"store\":\"s3\",\"bucket\":\"b\","
				  "\"key64\":\"?\"}";
	struct json_val v = {other, sizeof(other) - 1, JSON_OBJECT, 0};
	struct buf key = BUF_INIT(64);
	struct wire_object o;
	const char *why = NULL;
	char id[WIRE_ID_LEN + 1];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_val c = {
		    cases[i].line, strlen(cases[i].line), JSON_OBJECT, 0};

		OK(!wire_object(&o, &c, &why), cases[i].line);
		IS(why, cases[i].why, "and why");
	}
	OK(wire_object(&o, &v, &why) && wire_object_key(&o, &key) &&
		key.len == 1 && key.p[0] == 'k',
	    "a key64 that is no text counts for nothing");
	OK(wire_new_id(&o, id), "neither does an etag or a version");
	v = (struct json_val){bad, sizeof(bad) - 1, JSON_OBJECT, 0};
	OK(wire_object(&o, &v, &why) && !wire_new_id(&o, id),
	    "no id without a key that can be read");
	buf_clear(&key);
}

/* Members of what is no object, counts that are none. */
static void
no_members(void)
{
	static const char *const lines[] = {"{\"id\":7}",
	    "{\"id\":\"0123456789abcdef-012\"}",
	    "{\"id\":\"0123456789abcde:-0123\"}",
	    "{\"id\":\"0123456789abcdef:0123\"}",
	    "{\"id\":\"0123456789abcdef-g123\"}",
	    "{\"id\":\"\\u0030123456789abcdef-01234\"}",
	    "{\"id\":\"\\ud800123456789abcdef-0123\"}",
	    "{\"id\":\"\\u0030000000000000000000000000000000000000000000000000"
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000\"}",
	    "{}"};
	static const char line[] = "{\"done\":{\"exit\":256},\"mark\":"
				   "{\"rows\":\"3\"},\"end\":[3]}";
	struct wire_line w;
	struct wire_counts c;
	const char *why;
	char id[WIRE_ID_LEN + 1];

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		OK(wire_parse(&w, lines[i], strlen(lines[i]), &why) &&
			!wire_id(&w, id),
		    lines[i]);
	OK(wire_parse(&w, line, sizeof(line) - 1, &why), "an odd line");
	OK(wire_done_code(&w) == 70, "an exit that no process has is a bug");
	OK(wire_number(&w.mark, "rows", 7) == 7, "text is no number");
	OK(wire_number(&w.end, "rows", 7) == 7, "an array has no members");
	OK(wire_number(&w.row, "rows", 7) == 7, "nor has what is not there");
	wire_counts(&w.mark, &c);
	OK(c.rows == 0, "a count that is none");
}

/* Cut src into chunks, join their payloads again, compare. */
static void
chunks(const char *what, const char *src, size_t n, bool binary)
{
	struct buf line = BUF_INIT(WIRE_LINE_MAX), back = BUF_INIT(1 << 24);
	struct wire_line w;
	const char *why;
	size_t at = 0, used, longest = 0;
	bool b64 = false, ok = true;

	while (at < n && ok) {
		buf_reset(&line);
		used = wire_chunk(
		    &line, "0123456789abcdef-0123", at, src + at, n - at, true);
		ok = used > 0 && line.err == 0 &&
		     wire_parse(&w, line.p, line.len, &why) &&
		     w.kind == WIRE_CHUNK;
		if (!ok)
			break;
		if (line.len > longest)
			longest = line.len;
		if (w.text.p != NULL) {
			ok = json_text(&back, &w.text) == 0;
		} else {
			b64 = true;
			ok = json_base64(&back, w.b64.p + 1, w.b64.n - 2);
		}
		at += used;
	}
	OK(ok && back.len == n && memcmp(back.p, src, n) == 0, what);
	OK(b64 == binary, binary ? "some of it as b64" : "all of it as text");
	OK(longest < WIRE_CHUNK_LINE_MAX, "lines within the limit");
	buf_clear(&line);
	buf_clear(&back);
}

/* The quick way with chunks of text, and what it leaves to the other. */
static void
quick(void)
{
#define ID "{\"id\":\"0123456789abcdef-0123\""
	static const char *const others[] = {"", "{", ID,
	    ID ",\"at\":", ID ",\"at\":0,\"text\":\"",
	    ID ",\"at\":0,\"text\":\"}", ID ",\"at\":0,\"text\":\"x\"",
	    ID ",\"at\":0,\"text\":\"x\" }", ID ",\"at\":00,\"text\":\"\"}",
	    ID ",\"at\":-1,\"text\":\"\"}",
	    ID ",\"at\":12345678901234567890,\"text\":\"\"}",
	    ID ",\"at\":0:,\"text\":\"\"}", ID ",\"at\":,\"text\":\"\"}",
	    ID ",\"at\":0,\"b64\":\"\"}", " " ID ",\"at\":0,\"text\":\"\"}",
	    ID ", \"at\":0,\"text\":\"\"}",
	    "{\"id\":\"0123456789abcdeX-0123\",\"at\":0,\"text\":\"\"}",
	    "{\"id\":\"0123456789abcdef_0123\",\"at\":0,\"text\":\"\"}",
	    "{\"id\":\"0123456789abcdef-012\",\"at\":0,\"text\":\"\"}",
	    "{\"id\":\"0123456789ab"};
	static const char good[] =
	    ID ",\"at\":1234567890123456789,\"text\":\"a\\\"b\"}";
	static const char least[] = ID ",\"at\":0,\"text\":\"\"}";
	struct wire_chunk_text c;
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		wrong += wire_chunk_text(&c, others[i], strlen(others[i]));
	OK(wrong == 0, "what is not just so is left to wire_parse()");
	OK(wire_chunk_text(&c, good, sizeof(good) - 1) &&
		strcmp(c.id, "0123456789abcdef-0123") == 0 &&
		c.at == 1234567890123456789u && c.len == 4 &&
		memcmp(c.text, "a\\\"b", 4) == 0,
	    "a chunk of text, the quick way");
	OK(wire_chunk_text(&c, least, sizeof(least) - 1) && c.at == 0 &&
		c.len == 0,
	    "an empty one");
}

static void
chunking(void)
{
	enum { N = 1000003 };
	static char big[N];
	struct buf b = BUF_INIT(1000);

	chunks("a short text", "hello \"w\"\n", 10, false);
	memset(big, 'a', N);
	chunks("a long text", big, N, false);
	memset(big, '\1', N);
	chunks("all control characters", big, N, false);
	for (size_t i = 0; i < N; i++)
		big[i] = "\xe2\x82\xac"[i % 3];
	chunks("three-byte characters", big, N - N % 3, false);
	chunks("the last one cut", big, N, true);
	for (size_t i = 0; i < N; i++)
		big[i] = (char)(i * 7 + i / 256);
	chunks("binary", big, N, true);
	OK(wire_chunk(&b, "i", 0, "\xe2\x82", 2, false) == 0 && b.len == 0,
	    "a cut character waits for its rest");
	OK(wire_chunk(&b, "i", 0, "a\xe2\x82", 3, false) == 1,
	    "text before a cut character goes");
	buf_clear(&b);
}

static void
writing(void)
{
	struct buf b = BUF_INIT(4096);
	struct wire_line w;
	struct wire_counts c;
	const char *why;

	wire_open(&b, "0123456789abcdef-0123", "{\"store\":\"s3\"}", 14, true);
	IS(b.p,
	    "{\"v\":1,\"id\":\"0123456789abcdef-0123\",\"object\":"
	    "{\"store\":\"s3\"},\"raw\":true}",
	    "open");
	buf_reset(&b);
	wire_error(&b, "i",
	    &(struct wire_error){.stage = "s3fetch",
		.code = "NoSuchKey",
		.message = "gone",
		.http = 404,
		.request_id = "R"});
	IS(b.p,
	    "{\"id\":\"i\",\"error\":{\"stage\":\"s3fetch\",\"code\":"
	    "\"NoSuchKey\",\"http\":404,\"retry\":false,\"message\":\"gone\","
	    "\"request_id\":\"R\"}}",
	    "error");
	buf_reset(&b);
	wire_end_fetch(&b, "i", 10, 5);
	IS(b.p, "{\"id\":\"i\",\"end\":{\"bytes\":10,\"stored_bytes\":5}}",
	    "end");
	buf_reset(&b);
	wire_done(&b, "s3fetch", 75, "\"objects\":1");
	IS(b.p, "{\"done\":{\"stage\":\"s3fetch\",\"exit\":75,\"objects\":1}}",
	    "done");
	OK(wire_parse(&w, b.p, b.len, &why) && wire_done_code(&w) == 75,
	    "its exit code is read back");
	OK(wire_parse(&w, "{\"done\":{}}", 11, &why) &&
		wire_done_code(&w) == 70,
	    "a done without one is a bug");
	OK(wire_parse(&w, "{\"mark\":{\"rows\":3,\"records\":9}}", 31, &why),
	    "a mark");
	wire_counts(&w.mark, &c);
	OK(c.rows == 3 && c.records == 9 && c.rejects == 0, "its counts");
	buf_clear(&b);
}

int
main(void)
{
	kinds();
	identity();
	no_objects();
	no_members();
	chunking();
	quick();
	writing();
	return tap_done();
}
