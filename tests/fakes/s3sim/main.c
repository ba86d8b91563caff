/* s3sim: a small S3 server that judges and, when told to, misbehaves. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keys.h"
#include "log.h"
#include "ops.h"
#include "script.h"
#include "server.h"
#include "sim.h"
#include "stats.h"
#include "stop.h"

struct sim sim = {
    .region = "us-east-1",
    .domain = "localhost",
    .owner = "111122223333",
    .max_skew_ms = 900 * 1000, /* S3: fifteen minutes */
    .object_max = 5LL << 30,   /* S3: 5 GiB by one PUT */
};

struct options {
	struct server_options server;
	const char *root, *port_file, *pid_file, *log_file, *credentials;
	const char *buckets[64]; /* NAME or NAME=REGION */
	size_t bucket_count;
};

static const char usage[] =
    "usage: s3sim [option ...]\n"
    "A small S3 server for tests and the demo; see README.md beside its "
    "source.\n"
    "Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and\n"
    "AWS_SESSION_TOKEN, or from --credentials.\n\n"
    "  --root DIR           keep buckets and objects there (else in memory)\n"
    "  --bucket NAME[=REGION]  make this bucket (may repeat)\n"
    "  --listen ADDRESS     IPv4 address (127.0.0.1)\n"
    "  --port N             0: any free one (0)\n"
    "  --port-file FILE     write the port there, once serving\n"
    "  --pid-file FILE      write the process id there\n"
    "  --log FILE           append a line per request\n"
    "  --credentials FILE   JSON: access keys\n"
    "  --region R           of buckets that name none (us-east-1)\n"
    "  --domain NAME        BUCKET.NAME in Host names a bucket (localhost)\n"
    "  --owner ACCOUNT      for x-amz-expected-bucket-owner (111122223333)\n"
    "  --max-skew SECONDS   of a request's time (900)\n"
    "  --tls-cert FILE, --tls-key FILE  serve https with these (PEM)\n"
    "  --help\n";

_Noreturn static void
die(const struct fault *f)
{
	log_fault(f);
	exit((int)f->code);
}

_Noreturn static void
die_usage(const char *what)
{
	struct fault f = {0};

	(void)fault_set(&f, EXIT_BADUSAGE, "%s", what);
	(void)fault_hint(&f, "s3sim --help lists the options");
	die(&f);
}

static long
number(const char *text, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 0 || n > max)
		die_usage("a number is wrong or out of range");
	return n;
}

