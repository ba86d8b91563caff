/* The command line of the simulator; README.md describes each option. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "plan.h"
#include "sim.h"

enum { SECRET_MAX = 4096 };

static const char usage[] =
    "usage: sentinelsim [option ...]\n"
    "A simulator of the Azure Monitor Logs Ingestion API and of the token\n"
    "endpoints in front of it, for tests on this machine.  The secret comes\n"
    "from AZURE_CLIENT_SECRET or --secret-file, the header of an App "
    "Service's\n"
    "managed identity from IDENTITY_HEADER.\n"
    "  --port N             listen on 127.0.0.1:N; 0, the default: a free one\n"
    "  --port-file FILE     write the port there when ready\n"
    "  --control-port N     the control API's own port, always plain http\n"
    "  --control-port-file FILE\n"
    "  --pid-file FILE\n"
    "  --tls-cert FILE --tls-key FILE   PEM; without them plain http\n"
    "  --config FILE        rules, streams, columns (JSON)\n"
    "  --rule ID            the rule that --tables and --stream declare for\n"
    "  --tables DIR         a stream Custom-<table> for each DIR/*.json\n"
    "  --stream NAME[=FILE] one more stream; without FILE any column passes\n"
    "  --rows-dir DIR       keep accepted rows in DIR/<Table>.ndjson\n"
    "  --apply              change kept rows as the service would\n"
    "  --request-log FILE   one JSON line a request\n"
    "  --tenant ID --client-id ID --secret-file FILE\n"
    "  --client-cert FILE   accept assertions signed with this certificate\n"
    "  --federation FILE    accept assertions of this issuer (JSON)\n"
    "  --arc-dir DIR        managed identity as on an Arc server\n"
    "  --audience URL       of tokens: https://monitor.azure.com\n"
    "  --token-life SECONDS 3599\n"
    "  --now SECONDS        start the simulator's clock at this time\n"
    "  --max-length N       of a body: 1048576\n"
    "  --max-raw N          of an inflated body; no limit of its own\n"
    "  --no-gzip            refuse compressed bodies with 501\n"
    "  --limit-requests N --limit-bytes N --limit-window D   429 above\n"
    "                       12000, 2000000000 and 60s; 0: no limit\n"
    "  --faults LIST --fault-seed N   for example 429=5%,reset-after=1%\n"
    "  --discard            do not read bodies (for benchmarks)\n";

enum {
	OPT_PORT = 256,
	OPT_PORT_FILE,
	OPT_CONTROL_PORT,
	OPT_CONTROL_PORT_FILE,
	OPT_PID_FILE,
	OPT_TLS_CERT,
	OPT_TLS_KEY,
	OPT_CONFIG,
	OPT_RULE,
	OPT_TABLES,
	OPT_STREAM,
	OPT_ROWS_DIR,
	OPT_APPLY,
	OPT_REQUEST_LOG,
	OPT_TENANT,
	OPT_CLIENT_ID,
	OPT_SECRET_FILE,
	OPT_CLIENT_CERT,
	OPT_FEDERATION,
	OPT_ARC_DIR,
	OPT_AUDIENCE,
	OPT_TOKEN_LIFE,
	OPT_NOW,
	OPT_MAX_LENGTH,
	OPT_MAX_RAW,
	OPT_NO_GZIP,
	OPT_LIMIT_REQUESTS,
	OPT_LIMIT_BYTES,
	OPT_LIMIT_WINDOW,
	OPT_FAULTS,
	OPT_FAULT_SEED,
	OPT_DISCARD,
	OPT_HELP
};

static const struct option longs[] = {
    {"port", required_argument, NULL, OPT_PORT},
    {"port-file", required_argument, NULL, OPT_PORT_FILE},
    {"control-port", required_argument, NULL, OPT_CONTROL_PORT},
    {"control-port-file", required_argument, NULL, OPT_CONTROL_PORT_FILE},
    {"pid-file", required_argument, NULL, OPT_PID_FILE},
    {"tls-cert", required_argument, NULL, OPT_TLS_CERT},
    {"tls-key", required_argument, NULL, OPT_TLS_KEY},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"rule", required_argument, NULL, OPT_RULE},
    {"tables", required_argument, NULL, OPT_TABLES},
    {"stream", required_argument, NULL, OPT_STREAM},
    {"rows-dir", required_argument, NULL, OPT_ROWS_DIR},
    {"apply", no_argument, NULL, OPT_APPLY},
    {"request-log", required_argument, NULL, OPT_REQUEST_LOG},
    {"tenant", required_argument, NULL, OPT_TENANT},
    {"client-id", required_argument, NULL, OPT_CLIENT_ID},
    {"secret-file", required_argument, NULL, OPT_SECRET_FILE},
    {"client-cert", required_argument, NULL, OPT_CLIENT_CERT},
    {"federation", required_argument, NULL, OPT_FEDERATION},
    {"arc-dir", required_argument, NULL, OPT_ARC_DIR},
    {"audience", required_argument, NULL, OPT_AUDIENCE},
    {"token-life", required_argument, NULL, OPT_TOKEN_LIFE},
    {"now", required_argument, NULL, OPT_NOW},
    {"max-length", required_argument, NULL, OPT_MAX_LENGTH},
    {"max-raw", required_argument, NULL, OPT_MAX_RAW},
    {"no-gzip", no_argument, NULL, OPT_NO_GZIP},
    {"limit-requests", required_argument, NULL, OPT_LIMIT_REQUESTS},
    {"limit-bytes", required_argument, NULL, OPT_LIMIT_BYTES},
    {"limit-window", required_argument, NULL, OPT_LIMIT_WINDOW},
    {"faults", required_argument, NULL, OPT_FAULTS},
    {"fault-seed", required_argument, NULL, OPT_FAULT_SEED},
    {"discard", no_argument, NULL, OPT_DISCARD},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool
read_number(const char *s, uint64_t max, uint64_t *v)
{
	char *end;

	errno = 0;
	if (*s < '0' || *s > '9')
		return false;
	*v = strtoull(s, &end, 10);
	return errno == 0 && *end == '\0' && *v <= max;
}

/* The place of a string option, or NULL. */
static const char **
string_of(struct options *o, int opt)
{
	switch (opt) {
	case OPT_PORT_FILE:
		return &o->port_file;
	case OPT_CONTROL_PORT_FILE:
		return &o->control_port_file;
	case OPT_PID_FILE:
		return &o->pid_file;
	case OPT_TLS_CERT:
		return &o->tls_cert;
	case OPT_TLS_KEY:
		return &o->tls_key;
	case OPT_CONFIG:
		return &o->config;
	case OPT_RULE:
		return &o->rule;
	case OPT_TABLES:
		return &o->tables;
	case OPT_ROWS_DIR:
		return &o->rows_dir;
	case OPT_REQUEST_LOG:
		return &o->request_log;
	case OPT_TENANT:
		return &o->tenant;
	case OPT_CLIENT_ID:
		return &o->client_id;
	case OPT_CLIENT_CERT:
		return &o->client_cert;
	case OPT_FEDERATION:
		return &o->federation;
	case OPT_ARC_DIR:
		return &o->arc_dir;
	case OPT_AUDIENCE:
		return &o->audience;
	case OPT_FAULTS:
		return &o->faults;
	default:
		return NULL;
	}
}

