/* The files under --root: names, loading, and replacing in one step. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/s3/s3hash.h"
#include "../../lib/s3/s3uri.h"
#include "disk.h"
#include "log.h"

/* Room for a root of PATH_MAX and a key of which every byte is escaped. */
enum { PATH_ROOM = 16384, READ_SIZE = 1 << 18 };

typedef void see_object(
    const char *bucket, const void *key, size_t n, const struct object *meta);

static void
add_path(struct buf *out, const char *root, const char *bucket, const void *key,
    size_t n)
{
	buf_addf(out, "%s/%s", root, bucket);
	if (key != NULL) {
		struct buf name = BUF_INIT(PATH_ROOM);

		s3uri_file(&name, key, n);
		buf_addc(out, '/');
		buf_add(out, name.p, name.len);
		buf_clear(&name);
	}
	if (out->err != 0)
		log_oom();
}

/* Read a whole file for its MD5. */
static bool
hash_file(const char *path, char etag[33])
{
	struct s3hash h;
	unsigned char sha[S3HASH_SHA256], md5[S3HASH_MD5];
	char *block = malloc(READ_SIZE);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t r = -1;

	if (block == NULL)
		log_oom();
	if (fd < 0) {
		free(block);
		return false;
	}
	s3hash_init(&h);
	while ((r = read(fd, block, READ_SIZE)) > 0)
		s3hash_add(&h, block, (size_t)r);
	s3hash_end(&h, sha, md5);
	s3hash_hex(etag, md5, sizeof(md5));
	(void)close(fd);
	free(block);
	return r == 0;
}

static bool
ends_with(const struct buf *b, const char *tail)
{
	size_t n = strlen(tail);

	return b->len >= n && memcmp(b->p + b->len - n, tail, n) == 0;
}

/* One file of the folder at path, whose name decodes to key. */
static bool
load_file(const char *bucket, const char *path, const struct buf *key,
    const struct stat *sb, see_object *see, struct fault *f)
{
	struct object meta = {.type = "binary/octet-stream"};

	if (!hash_file(path, meta.etag))
		return fault_set(
		    f, EXIT_IO, "cannot read '%s': %s", path, strerror(errno));
	if (ends_with(key, ".json") || ends_with(key, ".json.gz"))
		(void)snprintf(
		    meta.type, sizeof(meta.type), "application/json");
	if (ends_with(key, ".json.gz"))
		(void)snprintf(meta.encoding, sizeof(meta.encoding), "gzip");
	meta.size = (int64_t)sb->st_size;
	meta.modified_ms = (int64_t)sb->st_mtim.tv_sec * 1000;
	see(bucket, key->p, key->len, &meta);
	return true;
}

static bool load_folder(const char *bucket, const char *path,
    const struct buf *key, see_object *see, struct fault *f);

/* One entry of a bucket's folder: an object, or the first piece of names. */
static bool
load_entry(const char *bucket, const char *folder, const struct buf *before,
    const char *name, see_object *see, struct fault *f)
{
	struct buf path = BUF_INIT(PATH_ROOM), key = BUF_INIT(PATH_ROOM);
	size_t n = strlen(name);
	bool ok = true;
	struct stat sb;

	buf_addf(&path, "%s/%s", folder, name);
	buf_add(&key, before->p, before->len);
	if (path.err != 0 || key.err != 0)
		log_oom();
	if (stat(path.p, &sb) != 0)
		ok = fault_set(f, EXIT_IO, "cannot stat '%s': %s", path.p,
		    strerror(errno));
	else if (S_ISDIR(sb.st_mode) && name[n - 1] == '+' &&
		 s3uri_decode(&key, name, n - 1, false))
		ok = load_folder(bucket, path.p, &key, see, f);
	else if (S_ISREG(sb.st_mode) && s3uri_decode(&key, name, n, false) &&
		 key.len <= STORE_KEY_MAX)
		ok = load_file(bucket, path.p, &key, &sb, see, f);
	else
		log_warn("not the file of an object: '%s'", path.p);
	buf_clear(&path);
	buf_clear(&key);
	return ok;
}

