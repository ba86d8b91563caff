/* Judging client assertions; see proof.h.  Keys are OpenSSL's business. */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "b64.h"
#include "proof.h"
#include "sim.h"

enum {
	JWT_MAX = 16384,
	SKEW = 300, /* seconds a client's clock may be off, as Entra allows */
	LIFE_MAX = 600 /* "a short time": ten minutes (Entra, certificates) */
};

struct proof_keys {
	EVP_PKEY *cert_key;
	struct buf x5t, x5t_s256; /* thumbprints, base64url */
	EVP_PKEY *outside_key;
	json_t *outside; /* issuer, subject, audience */
};

static bool
thumbprint(const X509 *cert, const EVP_MD *md, struct buf *out)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n;

	if (X509_digest(cert, md, sum, &n) != 1)
		return false;
	b64_encode(sum, n, out);
	return true;
}

static bool
load_cert(struct proof_keys *k, const char *file, struct fault *f)
{
	FILE *in = fopen(file, "re");
	X509 *cert = in != NULL ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;
	bool ok = cert != NULL && thumbprint(cert, EVP_sha1(), &k->x5t) &&
		  thumbprint(cert, EVP_sha256(), &k->x5t_s256);

	if (ok)
		k->cert_key = X509_get_pubkey(cert);
	X509_free(cert);
	if (in != NULL)
		(void)fclose(in);
	if (k->cert_key == NULL)
		return fault_set(f, EXIT_BADCONFIG,
		    "cannot read a certificate from '%s'", file);
	return true;
}

static bool
load_outside(struct proof_keys *k, const char *file, struct fault *f)
{
	const char *key;
	FILE *in;

	k->outside = json_load_file(file, 0, NULL);
	key = json_string_value(json_object_get(k->outside, "key"));
	in = key != NULL ? fopen(key, "re") : NULL;
	if (in != NULL) {
		k->outside_key = PEM_read_PUBKEY(in, NULL, NULL, NULL);
		(void)fclose(in);
	}
	if (k->outside_key == NULL)
		return fault_set(f, EXIT_BADCONFIG,
		    "cannot read a federation (issuer, subject, audience, "
		    "key) from '%s'",
		    file);
	return true;
}

bool
proof_load(const char *cert_file, const char *federation_file,
    struct proof_keys **keys, struct fault *f)
{
	struct proof_keys *k;

	*keys = NULL;
	if (cert_file == NULL && federation_file == NULL)
		return true;
	*keys = k = sim_zalloc(1, sizeof(*k));
	k->x5t = (struct buf)BUF_INIT(128);
	k->x5t_s256 = (struct buf)BUF_INIT(128);
	return (cert_file == NULL || load_cert(k, cert_file, f)) &&
	       (federation_file == NULL || load_outside(k, federation_file, f));
}

void
proof_free(struct proof_keys *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->cert_key);
	EVP_PKEY_free(k->outside_key);
	buf_clear(&k->x5t);
	buf_clear(&k->x5t_s256);
	json_decref(k->outside);
	free(k);
}

/* A JWT taken apart. */
struct jwt {
	const char *signed_part;
	size_t signed_len;
	json_t *header, *claims;
	struct buf signature;
};

static json_t *
decode_object(const char *p, size_t n)
{
	struct buf text = BUF_INIT(JWT_MAX);
	json_t *o = NULL;

	if (b64_decode(p, n, &text) && text.len > 0)
		o = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
	buf_clear(&text);
	return o;
}

static bool
jwt_parse(struct jwt *j, const char *s)
{
	const char *dot = strchr(s, '.');
	const char *last = dot != NULL ? strchr(dot + 1, '.') : NULL;

	*j = (struct jwt){.signature = BUF_INIT(1024)};
	if (strlen(s) > JWT_MAX || last == NULL)
		return false;
	j->signed_part = s;
	j->signed_len = (size_t)(last - s);
	j->header = decode_object(s, (size_t)(dot - s));
	j->claims = decode_object(dot + 1, (size_t)(last - dot - 1));
	return json_is_object(j->header) && json_is_object(j->claims) &&
	       b64_decode(last + 1, strlen(last + 1), &j->signature);
}

static void
jwt_free(struct jwt *j)
{
	json_decref(j->header);
	json_decref(j->claims);
	buf_clear(&j->signature);
}

static const char *
text(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? s : "";
}

