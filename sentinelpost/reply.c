/* Replies of the Logs Ingestion API, judged; see reply.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "json.h"
#include "log.h"
#include "reply.h"
#include "wire.h"

/* Copy n bytes of text that may hold anything, cut to size. */
static void
copy(char *out, size_t size, const char *s, size_t n)
{
	if (n >= size)
		n = size - 1;
	memcpy(out, s, n);
	out[n] = '\0';
}

static void
copy_json(char *out, size_t size, const struct json_val *v)
{
	struct buf b = BUF_INIT(64 * 1024);

	if (v->type == JSON_STRING) {
		(void)json_text(&b, v);
		if (b.err == 0 && b.p != NULL)
			copy(out, size, b.p, b.len);
	}
	buf_clear(&b);
}

void
reply_body(struct reply *r, const char *p, size_t n)
{
	struct json_val whole, error, v;
	struct json j;

	json_init(&j, p, n);
	if (n > 0 && json_value(&j, &whole) && whole.type == JSON_OBJECT) {
		if (!wire_member(&whole, "error", &error) ||
		    error.type != JSON_OBJECT)
			error = whole;
		if (wire_member(&error, "code", &v))
			copy_json(r->code, sizeof(r->code), &v);
		if (wire_member(&error, "message", &v))
			copy_json(r->message, sizeof(r->message), &v);
	}
	if (r->message[0] == '\0') {
		const char *nl = n > 0 ? memchr(p, '\n', n) : NULL;

		copy(r->message, sizeof(r->message), n > 0 ? p : "",
		    nl != NULL ? (size_t)(nl - p) : n);
	}
}

void
reply_read(struct reply *r, const struct http_reply *h)
{
	const char *code;

	memset(r, 0, sizeof(*r));
	r->failure = h->failure;
	r->status = h->status;
	r->retry_after_ms = -1;
	copy(r->request_id, sizeof(r->request_id), h->request_id,
	    strlen(h->request_id));
	if (h->failure != HTTP_NONE) {
		copy(
		    r->message, sizeof(r->message), h->error, strlen(h->error));
		return;
	}
	r->retry_after_ms = http_retry_after_ms(h);
	reply_body(r, h->body, h->body_len);
	code = http_header(h, "x-ms-error-code");
	if (r->code[0] == '\0' && code != NULL)
		copy(r->code, sizeof(r->code), code, strlen(code));
	log_redact(r->code);
	log_redact(r->message);
	log_redact(r->request_id);
}

static bool
contains(const char *text, const char *part)
{
	return strcasestr(text, part) != NULL;
}

/* 400: is it about the request's form, which is ours, and not its rows?  A
 * message may quote a row, so it alone is not believed too easily. */
static bool
about_version(const struct reply *r)
{
	return contains(r->code, "ApiVersion") ||
	       (contains(r->message, "api-version") &&
		   contains(r->message, "parameter"));
}

/* 413 also says that the upload was slow or cut. */
static bool
about_upload(const struct reply *r)
{
	return strcasecmp(r->code, "TimeoutExpired") == 0 ||
	       strncasecmp(r->code, "ReadyBody_", 10) == 0;
}

static enum verdict
failure_verdict(enum http_failure failure)
{
	switch (failure) {
	case HTTP_TLS:
	case HTTP_FORBIDDEN:
	case HTTP_PROXY:
		return VERDICT_STOP;
	case HTTP_NONE:
	case HTTP_CONNECT:
	case HTTP_TIMEOUT:
	case HTTP_CUT:
	case HTTP_TOO_LARGE:
	case HTTP_ABORTED:
		break;
	}
	return VERDICT_RETRY;
}

