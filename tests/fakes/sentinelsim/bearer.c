/* Issuing and judging access tokens; see bearer.h. */
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "b64.h"
#include "bearer.h"
#include "rnd.h"
#include "sim.h"

enum { TOKEN_MAX = 8192, MAC_LEN = 32 };

void
bearer_init(struct bearer *b)
{
	rnd_bytes(b->key, sizeof(b->key));
	b->generation = 1;
}

static void
sign(const struct bearer *b, const char *p, size_t n, struct buf *out)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (HMAC(EVP_sha256(), b->key, sizeof(b->key), (const void *)p, n, mac,
		&len) == NULL)
		sim_oom();
	b64_encode(mac, len, out);
}

void
bearer_issue(const struct bearer *b, const char *tenant, const char *client_id,
    const char *audience, int64_t now, int64_t life, struct buf *out)
{
	static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"HS256\"}";
	size_t from = out->len;
	char *claims, id[37];
	json_t *o;

	sim_guid(id);
	o = json_pack("{s:s, s:s+, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:i}",
	    "aud", audience, "iss", "https://sts.windows.net/", tenant, "iat",
	    (json_int_t)now, "nbf", (json_int_t)now, "exp",
	    (json_int_t)(now + life), "appid", client_id, "tid", tenant, "uti",
	    id, "ver", "1.0", "gen", (int)b->generation);
	claims = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (claims == NULL)
		sim_oom();
	b64_encode(header, sizeof(header) - 1, out);
	buf_addc(out, '.');
	b64_encode(claims, strlen(claims), out);
	free(claims);
	if (out->err != 0)
		sim_oom();
	struct buf mac = BUF_INIT(128);
	sign(b, out->p + from, out->len - from, &mac);
	buf_addc(out, '.');
	buf_add(out, mac.p, mac.len);
	buf_clear(&mac);
}

/* The claims of a token that is signed by us, or NULL. */
static json_t *
claims_of(const struct bearer *b, const char *token, size_t n,
    enum bearer_verdict *why)
{
	struct buf mac = BUF_INIT(128), text = BUF_INIT(TOKEN_MAX);
	const char *dot = memchr(token, '.', n), *last = NULL;
	json_t *o = NULL;

	*why = BEARER_MALFORMED;
	if (n > TOKEN_MAX || dot == NULL)
		goto out;
	last = memrchr(token, '.', n);
	if (last == dot)
		goto out;
	sign(b, token, (size_t)(last - token), &mac);
	*why = BEARER_FORGED;
	if (mac.len != n - (size_t)(last + 1 - token) ||
	    CRYPTO_memcmp(mac.p, last + 1, mac.len) != 0)
		goto out;
	if (b64_decode(dot + 1, (size_t)(last - dot - 1), &text))
		o = json_loadb(text.p, text.len, 0, NULL);
out:
	buf_clear(&mac);
	buf_clear(&text);
	return o;
}

enum bearer_verdict
bearer_check(const struct bearer *b, const char *token, size_t n,
    const char *audience, int64_t now)
{
	enum bearer_verdict v;
	json_t *o = claims_of(b, token, n, &v);
	const char *aud;

	if (o == NULL)
		return v;
	aud = json_string_value(json_object_get(o, "aud"));
	if (json_integer_value(json_object_get(o, "gen")) != b->generation)
		v = BEARER_REVOKED;
	else if (json_integer_value(json_object_get(o, "exp")) <= now)
		v = BEARER_EXPIRED;
	else if (aud == NULL || strcmp(aud, audience) != 0)
		v = BEARER_AUDIENCE;
	else
		v = BEARER_OK;
	json_decref(o);
	return v;
}

const char *
bearer_text(enum bearer_verdict v)
{
	switch (v) {
	case BEARER_OK:
		return "the token is good";
	case BEARER_MALFORMED:
		return "the token is malformed";
	case BEARER_FORGED:
		return "signature validation failed";
	case BEARER_REVOKED:
		return "the token was revoked";
	case BEARER_EXPIRED:
		return "the token is expired";
	case BEARER_AUDIENCE:
		return "audience validation failed";
	}
	return "";
}
