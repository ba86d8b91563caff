/*
 * mkwire: wire lines of objects, as s3fetch writes them, out of files; with
 * chunks cut as a test wants them.  Shares no code with the product.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: mkwire [option ...] FILE ...\n"
    "Each FILE is an object; FILE may be - (standard input).\n\n"
    "  --step N        bytes of a chunk (65536)\n"
    "  --b64           chunks as base64; else as text, which FILE must be\n"
    "  --raw           FILE holds stored bytes: chunks are base64, too\n"
    "  --key KEY       the key of all (AWSLogs/1/CloudTrail/x.json)\n"
    "  --members TEXT  more members of the object line, as ,\"skip\":3\n"
    "  --count N       each FILE makes so many objects (1)\n"
    "  --mix           a chunk of each object in turn; else one after another\n"
    "  --no-end        the input stops inside the objects\n"
    "  --no-done       no done line\n"
    "  --id N          the first id is N in 16 hex digits, -0001; then N + 1 "
    ".. (1)\n";

static struct {
	size_t step, count, id;
	bool b64, raw, mix, no_end, no_done;
	const char *key, *members;
} o = {65536, 1, 1, false, false, false, false, false,
    "AWSLogs/1/CloudTrail/x.json", ""};

struct file {
	char *p;
	size_t n;
};

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "mkwire: %s: %s\n", what, why);
	exit(1);
}

static struct file
load(const char *path)
{
	FILE *fp = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	struct file f = {NULL, 0};
	size_t cap = 0, got;

	if (fp == NULL)
		die(path, strerror(errno));
	do {
		if (f.n == cap) {
			cap = cap > 0 ? cap * 2 : 65536;
			f.p = realloc(f.p, cap);
			if (f.p == NULL)
				die(path, "out of memory");
		}
		got = fread(f.p + f.n, 1, cap - f.n, fp);
		f.n += got;
	} while (got > 0);
	if (ferror(fp))
		die(path, "cannot be read");
	if (fp != stdin)
		fclose(fp);
	return f;
}

static void
put_id(size_t id)
{
	printf("\"id\":\"%016zx-0001\"", id);
}

static void
put_open(size_t id)
{
	printf("{\"v\":1,");
	put_id(id);
	printf(",\"object\":{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"%s\","
	       "\"size\":9,\"etag\":\"e\",\"modified\":"
	       "\"2026-11-20T10:00:00.000Z\"%s}%s}\n",
	    o.key, o.members, o.raw ? ",\"raw\":true" : "");
}

static void
put_text(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
}

static void
put_base64(const char *s, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)s;
	unsigned v;

	for (; n > 0; p += 3) {
		v = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) |
		    (n > 2 ? p[2] : 0);
		putchar(digits[v >> 18]);
		putchar(digits[v >> 12 & 63]);
		putchar(n > 1 ? digits[v >> 6 & 63] : '=');
		putchar(n > 2 ? digits[v & 63] : '=');
		n = n > 3 ? n - 3 : 0;
	}
}

/* A chunk from at on; returns its length.  Text is cut between characters. */
static size_t
put_chunk(size_t id, const struct file *f, size_t at)
{
	bool text = !o.b64 && !o.raw;
	size_t n = f->n - at < o.step ? f->n - at : o.step;

	while (text && at + n < f->n && (f->p[at + n] & 0xc0) == 0x80)
		n++;
	printf("{");
	put_id(id);
	printf(",\"at\":%zu,\"%s\":\"", at, text ? "text" : "b64");
	if (text)
		put_text(f->p + at, n);
	else
		put_base64(f->p + at, n);
	printf("\"}\n");
	return n;
}

static void
put_end(size_t id, const struct file *f)
{
	if (o.no_end)
		return;
	printf("{");
	put_id(id);
	printf(",\"end\":{\"bytes\":%zu,\"stored_bytes\":9}}\n", f->n);
}

static void
one_by_one(const struct file *files, size_t n)
{
	size_t id = o.id;

	for (size_t i = 0; i < n * o.count; i++, id++) {
		const struct file *f = &files[i / o.count];

		put_open(id);
		for (size_t at = 0; at < f->n;)
			at += put_chunk(id, f, at);
		put_end(id, f);
	}
}

static void
mixed(const struct file *files, size_t n)
{
	size_t all = n * o.count, left = all;
	size_t *at = calloc(all + 1, sizeof(*at));
	bool *ended = calloc(all + 1, sizeof(*ended));

	if (at == NULL || ended == NULL)
		die("memory", "there is none");
	for (size_t i = 0; i < all; i++)
		put_open(o.id + i);
	while (left > 0) {
		for (size_t i = 0; i < all; i++) {
			const struct file *f = &files[i / o.count];

			if (ended[i])
				continue;
			if (at[i] < f->n) {
				at[i] += put_chunk(o.id + i, f, at[i]);
				continue;
			}
			put_end(o.id + i, f);
			ended[i] = true;
			left--;
		}
	}
	free(at);
	free(ended);
}

static size_t
number(const char *s)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (*s == '\0' || *end != '\0' || v == 0)
		die(s, "is no number");
	return v;
}

static void
options(int argc, char *argv[])
{
	static const struct option names[] = {
	    {"step", required_argument, NULL, 's'},
	    {"count", required_argument, NULL, 'c'},
	    {"id", required_argument, NULL, 'i'},
	    {"key", required_argument, NULL, 'k'},
	    {"members", required_argument, NULL, 'm'},
	    {"b64", no_argument, NULL, 'b'},
	    {"raw", no_argument, NULL, 'r'},
	    {"mix", no_argument, NULL, 'x'},
	    {"no-end", no_argument, NULL, 'e'},
	    {"no-done", no_argument, NULL, 'd'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 's':
			o.step = number(optarg);
			break;
		case 'c':
			o.count = number(optarg);
			break;
		case 'i':
			o.id = number(optarg);
			break;
		case 'k':
			o.key = optarg;
			break;
		case 'm':
			o.members = optarg;
			break;
		case 'b':
			o.b64 = true;
			break;
		case 'r':
			o.raw = true;
			break;
		case 'x':
			o.mix = true;
			break;
		case 'e':
			o.no_end = true;
			break;
		case 'd':
			o.no_done = true;
			break;
		case 'h':
			printf("%s", usage);
			exit(0);
		default:
			fprintf(stderr, "%s", usage);
			exit(64);
		}
	}
}

int
main(int argc, char *argv[])
{
	struct file *files;
	size_t n;

	options(argc, argv);
	n = (size_t)(argc - optind);
	files = calloc(n + 1, sizeof(*files));
	if (files == NULL)
		die("memory", "there is none");
	for (size_t i = 0; i < n; i++)
		files[i] = load(argv[optind + (int)i]);
	(o.mix ? mixed : one_by_one)(files, n);
	if (!o.no_done)
		printf("{\"done\":{\"stage\":\"s3fetch\",\"exit\":0}}\n");
	for (size_t i = 0; i < n; i++)
		free(files[i].p);
	free(files);
	return fclose(stdout) != 0;
}
