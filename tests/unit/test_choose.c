/* s3list/choose and s3list/objline */
#include "s3list/choose.h"
#include "s3list/objline.h"
#include "tap.h"

static enum choice
choose(const struct choose *c, const char *key, uint64_t size, int64_t ms)
{
	const struct state_object o = {.store = "s3",
	    .bucket = "b",
	    .etag = "e",
	    .version = "",
	    .key = key,
	    .key_len = strlen(key)};
	struct state_verdict v;
	struct fault f = {0};
	enum choice choice = CHOICES;

	(void)choose_object(c, &o, size, ms, &choice, &v, &f);
	return choice;
}

static void
test_choices(void)
{
	static const char *const include[] = {"*.gz"};
	struct choose c = {.since_ms = 100, .until_ms = 200, .shards = 1};
	unsigned seen = 0;

	OK(choose(&c, "k", 1, 100) == CHOICE_GIVE, "since is inside");
	OK(choose(&c, "k", 1, 99) == CHOICE_TIME, "before since");
	OK(choose(&c, "k", 1, 199) == CHOICE_GIVE, "before until");
	OK(choose(&c, "k", 1, 200) == CHOICE_TIME, "until is outside");
	OK(choose(&c, "k/", 0, 150) == CHOICE_FOLDER, "a folder's marker");
	OK(choose(&c, "k/", 1, 150) == CHOICE_GIVE, "which is empty");
	OK(choose(&c, "k", 0, 150) == CHOICE_GIVE,
	    "an empty object is an object");
	c.globs = (struct glob_rules){include, 1, NULL, 0};
	OK(choose(&c, "k", 1, 150) == CHOICE_FILTERED, "not included");
	OK(choose(&c, "k.gz", 1, 150) == CHOICE_GIVE, "included");
	c.globs.ninclude = 0;
	c.shards = 4;
	for (int i = 0; i < 400; i++) {
		char key[16];
		unsigned n = 0;

		(void)snprintf(key, sizeof(key), "key%d", i);
		for (c.shard = 0; c.shard < 4; c.shard++)
			n += choose(&c, key, 1, 150) == CHOICE_GIVE;
		seen += n == 1;
	}
	OK(seen == 400, "each key belongs to one shard");
}

static void
test_shards(void)
{
	static const struct {
		const char *s;
		bool ok;
		unsigned i, n;
	} cases[] = {
	    {"0/1", true, 0, 1},
	    {"2/3", true, 2, 3},
	    {"65535/65536", true, 65535, 65536},
	    {"3/3", false, 0, 0},
	    {"0/0", false, 0, 0},
	    {"1/", false, 0, 0},
	    {"/2", false, 0, 0},
	    {"1", false, 0, 0},
	    {"-1/2", false, 0, 0},
	    {"0/2x", false, 0, 0},
	    {"0/99999999999", false, 0, 0},
	    {"0/65537", false, 0, 0},
	};
	unsigned i, n;
	bool ok;

	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		ok = choose_shard_parse(cases[k].s, &i, &n);
		OK(ok == cases[k].ok &&
			(!ok || (i == cases[k].i && n == cases[k].n)),
		    cases[k].s);
	}
	/* Of sha256("k"): 8254c329a92850f6 .. */
	OK(choose_shard("k", 1, 10) == 0x8254c329a92850f6u % 10,
	    "the shard is what the manual says");
}

static void
test_lines(void)
{
	struct buf b = BUF_INIT(65536);
	struct objline o = {.store = "s3",
	    .bucket = "b",
	    .key = "a \"\n\xe6\x97\xa5",
	    .key_len = 7,
	    .size = 9,
	    .etag = "e-2",
	    .etag_len = 3,
	    .modified = "2026-01-02T03:04:05.000Z",
	    .modified_len = 24};

	objline_write(&b, &o);
	IS(b.p,
	    "{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"a "
	    "\\\"\\n\xe6\x97\xa5\",\"size\":9,\"etag\":\"e-2\",\"modified\":"
	    "\"2026-01-02T03:04:05.000Z\"}\n",
	    "an object line");
	buf_reset(&b);
	o = (struct objline){.store = "s3",
	    .bucket = "b",
	    .key = "\xff\0",
	    .key_len = 2,
	    .version = "v",
	    .region = "r",
	    .endpoint = "https://h",
	    .skip = 7,
	    .format = "F/1",
	    .extra = "\"x\":1"};
	objline_write(&b, &o);
	IS(b.p,
	    "{\"store\":\"s3\",\"bucket\":\"b\",\"key64\":\"/wA=\",\"size\":0,"
	    "\"version\":\"v\",\"region\":\"r\",\"endpoint\":\"https://h\","
	    "\"skip\":7,\"format\":\"F/1\",\"x\":1}\n",
	    "with all that it may have, in the order of the wire");
	buf_clear(&b);
}

int
main(void)
{
	test_choices();
	test_shards();
	test_lines();
	return tap_done();
}
