/* The access token: fetched, kept, renewed; see token.h. */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "envwipe.h"
#include "json.h"
#include "log.h"
#include "secret.h"
#include "token.h"
#include "wire.h"

enum { FORM_MAX = 16 * 1024 };

/* Copy an id from the environment. */
static bool
take_id(char out[TOKEN_ID_MAX + 1], const char *name, struct fault *f)
{
	const char *v = getenv(name);
	size_t n = v != NULL ? strlen(v) : 0;

	if (n == 0) {
		fault_set(
		    f, EXIT_DENIED, "no credentials: %s is not set", name);
		return fault_hint(f,
		    "set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
		    "AZURE_CLIENT_SECRET of an application that has the role "
		    "'Monitoring Metrics Publisher' on the rule");
	}
	if (n > TOKEN_ID_MAX || !target_name(v, n)) {
		fault_set(f, EXIT_DENIED,
		    "%s is neither an id nor a domain name", name);
		return fault_hint(f,
		    "the ids are those of the tenant and of the application "
		    "(appId): 8-4-4-4-12 hex digits");
	}
	memcpy(out, v, n + 1);
	return true;
}

/* application/x-www-form-urlencoded; RFC 3986 unreserved characters stay. */
static void
add_field(struct buf *b, const char *name, const char *v, size_t n)
{
	static const char keep[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	buf_addf(b, "%s%s=", b->len > 0 ? "&" : "", name);
	for (size_t i = 0; i < n; i++) {
		if (v[i] != '\0' && strchr(keep, v[i]) != NULL)
			buf_addc(b, v[i]);
		else
			buf_addf(b, "%%%02X", (unsigned char)v[i]);
	}
}

/* Keep the secret out of logs: as it is, and as a form holds it. */
static void
hide_secret(const struct token *t)
{
	struct buf coded;

	secret_buf(&coded, FORM_MAX);
	add_field(&coded, "s", t->secret.p, t->secret.len);
	log_secret(t->secret.p, t->secret.len);
	if (coded.err == 0)
		log_secret(coded.p + 2, coded.len - 2);
	secret_buf_free(&coded);
}

bool
token_init(struct token *t, const struct target *target, struct http *http,
    int64_t give_up_ms, struct fault *f)
{
	const char *secret = getenv("AZURE_CLIENT_SECRET");

	*t = (struct token){.target = target,
	    .http = http,
	    .give_up_ms = give_up_ms,
	    .failing_since = -1};
	secret_buf(&t->secret, FORM_MAX / 4);
	secret_buf(&t->header, TOKEN_MAX + 64);
	secret_buf(&t->form, FORM_MAX);
	breaker_init(&t->breaker);
	if (!take_id(t->tenant, "AZURE_TENANT_ID", f) ||
	    !take_id(t->client, "AZURE_CLIENT_ID", f))
		return false;
	if (secret == NULL || secret[0] == '\0') {
		fault_set(f, EXIT_DENIED,
		    "no credentials: AZURE_CLIENT_SECRET is not set");
		return fault_hint(f,
		    "set AZURE_CLIENT_SECRET to the secret's value, not its "
		    "id");
	}
	for (const char *p = secret; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f) {
			fault_set(f, EXIT_DENIED,
			    "AZURE_CLIENT_SECRET holds white space or a "
			    "control character, which no secret has");
			return fault_hint(
			    f, "look for a stray newline or blank in it");
		}
	buf_adds(&t->secret, secret);
	if (t->secret.err != 0)
		return fault_set(
		    f, EXIT_DENIED, "AZURE_CLIENT_SECRET is too long");
	hide_secret(t);
	env_wipe_one("AZURE_CLIENT_SECRET");
	return true;
}

void
token_free(struct token *t)
{
	http_cancel(t->call);
	t->call = NULL;
	secret_buf_free(&t->secret);
	secret_buf_free(&t->header);
	secret_buf_free(&t->form);
}

/* Numbers of Microsoft Entra's errors (AADSTS..) whose cause is known; its
 * texts are not to be relied on. */
static const struct {
	uint64_t number;
	enum exitcode code;
	const char *hint;
} known[] = {
    {7000215, EXIT_DENIED,
	"AZURE_CLIENT_SECRET is wrong: it must be the secret's value, not "
	"its id; make a new one under the app's 'Certificates & secrets'"},
    {7000222, EXIT_DENIED,
	"the secret has expired: make a new one under the app's "
	"'Certificates & secrets' and set AZURE_CLIENT_SECRET to its value"},
    {700016, EXIT_DENIED,
	"the application is not in this tenant: check AZURE_CLIENT_ID (the "
	"application's id, not an object id) and AZURE_TENANT_ID"},
    {7000229, EXIT_DENIED,
	"the application has no service principal in this tenant: check "
	"AZURE_TENANT_ID, or make one with 'az ad sp create'"},
    {90002, EXIT_BADCONFIG,
	"there is no such tenant: check AZURE_TENANT_ID, and that "
	"AZURE_AUTHORITY_HOST and the endpoint are of its cloud"},
    {900023, EXIT_BADCONFIG,
	"AZURE_TENANT_ID is neither a tenant's id nor its domain"},
    {500011, EXIT_BADCONFIG,
	"the tenant does not know Azure Monitor of the endpoint's cloud: "
	"check the endpoint and AZURE_TENANT_ID"},
};

/* A string member of an object as text, cut to fit. */
static void
text_of(const struct json_val *o, const char *name, char *out, size_t size)
{
	struct buf b = BUF_INIT(TOKEN_REPLY_MAX);
	struct json_val v;
	size_t n;

	out[0] = '\0';
	if (!wire_member(o, name, &v) || v.type != JSON_STRING)
		return;
	(void)json_text(&b, &v);
	n = b.len < size ? b.len : size - 1;
	if (n > 0)
		memcpy(out, b.p, n);
	out[n] = '\0';
	buf_clear(&b);
}

/* Entra's first error number, or 0. */
static uint64_t
error_number(const struct json_val *o)
{
	struct json_val list, v;
	uint64_t number;
	struct json j;
	bool first;

	if (!wire_member(o, "error_codes", &list) || list.type != JSON_ARRAY)
		return 0;
	json_init(&j, list.p, list.n);
	if (json_enter(&j, '[', &first) && json_element(&j, &first) &&
	    json_value(&j, &v) && json_uint(&v, &number))
		return number;
	return 0;
}

static enum token_verdict
refused(struct token_answer *a, const struct http_reply *r,
    const struct json_val *o, const char *authority)
{
	char error[64], text[512];
	uint64_t number = error_number(o);
	enum exitcode code = r->status == 404 ? EXIT_BADCONFIG : EXIT_DENIED;
	const char *hint =
	    "check AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and "
	    "AZURE_AUTHORITY_HOST";
	bool later = r->status == 408 || r->status == 429 || r->status >= 500;

	text_of(o, "error", error, sizeof(error));
	text_of(o, "error_description", text, sizeof(text));
	/* Now: a secret that is cut is known by the end of its text. */
	log_redact(error);
	log_redact(text);
	text[strcspn(text, "\r\n")] = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].number != number)
			continue;
		code = known[i].code;
		hint = known[i].hint;
	}
	if (strcmp(error, "temporarily_unavailable") == 0 ||
	    strcmp(error, "server_error") == 0)
		later = true;
	fault_set(&a->fault, later ? EXIT_DOWN : code,
	    "cannot get a token from '%s': %d%s%s%s%s%s%s%s", authority,
	    r->status, error[0] != '\0' ? " " : "", error,
	    text[0] != '\0' ? ": " : "", text,
	    r->request_id[0] != '\0' ? " (x-ms-request-id " : "", r->request_id,
	    r->request_id[0] != '\0' ? ")" : "");
	if (!later)
		fault_hint(&a->fault, "%s", hint);
	return later ? TOKEN_LATER : TOKEN_REFUSED;
}

