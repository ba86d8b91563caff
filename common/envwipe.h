#ifndef ENVWIPE_H
#define ENVWIPE_H

/*
 * Credentials that a filter does not use are taken out of its environment at
 * start, so that they cannot be read from its memory or /proc/PID/environ
 * (design.md, promise 6).
 */
enum env_keep {
	ENV_KEEP_NONE = 0,
	ENV_KEEP_AWS = 1,   /* AWS_*: s3list, s3fetch, s3ack */
	ENV_KEEP_AZURE = 2, /* AZURE_*, IDENTITY_*: sentinelpost */
	ENV_KEEP_PROXY = 4  /* HTTPS_PROXY .., which may hold a password */
};

/**
 * Overwrite and unset the credential variables but those of keep (enum
 * env_keep, or'ed).  Call first in main(), after out_init().
 */
void env_wipe(unsigned keep);

/** Overwrite and unset one variable, once its value was copied. */
void env_wipe_one(const char *name);

#endif
