/*
 * Microsoft Entra's token endpoint: the client credentials flow with a secret
 * or an assertion, its errors and the discovery documents before it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "entra.h"
#include "proof.h"
#include "request.h"
#include "sim.h"

enum { TOKEN_TEXT_MAX = 8192 };

static const char assertion_type[] =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

static void fail(struct request *q, unsigned status, const char *error,
    int code, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Entra's form of an error; its text ends in ids and a time. */
static void
fail(struct request *q, unsigned status, const char *error, int code,
    const char *fmt, ...)
{
	const char *correlation = target_field(&q->target, "client-request-id");
	char text[1024], full[1400], when[SIM_TIME_MAX], own[37];
	json_t *o;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sim_time(when, sim_now_ms(q->sim));
	when[10] = ' '; /* 2026-01-02 03:04:05Z */
	memcpy(when + 19, "Z", 2);
	sim_guid(own);
	if (correlation == NULL || strlen(correlation) != 36)
		correlation = own;
	(void)snprintf(full, sizeof(full),
	    "AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", code,
	    text, q->id, correlation, when);
	(void)snprintf(q->reply.code, sizeof(q->reply.code), "AADSTS%d", code);
	o = json_pack("{s:s, s:s, s:[i], s:s, s:s, s:s}", "error", error,
	    "error_description", full, "error_codes", code, "timestamp", when,
	    "trace_id", q->id, "correlation_id", correlation);
	if (o == NULL) /* the request's own words were not UTF-8 */
		o = json_pack(
		    "{s:s, s:[i]}", "error", error, "error_codes", code);
	reply_json(&q->reply, status, o);
	pthread_mutex_lock(&q->sim->lock);
	q->sim->stats.tokens_refused++;
	pthread_mutex_unlock(&q->sim->lock);
}

void
entra_issue(struct sim *sim, const char *audience, struct buf *out)
{
	int64_t now = sim_now_ms(sim) / 1000;

	pthread_mutex_lock(&sim->lock);
	bearer_issue(&sim->bearer, sim->opt.tenant, sim->opt.client_id,
	    audience, now, sim->opt.token_life, out);
	sim->stats.tokens_issued++;
	pthread_mutex_unlock(&sim->lock);
	if (out->err != 0)
		sim_oom();
}

/* A required field of the form, or NULL with a reply made. */
static const char *
need(struct request *q, const struct target *form, const char *name)
{
	const char *v = target_field(form, name);

	if (v != NULL && *v != '\0')
		return v;
	fail(q, 400, "invalid_request", 900144,
	    "The request body must contain the following parameter: '%s'.",
	    name);
	return NULL;
}

/*
 * The resource of a scope: it must end in /.default; one more slash (the
 * documentation's samples have https://monitor.azure.com//.default) is fine.
 */
static bool
check_scope(struct request *q, const char *scope, char *audience, size_t size)
{
	static const char suffix[] = "/.default";
	const char *ours = q->sim->opt.audience;
	size_t n = strlen(scope), tail = sizeof(suffix) - 1;

	if (n <= tail || strcmp(scope + n - tail, suffix) != 0) {
		fail(q, 400, "invalid_scope", 1002012,
		    "The provided value for scope %s is not valid. Client "
		    "credential flows must have a scope value with /.default "
		    "suffixed to the resource identifier (application ID "
		    "URI).",
		    scope);
		return false;
	}
	n -= tail;
	if (scope[n - 1] == '/')
		n--;
	if (n == strlen(ours) && memcmp(scope, ours, n) == 0) {
		(void)snprintf(audience, size, "%s", ours);
		return true;
	}
	/* another resource every tenant has: a token that ingestion refuses */
	if (n == 28 && memcmp(scope, "https://management.azure.com", n) == 0) {
		(void)snprintf(audience, size, "%.*s", (int)n, scope);
		return true;
	}
	fail(q, 400, "invalid_resource", 500011,
	    "The resource principal named %.*s was not found in the tenant "
	    "named %s.",
	    (int)n, scope, q->sim->opt.tenant);
	return false;
}

static bool
check_secret(struct request *q, const char *given)
{
	struct sim *sim = q->sim;
	bool same, expired;

	pthread_mutex_lock(&sim->lock);
	same = sim->secret[0] != '\0' && sim_same(given, sim->secret);
	expired = sim->secret_expired;
	pthread_mutex_unlock(&sim->lock);
	if (!same)
		fail(q, 401, "invalid_client", 7000215,
		    "Invalid client secret provided. Ensure the secret being "
		    "sent in the request is the client secret value, not the "
		    "client secret ID, for a secret added to app '%s'.",
		    sim->opt.client_id);
	else if (expired)
		fail(q, 401, "invalid_client", 7000222,
		    "The provided client secret keys for app '%s' are "
		    "expired.",
		    sim->opt.client_id);
	return same && !expired;
}

/* Was the token endpoint of this request meant? */
static bool
is_endpoint(const struct request *q, const char *aud)
{
	const char *host = q->header[HEADER_HOST];
	const char *tenant = q->sim->opt.tenant;
	char *own, *real;
	bool ok;

	if (asprintf(&own, "%s://%s/%s/oauth2/v2.0/token",
		q->tls ? "https" : "http", host != NULL ? host : "",
		tenant) < 0 ||
	    asprintf(&real,
		"https://login.microsoftonline.com/%s/oauth2/v2.0/token",
		tenant) < 0)
		sim_oom();
	ok = strcmp(aud, own) == 0 || strcmp(aud, real) == 0;
	free(own);
	free(real);
	return ok;
}

