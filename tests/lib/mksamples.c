/*
 * mksamples: a folder of CloudTrail objects as AWS delivers them, the broken
 * and odd ones included, and a manifest that tells the truth about each.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "log.h"
#include "samples/huge.h"
#include "samples/odd.h"
#include "samples/sample.h"
#include "samples/samplepack.h"
#include "timefmt.h"

static const char usage[] =
    "usage: mksamples [option ...] DIR > MANIFEST\n"
    "Fills DIR (made if need be) with CloudTrail objects, in files named as\n"
    "s3sim --root expects them in a bucket's folder.\n\n"
    "  --objects N    ordinary objects (40)\n"
    "  --records N    of each ordinary object (20 to 60)\n"
    "  --seed N       other data (1)\n"
    "  --date D       the newest object is of the end of this day, UTC (now)\n"
    "  --days N       spread them over so many days back (1)\n"
    "  --no-odd       ordinary objects alone\n"
    "  --huge SIZE    one object of so many raw bytes (K M G), one line, in\n"
    "                 place of all others\n\n"
    "A line of the manifest: file, key (percent-encoded), kind; raw and "
    "stored\n"
    "bytes; records that can be read from it, how many of those are bad or to\n"
    "be filtered (digests); sound: does it end as it should?\n";

struct options {
	struct plan plan;
	int64_t objects, records, huge;
	bool no_odd;
};

static size_t
draw_records(const struct options *o, struct dice *d)
{
	return o->records > 0 ? (size_t)o->records : 20 + dice_below(d, 41);
}

static void
ordinary(const struct options *o, int64_t i, struct buf *key, struct buf *raw,
    struct buf *stored)
{
	struct truth t = {.kind = "cloudtrail"};
	struct site s;
	struct dice d;

	sample_site(&o->plan, &s, &d, i, o->objects);
	t.records = draw_records(o, &d);
	buf_reset(raw);
	buf_reset(stored);
	sample_records(raw, &d, &s.place, t.records, NULL);
	t.raw = raw->len;
	samplepack_gzip(stored, raw->p, raw->len);
	sample_key(key, &s, "", ".json.gz");
	sample_write(&o->plan, key, stored, &s, &t);
}

static int64_t
number(const char *text, bool with_unit)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;
	int64_t n;

	errno = 0;
	n = strtoll(text, &end, 10);
	unit = *end != '\0' && with_unit ? strchr(units, *end) : NULL;
	if (errno != 0 || end == text || n < 0 || n > INT32_MAX ||
	    (*end != '\0' && (unit == NULL || end[1] != '\0')))
		sample_die(EXIT_BADUSAGE, "no number, or out of range", text);
	return unit != NULL ? n << 10 * (unit - units + 1) : n;
}

static void
parse_date(struct options *o, const char *text)
{
	if (!timefmt_parse(text, strlen(text), &o->plan.newest_ms))
		sample_die(EXIT_BADUSAGE, "no date", text);
	o->plan.newest_ms += DAY_MS - DELIVERY_MS;
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	static const struct option table[] = {
	    {"objects", required_argument, NULL, 'o'},
	    {"records", required_argument, NULL, 'r'},
	    {"seed", required_argument, NULL, 's'},
	    {"date", required_argument, NULL, 'D'},
	    {"days", required_argument, NULL, 'd'},
	    {"no-odd", no_argument, NULL, 'n'},
	    {"huge", required_argument, NULL, 'H'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", table, NULL)) != -1) {
		switch (c) {
		case 'o':
			o->objects = number(optarg, false);
			break;
		case 'r':
			o->records = number(optarg, false);
			break;
		case 's':
			o->plan.seed = (uint64_t)number(optarg, false);
			break;
		case 'D':
			parse_date(o, optarg);
			break;
		case 'd':
			o->plan.days = number(optarg, false);
			break;
		case 'n':
			o->no_odd = true;
			break;
		case 'H':
			o->huge = number(optarg, true);
			break;
		case 'h':
			(void)fputs(usage, stdout);
			exit(fflush(stdout) == 0 ? EXIT_DONE : EXIT_IO);
		default:
			sample_die(EXIT_BADUSAGE, "see mksamples --help", "");
		}
	}
	if (argc - optind != 1 || o->plan.days < 1)
		sample_die(EXIT_BADUSAGE, "one folder, and --days from 1", "");
	o->plan.dir = argv[optind];
}

int
main(int argc, char *argv[])
{
	struct buf key = BUF_INIT(PATH_ROOM), raw = BUF_INIT(OBJECT_MAX);
	struct buf stored = BUF_INIT(OBJECT_MAX);
	struct options o = {.plan = {.seed = 1, .days = 1}, .objects = 40};

	log_init("mksamples");
	/* Delivered already: the last full five minutes. */
	o.plan.newest_ms = clock_wall_ms() / DELIVERY_MS * DELIVERY_MS;
	parse_options(&o, argc, argv);
	if (mkdir(o.plan.dir, 0777) != 0 && errno != EEXIST)
		sample_die(EXIT_IO, o.plan.dir, strerror(errno));
	if (o.huge > 0) {
		sample_huge(&o.plan, (uint64_t)o.huge);
	} else {
		for (int64_t i = 0; i < o.objects; i++)
			ordinary(&o, i, &key, &raw, &stored);
		if (!o.no_odd)
			sample_odd(&o.plan);
	}
	buf_clear(&key);
	buf_clear(&raw);
	buf_clear(&stored);
	if (fflush(stdout) != 0 || ferror(stdout))
		sample_die(
		    EXIT_IO, "cannot write the manifest", strerror(errno));
	return EXIT_DONE;
}
