/*
 * What stands in options and the environment: addresses, endpoints, rules,
 * streams, globs, times.  Invariants: what is taken can be used (hosts and
 * names hold nothing that would end a URL or header; tokens go to Azure or
 * loopback alone), what is refused has a reason, a glob matches as its plain
 * definition does, and times come back as they were written.  The first byte
 * chooses what the rest is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glob.h"
#include "s3url.h"
#include "sentinelpost/target.h"
#include "timefmt.h"

/* Unlike INVARIANT(), leaves the input behind. */
#define CHECK(cond) ((cond) ? (void)0 : abort())

enum { GLOB_STEPS = 100000, TEXT = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_plain(const char *s)
{
	for (; *s != '\0'; s++)
		CHECK(*s > ' ' && *s <= '~' && strchr("@?#", *s) == NULL);
}

static void
fuzz_s3(const char *text, size_t n)
{
	struct s3_endpoint e, again;
	char region[S3_REGION_MAX], url[S3_HOST_MAX + S3_PATH_MAX + 16];
	struct fault f = {0};
	struct s3_url u;

	if (s3_url_parse(&u, text, n, &f)) {
		CHECK(s3_bucket_ok(u.bucket));
		CHECK(u.key + u.key_len == text + n);
	} else {
		CHECK(f.code == EXIT_BADUSAGE && f.text[0] != '\0');
	}
	if (!s3_endpoint_parse(&e, text, &f)) {
		CHECK(f.code == EXIT_BADCONFIG && f.text[0] != '\0');
		return;
	}
	check_plain(e.host);
	check_plain(e.path);
	CHECK(strchr(e.host, '/') == NULL && e.host[0] != '\0');
	if (s3_endpoint_region(&e, region))
		CHECK(s3_region_ok(region));
	(void)snprintf(url, sizeof(url), "http%s://%s%s", e.tls ? "s" : "",
	    e.host, e.path);
	CHECK(s3_endpoint_parse(&again, url, &f));
	CHECK(strcmp(e.host, again.host) == 0 && e.tls == again.tls &&
	      e.aws == again.aws && strcmp(e.path, again.path) == 0);
}

static bool
ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n > m && strcmp(s + n - m, with) == 0;
}

static void
fuzz_target(const char *text)
{
	static struct target t;
	struct buf url = BUF_INIT(1024);
	struct fault f = {0};
	char stream[TARGET_STREAM_SIZE];

	memset(&t, 0, sizeof(t));
	if (target_endpoint(&t, text, &f)) {
		check_plain(t.base);
		CHECK(t.loopback || strncmp(t.base, "https://", 8) == 0);
		CHECK(t.loopback || ends(t.host, ".ingest.monitor.azure.com") ||
		      ends(t.host, ".ingest.monitor.azure.us") ||
		      ends(t.host, ".ingest.monitor.azure.cn"));
	} else {
		CHECK(f.text[0] != '\0');
		CHECK(target_endpoint(&t, "http://127.0.0.1:1", &f));
	}
	if (target_authority(&t, text, &f))
		check_plain(t.authority);
	if (!target_rule(&t, text, &f))
		CHECK(target_rule(&t, "dcr-1", &f));
	if (target_map(&t, text, &f))
		CHECK(target_name(
			  t.streams[0].table, strlen(t.streams[0].table)) &&
		      target_name(
			  t.streams[0].stream, strlen(t.streams[0].stream)));
	target_done(&t);
	target_stream(&t, t.nstreams > 0 ? t.streams[0].table : "T", stream);
	target_url(&t, 0, stream, &url);
	CHECK(url.err == 0 && strpbrk(url.p, " \r\n#@\\\"") == NULL);
	buf_clear(&url);
	target_free(&t);
}

/* The definition: a star takes each number of bytes in turn.  One item of the
 * pattern without stars is judged by glob_match() itself. */
static bool
plainly(const char *p, const char *s, const char *end, int *steps)
{
	char item[TEXT + 1];
	const char *why;

	if (++*steps > GLOB_STEPS)
		return false;
	if (*p == '\0')
		return s == end;
	if (*p == '*') {
		for (const char *at = s; at <= end; at++)
			if (plainly(p + 1, at, end, steps))
				return true;
		return false;
	}
	/* The shortest beginning that is whole is one item. */
	for (size_t n = 1; n <= strlen(p); n++) {
		memcpy(item, p, n);
		item[n] = '\0';
		if (glob_check(item, &why))
			return s < end && glob_match(item, s, 1) &&
			       plainly(p + n, s + 1, end, steps);
	}
	return false;
}

static void
fuzz_glob(const char *text, size_t n)
{
	const size_t at = strlen(text);
	const char *why = NULL;
	int steps = 0;
	bool want;

	if (!glob_check(text, &why)) {
		CHECK(why != NULL);
		return;
	}
	if (at > TEXT || at == n)
		return;
	want = plainly(text, text + at + 1, text + n, &steps);
	if (steps <= GLOB_STEPS)
		CHECK(glob_match(text, text + at + 1, n - at - 1) == want);
}

static void
fuzz_time(const char *text, size_t n)
{
	const int64_t first = -62167219200000, last = 253402300799999;
	char out[TIMEFMT_MAX];
	int64_t ms, again;

	if (timefmt_parse(text, n, &ms) && ms >= first && ms <= last) {
		timefmt_rfc3339(out, ms, true);
		CHECK(timefmt_parse(out, strlen(out), &again) && again == ms);
	}
	(void)timefmt_http(text, n, &ms);
	if (timefmt_duration(text, &ms))
		CHECK(ms >= 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1)
		return 0;
	text = malloc(size);
	CHECK(text != NULL);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		fuzz_s3(text, strlen(text));
		break;
	case 1:
		fuzz_target(text);
		break;
	case 2:
		fuzz_glob(text, size - 1);
		break;
	default:
		fuzz_time(text, strlen(text));
		break;
	}
	free(text);
	return 0;
}