/* "expires_in" is a number, or one in a string (older endpoints). */
static bool
read_life(const struct json_val *o, int64_t *ms)
{
	char text[24];
	struct json_val v;
	uint64_t s = 0;
	char *end;

	if (!wire_member(o, "expires_in", &v))
		return false;
	if (v.type == JSON_STRING) {
		text_of(o, "expires_in", text, sizeof(text));
		s = strtoull(text, &end, 10);
		if (text[0] < '0' || text[0] > '9' || *end != '\0')
			return false;
	} else if (!json_uint(&v, &s)) {
		return false;
	}
	if (s > TOKEN_LIFE_MAX_S)
		s = TOKEN_LIFE_MAX_S;
	*ms = (int64_t)s * 1000;
	return s > 0;
}

/* A token goes into a header: visible ASCII only (RFC 6750 section 2.1). */
static bool
is_token(const struct buf *b)
{
	if (b->err != 0 || b->len == 0)
		return false;
	for (size_t i = 0; i < b->len; i++)
		if (b->p[i] <= ' ' || b->p[i] > '~')
			return false;
	return true;
}

static enum token_verdict
unreachable(
    struct token_answer *a, const struct http_reply *r, const char *authority)
{
	enum token_verdict v = TOKEN_REFUSED;
	enum exitcode code = EXIT_BADCONFIG;
	const char *hint = "check AZURE_AUTHORITY_HOST";