/* RS256 or PS256 (RFC 7518 sections 3.3, 3.5: MGF1 SHA-256, salt 32). */
static bool
signature_ok(const struct jwt *j, EVP_PKEY *key)
{
	const char *alg = text(j->header, "alg");
	bool pss = strcmp(alg, "PS256") == 0, ok = false;
	EVP_MD_CTX *md;
	EVP_PKEY_CTX *ctx = NULL;

	if ((!pss && strcmp(alg, "RS256") != 0) ||
	    EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return false;
	md = EVP_MD_CTX_new();
	if (md == NULL)
		sim_oom();
	if (EVP_DigestVerifyInit(md, &ctx, EVP_sha256(), NULL, key) != 1)
		goto out;
	if (pss &&
	    (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
		EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) != 1 ||
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32) != 1))
		goto out;
	ok =
	    EVP_DigestVerify(md, (const void *)j->signature.p, j->signature.len,
		(const void *)j->signed_part, j->signed_len) == 1;
out:
	EVP_MD_CTX_free(md);
	return ok;
}

static bool
in_time(const json_t *claims, int64_t now, int64_t life_max)
{
	int64_t exp = json_integer_value(json_object_get(claims, "exp"));
	int64_t iat = json_integer_value(json_object_get(claims, "iat"));
	const json_t *nbf_claim = json_object_get(claims, "nbf");
	int64_t nbf = nbf_claim != NULL ? json_integer_value(nbf_claim) : iat;

	return exp > now - SKEW && nbf <= now + SKEW && exp > nbf &&
	       (life_max == 0 || exp - nbf <= life_max);
}

static bool
fail(struct proof_result *r, int code, const char *why)
{
	r->code = code;
	r->why = why;
	return false;
}

static bool
check_cert(const struct proof_keys *k, const struct jwt *j,
    const char *client_id, int64_t now, struct proof_result *r)
{
	const char *alg = text(j->header, "alg");
	bool ps = strcmp(alg, "PS256") == 0;
	const char *given = text(j->header, ps ? "x5t#S256" : "x5t");

	if (strcmp(given, ps ? k->x5t_s256.p : k->x5t.p) != 0)
		return fail(r, 700027,
		    "The certificate with identifier used to sign the client "
		    "assertion is not registered on application.");
	if (!signature_ok(j, k->cert_key))
		return fail(
		    r, 700027, "Client assertion failed signature validation.");
	if (strcmp(text(j->claims, "iss"), client_id) != 0 ||
	    strcmp(text(j->claims, "sub"), client_id) != 0)
		return fail(r, 700021,
		    "Client assertion application identifier doesn't match "
		    "'client_id' parameter.");
	if (text(j->claims, "jti")[0] == '\0')
		return fail(r, 50027, "JWT token has no jti.");
	if (!in_time(j->claims, now, LIFE_MAX))
		return fail(r, 700024,
		    "Client assertion is not within its valid time range.");
	(void)snprintf(
	    r->audience, sizeof(r->audience), "%s", text(j->claims, "aud"));
	if (r->audience[0] == '\0')
		return fail(r, 50027, "JWT token has no aud.");
	return true;
}

/* Issuer, subject and audience must agree to the letter. */
static bool
check_outside(const struct proof_keys *k, const struct jwt *j, int64_t now,
    struct proof_result *r)
{
	if (strcmp(text(j->claims, "sub"), text(k->outside, "subject")) != 0)
		return fail(r, 700213,
		    "No matching federated identity record found for "
		    "presented assertion subject.");
	if (strcmp(text(j->claims, "aud"), text(k->outside, "audience")) != 0)
		return fail(r, 700212,
		    "No matching federated identity record found for "
		    "presented assertion audience.");
	if (!signature_ok(j, k->outside_key))
		return fail(
		    r, 700027, "Client assertion failed signature validation.");
	if (!in_time(j->claims, now, 0))
		return fail(r, 700024,
		    "Client assertion is not within its valid time range.");
	return true;
}

void
proof_check(const struct proof_keys *k, const char *s, const char *client_id,
    int64_t now, struct proof_result *r)
{
	struct jwt j;
	const char *issuer;

	*r = (struct proof_result){0};
	if (!jwt_parse(&j, s)) {
		(void)fail(r, 50027, "JWT token is invalid or malformed.");
		goto out;
	}
	issuer = text(j.claims, "iss");
	if (k != NULL && k->outside != NULL &&
	    strcmp(issuer, text(k->outside, "issuer")) == 0)
		(void)check_outside(k, &j, now, r);
	else if (k != NULL && k->cert_key != NULL)
		(void)check_cert(k, &j, client_id, now, r);
	else
		(void)fail(r, 700211,
		    "No matching federated identity record found for "
		    "presented assertion issuer.");
out:
	jwt_free(&j);
}
