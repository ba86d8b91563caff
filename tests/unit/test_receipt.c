/* s3list/receipt and s3list/unsettled */
#include <stdlib.h>

#include "../../s3list/receipt.h"
#include "../../s3list/unsettled.h"
#include "tap.h"

static char own_id[17];

static void
find_id(const char *object)
{
	struct json_val v;
	struct wire_object o;
	struct json j;
	const char *why;

	json_init(&j, object, strlen(object));
	if (!json_value(&j, &v) || !wire_object(&o, &v, &why) ||
	    !wire_object_id(&o, own_id))
		abort();
}

#define OBJ                                                            \
	"{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\",\"size\":9," \
	"\"etag\":\"e\",\"modified\":\"2026-01-02T03:04:05Z\"}"

struct bad {
	const char *label, *line, *why;
	enum receipt_result want;
};

/* %I stands for the right id. */
static const struct bad bads[] = {
    {"no id", "{\"receipt\":{\"status\":\"gone\"},\"object\":" OBJ "}",
	"its id has not the form of one", RECEIPT_MALFORMED},
    {"half an id",
	"{\"id\":\"0011\",\"receipt\":{\"status\":\"gone\"},\"object\":" OBJ
	"}",
	"its id has not the form of one", RECEIPT_MALFORMED},
    {"no object", "{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\"}}",
	"it names no object", RECEIPT_MALFORMED},
    {"an object that is none",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\"},"
	"\"object\":\"s3://b/k\"}",
	"it names no object", RECEIPT_MALFORMED},
    {"an object without key",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\"},\"object\":"
	"{\"store\":\"s3\",\"bucket\":\"b\"}}",
	"it has no key", RECEIPT_MALFORMED},
    {"no status", "{\"id\":\"%I-0000\",\"receipt\":{},\"object\":" OBJ "}",
	"its status is none of delivered, gone, partial, failed",
	RECEIPT_MALFORMED},
    {"an unknown status",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"fine\"},\"object\":" OBJ
	"}",
	"its status is none of delivered, gone, partial, failed",
	RECEIPT_MALFORMED},
    {"a receipt that is no object",
	"{\"id\":\"%I-0000\",\"receipt\":true,\"object\":" OBJ "}",
	"it is no object", RECEIPT_MALFORMED},
    {"a negative count",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"partial\","
	"\"through\":-1},\"object\":" OBJ "}",
	"a count is none", RECEIPT_MALFORMED},
    {"a destination that is a number",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\",\"to\":1},"
	"\"object\":" OBJ "}",
	"its destination or format is none", RECEIPT_MALFORMED},
    {"a name with NUL",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\"},\"object\":"
	"{\"store\":\"s3\",\"bucket\":\"b\\u0000\",\"key\":\"k\"}}",
	"a name of its object is none", RECEIPT_MALFORMED},
    {"the id of another object",
	"{\"id\":\"0123456789abcdef-0000\",\"receipt\":"
	"{\"status\":\"delivered\"},\"object\":" OBJ "}",
	"its id is that of another object", RECEIPT_FORGED},
    {"a record that is nowhere",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"delivered\",\"rows\":1,"
	"\"records\":3,\"filtered\":1},\"object\":" OBJ "}",
	"its counts do not add up", RECEIPT_UNBALANCED},
    {"settled in part, yet delivered",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"delivered\","
	"\"records\":3,\"through\":2},\"object\":" OBJ "}",
	"its counts do not add up", RECEIPT_UNBALANCED},
    {"a format that is a number",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\",\"format\":1},"
	"\"object\":" OBJ "}",
	"its destination or format is none", RECEIPT_MALFORMED},
    {"a status that is a number",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":1},\"object\":" OBJ "}",
	"its status is none of delivered, gone, partial, failed",
	RECEIPT_MALFORMED},
    {"records that are text",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\","
	"\"records\":\"1\"},\"object\":" OBJ "}",
	"a count is none", RECEIPT_MALFORMED},
    {"rows that are half",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\","
	"\"rows\":1.5},\"object\":" OBJ "}",
	"a count is none", RECEIPT_MALFORMED},
    {"filtered of too many digits",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\","
	"\"filtered\":18446744073709551616},\"object\":" OBJ "}",
	"a count is none", RECEIPT_MALFORMED},
    {"dead that is null",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\","
	"\"dead\":null},\"object\":" OBJ "}",
	"a count is none", RECEIPT_MALFORMED},
    {"a reason that is a number",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"failed\","
	"\"reason\":7},\"object\":" OBJ "}",
	"its reason is none", RECEIPT_MALFORMED},
    {"a code that is a number",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"failed\","
	"\"reason\":\"error\",\"code\":7},\"object\":" OBJ "}",
	"its reason is none", RECEIPT_MALFORMED},
    {"an http that is text",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"failed\","
	"\"http\":\"503\"},\"object\":" OBJ "}",
	"its reason is none", RECEIPT_MALFORMED},
    {"a key64 that is none",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\"},\"object\":"
	"{\"store\":\"s3\",\"bucket\":\"b\",\"key64\":\"?\"}}",
	"its key cannot be read", RECEIPT_MALFORMED},
    {"an etag that is a number",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\"},\"object\":"
	"{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\",\"etag\":7}}",
	"a name of its object is none", RECEIPT_MALFORMED},
    {"a version that is a number",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\"},\"object\":"
	"{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\",\"version\":7}}",
	"a name of its object is none", RECEIPT_MALFORMED},
    {"a store with NUL",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"gone\"},\"object\":"
	"{\"store\":\"s\\u0000\",\"bucket\":\"b\",\"key\":\"k\"}}",
	"a name of its object is none", RECEIPT_MALFORMED},
    {"more dead than any number holds",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"delivered\","
	"\"rows\":1,\"records\":3,\"dead\":18446744073709551615},"
	"\"object\":" OBJ "}",
	"its counts do not add up", RECEIPT_UNBALANCED},
    {"more skipped than any number holds",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"delivered\","
	"\"rows\":1,\"records\":3,\"skipped\":18446744073709551615},"
	"\"object\":" OBJ "}",
	"its counts do not add up", RECEIPT_UNBALANCED},
    {"more rows than records",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"delivered\","
	"\"rows\":4,\"records\":3},\"object\":" OBJ "}",
	"its counts do not add up", RECEIPT_UNBALANCED},
    {"settled beyond the last record",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"partial\","
	"\"records\":3,\"through\":4},\"object\":" OBJ "}",
	"its counts do not add up", RECEIPT_UNBALANCED},
    {"skipped is no number",
	"{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"delivered\","
	"\"skipped\":\"3\"},\"object\":" OBJ "}",
	"a count is none", RECEIPT_MALFORMED},
};

