/* common/awsenv and common/envwipe */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "awsenv.h"
#include "envwipe.h"
#include "tap.h"

static void
test_values(void)
{
	(void)clearenv();
	OK(aws_region(NULL) == NULL && aws_s3_endpoint(NULL) == NULL &&
		aws_ca_bundle() == NULL,
	    "nothing is set");
	(void)setenv("AWS_DEFAULT_REGION", "r1", 1);
	IS(aws_region(NULL), "r1", "AWS_DEFAULT_REGION");
	(void)setenv("AWS_REGION", "r2", 1);
	IS(aws_region(NULL), "r2", "AWS_REGION wins");
	IS(aws_region("r3"), "r3", "an option wins");
	(void)setenv("AWS_REGION", "", 1);
	IS(aws_region(NULL), "r1", "an empty one is none");
	(void)setenv("AWS_ENDPOINT_URL", "u1", 1);
	IS(aws_s3_endpoint(NULL), "u1", "AWS_ENDPOINT_URL");
	(void)setenv("AWS_ENDPOINT_URL_S3", "u2", 1);
	IS(aws_s3_endpoint(NULL), "u2", "AWS_ENDPOINT_URL_S3 wins");
	(void)setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "no", 1);
	IS(aws_s3_endpoint(NULL), "u2", "also when none are to be ignored");
	(void)setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True", 1);
	OK(aws_s3_endpoint(NULL) == NULL, "unless they are to be ignored");
	IS(aws_s3_endpoint("u3"), "u3", "which an option is not");
	(void)setenv("AWS_CA_BUNDLE", "/ca.pem", 1);
	IS(aws_ca_bundle(), "/ca.pem", "AWS_CA_BUNDLE");
}

static void
test_credentials(void)
{
	static const struct {
		const char *id, *secret, *token, *what;
	} bad[] = {
	    {NULL, "s", NULL, "AWS_ACCESS_KEY_ID is not set"},
	    {"i", NULL, NULL, "AWS_SECRET_ACCESS_KEY is not set"},
	    {"i", "", NULL, "AWS_SECRET_ACCESS_KEY is not set"},
	    {"i", "hush\n", NULL, "AWS_SECRET_ACCESS_KEY holds"},
	    {"a b", "s", NULL, "AWS_ACCESS_KEY_ID holds"},
	    {"i", "s", "x\r\nHost: evil", "AWS_SESSION_TOKEN holds"},
	    {"i", "hush\x7f", NULL, "AWS_SECRET_ACCESS_KEY holds"},
	    {"AKID\xc3\xa9", "s", NULL, "AWS_ACCESS_KEY_ID holds"},
	};
	const struct aws_creds *c;
	struct aws_auth *a;
	struct fault f = {0};
	char longer[20000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	(void)clearenv();
	(void)setenv("AWS_ACCESS_KEY_ID", "i", 1);
	(void)setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	(void)setenv("AWS_SESSION_TOKEN", longer, 1);
	OK(aws_auth_new(&f) == NULL && f.code == EXIT_DENIED &&
		strstr(f.text, "AWS_SESSION_TOKEN is longer than") != NULL,
	    "a token longer than any header");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		(void)clearenv();
		if (bad[i].id != NULL)
			(void)setenv("AWS_ACCESS_KEY_ID", bad[i].id, 1);
		if (bad[i].secret != NULL)
			(void)setenv("AWS_SECRET_ACCESS_KEY", bad[i].secret, 1);
		if (bad[i].token != NULL)
			(void)setenv("AWS_SESSION_TOKEN", bad[i].token, 1);
		OK(aws_auth_new(&f) == NULL && f.code == EXIT_DENIED &&
			f.hint[0] != '\0',
		    bad[i].what);
		OK(strstr(f.text, bad[i].what) != NULL &&
			strstr(f.text, "hush") == NULL,
		    "says so, and no secret");
	}
	(void)clearenv();
	(void)setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	(void)setenv("AWS_SECRET_ACCESS_KEY", "hush", 1);
	a = aws_auth_new(&f);
	c = aws_auth_get(a);
	IS(c->access_key_id, "AKID", "the key's id");
	IS(c->secret, "hush", "the secret");
	OK(c->token == NULL, "no token");
	OK(getenv("AWS_SECRET_ACCESS_KEY") == NULL,
	    "the variable is taken away");
	OK(!aws_auth_refused(a), "the environment has no newer ones");
	aws_auth_free(a);
	aws_auth_free(NULL);
}

/* In a process of its own, whose environment the kernel shows. */
static int
child(unsigned keep)
{
	static char text[65536];
	int fd;
	ssize_t n;

	env_wipe(keep);
	if (keep == ENV_KEEP_AWS)
		env_wipe_one("AWS_SECRET_ACCESS_KEY");
	fd = open("/proc/self/environ", O_RDONLY);
	n = read(fd, text, sizeof(text));
	(void)close(fd);
	/* Print what is left in the memory of the environment. */
	for (ssize_t i = 0; i < n; i++)
		if (text[i] != '\0')
			(void)putchar(text[i]);
	printf("|%s", getenv("PLAIN") != NULL ? getenv("PLAIN") : "lost");
	return 0;
}

static const char *
run_child(const char *keep)
{
	static char out[65536];
	const char *const argv[] = {"test", keep, NULL};
	const char *const env[] = {"AWS_ACCESS_KEY_ID=awsid",
	    "AWS_SECRET_ACCESS_KEY=awssecret", "AWS_SESSION_TOKEN=awstoken",
	    "AWS_REGION=region", "AZURE_CLIENT_SECRET=azuresecret",
	    "AZURE_CLIENT_ID=azureid", "IDENTITY_HEADER=identity",
	    "HTTPS_PROXY=http://u:proxypw@h", "PLAIN=plain",
	    "AZURE_STORAGE_KEY=storage", NULL};
	int pipes[2];
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	if (pipe(pipes) != 0)
		return "";
	pid = fork();
	if (pid == 0) {
		(void)dup2(pipes[1], STDOUT_FILENO);
		(void)execve(
		    "/proc/self/exe", (char *const *)argv, (char *const *)env);
		_exit(127);
	}
	(void)close(pipes[1]);
	while ((got = read(pipes[0], out + n, sizeof(out) - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	(void)close(pipes[0]);
	(void)waitpid(pid, NULL, 0);
	return out;
}

static void
test_wipe(void)
{
	IS(run_child("0"), "AWS_REGION=regionPLAIN=plain|plain",
	    "all credentials go, bytes and all");
	IS(run_child("2"),
	    "AWS_REGION=regionAZURE_CLIENT_SECRET=azuresecret"
	    "AZURE_CLIENT_ID=azureidIDENTITY_HEADER=identityPLAIN=plain|plain",
	    "but Azure's where they are used");
	IS(run_child("1"),
	    "AWS_ACCESS_KEY_ID=awsidAWS_SESSION_TOKEN=awstoken"
	    "AWS_REGION=regionPLAIN=plain|plain",
	    "or AWS's, and one by name");
	IS(run_child("4"),
	    "AWS_REGION=regionHTTPS_PROXY=http://u:proxypw@hPLAIN=plain|plain",
	    "or the proxy's");
}

int
main(int argc, char *argv[])
{
	if (argc == 2)
		return child((unsigned)(argv[1][0] - '0'));
	test_wipe();
	test_values();
	test_credentials();
	return tap_done();
}
