/* s3fetch/saveplace: names of keys that stay inside and differ */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "rnd.h"
#include "s3fetch/saveplace.h"
#include "tap.h"

struct example {
	const char *key, *path; /* segments of path joined by '|' */
};

static const struct example examples[] = {
    {"a", "a"},
    {"a/b/c", "a|b|c"},
    {"", "%"},
    {"/", "%|%"},
    {"/a", "%|a"},
    {"a/", "a|%"},
    {"a//b", "a|%|b"},
    {".", "%2E"},
    {"..", "%2E%2E"},
    {"../..", "%2E%2E|%2E%2E"},
    {"./a/../b", "%2E|a|%2E%2E|b"},
    {"...", "..."},
    {".a", ".a"},
    {"%", "%25"},
    {"%25", "%2525"},
    {"%2E", "%252E"},
    {"%252E%2E", "%25252E%2E"},
    {"%2e", "%2e"},
    {"%2F", "%2F"},
    {"100%", "100%"},
    {"\xff\t", "\xff\t"},
};

/* The names of a key, joined. */
static bool
join(struct buf *b, const char *key, size_t n)
{
	bool ok;

	buf_reset(b);
	ok = save_path(b, key, n);
	for (size_t i = 0; ok && i + 1 < b->len; i++)
		if (b->p[i] == '\0')
			b->p[i] = '|';
	return ok;
}

static void
test_examples(struct buf *b)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		OK(join(b, examples[i].key, strlen(examples[i].key)),
		    "a key has names");
		IS(b->p, examples[i].path, examples[i].key);
	}
	OK(!join(b, "a\0b", 3), "a NUL has none");
}

/* Is each name one that a file system takes, and none that leads away? */
static bool
all_safe(const struct buf *b)
{
	for (size_t at = 0; at < b->len; at += strlen(b->p + at) + 1) {
		const char *s = b->p + at;

		if (*s == '\0' || strlen(s) > 255 || strcmp(s, ".") == 0 ||
		    strcmp(s, "..") == 0 || strchr(s, '/') != NULL)
			return false;
	}
	return true;
}

/* The key back from its names: what makes two keys never share a file. */
static void
decode(struct buf *key, const struct buf *path)
{
	bool inside = false;

	buf_reset(key);
	for (size_t at = 0; at < path->len; at += strlen(path->p + at) + 1) {
		const char *s = path->p + at;
		size_t n = strlen(s);

		if (at > 0 && !inside)
			buf_addc(key, '/');
		inside = n == 255 && s[254] == '%';
		if (inside) {
			buf_add(key, s, 254);
		} else if (strcmp(s, "%2E") == 0) {
			buf_addc(key, '.');
		} else if (strcmp(s, "%2E%2E") == 0) {
			buf_adds(key, "..");
		} else if (strcmp(s, "%") != 0) {
			const char *p = s;
			size_t left;

			/* "%25" and what follows it, when that is special */
			if (strncmp(p, "%25", 3) == 0)
				p += 3;
			while (p > s && strncmp(p, "25", 2) == 0)
				p += 2;
			left = strlen(p);
			if (p > s && (left == 0 || strcmp(p, "2E") == 0 ||
					 strcmp(p, "2E%2E") == 0)) {
				buf_addc(key, '%');
				buf_adds(key, s + 3);
			} else {
				buf_adds(key, s);
			}
		}
	}
}

/* Keys of characters that matter, of lengths around the limits. */
static void
test_random(struct buf *b)
{
	static const char *const parts[] = {
	    "%", "25", "2E", ".", "/", "a", "%25", "%2E"};
	struct buf key = BUF_INIT(4096), back = BUF_INIT(8192);
	bool safe = true, same = true;

	for (unsigned i = 0; i < 20000; i++) {
		size_t n = i % 3 == 0 ? 1020 : rnd_below(20);

		buf_reset(&key);
		buf_adds(&key, "");
		if (i % 4 == 0)
			for (unsigned k = 250 + rnd_below(8); k > 0; k--)
				buf_addc(&key, 'x');
		while (key.len < n)
			buf_adds(&key, parts[rnd_below(i % 5 == 0 ? 3 : 8)]);
		if (!save_path((buf_reset(b), b), key.p, key.len))
			safe = false;
		safe = safe && all_safe(b);
		decode(&back, b);
		if (back.len != key.len ||
		    (key.len > 0 && memcmp(back.p, key.p, key.len) != 0)) {
			if (same)
				printf("# %s\n# %s\n", key.p, back.p);
			same = false;
		}
	}
	OK(safe, "no name is one that leads away or is too long");
	OK(same, "a key can be told from its names");
	buf_clear(&key);
	buf_clear(&back);
}

/* Begin the file of a key: 0, or why not. */
static int
make(struct saveplace *p, int root, const char *key, size_t n)
{
	int fd = saveplace_make(p, root, "b", key, n);

	if (fd == -1)
		return errno;
	(void)close(fd);
	return 0;
}

/* Names that are taken, and a folder that goes away. */
static void
test_failures(void)
{
	char dir[] = "/tmp/test_fetch_save.XXXXXX";
	struct saveplace p = SAVEPLACE_INIT;
	int root;

	OK(mkdtemp(dir) != NULL, "a folder");
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	OK(root != -1, "is opened");
	OK(make(&p, root, "a\0b", 3) == EINVAL && p.dir == -1,
	    "a key with NUL has no name");
	OK(make(&p, root, "k", 1) == 0, "a file is begun");
	OK(saveplace_name(&p) == 0 && p.dir == -1, "and named");
	OK(make(&p, root, "k/x", 3) == ENOTDIR && p.dir == -1,
	    "where a file is there is no folder");
	OK(make(&p, root, "d/x", 3) == 0 && saveplace_name(&p) == 0,
	    "a file in a folder");
	OK(make(&p, root, "d", 1) == 0 && saveplace_name(&p) == EISDIR &&
		p.dir != -1,
	    "where a folder is there is no file");
	saveplace_drop(&p);
	saveplace_drop(&p);
	OK(p.dir == -1, "what was begun is dropped once");
	OK(make(&p, root, "gone", 4) == 0 && unlinkat(p.dir, p.temp, 0) == 0 &&
		saveplace_name(&p) == ENOENT,
	    "one that somebody takes away");
	saveplace_drop(&p);
	OK(unlinkat(root, "b/k", 0) == 0 && unlinkat(root, "b/d/x", 0) == 0 &&
		unlinkat(root, "b/d", AT_REMOVEDIR) == 0 &&
		unlinkat(root, "b", AT_REMOVEDIR) == 0 && rmdir(dir) == 0,
	    "the folder goes");
	OK(make(&p, root, "k", 1) == ENOENT, "nothing can be saved there");
	(void)close(root);
}

int
main(void)
{
	struct buf b = BUF_INIT(16384);

	test_examples(&b);
	test_random(&b);
	test_failures();
	buf_clear(&b);
	return tap_done();
}