static void
parse_option(struct options *o, int c)
{
	switch (c) {
	case 'r':
		o->root = optarg;
		break;
	case 'b':
		if (o->bucket_count ==
		    sizeof(o->buckets) / sizeof(o->buckets[0]))
			die_usage("too many buckets");
		o->buckets[o->bucket_count++] = optarg;
		break;
	case 'l':
		o->server.listen = optarg;
		break;
	case 'p':
		o->server.port = (uint16_t)number(optarg, 65535);
		break;
	case 'P':
		o->port_file = optarg;
		break;
	case 'i':
		o->pid_file = optarg;
		break;
	case 'L':
		o->log_file = optarg;
		break;
	case 'c':
		o->credentials = optarg;
		break;
	case 'R':
		sim.region = optarg;
		break;
	case 'd':
		sim.domain = optarg;
		break;
	case 'o':
		sim.owner = optarg;
		break;
	case 's':
		sim.max_skew_ms = number(optarg, 1L << 40) * 1000;
		break;
	case 't':
		o->server.tls_cert = optarg;
		break;
	case 'k':
		o->server.tls_key = optarg;
		break;
	case 'h':
		(void)fputs(usage, stdout);
		exit(fflush(stdout) == 0 ? EXIT_DONE : EXIT_IO);
	default:
		die_usage("unknown option, or its argument is missing");
	}
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	static const struct option table[] = {
	    {"root", required_argument, NULL, 'r'},
	    {"bucket", required_argument, NULL, 'b'},
	    {"listen", required_argument, NULL, 'l'},
	    {"port", required_argument, NULL, 'p'},
	    {"port-file", required_argument, NULL, 'P'},
	    {"pid-file", required_argument, NULL, 'i'},
	    {"log", required_argument, NULL, 'L'},
	    {"credentials", required_argument, NULL, 'c'},
	    {"region", required_argument, NULL, 'R'},
	    {"domain", required_argument, NULL, 'd'},
	    {"owner", required_argument, NULL, 'o'},
	    {"max-skew", required_argument, NULL, 's'},
	    {"tls-cert", required_argument, NULL, 't'},
	    {"tls-key", required_argument, NULL, 'k'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+", table, NULL)) != -1)
		parse_option(o, c);
	if (optind != argc)
		die_usage("there are no operands");
	if ((o->server.tls_cert == NULL) != (o->server.tls_key == NULL))
		die_usage("--tls-cert and --tls-key go together");
	if (strlen(sim.region) >= STORE_REGION_MAX || sim.region[0] == '\0')
		die_usage("--region is too long, or empty");
}

/* Put a number into a file in one step, so that a reader sees all or none. */
static bool
write_number(const char *path, long n, struct fault *f)
{
	char temp[4096];
	FILE *file = NULL;
	int len;

	if (path == NULL)
		return true;
	len = snprintf(temp, sizeof(temp), "%s.new", path);
	if (len > 0 && (size_t)len < sizeof(temp))
		file = fopen(temp, "we");
	if (file == NULL || fprintf(file, "%ld\n", n) < 0 ||
	    fclose(file) != 0 || rename(temp, path) != 0)
		return fault_set(
		    f, EXIT_IO, "cannot write '%s': %s", path, strerror(errno));
	return true;
}

static bool
make_buckets(const struct options *o, struct fault *f)
{
	struct fault exists = {0};
	char name[STORE_BUCKET_MAX + 1];
	size_t n;

	for (size_t i = 0; i < o->bucket_count; i++) {
		const char *region = strchr(o->buckets[i], '=');

		n = strcspn(o->buckets[i], "=");
		if (n >= sizeof(name))
			return fault_set(f, EXIT_BADUSAGE,
			    "bad bucket name '%s'", o->buckets[i]);
		memcpy(name, o->buckets[i], n);
		name[n] = '\0';
		if (!store_bucket_valid(name))
			return fault_set(
			    f, EXIT_BADUSAGE, "bad bucket name '%s'", name);
		if (!store_bucket_make(
			name, region != NULL ? region + 1 : NULL, &exists) &&
		    exists.code != EXIT_AGAIN) {
			*f = exists;
			return false;
		}
	}
	return true;
}

/* A file or two for each object that is being read. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur =
		    limit.rlim_max < 65536 ? limit.rlim_max : 65536;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void
wait_for_signal(void)
{
	struct pollfd p = {.fd = stop_fd(), .events = POLLIN};

	while (!stop_asked())
		(void)poll(&p, 1, -1);
}

int
main(int argc, char *argv[])
{
	struct options o = {.server = {.listen = "127.0.0.1"}};
	struct fault f = {0};
	uint16_t port;

	log_init("s3sim");
	parse_options(&o, argc, argv);
	(void)signal(SIGPIPE, SIG_IGN);
	stop_init();
	raise_file_limit();
	ops_init();
	if (!(o.credentials != NULL ? keys_from_file(o.credentials, &f)
				    : keys_from_environment(&f)) ||
	    !store_open(o.root, sim.region, &f) || !make_buckets(&o, &f) ||
	    !stats_open(o.log_file, &f))
		die(&f);
	if (keys_count() == 0)
		log_warn("no credentials: every request will be refused");
	if (!server_start(&o.server, &port, &f))
		die(&f);
	if (!write_number(o.pid_file, (long)getpid(), &f) ||
	    !write_number(o.port_file, (long)port, &f))
		die(&f);
	log_info("serving on port %u", (unsigned)port);
	wait_for_signal();
	server_stop();
	stats_close();
	script_clear();
	keys_clear();
	store_close();
	return EXIT_DONE;
}