	if (r->failure == HTTP_TLS) {
		hint = "there is no TLS that could be trusted: is a proxy in "
		       "between (then give its authority with --ca FILE), is "
		       "the clock right, is AZURE_AUTHORITY_HOST right?";
	} else if (r->failure == HTTP_PROXY) {
		code = EXIT_DENIED;
		hint = "the proxy of HTTPS_PROXY wants credentials: "
		       "http://USER:PASSWORD@HOST:PORT";
	} else if (r->failure != HTTP_FORBIDDEN) {
		v = TOKEN_LATER;
		code = EXIT_DOWN;
	}
	fault_set(&a->fault, code, "cannot get a token from '%s': %s",
	    authority, r->error);
	if (v == TOKEN_REFUSED)
		fault_hint(&a->fault, "%s", hint);
	return v;
}

enum token_verdict
token_read(
    struct token_answer *a, const struct http_reply *r, const char *authority)
{
	static const char nothing[] = "{}";
	struct json_val o, v;
	struct json j;

	memset(a, 0, sizeof(*a));
	a->token.max = TOKEN_MAX;
	a->token.secret = true;
	if (r->failure != HTTP_NONE)
		return unreachable(a, r, authority);
	json_init(&j, r->body, r->body_len);
	if (r->body_len == 0 || !json_value(&j, &o) || o.type != JSON_OBJECT)
		o = (struct json_val){nothing, 2, JSON_OBJECT, 0};
	if (r->status != 200)
		return refused(a, r, &o, authority);
	if (wire_member(&o, "access_token", &v) && v.type == JSON_STRING)
		(void)json_text(&a->token, &v);
	if (is_token(&a->token) && read_life(&o, &a->life_ms))
		return TOKEN_GOT;
	buf_clear(&a->token);
	fault_set(&a->fault, EXIT_DOWN,
	    "cannot get a token from '%s': its answer holds none", authority);
	return TOKEN_LATER;
}

static void
got(struct token *t, struct token_answer *a, int64_t now)
{
	int64_t early = a->life_ms / 2;

	if (early > TOKEN_EARLY_MS)
		early = TOKEN_EARLY_MS;
	secret_buf_reset(&t->header);
	buf_adds(&t->header, "Authorization: Bearer ");
	buf_add(&t->header, a->token.p, a->token.len);
	if (t->header.err != 0)
		log_oom();
	log_secret(a->token.p, a->token.len);
	hide_secret(t); /* which many tokens may have displaced */
	if (t->failing_since >= 0)
		log_info("got a token from '%s' again", t->target->authority);
	t->renewed_for_401 = t->rejected;
	t->rejected = false;
	t->generation++;
	t->fetched++;
	t->attempts = 0;
	t->failing_since = -1;
	t->ends = now + a->life_ms;
	t->renew_at = t->ends - early;
	breaker_success(&t->breaker);
	log_debug("got a token for %lld s", (long long)(a->life_ms / 1000));
}

static void
not_got(struct token *t, enum token_verdict v, const struct fault *f,
    int64_t retry_after, int64_t now)
{
	t->failed++;
	t->attempts++;
	t->fault = *f;
	/* With a token in hand even a refusal is tried again later: perhaps
	 * the secret is being rotated. */
	t->stopped = v == TOKEN_REFUSED && !token_usable(t, now);
	if (t->failing_since < 0 && !t->stopped)
		log_warn("%s%s", f->text,
		    token_usable(t, now) ? " (the old token still serves)"
					 : "; trying again");
	if (t->failing_since < 0)
		t->failing_since = now;
	if (v == TOKEN_LATER)
		breaker_failure(&t->breaker, now);
	else
		breaker_success(&t->breaker);
	t->next_try = now + backoff_ms(t->attempts, retry_after);
}

