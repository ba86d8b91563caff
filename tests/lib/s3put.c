/* s3put: put objects into any S3 server, with a signer of the tests' own. */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "s3/s3hash.h"
#include "s3/s3sig.h"
#include "s3/s3uri.h"
#include "timefmt.h"

enum {
	URL_MAX_BYTES = 16384,  /* room for a key of which all is escaped */
	OBJECT_MAX = INT32_MAX, /* bytes held of an object that is put */
	REPLY_MAX = 256 << 20,  /* bytes of a reply that is kept */
	HEADERS_MAX = 32
};

static const char usage[] =
    "usage: s3put [option ...] FILE URL     put a file (- is stdin)\n"
    "       s3put [option ...] --list MANIFEST [--dir DIR] URL\n"
    "       s3put [option ...] --create URL\n"
    "       s3put [option ...] --request METHOD URL\n"
    "URL is http[s]://HOST[:PORT]/BUCKET[/KEY], the key percent-encoded.\n"
    "Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and\n"
    "AWS_SESSION_TOKEN.\n\n"
    "  --list MANIFEST   JSON lines {\"file\":..,\"key\":..} (key "
    "percent-encoded;\n"
    "                    - is stdin): put them all over one connection\n"
    "  --dir DIR         the files of the manifest are in there\n"
    "  --create          make the bucket; it may exist\n"
    "  --request METHOD  any request without a body; the reply goes to stdout\n"
    "  --include         write the reply's status and headers before it\n"
    "  --header 'N: V'   add a header (signed when it is x-amz-*; may repeat)\n"
    "  --region R        of the signature (AWS_REGION, else us-east-1)\n"
    "  --unsigned        payload is UNSIGNED-PAYLOAD\n"
    "  --cafile FILE     trust these certificates\n";

struct options {
	const char *list, *dir, *method, *region, *cafile;
	bool create, include, unsigned_payload;
	const char *headers[HEADERS_MAX];
	size_t header_count;
	const char *key_id, *secret, *token;
};

/* An endpoint's connection and what its replies say. */
struct session {
	const struct options *o;
	CURL *curl;
	struct buf head, body;
};

_Noreturn static void
die(enum exitcode code, const char *what, const char *why)
{
	log_error("%s%s%s", what, why[0] != '\0' ? ": " : "", why);
	exit((int)code);
}

static size_t
collect(char *p, size_t size, size_t n, void *to)
{
	buf_add(to, p, size * n);
	return ((struct buf *)to)->err == 0 ? size * n : 0;
}

/* The parts of a URL, as they stand in it. */
struct url {
	char origin[512], host[512];
	const char *path, *query;
	size_t path_len;
};

static void
split_url(const char *text, struct url *u)
{
	const char *host = strstr(text, "://");
	const char *path;

	if (host == NULL ||
	    (strncmp(text, "http:", 5) != 0 && strncmp(text, "https:", 6) != 0))
		die(EXIT_BADUSAGE, "not an http or https URL", text);
	host += 3;
	path = strchr(host, '/');
	if (path == NULL || (size_t)(path - text) >= sizeof(u->origin))
		die(EXIT_BADUSAGE, "URL without a path", text);
	(void)snprintf(
	    u->origin, sizeof(u->origin), "%.*s", (int)(path - text), text);
	(void)snprintf(
	    u->host, sizeof(u->host), "%.*s", (int)(path - host), host);
	u->path = path;
	u->path_len = strcspn(path, "?");
	u->query = path[u->path_len] == '?' ? path + u->path_len + 1 : "";
}

/* x-amz-date's form of the time now. */
static void
stamp(struct s3sig_scope *s)
{
	time_t t = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;

	INVARIANT(gmtime_r(&t, &tm) != NULL);
	(void)strftime(s->time, sizeof(s->time), "%Y%m%dT%H%M%SZ", &tm);
	(void)strftime(s->date, sizeof(s->date), "%Y%m%d", &tm);
}

struct signing {
	struct s3sig_header all[HEADERS_MAX + 8];
	size_t count;
	char names[HEADERS_MAX][64]; /* of the user's headers */
	struct buf list;             /* SignedHeaders */
};

