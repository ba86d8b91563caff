/* Region, endpoint and credentials from the environment. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "awsenv.h"
#include "envwipe.h"
#include "log.h"
#include "secret.h"

enum {
	ID_MAX = 128,      /* IAM API Reference, AccessKey: 16 to 128 */
	SECRET_MAX = 1024, /* 40 today; others' stores take longer ones */
	TOKEN_MAX = 16384  /* STS sets no limit; it is one header line */
};

struct aws_auth {
	char *access_key_id, *secret, *token;
	struct aws_creds creds;
};

/* A variable's value, or NULL when it is unset or empty. */
static const char *
value_of(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && *v != '\0' ? v : NULL;
}

const char *
aws_region(const char *option)
{
	const char *v = option;

	if (v == NULL)
		v = value_of("AWS_REGION");
	if (v == NULL)
		v = value_of("AWS_DEFAULT_REGION");
	return v;
}

const char *
aws_s3_endpoint(const char *option)
{
	const char *v = option;

	if (v != NULL || aws_flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
		return v;
	v = value_of("AWS_ENDPOINT_URL_S3");
	return v != NULL ? v : value_of("AWS_ENDPOINT_URL");
}

const char *
aws_ca_bundle(void)
{
	return value_of("AWS_CA_BUNDLE");
}

bool
aws_flag(const char *name)
{
	const char *v = value_of(name);

	return v != NULL && strcasecmp(v, "true") == 0;
}

/* Copy a variable: visible characters only, for it goes into a header.  *out
 * stays NULL when there is none. */
static bool
take(char **out, const char *name, size_t max, struct fault *f)
{
	const char *v = value_of(name);

	if (v == NULL)
		return true;
	if (strlen(v) > max)
		return fault_set(
		    f, EXIT_DENIED, "%s is longer than %zu bytes", name, max);
	for (const char *p = v; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~') {
			fault_set(f, EXIT_DENIED,
			    "%s holds white space or another character that "
			    "no key has",
			    name);
			return fault_hint(
			    f, "look for a stray newline or quote in it");
		}
	}
	*out = secret_copy(v, strlen(v));
	return true;
}

static bool
from_environment(struct aws_auth *a, struct fault *f)
{
	if (!take(&a->access_key_id, "AWS_ACCESS_KEY_ID", ID_MAX, f) ||
	    !take(&a->secret, "AWS_SECRET_ACCESS_KEY", SECRET_MAX, f) ||
	    !take(&a->token, "AWS_SESSION_TOKEN", TOKEN_MAX, f))
		return false;
	if (a->access_key_id == NULL || a->secret == NULL) {
		fault_set(f, EXIT_DENIED, "no AWS credentials: %s is not set",
		    a->access_key_id == NULL ? "AWS_ACCESS_KEY_ID"
					     : "AWS_SECRET_ACCESS_KEY");
		return fault_hint(f,
		    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and for "
		    "temporary credentials AWS_SESSION_TOKEN; of a profile: "
		    "eval \"$(aws configure export-credentials --profile P "
		    "--format env)\"");
	}
	return true;
}

struct aws_auth *
aws_auth_new(struct fault *f)
{
	struct aws_auth *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		(void)fault_set(f, EXIT_SYSTEM, "out of memory");
		return NULL;
	}
	if (!from_environment(a, f)) {
		aws_auth_free(a);
		return NULL;
	}
	INVARIANT(a->secret != NULL);
	log_secret(a->secret, strlen(a->secret));
	env_wipe_one("AWS_SECRET_ACCESS_KEY");
	if (a->token != NULL)
		log_secret(a->token, strlen(a->token));
	env_wipe_one("AWS_SESSION_TOKEN");
	a->creds = (struct aws_creds){a->access_key_id, a->secret, a->token};
	return a;
}

void
aws_auth_free(struct aws_auth *a)
{
	if (a == NULL)
		return;
	secret_free(a->access_key_id);
	secret_free(a->secret);
	secret_free(a->token);
	free(a);
}

const struct aws_creds *
aws_auth_get(struct aws_auth *a)
{
	return &a->creds;
}

bool
aws_auth_refused(struct aws_auth *a)
{
	(void)a; /* the environment does not change */
	return false;
}
