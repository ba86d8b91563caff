/*
 * A server that does what its arguments say, on each connection anew: for
 * tests of what no honest server sends.
 *
 *     rawserver [--port-file FILE] [--log FILE] [--tls CERT KEY] STEP ..
 *
 * Steps: expect (a request), send:TEXT (with the escapes \r \n \\), count:TEXT
 * (the same, with the number of requests so far, eight digits, for each @),
 * file:PATH (what it holds), fill:N (bytes of x), sleep:MS, wait (until the
 * peer closes), reset, next (close; the next connection begins behind this),
 * again (from the first step, or the one behind the last next), tunnel:PORT
 * (pass bytes to and from that port of this host).  After the last one the
 * connection is closed.  It listens on a free port of 127.0.0.1, written to
 * FILE, and ends by SIGTERM.  The log gets the heads of requests.
 */
#include <limits.h>

#include "../unit/httpserver.h"

enum { STEPS_MAX = 64 };

static _Noreturn void
usage(const char *what)
{
	(void)fprintf(stderr, "rawserver: what is '%s'?\n", what);
	exit(64);
}

/* The number behind so many characters of a step. */
static int
number(const char *arg, size_t at)
{
	char *end;
	long n = strtol(arg + at, &end, 10);

	if (end == arg + at || *end != '\0' || n < 0 || n > INT_MAX)
		usage(arg);
	return (int)n;
}

/* Undo the escapes, in place. */
static const char *
unescape(char *text)
{
	char *to = text;

	for (const char *s = text; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0') {
			s++;
			*to++ = *s;
			if (*s == 'r')
				to[-1] = '\r';
			else if (*s == 'n')
				to[-1] = '\n';
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
	return text;
}

static struct step
read_step(char *arg)
{
	static const struct {
		const char *word;
		enum op op;
	} words[] = {{"expect", EXPECT}, {"wait", WAIT}, {"reset", RESET},
	    {"next", NEXT}, {"again", AGAIN}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(arg, words[i].word) == 0)
			return (struct step){words[i].op, NULL, 0};
	if (strncmp(arg, "send:", 5) == 0)
		return (struct step){SEND, unescape(arg + 5), 0};
	if (strncmp(arg, "count:", 6) == 0)
		return (struct step){COUNT, unescape(arg + 6), 0};
	if (strncmp(arg, "file:", 5) == 0)
		return (struct step){FILE_, arg + 5, 0};
	if (strncmp(arg, "fill:", 5) == 0)
		return (struct step){FILL, NULL, number(arg, 5)};
	if (strncmp(arg, "tunnel:", 7) == 0)
		return (struct step){TUNNEL, NULL, number(arg, 7)};
	if (strncmp(arg, "sleep:", 6) == 0)
		return (struct step){SLEEP, NULL, number(arg, 6)};
	usage(arg);
}

static SSL_CTX *
use_tls(const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL ||
	    SSL_CTX_use_certificate_file(ctx, cert, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		usage(cert);
	return ctx;
}

/* The file appears with its content. */
static void
write_port(const char *path, int port)
{
	char tmp[4096];
	FILE *f;

	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	f = fopen(tmp, "w");
	if (f == NULL || fprintf(f, "%d\n", port) < 0 || fclose(f) != 0 ||
	    rename(tmp, path) != 0) {
		perror(path);
		exit(74);
	}
}

int
main(int argc, char *argv[])
{
	static struct step script[STEPS_MAX];
	static struct server s;
	const char *port_file = NULL, *log = NULL;
	SSL_CTX *tls = NULL;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--port-file") == 0 && i + 1 < argc) {
			port_file = argv[++i];
		} else if (strcmp(argv[i], "--log") == 0 && i + 1 < argc) {
			log = argv[++i];
		} else if (strcmp(argv[i], "--tls") == 0 && i + 2 < argc) {
			tls = use_tls(argv[i + 1], argv[i + 2]);
			i += 2;
		} else if (n < STEPS_MAX - 1) {
			script[n++] = read_step(argv[i]);
		} else {
			usage(argv[i]);
		}
	}
	script[n].op = END;
	server_start(&s, script, tls);
	if (log != NULL) {
		s.log = fopen(log, "a");
		if (s.log == NULL)
			usage(log);
	}
	if (port_file != NULL)
		write_port(port_file, s.port);
	(void)pthread_join(s.acceptor, NULL);
	return 0;
}
