/* Locking what is listed, and telling the state how far back it goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "log.h"
#include "scope.h"
#include "state.h"
#include "timefmt.h"

enum {
	PATH_TEXT_MAX = 8 * 1024,
	SCOPE_MAX = STATE_TEXT_MAX, /* what the state keeps of it */
	SCOPE_TEXT_MAX = 256 * 1024 /* an argument is 128 KiB at most */
};

/* The scope as text; a hash stands for one that is too long or not text. */
static void
scope_text(
    char out[SCOPE_MAX], const struct run_options *o, const struct s3_url *u)
{
	struct buf b = BUF_INIT(SCOPE_TEXT_MAX);
	uint8_t hash[CRYPTO_SHA256_LEN];

	buf_addf(&b, "s3://%s/", u->bucket);
	buf_add(&b, u->key, u->key_len);
	if (o->shards > 1)
		buf_addf(&b, " %u/%u", o->shard, o->shards);
	if (b.err != 0)
		log_oom();
	if (b.len < SCOPE_MAX) {
		memcpy(out, b.p, b.len + 1);
	} else {
		crypto_sha256(b.p, b.len, hash);
		crypto_hex(out, hash, sizeof(hash));
	}
	buf_clear(&b);
}

static bool
take_one(struct lockfile *lock, const struct run_options *o, const char *scope,
    struct fault *f)
{
	struct buf path = BUF_INIT(PATH_TEXT_MAX);
	bool ok;

	state_lock_path(&path, o->state_file, "s3list", o->name, scope);
	if (path.err != 0)
		ok = fault_set(f, EXIT_BADCONFIG, "--state is too long a name");
	else
		ok = lockfile_take(lock, path.p, LOCKFILE_ALONE, f);
	buf_clear(&path);
	return ok;
}

static void
warn_of_pruned(int64_t since_ms, int64_t pruned_ms)
{
	char text[TIMEFMT_MAX];

	if (since_ms >= pruned_ms)
		return;
	timefmt_rfc3339(text, pruned_ms, false);
	log_warn("objects modified before %s are no longer in the state and "
		 "are given again",
	    text);
	log_hint("the state keeps what the --since of earlier runs reached");
}

bool
scopes_take(struct scopes *s, const struct run_options *o, struct fault *f)
{
	int64_t since = o->has_since ? o->since_ms : 0;
	int64_t pruned = 0;
	struct state *state;
	char scope[SCOPE_MAX];
	bool ok = true;

	s->locks = calloc(o->nurls, sizeof(*s->locks));
	if (s->locks == NULL)
		log_oom();
	for (s->n = 0; ok && s->n < o->nurls; s->n += ok) {
		scope_text(scope, o, &o->urls[s->n]);
		ok = take_one(&s->locks[s->n], o, scope, f);
	}
	if (!ok)
		return false;
	state = state_open(o->state_file, o->name, true, f);
	if (state == NULL)
		return false;
	for (size_t i = 0; ok && i < o->nurls; i++) {
		scope_text(scope, o, &o->urls[i]);
		ok = state_keep_since(
		    state, scope, since > 0 ? since : 0, &pruned, f);
	}
	state_close(state);
	if (ok)
		warn_of_pruned(since, pruned);
	return ok;
}

void
scopes_drop(struct scopes *s)
{
	for (size_t i = 0; i < s->n; i++)
		lockfile_drop(&s->locks[i]);
	free(s->locks);
	s->locks = NULL;
	s->n = 0;
}
