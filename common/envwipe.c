/* Taking credentials out of the environment, bytes and all. */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "envwipe.h"

/* A name that ends in '*' stands for all that begin so. */
struct secret {
	const char *name;
	unsigned keep;
};

static const struct secret secrets[] = {
    /* AWS SDKs and Tools Reference Guide, credential providers */
    {"AWS_ACCESS_KEY*", ENV_KEEP_AWS}, /* _ID, and _KEY of old tools */
    {"AWS_SECRET*", ENV_KEEP_AWS},
    {"AWS_SESSION_TOKEN*", ENV_KEEP_AWS},
    {"AWS_SECURITY_TOKEN", ENV_KEEP_AWS},
    {"AWS_CONTAINER_*", ENV_KEEP_AWS},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", ENV_KEEP_AWS},
    {"AWS_SHARED_CREDENTIALS_FILE", ENV_KEEP_AWS},
    {"AWS_ROLE_ARN", ENV_KEEP_AWS},
    {"AWS_PROFILE", ENV_KEEP_AWS},
    {"AWS_DEFAULT_PROFILE", ENV_KEEP_AWS},
    {"AWS_BEARER_TOKEN*", ENV_KEEP_NONE}, /* nobody uses it here */
    /* Azure Identity's EnvironmentCredential and managed identity */
    {"AZURE_CLIENT_*", ENV_KEEP_AZURE},
    {"AZURE_TENANT_ID", ENV_KEEP_AZURE},
    {"AZURE_FEDERATED_TOKEN_FILE", ENV_KEEP_AZURE},
    {"AZURE_FEDERATED_TOKEN", ENV_KEEP_NONE}, /* the token itself */
    {"AZURE_USERNAME", ENV_KEEP_NONE},        /* of people, not services */
    {"AZURE_PASSWORD", ENV_KEEP_NONE},
    {"AZURE_STORAGE_*", ENV_KEEP_NONE},
    {"IDENTITY_HEADER", ENV_KEEP_AZURE},
    {"IDENTITY_ENDPOINT", ENV_KEEP_AZURE},
    {"MSI_SECRET", ENV_KEEP_NONE}, /* before IDENTITY_HEADER */
    {"MSI_ENDPOINT", ENV_KEEP_NONE},
    {"GOOGLE_APPLICATION_CREDENTIALS", ENV_KEEP_NONE},
    {"HTTPS_PROXY", ENV_KEEP_PROXY},
    {"https_proxy", ENV_KEEP_PROXY},
    {"HTTP_PROXY", ENV_KEEP_PROXY},
    {"http_proxy", ENV_KEEP_PROXY},
    {"ALL_PROXY", ENV_KEEP_PROXY},
    {"all_proxy", ENV_KEEP_PROXY},
};

static bool
named(const char *entry, const char *pattern)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '*')
		return strncmp(entry, pattern, n - 1) == 0;
	return strncmp(entry, pattern, n) == 0 && entry[n] == '=';
}

/* Overwrite the string where it stands (the kernel shows these very bytes in
 * /proc/PID/environ) and close the gap in the list. */
static void
wipe(char **at)
{
	char *entry = *at;

	for (; *at != NULL; at++)
		*at = at[1];
	explicit_bzero(entry, strlen(entry));
}

void
env_wipe(unsigned keep)
{
	const size_t n = sizeof(secrets) / sizeof(secrets[0]);
	bool gone;

	for (char **e = environ; e != NULL && *e != NULL; e += gone ? 0 : 1) {
		gone = false;
		for (size_t i = 0; i < n && !gone; i++)
			gone = (secrets[i].keep & keep) == 0 &&
			       named(*e, secrets[i].name);
		if (gone)
			wipe(e);
	}
}

void
env_wipe_one(const char *name)
{
	for (char **e = environ; e != NULL && *e != NULL;) {
		if (named(*e, name))
			wipe(e);
		else
			e++;
	}
}
