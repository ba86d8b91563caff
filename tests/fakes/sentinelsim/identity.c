/* Managed identities: IMDS, App Service, Azure Arc; see identity.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "entra.h"
#include "identity.h"
#include "request.h"
#include "sim.h"

enum { TOKEN_TEXT_MAX = 8192 };

static void
fail(struct request *q, unsigned status, const char *error, const char *why)
{
	(void)snprintf(q->reply.code, sizeof(q->reply.code), "%s", error);
	reply_json(&q->reply, status,
	    json_pack("{s:s, s:s}", "error", error, "error_description", why));
	pthread_mutex_lock(&q->sim->lock);
	q->sim->stats.tokens_refused++;
	pthread_mutex_unlock(&q->sim->lock);
}

/* All values are strings, times in seconds since 1970. */
static void
grant(struct request *q, const char *audience)
{
	struct buf token = BUF_INIT(TOKEN_TEXT_MAX);
	int64_t now = sim_now_ms(q->sim) / 1000, life = q->sim->opt.token_life;
	char in[24], on[24], from[24];

	entra_issue(q->sim, audience, &token);
	(void)snprintf(in, sizeof(in), "%lld", (long long)life);
	(void)snprintf(on, sizeof(on), "%lld", (long long)(now + life));
	(void)snprintf(from, sizeof(from), "%lld", (long long)now);
	reply_json(&q->reply, 200,
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}",
		"access_token", token.p, "client_id", q->sim->opt.client_id,
		"expires_in", in, "expires_on", on, "ext_expires_in", in,
		"not_before", from, "resource", audience, "token_type",
		"Bearer"));
	buf_clear(&token);
}

/* The resource and the identity asked for, in every form of the endpoint. */
static void
grant_checked(struct request *q)
{
	const char *resource = target_field(&q->target, "resource");
	const char *client = target_field(&q->target, "client_id");
	size_t n = resource != NULL ? strlen(resource) : 0;

	if (n > 0 && resource[n - 1] == '/')
		n--;
	if (n == 0)
		fail(q, 400, "invalid_request",
		    "Required query variable 'resource' is missing");
	else if (n != strlen(q->sim->opt.audience) ||
		 memcmp(resource, q->sim->opt.audience, n) != 0)
		fail(q, 400, "invalid_resource",
		    "The resource principal was not found in the tenant");
	else if (client != NULL &&
		 strcasecmp(client, q->sim->opt.client_id) != 0)
		fail(q, 400, "invalid_request", "Identity not found");
	else
		grant(q, q->sim->opt.audience);
}

/*
 * Azure Arc proves that the caller may read a root-owned file: the first
 * answer names a fresh file, the second request must bring its content.
 */
static void
serve_arc(struct request *q)
{
	const char *auth = q->header[HEADER_AUTHORIZATION];
	char secret[37], *path;
	int fd;

	if (q->sim->opt.arc_dir == NULL) {
		fail(q, 404, "not_found", "This is no Arc server");
		return;
	}
	if (asprintf(&path, "%s/sentinelsim.key", q->sim->opt.arc_dir) < 0)
		sim_oom();
	if (auth != NULL && strncasecmp(auth, "Basic ", 6) == 0) {
		ssize_t n = -1;

		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd != -1) {
			n = read(fd, secret, 36);
			(void)close(fd);
		}
		secret[n == 36 ? 36 : 0] = '\0';
		(void)unlink(path); /* good for one try */
		if (secret[0] != '\0' && sim_same(auth + 6, secret))
			grant_checked(q);
		else
			fail(q, 401, "unauthorized", "The key is wrong");
		free(path);
		return;
	}
	sim_guid(secret);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0440);
	if (fd == -1 || write(fd, secret, 36) != 36)
		perror("sentinelsim: error: cannot write the Arc key");
	if (fd != -1)
		(void)close(fd);
	fail(q, 401, "unauthorized", "Present the key of the named file");
	reply_header(&q->reply, "WWW-Authenticate", "Basic realm=%s", path);
	free(path);
}

static void
serve_app_service(struct request *q, const char *version)
{
	const char *given = q->header[HEADER_IDENTITY];
	const char *want = q->sim->opt.identity_header;

	if (want == NULL || given == NULL || !sim_same(given, want))
		fail(q, 401, "unauthorized", "X-IDENTITY-HEADER is wrong");
	else if (strcmp(version, "2019-08-01") != 0)
		fail(q, 400, "invalid_request", "unknown api-version");
	else
		grant_checked(q);
}

void
identity_serve(struct request *q)
{
	const char *version = target_field(&q->target, "api-version");
	const char *metadata = q->header[HEADER_METADATA];

	if (version == NULL)
		version = "";
	if (strcmp(q->method, "GET") != 0)
		fail(q, 405, "invalid_request", "The method must be GET");
	else if (strcmp(q->target.segment[0], "msi") == 0)
		serve_app_service(q, version);
	else if (metadata == NULL || strcasecmp(metadata, "true") != 0)
		fail(q, 400, "invalid_request",
		    "Required metadata header not specified");
	else if (strcmp(version, "2018-02-01") == 0)
		grant_checked(q);
	else if (strcmp(version, "2020-06-01") == 0 ||
		 strcmp(version, "2019-11-01") == 0)
		serve_arc(q);
	else
		fail(q, 400, "invalid_request", "unknown api-version");
}