static void
on_done(void *ctx, const struct http_reply *r)
{
	struct token *t = ctx;
	struct token_answer a;
	int64_t now = clock_mono_ms();
	enum token_verdict v;

	t->call = NULL;
	secret_buf_reset(&t->form);
	v = token_read(&a, r, t->target->authority);
	if (v == TOKEN_GOT)
		got(t, &a, now);
	else
		not_got(t, v, &a.fault,
		    r->failure == HTTP_NONE ? http_retry_after_ms(r) : -1, now);
	buf_clear(&a.token);
}

static void
fetch(struct token *t, int64_t now)
{
	static const char *const headers[] = {
	    "Content-Type: application/x-www-form-urlencoded",
	    "Accept: application/json", NULL};
	struct buf url = BUF_INIT(1024);
	struct http_request r = {.method = "POST",
	    .headers = headers,
	    .max_reply = TOKEN_REPLY_MAX,
	    .deadline_ms = TOKEN_DEADLINE_MS,
	    .on_done = on_done,
	    .ctx = t};

	if (!breaker_allows(&t->breaker, now))
		return;
	buf_addf(
	    &url, "%s/%s/oauth2/v2.0/token", t->target->authority, t->tenant);
	secret_buf_reset(&t->form);
	add_field(&t->form, "client_id", t->client, strlen(t->client));
	add_field(&t->form, "scope", target_scope(t->target),
	    strlen(target_scope(t->target)));
	add_field(&t->form, "grant_type", "client_credentials", 18);
	add_field(&t->form, "client_secret", t->secret.p, t->secret.len);
	if (url.err != 0 || t->form.err != 0)
		log_oom();
	r.url = url.p;
	r.body = t->form.p;
	r.body_len = t->form.len;
	t->call = http_start(t->http, &r, &t->fault);
	t->stopped = t->call == NULL;
	buf_clear(&url);
}

/* When renewal should be begun. */
static int64_t
due(const struct token *t)
{
	int64_t at = t->generation == 0 || t->rejected ? 0 : t->renew_at;

	return t->next_try > at ? t->next_try : at;
}

void
token_tick(struct token *t, int64_t now)
{
	if (t->stopped)
		return;
	if (t->failing_since >= 0 && !token_usable(t, now) &&
	    t->fault.code != EXIT_DOWN) {
		/* Refused, and the old one has ended meanwhile. */
		t->stopped = true;
		return;
	}
	if (t->failing_since >= 0 && !token_usable(t, now) &&
	    now - t->failing_since >= t->give_up_ms) {
		t->stopped = true;
		t->fault.code = EXIT_DOWN;
		fault_hint(&t->fault,
		    "the service stayed unavailable past --give-up; nothing "
		    "is lost, run again");
		return;
	}
	if (t->call == NULL && now >= due(t))
		fetch(t, now);
}

bool
token_usable(const struct token *t, int64_t now)
{
	return t->header.len > 0 && !t->rejected && now < t->ends;
}

void
token_accepted(struct token *t, unsigned generation)
{
	if (generation == t->generation)
		t->renewed_for_401 = false;
}

bool
token_refused(struct token *t, unsigned generation, int64_t now)
{
	if (generation != t->generation || t->rejected)
		return true; /* a newer one is there, or on its way */
	if (t->renewed_for_401)
		return false;
	log_info("the token was refused (401): fetching a new one");
	t->rejected = true;
	t->next_try = now;
	return true;
}

static int64_t
later(int64_t at, int64_t now)
{
	return at > now ? at - now : 0;
}

int64_t
token_wait_ms(const struct token *t, int64_t now)
{
	int64_t wait, breaker, end;

	if (t->stopped || t->call != NULL)
		return -1;
	wait = later(due(t), now);
	breaker = breaker_wait_ms(&t->breaker, now);
	if (breaker > wait)
		wait = breaker;
	if (t->failing_since >= 0) {
		end = later(token_usable(t, now)
				? t->ends
				: t->failing_since + t->give_up_ms,
		    now);
		if (end < wait)
			wait = end;
	}
	return wait;
}