static bool
load_folder(const char *bucket, const char *path, const struct buf *key,
    see_object *see, struct fault *f)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	bool ok = true;

	if (dir == NULL)
		return fault_set(
		    f, EXIT_IO, "cannot open '%s': %s", path, strerror(errno));
	while (ok && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			ok = load_entry(bucket, path, key, e->d_name, see, f);
	(void)closedir(dir);
	return ok;
}

bool
disk_load(const char *root, see_object *see, struct fault *f)
{
	struct buf path = BUF_INIT(PATH_ROOM), no_key = BUF_INIT(PATH_ROOM);
	DIR *dir = opendir(root);
	struct dirent *e;
	bool ok = true;

	if (dir == NULL)
		return fault_set(
		    f, EXIT_IO, "cannot open '%s': %s", root, strerror(errno));
	while (ok && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || !store_bucket_valid(e->d_name))
			continue;
		buf_reset(&path);
		add_path(&path, root, e->d_name, NULL, 0);
		see(e->d_name, NULL, 0, NULL);
		ok = load_folder(e->d_name, path.p, &no_key, see, f);
	}
	(void)closedir(dir);
	buf_clear(&path);
	return ok;
}

bool
disk_bucket_make(const char *root, const char *bucket)
{
	struct buf path = BUF_INIT(PATH_ROOM);
	bool ok;

	add_path(&path, root, bucket, NULL, 0);
	ok = mkdir(path.p, 0777) == 0 || errno == EEXIST;
	buf_clear(&path);
	return ok;
}

/* Folders of long names stay behind until here, when they are empty. */
static void
drop_folders(const char *path)
{
	struct buf sub = BUF_INIT(PATH_ROOM);
	DIR *dir = opendir(path);
	struct dirent *e;

	if (dir == NULL)
		return;
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' ||
		    e->d_name[strlen(e->d_name) - 1] != '+')
			continue;
		buf_reset(&sub);
		buf_addf(&sub, "%s/%s", path, e->d_name);
		if (sub.err == 0) {
			drop_folders(sub.p);
			(void)rmdir(sub.p);
		}
	}
	(void)closedir(dir);
	buf_clear(&sub);
}

bool
disk_bucket_drop(const char *root, const char *bucket)
{
	struct buf path = BUF_INIT(PATH_ROOM);
	bool ok;

	add_path(&path, root, bucket, NULL, 0);
	drop_folders(path.p);
	ok = rmdir(path.p) == 0 || errno == ENOENT;
	buf_clear(&path);
	return ok;
}

int
disk_open(const char *root, const char *bucket, const void *key, size_t n)
{
	struct buf path = BUF_INIT(PATH_ROOM);
	int fd;

	add_path(&path, root, bucket, key, n);
	fd = open(path.p, O_RDONLY | O_CLOEXEC);
	buf_clear(&path);
	return fd;
}

bool
disk_temp(const char *root, int *fd, char **path)
{
	struct buf b = BUF_INIT(PATH_ROOM);

	buf_addf(&b, "%s/.put-XXXXXX", root);
	if (b.err != 0)
		log_oom();
	*fd = mkostemp(b.p, O_CLOEXEC);
	if (*fd < 0) {
		buf_clear(&b);
		return false;
	}
	*path = b.p;
	return true;
}

bool
disk_place(const char *root, const char *bucket, const void *key, size_t n,
    const char *temp)
{
	struct buf path = BUF_INIT(PATH_ROOM);
	size_t from = strlen(root) + 1 + strlen(bucket) + 1;
	bool ok = true;
	char *slash;

	add_path(&path, root, bucket, key, n);
	for (slash = path.p + from; (slash = strchr(slash, '/')) != NULL;) {
		*slash = '\0';
		if (mkdir(path.p, 0777) != 0 && errno != EEXIST)
			ok = false;
		*slash++ = '/';
	}
	ok = ok && rename(temp, path.p) == 0;
	buf_clear(&path);
	return ok;
}

bool
disk_drop(const char *root, const char *bucket, const void *key, size_t n)
{
	struct buf path = BUF_INIT(PATH_ROOM);
	bool ok;

	add_path(&path, root, bucket, key, n);
	ok = unlink(path.p) == 0 || errno == ENOENT;
	buf_clear(&path);
	return ok;
}