static bool
check_assertion(struct request *q, const struct target *form)
{
	const char *type = need(q, form, "client_assertion_type");
	const char *jwt =
	    type != NULL ? need(q, form, "client_assertion") : NULL;
	struct proof_result r;

	if (jwt == NULL)
		return false;
	if (strcmp(type, assertion_type) != 0) {
		fail(q, 400, "invalid_request", 900144,
		    "The client_assertion_type is not %s.", assertion_type);
		return false;
	}
	proof_check(q->sim->proof, jwt, q->sim->opt.client_id,
	    sim_now_ms(q->sim) / 1000, &r);
	if (r.code == 0 && r.audience[0] != '\0' &&
	    !is_endpoint(q, r.audience)) {
		r.code = 700023;
		r.why = "Client assertion audience claim does not match the "
			"token endpoint.";
	}
	if (r.code != 0)
		fail(q, 401, "invalid_client", r.code, "%s", r.why);
	return r.code == 0;
}

static bool
check_client(struct request *q, const struct target *form)
{
	const char *id = need(q, form, "client_id");
	const char *secret = target_field(form, "client_secret");

	if (id == NULL)
		return false;
	if (strcasecmp(id, q->sim->opt.client_id) != 0) {
		fail(q, 400, "unauthorized_client", 700016,
		    "Application with identifier '%s' was not found in the "
		    "directory '%s'.",
		    id, q->sim->opt.tenant);
		return false;
	}
	if (secret != NULL)
		return check_secret(q, secret);
	if (target_field(form, "client_assertion") != NULL ||
	    target_field(form, "client_assertion_type") != NULL)
		return check_assertion(q, form);
	fail(q, 401, "invalid_client", 7000218,
	    "The request body must contain the following parameter: "
	    "'client_assertion' or 'client_secret'.");
	return false;
}

static void
grant(struct request *q, const char *audience)
{
	struct buf token = BUF_INIT(TOKEN_TEXT_MAX);
	json_int_t life = (json_int_t)q->sim->opt.token_life;

	entra_issue(q->sim, audience, &token);
	reply_header(&q->reply, "Cache-Control", "no-store, no-cache");
	reply_header(&q->reply, "Pragma", "no-cache");
	reply_json(&q->reply, 200,
	    json_pack("{s:s, s:I, s:I, s:s}", "token_type", "Bearer",
		"expires_in", life, "ext_expires_in", life, "access_token",
		token.p));
	buf_clear(&token);
}

static void
serve_form(struct request *q, const struct target *form)
{
	const char *type = need(q, form, "grant_type");
	const char *scope;
	char audience[256];

	if (type == NULL)
		return;
	if (strcmp(type, "client_credentials") != 0) {
		fail(q, 400, "unsupported_grant_type", 70003,
		    "The app requested an unsupported grant type '%s'.", type);
		return;
	}
	if (!check_client(q, form))
		return;
	scope = need(q, form, "scope");
	if (scope != NULL && check_scope(q, scope, audience, sizeof(audience)))
		grant(q, audience);
}

void
entra_token(struct request *q)
{
	const char *type = q->header[HEADER_CONTENT_TYPE];
	const char *tenant = q->target.segment[0];
	struct target form = {0};

	if (strcmp(q->method, "POST") != 0) {
		fail(q, 400, "invalid_request", 900561,
		    "The endpoint only accepts POST requests. Received a %s "
		    "request.",
		    q->method);
		return;
	}
	if (strcasecmp(tenant, q->sim->opt.tenant) != 0) {
		fail(q, 400, "invalid_request", 90002,
		    "Tenant '%s' not found. Check to make sure you have the "
		    "correct tenant ID and are signing into the correct "
		    "cloud.",
		    tenant);
		return;
	}
	/* A body of another type is not read at all. */
	if (type != NULL && !q->too_long &&
	    strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0 &&
	    !target_parse_form(&form, q->body.p, q->body.len)) {
		fail(q, 400, "invalid_request", 9000411,
		    "The request is not properly formatted.");
		target_free(&form);
		return;
	}
	serve_form(q, &form);
	target_free(&form);
}

void
entra_discovery(struct request *q)
{
	const char *scheme = q->tls ? "https" : "http";
	const char *host = q->header[HEADER_HOST];
	char base[300], tenant[300];

	(void)snprintf(base, sizeof(base), "%s://%.200s", scheme,
	    host != NULL ? host : "127.0.0.1");
	(void)snprintf(
	    tenant, sizeof(tenant), "%.100s/%.50s", base, q->sim->opt.tenant);
	if (strcmp(q->target.segment[0], "common") == 0) {
		reply_json(&q->reply, 200,
		    json_pack("{s:s+, s:s, s:[]}", "tenant_discovery_endpoint",
			tenant, "/v2.0/.well-known/openid-configuration",
			"api-version", "1.1", "metadata"));
		return;
	}
	if (strcasecmp(q->target.segment[0], q->sim->opt.tenant) != 0) {
		fail(q, 400, "invalid_tenant", 90002, "Tenant '%s' not found.",
		    q->target.segment[0]);
		return;
	}
	reply_json(&q->reply, 200,
	    json_pack("{s:s+, s:s+, s:s+, s:s+, s:[sss], s:[s], s:s}",
		"token_endpoint", tenant, "/oauth2/v2.0/token",
		"authorization_endpoint", tenant, "/oauth2/v2.0/authorize",
		"issuer", tenant, "/v2.0", "jwks_uri", tenant,
		"/discovery/v2.0/keys", "token_endpoint_auth_methods_supported",
		"client_secret_post", "private_key_jwt", "client_secret_basic",
		"response_types_supported", "code", "tenant_region_scope",
		"WW"));
}
