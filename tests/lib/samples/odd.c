/* The odd and the broken objects, one of each kind. */
#include <string.h>

#include "log.h"
#include "odd.h"
#include "samplepack.h"

enum { ODD_RECORDS = 24 };

/* What an odd object starts from: ODD_RECORDS good records. */
struct odd {
	struct site s;
	struct dice d;
	struct buf key, raw, stored;
	size_t ends[ODD_RECORDS];
	struct truth t;
};

static void
odd_crc(struct odd *o)
{
	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
	o->stored.p[o->stored.len - 8] ^= 0x55;
	o->t.unsound = true;
}

/* Cut in the middle, well inside a record, so that nobody need argue about
 * whether that record was still whole. */
static void
odd_truncated(struct odd *o)
{
	enum { MARGIN = 100 };
	size_t cut, readable, whole = 0;
	bool clear = false;

	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
	for (cut = o->stored.len / 2; !clear && cut > 100; cut -= !clear) {
		readable = samplepack_readable(o->stored.p, cut);
		clear = true;
		whole = 0;
		for (size_t i = 0; i < ODD_RECORDS; i++) {
			whole += o->ends[i] <= readable;
			clear = clear && (o->ends[i] + MARGIN < readable ||
					     readable + MARGIN < o->ends[i]);
		}
	}
	INVARIANT(clear);
	o->stored.len = cut;
	o->t.records = whole;
	o->t.unsound = true;
}

static void
odd_trailing(struct odd *o)
{
	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
	buf_adds(&o->stored, "garbage behind the end");
	o->t.unsound = true;
}

static void
odd_empty(struct odd *o)
{
	buf_reset(&o->raw);
	o->t.records = 0;
}

static void
odd_no_records(struct odd *o)
{
	buf_reset(&o->raw);
	buf_adds(&o->raw, "{\"Records\":[]}");
	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
	o->t.records = 0;
}

static void
odd_key(struct odd *o)
{
	buf_reset(&o->key);
	buf_addf(&o->key,
	    "odd prefix//with space+plus%%2Bper%%cent&amp=\xc3\xa9"
	    "\xe6\x97\xa5\xe6\x9c\xac/./'quote\"<x>/%s.json.gz",
	    o->s.tag);
	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
}

/* Three members, cut in the middle of records, and an empty one. */
static void
odd_members(struct odd *o)
{
	size_t third = o->raw.len / 3;

	samplepack_gzip(&o->stored, o->raw.p, third);
	samplepack_gzip(&o->stored, o->raw.p + third, third);
	samplepack_gzip(&o->stored, "", 0);
	samplepack_gzip(
	    &o->stored, o->raw.p + 2 * third, o->raw.len - 2 * third);
}

static void
odd_plain(struct odd *o)
{
	sample_key(&o->key, &o->s, "", ".json");
	buf_add(&o->stored, o->raw.p, o->raw.len);
}

/* What a client that undid Content-Encoding leaves behind. */
static void
odd_misnamed(struct odd *o)
{
	buf_add(&o->stored, o->raw.p, o->raw.len);
}

/* As people save it: several lines, spaces, a newline at the end. */
static void
odd_spaced(struct odd *o)
{
	buf_reset(&o->raw);
	buf_adds(&o->raw, "\n{\n  \"Records\" : [\n    ");
	for (size_t i = 0; i < ODD_RECORDS; i++) {
		buf_adds(&o->raw, i > 0 ? " ,\r\n\t" : "");
		trail_any(&o->raw, &o->d, &o->s.place);
	}
	buf_adds(&o->raw, "\n  ]\n}\n");
	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
}

static void
odd_zstd(struct odd *o)
{
	sample_key(&o->key, &o->s, "", ".json.zst");
	samplepack_zstd(&o->stored, o->raw.p, o->raw.len);
}

static void
odd_bad_record(struct odd *o)
{
	buf_reset(&o->raw);
	buf_adds(&o->raw, "{\"Records\":[");
	for (size_t i = 0; i < ODD_RECORDS; i++) {
		buf_adds(&o->raw, i > 0 ? "," : "");
		if (i == ODD_RECORDS / 2)
			trail_bad(&o->raw, &o->d, &o->s.place);
		else
			trail_any(&o->raw, &o->d, &o->s.place);
	}
	buf_adds(&o->raw, "]}");
	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
	o->t.bad = 1;
}

/* Each kind of event once. */
static void
odd_every_kind(struct odd *o)
{
	buf_reset(&o->raw);
	buf_adds(&o->raw, "{\"Records\":[");
	for (size_t i = 0; i < trail_kinds(); i++) {
		buf_adds(&o->raw, i > 0 ? "," : "");
		trail_kind(&o->raw, &o->d, &o->s.place, i);
	}
	buf_adds(&o->raw, "]}");
	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
	o->t.records = trail_kinds();
}

static void
odd_insight(struct odd *o)
{
	buf_reset(&o->raw);
	buf_adds(&o->raw, "{\"Records\":[");
	trail_insight(&o->raw, &o->d, &o->s.place);
	buf_adds(&o->raw, "]}");
	sample_key(&o->key, &o->s, "-Insight", ".json.gz");
	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
	o->t.records = 1;
}

static void
odd_digest(struct odd *o)
{
	buf_reset(&o->raw);
	trail_digest(&o->raw, &o->d, &o->s.place, o->key.p);
	sample_key(&o->key, &o->s, "-Digest", "");
	samplepack_gzip(&o->stored, o->raw.p, o->raw.len);
	o->t.records = o->t.filtered = 1;
}

void
sample_odd(const struct plan *plan)
{
	static const struct {
		const char *kind;
		void (*make)(struct odd *o);
	} table[] = {{"crc", odd_crc}, {"truncated", odd_truncated},
	    {"trailing", odd_trailing}, {"empty", odd_empty},
	    {"no-records", odd_no_records}, {"odd-key", odd_key},
	    {"members", odd_members}, {"plain", odd_plain},
	    {"misnamed", odd_misnamed}, {"spaced", odd_spaced},
	    {"zstd", odd_zstd}, {"bad-record", odd_bad_record},
	    {"every-kind", odd_every_kind}, {"insight", odd_insight},
	    {"digest", odd_digest}};
	size_t n = sizeof(table) / sizeof(table[0]);

	for (size_t i = 0; i < n; i++) {
		struct odd o = {.key = BUF_INIT(PATH_ROOM),
		    .raw = BUF_INIT(OBJECT_MAX),
		    .stored = BUF_INIT(OBJECT_MAX),
		    .t = {.kind = table[i].kind, .records = ODD_RECORDS}};

		sample_site(plan, &o.s, &o.d, (int64_t)i, (int64_t)n);
		o.d = dice_for(plan->seed, 2, i);
		dice_text(&o.d, o.s.tag, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		sample_records(&o.raw, &o.d, &o.s.place, ODD_RECORDS, o.ends);
		sample_key(&o.key, &o.s, "", ".json.gz");
		table[i].make(&o);
		o.t.raw = o.raw.len;
		sample_write(plan, &o.key, &o.stored, &o.s, &o.t);
		buf_clear(&o.key);
		buf_clear(&o.raw);
		buf_clear(&o.stored);
	}
}
