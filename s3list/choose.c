/* Which objects are given, and why the others are not. */

#include "choose.h"
#include "crypto.h"

enum { SHARDS_MAX = 65536 /* our choice: nobody runs so many */ };

const char *const choice_names[CHOICES] = {"objects", "folders", "outside",
    "filtered", "other_shards", "settled", "waiting", "quarantined"};

unsigned
choose_shard(const void *key, size_t n, unsigned shards)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	uint64_t v = 0;

	crypto_sha256(key, n, hash);
	for (int i = 0; i < 8; i++)
		v = v << 8 | hash[i];
	return (unsigned)(v % shards);
}

static bool
parse_unsigned(const char **s, unsigned *out)
{
	const char *start = *s;

	*out = 0;
	for (; **s >= '0' && **s <= '9' && *s - start < 6; ++*s)
		*out = *out * 10 + (unsigned)(**s - '0');
	return *s > start;
}

bool
choose_shard_parse(const char *s, unsigned *shard, unsigned *shards)
{
	return parse_unsigned(&s, shard) && *s++ == '/' &&
	       parse_unsigned(&s, shards) && *s == '\0' &&
	       *shards <= SHARDS_MAX && *shard < *shards;
}

/* What can be said without the state. */
static enum choice
by_listing(const struct choose *c, const struct state_object *o, uint64_t size,
    int64_t modified_ms)
{
	const char *key = o->key;

	if (size == 0 && o->key_len > 0 && key[o->key_len - 1] == '/')
		return CHOICE_FOLDER;
	if (modified_ms < c->since_ms || modified_ms >= c->until_ms)
		return CHOICE_TIME;
	if (!glob_wanted(&c->globs, key, o->key_len))
		return CHOICE_FILTERED;
	if (c->shards > 1 &&
	    choose_shard(key, o->key_len, c->shards) != c->shard)
		return CHOICE_SHARD;
	return CHOICE_GIVE;
}

bool
choose_object(const struct choose *c, const struct state_object *o,
    uint64_t size, int64_t modified_ms, enum choice *choice,
    struct state_verdict *v, struct fault *f)
{
	v->what = STATE_NEW;
	v->skip = 0;
	v->format[0] = '\0';
	*choice = by_listing(c, o, size, modified_ms);
	if (*choice != CHOICE_GIVE || c->state == NULL)
		return true;
	if (!state_lookup(c->state, o, v, f))
		return false;
	switch (v->what) {
	case STATE_NEW:
	case STATE_PARTIAL:
	case STATE_FAILED_DUE:
		break;
	case STATE_SETTLED:
		*choice = CHOICE_SETTLED;
		break;
	case STATE_FAILED_WAIT:
		*choice = CHOICE_WAITING;
		break;
	case STATE_QUARANTINED:
		*choice = CHOICE_QUARANTINED;
		break;
	}
	return true;
}