static int
name_order(const void *a, const void *b)
{
	const struct s3sig_header *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
add(struct signing *s, const char *name, const char *value)
{
	s->all[s->count++] = (struct s3sig_header){name, value};
}

/* The user's headers, their names in lower case. */
static void
add_user_headers(struct signing *s, const struct options *o)
{
	for (size_t i = 0; i < o->header_count; i++) {
		size_t n = strcspn(o->headers[i], ":");

		if (n >= sizeof(s->names[i]) || o->headers[i][n] != ':')
			die(EXIT_BADUSAGE, "bad header", o->headers[i]);
		for (size_t k = 0; k < n; k++)
			s->names[i][k] = (char)(o->headers[i][k] >= 'A' &&
							o->headers[i][k] <= 'Z'
						    ? o->headers[i][k] | 0x20
						    : o->headers[i][k]);
		add(s, s->names[i], o->headers[i] + n + 1);
	}
}

static struct curl_slist *
header_line(struct curl_slist *list, const char *name, const char *value)
{
	struct buf line = BUF_INIT(65536);
	struct curl_slist *grown;

	buf_addf(&line, "%s: %s", name, value + strspn(value, " "));
	grown = curl_slist_append(list, line.p);
	if (line.err != 0 || grown == NULL)
		log_oom();
	buf_clear(&line);
	return grown;
}

/* The value of the Authorization header. */
static void
authorize(struct buf *auth, const struct options *o, const struct url *u,
    const char *method, const struct signing *s,
    const struct s3sig_scope *scope, const char *payload)
{
	struct buf canonical = BUF_INIT(S3SIG_MAX),
		   string = BUF_INIT(S3SIG_MAX);
	char signature[S3HASH_SHA256_HEX];

	s3sig_canonical(&canonical,
	    &(struct s3sig_request){.method = method,
		.path = u->path,
		.path_len = u->path_len,
		.query = u->query,
		.query_len = strlen(u->query),
		.headers = s->all,
		.header_count = s->count},
	    s->list.p, payload);
	s3sig_string(&string, scope, &canonical);
	if (canonical.err != 0 || string.err != 0)
		log_oom();
	s3sig_sign(signature, scope, o->secret, &string);
	buf_addf(auth,
	    "AWS4-HMAC-SHA256 Credential=%s/%s/%s/s3/aws4_request, "
	    "SignedHeaders=%s, Signature=%s",
	    o->key_id, scope->date, o->region, s->list.p, signature);
	buf_clear(&canonical);
	buf_clear(&string);
}

/* All headers of a request, signed. */
static struct curl_slist *
sign(const struct options *o, const struct url *u, const char *method,
    const struct buf *body)
{
	struct s3sig_scope scope = {.region = o->region, .service = "s3"};
	struct signing s = {.list = BUF_INIT(65536)};
	struct buf auth = BUF_INIT(65536);
	struct curl_slist *list = NULL;
	unsigned char digest[S3HASH_SHA256];
	char payload[S3HASH_SHA256_HEX] = "UNSIGNED-PAYLOAD";

	if (!o->unsigned_payload) {
		s3hash_sha256(
		    digest, body->p != NULL ? body->p : "", body->len);
		s3hash_hex(payload, digest, sizeof(digest));
	}
	stamp(&scope);
	add(&s, "host", u->host);
	add(&s, "x-amz-content-sha256", payload);
	add(&s, "x-amz-date", scope.time);
	if (o->token != NULL && o->token[0] != '\0')
		add(&s, "x-amz-security-token", o->token);
	add_user_headers(&s, o);
	qsort(s.all, s.count, sizeof(s.all[0]), name_order);
	for (size_t i = 0; i < s.count; i++) {
		buf_addf(&s.list, "%s%s", i > 0 ? ";" : "", s.all[i].name);
		list = header_line(list, s.all[i].name, s.all[i].value);
	}
	authorize(&auth, o, u, method, &s, &scope, payload);
	list = header_line(list, "Authorization", auth.p);
	list = curl_slist_append(list, "Expect:");
	buf_clear(&s.list);
	buf_clear(&auth);
	return list;
}

/* One request; returns the reply's status. */
static long
exchange(struct session *s, const char *method, const char *url,
    const struct buf *body)
{
	struct curl_slist *headers;
	struct url u = {.path = NULL};
	CURLcode rc;
	long status = 0;

	split_url(url, &u);
	headers = sign(s->o, &u, method, body);
	buf_reset(&s->head);
	buf_reset(&s->body);
	curl_easy_reset(s->curl); /* keeps the connection */
	curl_easy_setopt(s->curl, CURLOPT_URL, url);
	curl_easy_setopt(s->curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(s->curl, CURLOPT_CUSTOMREQUEST, method);
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(s->curl, CURLOPT_NOBODY, 1L);
	else if (strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0) {
		curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS,
		    body->p != NULL ? body->p : "");
		curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)body->len);
		headers = curl_slist_append(headers, "Content-Type:");
	}
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(s->curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(s->curl, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(s->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, &s->body);
	curl_easy_setopt(s->curl, CURLOPT_HEADERFUNCTION, collect);
	curl_easy_setopt(s->curl, CURLOPT_HEADERDATA, &s->head);
	if (s->o->cafile != NULL)
		curl_easy_setopt(s->curl, CURLOPT_CAINFO, s->o->cafile);
	rc = curl_easy_perform(s->curl);
	curl_slist_free_all(headers);
	if (rc != CURLE_OK)
		die(EXIT_DOWN, url, curl_easy_strerror(rc));
	curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* Fail with what the server said unless the status is 2xx. */
static void
expect_success(const struct session *s, long status, const char *url)
{
	char text[512];

	if (status >= 200 && status < 300)
		return;
	(void)snprintf(text, sizeof(text), "%ld %.*s", status,
	    (int)(s->body.len < 400 ? s->body.len : 400),
	    s->body.p != NULL ? s->body.p : "");
	die(EXIT_BADCONFIG, url, text);
}

static void
read_file(const char *path, struct buf *out)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO
					: open(path, O_RDONLY | O_CLOEXEC);
	char block[65536];
	ssize_t n = -1;

	buf_reset(out);
	while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0)
		buf_add(out, block, (size_t)n);
	if (n != 0)
		die(EXIT_IO, path, strerror(errno));
	if (out->err != 0)
		die(EXIT_BADUSAGE, path, "too large");
	if (fd > STDIN_FILENO)
		(void)close(fd);
}