/* Put own_id in place of %I. */
static const char *
with_id(const char *line)
{
	static char out[4096];
	const char *at = strstr(line, "%I");

	if (at == NULL)
		return line;
	(void)snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - line), line,
	    own_id, at + 2);
	return out;
}

static enum receipt_result
read_line(struct receipt *rc, const char *line, const char **why)
{
	struct wire_line w;

	line = with_id(line);
	if (!wire_parse(&w, line, strlen(line), why))
		abort();
	return receipt_read(rc, &w, why);
}

static void
test_good(struct receipt *rc)
{
	const char *why;

	OK(read_line(rc,
	       "{\"id\":\"%I-00ff\",\"receipt\":{\"to\":\"h/dcr-1\","
	       "\"status\":\"failed\",\"format\":\"cloudtrail/1\","
	       "\"records\":20,\"rows\":15,\"filtered\":1,\"dead\":2,"
	       "\"through\":18,\"reason\":\"missing-rows\"},\"object\":" OBJ
	       "}",
	       &why) == RECEIPT_FINE,
	    "a whole one");
	IS(rc->r.object.bucket, "b", "bucket");
	OK(rc->r.object.key_len == 1 && *(const char *)rc->r.object.key == 'k',
	    "key");
	IS(rc->r.to, "h/dcr-1", "to");
	IS(rc->r.format, "cloudtrail/1", "format");
	IS(rc->r.reason, "missing-rows", "reason");
	OK(rc->r.status == STATE_IS_FAILED && rc->r.counts &&
		rc->r.through == 18 && rc->r.dead == 2 && rc->records == 20 &&
		rc->rows == 15 && rc->filtered == 1 && !rc->r.dead_object,
	    "status and counts");
	OK(rc->r.fetch == 0xff && rc->r.size == 9 &&
		rc->r.modified_ms == INT64_C(1767323045000),
	    "fetch, size, modified");
	OK(read_line(rc,
	       "{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"failed\","
	       "\"reason\":\"error\",\"code\":\"SlowDown\",\"http\":503},"
	       "\"object\":" OBJ "}",
	       &why) == RECEIPT_FINE &&
		!rc->r.counts,
	    "an outage does not count");
	IS(rc->r.reason, "SlowDown", "an error line's code is the reason");
	OK(read_line(rc,
	       "{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"failed\","
	       "\"reason\":\"odd\",\"code\":\"X\",\"try\":false},"
	       "\"object\":" OBJ "}",
	       &why) == RECEIPT_FINE &&
		!rc->r.counts,
	    "a receipt can say so itself");
	IS(rc->r.reason, "odd", "another reason stands for itself");
	OK(read_line(rc,
	       "{\"object\":" OBJ ",\"receipt\":{\"dead_object\":true,"
	       "\"status\":\"delivered\"},\"id\":\"%I-0000\"}",
	       &why) == RECEIPT_FINE &&
		rc->r.dead_object && rc->r.reason[0] == '\0',
	    "other order, little in it");
}

