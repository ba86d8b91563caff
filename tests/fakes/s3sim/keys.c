/* Access keys: from the environment, a file, or the control API. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "log.h"
#include "skip.h"
#include "timefmt.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct skip keys;

bool
keys_find(const char *id, struct key *out)
{
	struct skip_node *node;

	pthread_mutex_lock(&lock);
	node = skip_find(&keys, id, strlen(id));
	if (node != NULL)
		*out = *(struct key *)node->value;
	pthread_mutex_unlock(&lock);
	return node != NULL;
}

static bool
get_text(const json_t *j, const char *name, char *out, size_t size)
{
	const char *s = json_string_value(json_object_get(j, name));

	if (s == NULL)
		return json_object_get(j, name) == NULL;
	if (strlen(s) >= size)
		return false;
	memcpy(out, s, strlen(s) + 1);
	return true;
}

bool
keys_add(const json_t *j, const char **why)
{
	char id[KEYS_TEXT_MAX] = "", expires[64] = "";
	struct key *key = calloc(1, sizeof(*key));
	struct skip_node *node;

	if (key == NULL)
		log_oom();
	*why = "a member is no string, or too long";
	if (!get_text(j, "access_key_id", id, sizeof(id)) ||
	    !get_text(
		j, "secret_access_key", key->secret, sizeof(key->secret)) ||
	    !get_text(j, "session_token", key->token, sizeof(key->token)) ||
	    !get_text(j, "expires", expires, sizeof(expires)))
		goto bad;
	*why = "expires is no time";
	if (expires[0] != '\0' &&
	    !timefmt_parse(expires, strlen(expires), &key->expires_ms))
		goto bad;
	*why = "access_key_id or secret_access_key is missing";
	if (id[0] == '\0' || key->secret[0] == '\0')
		goto bad;
	pthread_mutex_lock(&lock);
	node = skip_put(&keys, id, strlen(id));
	free(node->value);
	node->value = key;
	pthread_mutex_unlock(&lock);
	return true;
bad:
	free(key);
	return false;
}

bool
keys_remove(const char *id)
{
	struct key *key;

	pthread_mutex_lock(&lock);
	key = skip_remove(&keys, id, strlen(id));
	pthread_mutex_unlock(&lock);
	free(key);
	return key != NULL;
}

void
keys_clear(void)
{
	pthread_mutex_lock(&lock);
	skip_clear(&keys, free);
	pthread_mutex_unlock(&lock);
}

size_t
keys_count(void)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = keys.count;
	pthread_mutex_unlock(&lock);
	return n;
}

bool
keys_from_environment(struct fault *f)
{
	const char *id = getenv("AWS_ACCESS_KEY_ID"), *why;
	const char *secret = getenv("AWS_SECRET_ACCESS_KEY");
	const char *token = getenv("AWS_SESSION_TOKEN");
	json_t *j;
	bool ok;

	if (id == NULL || secret == NULL || id[0] == '\0')
		return true;
	j = json_pack("{s:s, s:s, s:s*}", "access_key_id", id,
	    "secret_access_key", secret, "session_token",
	    token != NULL && token[0] != '\0' ? token : NULL);
	ok = j != NULL && keys_add(j, &why);
	json_decref(j);
	return ok || fault_set(f, EXIT_BADCONFIG,
			 "cannot use the credentials in the environment");
}

bool
keys_from_file(const char *path, struct fault *f)
{
	json_error_t error;
	json_t *all = json_load_file(path, 0, &error), *one;
	const char *why = "not JSON";
	bool ok = all != NULL;
	size_t i;

	if (json_is_array(all)) {
		json_array_foreach (all, i, one)
			ok = ok && keys_add(one, &why);
	} else if (ok) {
		ok = keys_add(all, &why);
	}
	json_decref(all);
	return ok || fault_set(f, EXIT_BADCONFIG,
			 "cannot take credentials from '%s': %s", path, why);
}