/* Options that take a number, or a duration. */
static bool
set_number(struct options *o, int opt, const char *arg)
{
	uint64_t v = 0;

	if (opt == OPT_LIMIT_WINDOW)
		return plan_duration(arg, strlen(arg), &o->limits.length_ms) &&
		       o->limits.length_ms > 0;
	if (!read_number(arg,
		opt == OPT_PORT || opt == OPT_CONTROL_PORT ? UINT16_MAX
		: opt == OPT_FAULT_SEED                    ? UINT64_MAX
					: INT64_MAX / 1000000,
		&v))
		return false;
	switch (opt) {
	case OPT_PORT:
		o->port = (uint16_t)v;
		return true;
	case OPT_CONTROL_PORT:
		o->control_port = (uint16_t)v;
		return true;
	case OPT_TOKEN_LIFE:
		o->token_life = (int64_t)v;
		return v > 0;
	case OPT_NOW:
		o->now = (int64_t)v;
		return true;
	case OPT_MAX_LENGTH:
		o->max_length = v;
		return v > 0;
	case OPT_MAX_RAW:
		o->max_raw = v;
		return true;
	case OPT_LIMIT_REQUESTS:
		o->limits.requests = v;
		return true;
	case OPT_LIMIT_BYTES:
		o->limits.bytes = v;
		return true;
	default:
		o->fault_seed = v;
		o->has_seed = true;
		return opt == OPT_FAULT_SEED;
	}
}