static void
put_file(
    struct session *s, const char *file, const char *url, struct buf *bytes)
{
	read_file(file, bytes);
	expect_success(s, exchange(s, "PUT", url, bytes), url);
}

/* One line of the manifest; returns false for one without a file or key. */
static bool
put_line(
    struct session *s, const char *line, const char *base, struct buf *bytes)
{
	struct buf url = BUF_INIT(URL_MAX_BYTES),
		   path = BUF_INIT(URL_MAX_BYTES);
	json_error_t error;
	json_t *j = json_loads(line, 0, &error);
	const char *file = json_string_value(json_object_get(j, "file"));
	const char *key = json_string_value(json_object_get(j, "key"));
	size_t n = strlen(base);
	bool ok = file != NULL && key != NULL;

	if (ok) {
		buf_addf(
		    &url, "%s%s%s", base, base[n - 1] == '/' ? "" : "/", key);
		if (s->o->dir != NULL && file[0] != '/')
			buf_addf(&path, "%s/", s->o->dir);
		buf_adds(&path, file);
		if (url.err != 0 || path.err != 0)
			die(EXIT_BADUSAGE, "a name is too long", key);
		put_file(s, path.p, url.p, bytes);
	}
	json_decref(j);
	buf_clear(&url);
	buf_clear(&path);
	return ok;
}

static void
put_list(struct session *s, const char *base)
{
	FILE *in =
	    strcmp(s->o->list, "-") == 0 ? stdin : fopen(s->o->list, "re");
	struct buf bytes = BUF_INIT(OBJECT_MAX);
	char *line = NULL;
	size_t cap = 0;

	if (in == NULL)
		die(EXIT_IO, s->o->list, strerror(errno));
	while (getline(&line, &cap, in) > 0)
		if (!put_line(s, line, base, &bytes))
			die(EXIT_BADUSAGE, s->o->list,
			    "a line has no file or no key");
	if (ferror(in))
		die(EXIT_IO, s->o->list, strerror(errno));
	if (in != stdin)
		(void)fclose(in);
	free(line);
	buf_clear(&bytes);
}

