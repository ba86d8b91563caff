/* An object of gigabytes, made of pieces that are compressed once. */
#include <errno.h>
#include <string.h>

#include "huge.h"
#include "log.h"
#include "samplepack.h"

enum {
	POOL = 16,      /* different pieces .. */
	PIECE = 1 << 20 /* .. and their raw bytes, at least */
};

struct pool {
	struct samplepack_piece piece[POOL];
	uint64_t records[POOL];
};

/* Pieces of events, each with a comma before it. */
static void
pool_fill(struct pool *pool, struct dice *d, const struct trail_place *p,
    uint64_t size)
{
	struct buf text = BUF_INIT(OBJECT_MAX);

	for (int i = 0; i < POOL; i++) {
		buf_reset(&text);
		for (; text.len < size && text.err == 0; pool->records[i]++) {
			buf_addc(&text, ',');
			trail_any(&text, d, p);
		}
		if (text.err != 0)
			log_oom();
		samplepack_piece(&pool->piece[i], text.p, text.len);
	}
	buf_clear(&text);
}

static bool
add_text(struct samplepack_stream *out, const struct buf *text)
{
	struct samplepack_piece piece;
	bool ok;

	if (text->err != 0)
		log_oom();
	samplepack_piece(&piece, text->p, text->len);
	ok = samplepack_add(out, &piece);
	samplepack_piece_clear(&piece);
	return ok;
}

void
sample_huge(const struct plan *plan, uint64_t size)
{
	struct truth t = {.kind = "huge", .records = 1};
	struct buf key = BUF_INIT(PATH_ROOM), file = BUF_INIT(PATH_ROOM);
	struct buf path = BUF_INIT(PATH_ROOM), text = BUF_INIT(OBJECT_MAX);
	struct pool pool = {.records = {0}};
	struct samplepack_stream out;
	struct site s;
	struct dice d;
	bool ok;
	FILE *f;

	sample_site(plan, &s, &d, 0, 1);
	sample_key(&key, &s, "", ".json.gz");
	f = sample_open(plan, &key, &file, &path);
	pool_fill(
	    &pool, &d, &s.place, size < POOL * PIECE ? size / POOL : PIECE);
	buf_adds(&text, "{\"Records\":[");
	trail_any(&text, &d, &s.place);
	ok = samplepack_begin(&out, f) && add_text(&out, &text);
	while (ok && out.raw < size) {
		uint32_t i = dice_below(&d, POOL);

		ok = samplepack_add(&out, &pool.piece[i]);
		t.records += pool.records[i];
	}
	buf_reset(&text);
	buf_adds(&text, "]}");
	if (!ok || !add_text(&out, &text) || !samplepack_end(&out))
		sample_die(EXIT_IO, path.p, strerror(errno));
	sample_close(f, path.p, &s);
	t.raw = out.raw;
	t.stored = out.stored;
	sample_tell(&file, &key, &t);
	for (int i = 0; i < POOL; i++)
		samplepack_piece_clear(&pool.piece[i]);
	buf_clear(&key);
	buf_clear(&file);
	buf_clear(&path);
	buf_clear(&text);
}