/* What is odd, and yet says nothing wrong. */
static void
test_odd(struct receipt *rc)
{
	static char line[STATE_TEXT_MAX * 4 + 1024];
	const char *why;
	size_t n;

	OK(read_line(rc,
	       "{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"failed\","
	       "\"try\":\"no\",\"dead_object\":\"yes\"},\"object\":"
	       "{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\","
	       "\"etag\":\"e\",\"size\":\"9\",\"modified\":7}}",
	       &why) == RECEIPT_FINE,
	    "members that are no values of theirs");
	OK(rc->r.counts && !rc->r.dead_object && rc->r.size == 0 &&
		rc->r.modified_ms == 0,
	    "are as if they were not there");
	OK(read_line(rc,
	       "{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"delivered\","
	       "\"records\":9,\"rows\":2},\"object\":"
	       "{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\","
	       "\"etag\":\"e\",\"skip\":7}}",
	       &why) == RECEIPT_FINE,
	    "what the object line skips was settled before");
	OK(read_line(rc,
	       "{\"id\":\"%I-0000\",\"receipt\":{\"status\":\"delivered\","
	       "\"records\":9,\"through\":9},\"object\":" OBJ "}",
	       &why) == RECEIPT_FINE,
	    "rows that are not told are not missed");
	n = (size_t)snprintf(line, sizeof(line),
	    "{\"id\":\"%s-0000\",\"receipt\":{\"status\":\"failed\","
	    "\"reason\":\"",
	    own_id);
	for (size_t i = 0; i < STATE_TEXT_MAX; i++, n += 2)
		memcpy(line + n, "\xc3\xa9", 2);
	(void)snprintf(line + n, sizeof(line) - n, "\"},\"object\":" OBJ "}");
	OK(read_line(rc, line, &why) == RECEIPT_FINE &&
		strlen(rc->r.reason) <= STATE_TEXT_MAX &&
		strlen(rc->r.reason) % 2 == 0,
	    "a long reason is cut between characters");
}

