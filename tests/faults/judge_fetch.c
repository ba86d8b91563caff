/*
 * What s3fetch wrote: the bytes of each object are a beginning of the right
 * ones, all of them when it says end; what only our own failures made wrong is
 * worth another try.
 */
#include <stdlib.h>
#include <string.h>

#include "judge.h"

enum { OBJECTS_MAX = 64 };

struct fetched {
	char id[17];
	struct buf data;
	bool ended, failed, retry, wrong;
	struct json_val code;
};

struct all {
	struct fetched v[OBJECTS_MAX];
	size_t n;
};

/* The object of an id; the newest of several fetches when it was opened
 * anew. */
static struct fetched *
find(struct all *a, const char *id, bool open)
{
	struct fetched *f;

	for (size_t i = a->n; i-- > 0 && !open;)
		if (strncmp(a->v[i].id, id, 16) == 0)
			return &a->v[i];
	if (a->n == OBJECTS_MAX)
		abort();
	f = &a->v[a->n++];
	*f = (struct fetched){.data = BUF_INIT(16 << 20), .wrong = !open};
	memcpy(f->id, id, 16);
	return f;
}

static void
take_chunk(struct fetched *f, const struct wire_line *w)
{
	uint64_t at;

	if (!json_uint(&w->at, &at) || at != f->data.len || f->ended)
		f->wrong = true;
	if (w->text.p != NULL)
		(void)json_text(&f->data, &w->text);
	else
		(void)json_base64(&f->data, w->b64.p + 1, w->b64.n - 2);
}

static void
gather(struct all *a, const struct lines *l)
{
	char id[WIRE_ID_LEN + 1];
	const struct wire_line *w;
	struct json_val retry;
	struct fetched *f;

	a->n = 0;
	for (size_t i = 0; i < l->n; i++) {
		w = &l->v[i];
		if (!wire_id(w, id))
			continue;
		f = find(a, id, w->kind == WIRE_OPEN);
		if (w->kind == WIRE_CHUNK) {
			take_chunk(f, w);
		} else if (w->kind == WIRE_END) {
			f->ended = true;
			f->wrong |=
			    wire_number(&w->end, "bytes", 0) != f->data.len;
		} else if (w->kind == WIRE_ERROR) {
			f->failed = true;
			f->retry = wire_member(&w->error, "retry", &retry) &&
				   retry.type == JSON_TRUE;
			(void)wire_member(&w->error, "code", &f->code);
		}
	}
}

static void
drop(struct all *a)
{
	for (size_t i = 0; i < a->n; i++)
		buf_clear(&a->v[i].data);
}

static void
compare(const struct fetched *f, const struct fetched *want, struct buf *why)
{
	if (f->wrong)
		buf_addf(why, "%s: not the right order of lines\n", f->id);
	if (f->data.len > want->data.len ||
	    (f->data.len > 0 &&
		memcmp(f->data.p, want->data.p, f->data.len) != 0))
		buf_addf(why, "%s: other bytes\n", f->id);
	if (f->ended && (!want->ended || f->data.len != want->data.len))
		buf_addf(why, "%s: ended early\n", f->id);
	if (f->failed && !f->retry && !want->failed)
		buf_addf(why, "%s: given up for good: %.*s\n", f->id,
		    (int)f->code.n, f->code.p);
}

void
judge_fetch(const struct reference *ref, const struct outcome *o,
    const struct lines *l, struct buf *why)
{
	static struct all got, want;

	gather(&want, &ref->lines);
	gather(&got, l);
	for (size_t i = 0; i < got.n; i++)
		compare(&got.v[i], find(&want, got.v[i].id, false), why);
	for (size_t i = 0; i < want.n && same_end(ref, o); i++) {
		const struct fetched *f = find(&got, want.v[i].id, false);

		if (!f->ended && !f->failed)
			buf_addf(why, "exit %d without the end of %s\n", o->rc,
			    want.v[i].id);
	}
	drop(&got);
	drop(&want);
}
