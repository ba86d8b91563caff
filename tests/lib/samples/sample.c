/* Sample objects: names, times, files, and lines of the manifest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../s3/s3uri.h"
#include "log.h"
#include "sample.h"

void
sample_die(enum exitcode code, const char *what, const char *why)
{
	log_error("%s%s%s", what, why[0] != '\0' ? ": " : "", why);
	exit((int)code);
}

static const char *const accounts[] = {
    "111122223333", "444455556666", "123456789012"};
static const char *const regions[] = {
    "us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2"};

void
sample_site(const struct plan *plan, struct site *s, struct dice *d, int64_t i,
    int64_t n)
{
	int64_t slots = plan->days * DAY_MS / DELIVERY_MS, slot;
	time_t t;
	struct tm tm;

	*d = dice_for(plan->seed, 1, (uint64_t)i);
	slot = n > 1 ? (n - 1 - i) * (slots - 1) / (n - 1) : 0;
	s->at_ms = plan->newest_ms - slot * DELIVERY_MS;
	s->place = (struct trail_place){
	    .account = accounts[dice_below(d, 3)],
	    .region = regions[dice_below(d, 4)],
	    /* Events arrive within some five to fifteen minutes. */
	    .from_ms = s->at_ms - 3 * (int64_t)DELIVERY_MS,
	    .span_ms = 2 * (int64_t)DELIVERY_MS,
	};
	t = (time_t)(s->at_ms / 1000);
	INVARIANT(gmtime_r(&t, &tm) != NULL);
	(void)strftime(s->day, sizeof(s->day), "%Y/%m/%d", &tm);
	(void)strftime(s->minute, sizeof(s->minute), "%Y%m%dT%H%M", &tm);
	dice_text(d, s->tag, 16,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	s->tag[16] = '\0';
}

void
sample_key(
    struct buf *key, const struct site *s, const char *kind, const char *suffix)
{
	const struct trail_place *p = &s->place;

	buf_reset(key);
	buf_addf(key, "AWSLogs/%s/CloudTrail%s/%s/%s/%s_CloudTrail%s_%s_",
	    p->account, kind, p->region, s->day, p->account, kind, p->region);
	if (strcmp(kind, "-Digest") == 0)
		buf_addf(
		    key, "management_%s_%s00Z.json.gz", p->region, s->minute);
	else
		buf_addf(key, "%sZ_%s%s", s->minute, s->tag, suffix);
}

void
sample_tell(
    const struct buf *file, const struct buf *key, const struct truth *t)
{
	struct buf coded = BUF_INIT(PATH_ROOM);

	/* Both names are percent-encoded: nothing in them needs escaping. */
	s3uri_encode(&coded, key->p, key->len, S3URI_PATH);
	if (coded.err != 0 || file->err != 0)
		log_oom();
	if (printf(
		"{\"file\":\"%s\",\"key\":\"%s\",\"kind\":\"%s\",\"raw\":%llu,"
		"\"stored\":%llu,\"records\":%llu,\"bad\":%llu,"
		"\"filtered\":%llu,\"sound\":%s}\n",
		file->p, coded.p, t->kind, (unsigned long long)t->raw,
		(unsigned long long)t->stored, (unsigned long long)t->records,
		(unsigned long long)t->bad, (unsigned long long)t->filtered,
		t->unsound ? "false" : "true") < 0)
		sample_die(
		    EXIT_IO, "cannot write the manifest", strerror(errno));
	buf_clear(&coded);
}

FILE *
sample_open(const struct plan *plan, const struct buf *key, struct buf *file,
    struct buf *path)
{
	FILE *f;

	s3uri_file(file, key->p, key->len);
	buf_addf(path, "%s/%s", plan->dir, file->p);
	if (path->err != 0)
		log_oom();
	for (char *p = path->p + strlen(plan->dir) + 1;
	     (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		(void)mkdir(path->p, 0777);
	}
	f = fopen(path->p, "we");
	if (f == NULL)
		sample_die(EXIT_IO, path->p, strerror(errno));
	return f;
}

/* The file gets the time of its delivery. */
void
sample_close(FILE *f, const char *path, const struct site *s)
{
	struct timespec times[2] = {{.tv_sec = (time_t)(s->at_ms / 1000)},
	    {.tv_sec = (time_t)(s->at_ms / 1000)}};

	if (fflush(f) != 0 || futimens(fileno(f), times) != 0 || fclose(f) != 0)
		sample_die(EXIT_IO, path, strerror(errno));
}

void
sample_write(const struct plan *plan, const struct buf *key,
    const struct buf *bytes, const struct site *s, struct truth *t)
{
	struct buf file = BUF_INIT(PATH_ROOM), path = BUF_INIT(PATH_ROOM);
	FILE *f = sample_open(plan, key, &file, &path);

	if (bytes->err != 0)
		log_oom();
	if (bytes->len > 0 && fwrite(bytes->p, 1, bytes->len, f) != bytes->len)
		sample_die(EXIT_IO, path.p, strerror(errno));
	sample_close(f, path.p, s);
	t->stored = bytes->len;
	sample_tell(&file, key, t);
	buf_clear(&file);
	buf_clear(&path);
}

void
sample_records(struct buf *raw, struct dice *d, const struct trail_place *p,
    size_t n, size_t *ends)
{
	buf_adds(raw, "{\"Records\":[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(raw, ',');
		trail_any(raw, d, p);
		if (ends != NULL)
			ends[i] = raw->len;
	}
	buf_adds(raw, "]}");
}