static void
create(struct session *s, const char *url)
{
	struct buf none = BUF_INIT(1);
	long status = exchange(s, "PUT", url, &none);

	if (status != 409)
		expect_success(s, status, url);
}

/* Any request; the exit status tells 2xx from others. */
static int
request(struct session *s, const char *url)
{
	struct buf none = BUF_INIT(1);
	long status = exchange(s, s->o->method, url, &none);

	if (s->o->include && s->head.len > 0)
		(void)fwrite(s->head.p, 1, s->head.len, stdout);
	if (s->body.len > 0)
		(void)fwrite(s->body.p, 1, s->body.len, stdout);
	if (fflush(stdout) != 0 || ferror(stdout))
		die(EXIT_IO, "cannot write", "standard output");
	return status >= 200 && status < 300 ? 0 : 1;
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	static const struct option table[] = {
	    {"list", required_argument, NULL, 'l'},
	    {"dir", required_argument, NULL, 'd'},
	    {"create", no_argument, NULL, 'c'},
	    {"request", required_argument, NULL, 'X'},
	    {"include", no_argument, NULL, 'i'},
	    {"header", required_argument, NULL, 'H'},
	    {"region", required_argument, NULL, 'r'},
	    {"unsigned", no_argument, NULL, 'u'},
	    {"cafile", required_argument, NULL, 'a'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", table, NULL)) != -1) {
		switch (c) {
		case 'l':
			o->list = optarg;
			break;
		case 'd':
			o->dir = optarg;
			break;
		case 'c':
			o->create = true;
			break;
		case 'X':
			o->method = optarg;
			break;
		case 'i':
			o->include = true;
			break;
		case 'H':
			if (o->header_count == HEADERS_MAX)
				die(EXIT_BADUSAGE, "too many headers", "");
			o->headers[o->header_count++] = optarg;
			break;
		case 'r':
			o->region = optarg;
			break;
		case 'u':
			o->unsigned_payload = true;
			break;
		case 'a':
			o->cafile = optarg;
			break;
		case 'h':
			(void)fputs(usage, stdout);
			exit(fflush(stdout) == 0 ? EXIT_DONE : EXIT_IO);
		default:
			die(EXIT_BADUSAGE, "see s3put --help", "");
		}
	}
	if (argc - optind !=
	    (o->list != NULL || o->create || o->method != NULL ? 1 : 2))
		die(EXIT_BADUSAGE, "wrong operands; see s3put --help", "");
}

static void
take_environment(struct options *o)
{
	o->key_id = getenv("AWS_ACCESS_KEY_ID");
	o->secret = getenv("AWS_SECRET_ACCESS_KEY");
	o->token = getenv("AWS_SESSION_TOKEN");
	if (o->region == NULL)
		o->region = getenv("AWS_REGION");
	if (o->region == NULL || o->region[0] == '\0')
		o->region = "us-east-1";
	if (o->key_id == NULL || o->secret == NULL)
		die(EXIT_DENIED, "no credentials in the environment", "");
}

int
main(int argc, char *argv[])
{
	struct options o = {0};
	struct session s = {
	    .o = &o, .head = BUF_INIT(REPLY_MAX), .body = BUF_INIT(REPLY_MAX)};
	struct buf bytes = BUF_INIT(OBJECT_MAX);
	int rc = EXIT_DONE;

	log_init("s3put");
	parse_options(&o, argc, argv);
	take_environment(&o);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    (s.curl = curl_easy_init()) == NULL)
		log_oom();
	if (o.method != NULL)
		rc = request(&s, argv[optind]);
	else if (o.create)
		create(&s, argv[optind]);
	else if (o.list != NULL)
		put_list(&s, argv[optind]);
	else
		put_file(&s, argv[optind], argv[optind + 1], &bytes);
	curl_easy_cleanup(s.curl);
	curl_global_cleanup();
	buf_clear(&s.head);
	buf_clear(&s.body);
	buf_clear(&bytes);
	return rc;
}