enum verdict
reply_verdict(const struct reply *r, bool gzip)
{
	if (r->failure != HTTP_NONE)
		return failure_verdict(r->failure);
	switch (r->status) {
	case 200:
	case 202:
	case 204:
		return VERDICT_ACCEPTED;
	case 400:
		return about_version(r) ? VERDICT_STOP : VERDICT_BAD_ROWS;
	case 401:
		return VERDICT_RENEW;
	case 408:
	case 425:
		return VERDICT_RETRY;
	case 413:
		return about_upload(r) ? VERDICT_RETRY : VERDICT_TOO_BIG;
	case 415:
		return gzip ? VERDICT_PLAIN : VERDICT_STOP;
	case 429:
		return VERDICT_THROTTLE;
	case 501:
		return gzip ? VERDICT_PLAIN : VERDICT_RETRY;
	default:
		break;
	}
	/* Any other 2xx, 3xx or 4xx is none that the service documents: rows
	 * are neither taken as delivered nor given up because of it. */
	return r->status >= 500 ? VERDICT_RETRY : VERDICT_STOP;
}

void
reply_text(const struct reply *r, char *out, size_t n)
{
	char status[16] = "";
	int len;

	if (r->status != 0)
		(void)snprintf(status, sizeof(status), "%d", r->status);
	len = snprintf(out, n, "%s%s%s%s%s", status,
	    status[0] != '\0' && r->code[0] != '\0' ? " " : "", r->code,
	    (status[0] != '\0' || r->code[0] != '\0') && r->message[0] != '\0'
		? ": "
		: "",
	    r->message);
	if (len < 0 || (size_t)len >= n || r->request_id[0] == '\0')
		return;
	(void)snprintf(
	    out + len, n - (size_t)len, " (x-ms-request-id %s)", r->request_id);
}

static void
hint_403(const struct reply_place *at, struct fault *f)
{
	(void)fault_hint(f,
	    "give the application (its enterprise application's object id) "
	    "the role 'Monitoring Metrics Publisher' on the rule %s; a new "
	    "assignment takes up to 30 minutes to spread. If the role is "
	    "there ('az role assignment list --all --assignee "
	    "$AZURE_CLIENT_ID'), the rule belongs to another data collection "
	    "endpoint than %s",
	    at->rule, at->host);
}

static void
hint_404(const struct reply_place *at, struct fault *f)
{
	(void)fault_hint(f,
	    "check that the rule's immutable id is %s, that it declares the "
	    "stream %s (else use --stream TABLE=NAME) and that %s is its "
	    "endpoint: 'az monitor data-collection rule show' lists "
	    "immutableId, streamDeclarations and endpoints.logsIngestion",
	    at->rule, at->stream, at->host);
}

void
reply_fault(
    const struct reply *r, const struct reply_place *at, struct fault *f)
{
	enum exitcode code = EXIT_BADCONFIG;
	char text[700];

	if (r->failure == HTTP_PROXY ||
	    (r->failure == HTTP_NONE && (r->status == 401 || r->status == 403)))
		code = EXIT_DENIED;
	reply_text(r, text, sizeof(text));
	fault_set(f, code,
	    "cannot post to stream '%s' of rule '%s' at '%s': %s", at->stream,
	    at->rule, at->host, text);
	if (r->failure == HTTP_TLS)
		fault_hint(f,
		    "there is no TLS with %s that could be trusted: is a proxy "
		    "in between (then give its authority with --ca FILE), is "
		    "the clock right, is the host right?",
		    at->host);
	else if (r->failure == HTTP_FORBIDDEN)
		fault_hint(f, "check --endpoint");
	else if (r->failure == HTTP_PROXY)
		fault_hint(f, "the proxy of HTTPS_PROXY wants credentials: "
			      "http://USER:PASSWORD@HOST:PORT");
	else if (r->status == 401)
		fault_hint(f,
		    "a new token was not accepted either: is "
		    "AZURE_TENANT_ID the tenant that the rule is in, and the "
		    "endpoint of the same cloud?");
	else if (r->status == 403)
		hint_403(at, f);
	else if (r->status == 404)
		hint_404(at, f);
	else if (r->status == 400)
		fault_hint(f, "the service no longer knows the version of the "
			      "interface that this release uses: update it");
	else
		fault_hint(f,
		    "this is no answer of the Logs Ingestion API: check "
		    "--endpoint, and for a proxy in between");
}