static bool
read_secret(struct options *o, const char *file, struct fault *f)
{
	char text[SECRET_MAX];
	FILE *in = fopen(file, "re");
	size_t n;

	if (in == NULL)
		return fault_set(f, EXIT_BADCONFIG, "cannot open '%s': %s",
		    file, strerror(errno));
	n = fread(text, 1, sizeof(text), in);
	(void)fclose(in);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	free(o->secret);
	o->secret = sim_dup(text, n);
	explicit_bzero(text, sizeof(text));
	return true;
}

static bool
set_option(struct options *o, int opt, const char *name, struct fault *f)
{
	const char **s = string_of(o, opt);

	if (s != NULL) {
		*s = optarg;
		return true;
	}
	switch (opt) {
	case OPT_APPLY:
		return o->apply = true;
	case OPT_NO_GZIP:
		return o->no_gzip = true;
	case OPT_DISCARD:
		return o->discard = true;
	case OPT_SECRET_FILE:
		return read_secret(o, optarg, f);
	case OPT_STREAM:
		if (o->nstreams == OPTIONS_STREAMS)
			return fault_set(f, EXIT_BADUSAGE, "too many streams");
		o->stream[o->nstreams++] = optarg;
		return true;
	default:
		return set_number(o, opt, optarg) ||
		       fault_set(f, EXIT_BADUSAGE,
			   "option --%s: bad value '%s'", name, optarg);
	}
}

static const char *
env_or(const char *name, const char *otherwise)
{
	const char *v = getenv(name);

	return v != NULL && *v != '\0' ? v : otherwise;
}

enum options_verdict
options_read(struct options *o, int argc, char **argv, struct fault *f)
{
	const char *secret = env_or("AZURE_CLIENT_SECRET", "");
	int opt, which = 0;

	*o = (struct options){.token_life = 3599, .now = -1, .faults = ""};
	o->max_length = 1048576; /* the real limit: 1 MiB of Content-Length */
	o->limits =
	    (struct window_limits){WINDOW_REQUESTS, WINDOW_BYTES, WINDOW_MS};
	o->rule = "dcr-0123456789abcdef0123456789abcdef";
	o->tenant =
	    env_or("AZURE_TENANT_ID", "11111111-2222-3333-4444-555555555555");
	o->client_id =
	    env_or("AZURE_CLIENT_ID", "66666666-7777-8888-9999-000000000000");
	o->audience = "https://monitor.azure.com";
	o->identity_header = env_or("IDENTITY_HEADER", NULL);
	o->secret = sim_dup(secret, strlen(secret));
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", longs, &which)) != -1) {
		if (opt == OPT_HELP) {
			(void)fputs(usage, stdout);
			return OPTIONS_HELP;
		}
		if (opt == '?') {
			(void)fault_set(f, EXIT_BADUSAGE,
			    "unknown or incomplete option '%s'",
			    argv[optind - 1]);
			return OPTIONS_BAD;
		}
		if (!set_option(o, opt, longs[which].name, f))
			return OPTIONS_BAD;
	}
	if (optind < argc)
		(void)fault_set(
		    f, EXIT_BADUSAGE, "unexpected operand '%s'", argv[optind]);
	else if ((o->tls_cert == NULL) != (o->tls_key == NULL))
		(void)fault_set(
		    f, EXIT_BADUSAGE, "--tls-cert and --tls-key go together");
	else if (o->config == NULL && o->tables == NULL && o->nstreams == 0)
		(void)fault_set(f, EXIT_BADUSAGE,
		    "nothing declared: give --config, --tables or --stream");
	else
		return OPTIONS_RUN;
	return OPTIONS_BAD;
}

void
options_free(struct options *o)
{
	if (o->secret != NULL)
		explicit_bzero(o->secret, strlen(o->secret));
	free(o->secret);
	o->secret = NULL;
}