static void
test_counts(void)
{
	static const struct {
		const char *reason;
		uint64_t http;
		bool counts;
	} t[] = {{"missing-rows", 0, true}, {"AccessDenied", 403, false},
	    {"AccessDenied", 0, false}, {"", 503, false}, {"", 429, false},
	    {"", 401, false}, {"", 408, false}, {"", 499, true},
	    {"SlowDown", 0, false}, {"NoSuchUpload", 404, true},
	    {"ConnectionCut", 0, true}, {"Unavailable", 0, false},
	    {"", 0, true}};

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		OK(receipt_counts(t[i].reason, t[i].http) == t[i].counts,
		    t[i].counts ? "counts as a try" : "does not count");
}

static void
test_unsettled(void)
{
	struct unsettled u = {0};
	uint64_t x = 1;

	OK(!unsettled_any(&u) && !unsettled_has(&u, 0), "nothing at first");
	unsettled_remove(&u, 5);
	for (int i = 0; i < 3; i++)
		unsettled_add(&u, 0);
	OK(u.n == 1 && unsettled_has(&u, 0) && !unsettled_has(&u, 7),
	    "0 is a number too, and counts once");
	unsettled_remove(&u, 0);
	OK(!unsettled_any(&u), "removed");
	/* Numbers that collide, in and out in another order. */
	for (uint64_t i = 1; i <= 1000; i++)
		unsettled_add(&u, i * 64);
	for (uint64_t i = 0; i < 1000; i++) {
		x = x * 11 % 1009; /* 11 generates all but 0 */
		while (x > 1000)
			x = x * 11 % 1009;
		unsettled_remove(&u, x * 64);
	}
	OK(!unsettled_any(&u), "all of 1,000 that collide");
	for (uint64_t i = 1; i <= UNSETTLED_MAX + 1; i++)
		unsettled_add(&u, i * UINT64_C(0x9e3779b97f4a7c15));
	OK(u.n == UNSETTLED_MAX && u.more, "bounded");
	for (uint64_t i = 1; i <= UNSETTLED_MAX + 1; i++)
		unsettled_remove(&u, i * UINT64_C(0x9e3779b97f4a7c15));
	OK(u.n == 0 && unsettled_any(&u), "what did not fit is remembered");
	unsettled_free(&u);
}

/* Numbers that meet in the table, beside a plain array of them. */
static void
test_unsettled_model(void)
{
	enum { N = 512, TURNS = 200000 };
	static bool there[N];
	struct unsettled u = {0};
	uint32_t seed = 7, n = 0;
	size_t wrong = 0;

	for (int i = 0; i < TURNS; i++) {
		uint64_t id;
		size_t k;

		seed = seed * 1664525 + 1013904223;
		k = seed >> 8 & (N - 1);
		/* Eight of them begin at each of the first 64 places. */
		id = (uint64_t)(k & 63) + (uint64_t)(k >> 6) * 65536 + 1;
		if ((seed >> 30) != 0) {
			unsettled_remove(&u, id);
			n -= there[k];
			there[k] = false;
		} else {
			unsettled_add(&u, id);
			n += !there[k];
			there[k] = true;
		}
		wrong += u.n != n || unsettled_has(&u, id) != there[k];
	}
	for (size_t k = 0; k < N; k++)
		wrong += unsettled_has(&u, (uint64_t)(k & 63) +
					       (uint64_t)(k >> 6) * 65536 +
					       1) != there[k];
	OK(wrong == 0, "in and out in any order, as a plain list has them");
	unsettled_free(&u);
}

int
main(void)
{
	struct receipt rc;
	const char *why;

	receipt_init(&rc);
	find_id(OBJ);
	test_good(&rc);
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		OK(read_line(&rc, bads[i].line, &why) == bads[i].want,
		    bads[i].label);
		IS(why, bads[i].why, "and why");
	}
	test_odd(&rc);
	test_counts();
	test_unsettled();
	test_unsettled_model();
	receipt_free(&rc);
	return tap_done();
}
