/* What became of this arm's objects, by the state that all arms write. */
#include <string.h>

#include "arms.h"
#include "crypto.h"
#include "log.h"

enum { NAMES_MAX = 64 * 1024 /* as read back from the state */ };

struct check {
	const struct unsettled *before;
	struct unsettled left;
};

/* The number in the ids of an object (docs/wire.md, Identity). */
static uint64_t
id_number(const struct state_object *o)
{
	struct buf b = BUF_INIT(NAMES_MAX);
	uint8_t hash[CRYPTO_SHA256_LEN];
	uint64_t id = 0;

	buf_add(&b, o->store, strlen(o->store) + 1);
	buf_add(&b, o->bucket, strlen(o->bucket) + 1);
	buf_add(&b, o->key, o->key_len);
	buf_addc(&b, '\0');
	buf_adds(&b, o->etag[0] != '\0' ? o->etag : o->version);
	if (b.err != 0)
		log_oom();
	crypto_sha256(b.p, b.len, hash);
	for (int i = 0; i < 8; i++)
		id = id << 8 | hash[i];
	buf_clear(&b);
	return id;
}

static bool
keep_if_ours(void *ctx, const struct state_entry *e)
{
	struct check *c = ctx;
	const uint64_t id = id_number(&e->object);

	if (unsettled_has(c->before, id))
		unsettled_add(&c->left, id);
	return true;
}

bool
arms_check(struct state *s, struct unsettled *u, struct fault *f)
{
	struct check c = {.before = u};

	if (u->more)
		return true;
	if (!state_each(s, keep_if_ours, &c, f)) {
		unsettled_free(&c.left);
		return false;
	}
	unsettled_free(u);
	*u = c.left;
	return true;
}
