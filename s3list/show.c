/* --show and --forget: what the state says of objects that are stuck. */
#include <string.h>

#include "finish.h"
#include "jsonw.h"
#include "log.h"
#include "objline.h"
#include "sandbox.h"
#include "show.h"
#include "state.h"
#include "stop.h"
#include "timefmt.h"

enum { EXTRA_MAX = 64 * 1024 };

/* SQLite looks at the name of its file. */
static const struct sandbox box = {.kind = SANDBOX_PARSE, .stat = true};

struct show {
	const struct run_options *o;
	const char *forget; /* the glob, or NULL */
	struct pump pump;
	struct buf extra;
	uint64_t shown;
	bool cut; /* asked to stop, and the reader took nothing more */
};

/* Is the object one that the command line speaks of? */
static bool
wanted(const struct run_options *o, const struct state_object *object)
{
	const struct s3_url *u;
	bool inside = o->nurls == 0;

	for (size_t i = 0; i < o->nurls && !inside; i++) {
		u = &o->urls[i];
		inside = strcmp(object->store, "s3") == 0 &&
			 strcmp(u->bucket, object->bucket) == 0 &&
			 u->key_len <= object->key_len &&
			 memcmp(u->key, object->key, u->key_len) == 0;
	}
	return inside && glob_wanted(&o->globs, object->key, object->key_len);
}

static const char *
what_text(enum state_what what)
{
	switch (what) {
	case STATE_PARTIAL:
		return "partial";
	case STATE_FAILED_DUE:
		return "due";
	case STATE_FAILED_WAIT:
		return "waiting";
	case STATE_QUARANTINED:
		return "quarantined";
	case STATE_NEW:
	case STATE_SETTLED:
		break;
	}
	return "settled";
}

static void
add_time(struct jsonw *w, const char *key, int64_t ms)
{
	char text[TIMEFMT_MAX];

	if (ms == 0)
		return;
	timefmt_rfc3339(text, ms, false);
	jsonw_text(w, key, text);
}

static void
describe(struct buf *b, const struct state_entry *e)
{
	struct jsonw w;

	buf_reset(b);
	buf_adds(b, "\"state\":");
	jsonw_open(&w, b);
	jsonw_text(&w, "is", what_text(e->what));
	jsonw_uint(&w, "tries", e->tries);
	if (e->reason[0] != '\0')
		jsonw_text(&w, "reason", e->reason);
	if (e->what == STATE_FAILED_WAIT)
		add_time(&w, "next_try", e->next_try_ms);
	add_time(&w, "updated", e->updated_ms);
	if (e->need > 1) {
		jsonw_uint(&w, "delivered_by", e->delivered_by);
		jsonw_uint(&w, "need", e->need);
	}
	jsonw_end(&w);
}

static bool
show_one(void *ctx, const struct state_entry *e)
{
	struct show *s = ctx;
	char modified[TIMEFMT_MAX] = "";
	struct objline o = {.store = e->object.store,
	    .bucket = e->object.bucket,
	    .key = e->object.key,
	    .key_len = e->object.key_len,
	    .size = e->size,
	    .etag = e->object.etag,
	    .etag_len = strlen(e->object.etag),
	    .version = e->object.version,
	    .skip = e->skip,
	    .format = e->format};

	if (!wanted(s->o, &e->object))
		return true;
	if (e->modified_ms != 0) {
		timefmt_rfc3339(
		    modified, e->modified_ms, e->modified_ms % 1000 != 0);
		o.modified = modified;
		o.modified_len = strlen(modified);
	}
	describe(&s->extra, e);
	o.extra = s->extra.p;
	objline_write(&s->pump.lines, &o);
	s->shown++;
	if (s->pump.lines.err != 0 || s->extra.err != 0)
		log_oom();
	s->cut = stop_asked() ||
		 (pump_pending(&s->pump) >= PUMP_HIGH &&
		     !pump_drain(&s->pump, s->o->common.stop_within_ms));
	return !s->cut;
}

static bool
matches(void *ctx, const struct state_object *o)
{
	const struct show *s = ctx;

	return wanted(s->o, o) && glob_match(s->forget, o->key, o->key_len);
}

static int
end(struct show *s, const struct fault *f, const struct finish_count *counts,
    unsigned n)
{
	int code = (int)f->code;

	if (code != EXIT_DONE)
		log_fault(f);
	if (s->cut)
		code = exitcode_worse(code, EXIT_AGAIN);
	code = finish(
	    &s->pump, "s3list", code, counts, n, s->o->common.stop_within_ms);
	pump_free(&s->pump);
	buf_clear(&s->extra);
	return code;
}

int
show_run(const struct run_options *o)
{
	struct show s = {.o = o, .extra = BUF_INIT(EXTRA_MAX)};
	struct state_sums sums = {0};
	struct fault f = {0};
	struct state *state = state_open(o->state_file, o->name, false, &f);

	pump_init(&s.pump);
	if (state != NULL && sandbox_close(&box, &f) &&
	    state_each(state, show_one, &s, &f))
		(void)state_sum(state, &sums, &f);
	state_close(state);

	const struct finish_count counts[] = {{"shown", s.shown},
	    {"delivered", sums.delivered}, {"gone", sums.gone},
	    {"partial", sums.partial}, {"failed", sums.failed},
	    {"quarantined", sums.quarantined}, {"dead", sums.dead},
	    {"dead_objects", sums.dead_objects}};
	return end(&s, &f, counts, sizeof(counts) / sizeof(*counts));
}

int
show_forget(const struct run_options *o, const char *glob)
{
	struct show s = {.o = o, .forget = glob, .extra = BUF_INIT(EXTRA_MAX)};
	uint64_t freed = 0;
	struct fault f = {0};
	struct state *state = state_open(o->state_file, o->name, true, &f);

	pump_init(&s.pump);
	if (state != NULL && sandbox_close(&box, &f) &&
	    state_forget(state, matches, &s, &freed, &f))
		log_info("%llu objects are free to be tried again",
		    (unsigned long long)freed);
	state_close(state);

	const struct finish_count counts[] = {{"forgotten", freed}};
	return end(&s, &f, counts, 1);
}
