/* Buckets and objects: the index in memory, and what a client may do to it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/s3/s3hash.h"
#include "clock.h"
#include "disk.h"
#include "log.h"
#include "skip.h"
#include "store.h"

struct bucket {
	char region[STORE_REGION_MAX];
	int64_t made_ms;
	struct skip objects;
};

struct fill {
	struct fill *next;
	char bytes[];
};

static struct {
	pthread_rwlock_t lock;
	struct skip buckets;
	const char *root; /* NULL: memory only */
	char region[STORE_REGION_MAX];
	struct fill *fills; /* bytes that many objects share */
} st = {.lock = PTHREAD_RWLOCK_INITIALIZER};

static void
lock_read(void)
{
	INVARIANT(pthread_rwlock_rdlock(&st.lock) == 0);
}

static void
lock_write(void)
{
	INVARIANT(pthread_rwlock_wrlock(&st.lock) == 0);
}

static void
unlock(void)
{
	INVARIANT(pthread_rwlock_unlock(&st.lock) == 0);
}

void
store_unref(struct object *o)
{
	if (o == NULL || __atomic_sub_fetch(&o->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(o->owned);
	free(o);
}

static void
drop_object(void *p)
{
	store_unref(p);
}

static void
drop_bucket(void *p)
{
	struct bucket *b = p;

	skip_clear(&b->objects, drop_object);
	free(b);
}

static struct bucket *
find_bucket(const char *name)
{
	struct skip_node *node = skip_find(&st.buckets, name, strlen(name));

	return node != NULL ? node->value : NULL;
}

static struct bucket *
new_bucket(const char *name, const char *region)
{
	struct bucket *b = calloc(1, sizeof(*b));

	if (b == NULL)
		log_oom();
	(void)snprintf(b->region, sizeof(b->region), "%s",
	    region != NULL ? region : st.region);
	b->made_ms = clock_wall_ms();
	skip_put(&st.buckets, name, strlen(name))->value = b;
	return b;
}

/* A copy of what the caller filled in, with one reference. */
static struct object *
new_object(const struct object *meta)
{
	struct object *o = malloc(sizeof(*o));

	if (o == NULL)
		log_oom();
	*o = *meta;
	o->refs = 1;
	o->bytes = NULL;
	o->owned = NULL;
	return o;
}

static void
set_object(struct bucket *b, const void *key, size_t n, struct object *o)
{
	struct skip_node *node = skip_put(&b->objects, key, n);

	store_unref(node->value);
	node->value = o;
}

static void
loaded(const char *bucket, const void *key, size_t n, const struct object *meta)
{
	struct bucket *b = find_bucket(bucket);

	if (b == NULL)
		b = new_bucket(bucket, NULL);
	if (key != NULL)
		set_object(b, key, n, new_object(meta));
}

bool
store_open(const char *root, const char *region, struct fault *f)
{
	st.root = root;
	(void)snprintf(st.region, sizeof(st.region), "%s", region);
	return root == NULL || disk_load(root, loaded, f);
}

void
store_close(void)
{
	lock_write();
	skip_clear(&st.buckets, drop_bucket);
	for (struct fill *f = st.fills, *next; f != NULL; f = next) {
		next = f->next;
		free(f);
	}
	st.fills = NULL;
	unlock();
}

bool
store_bucket_valid(const char *name)
{
	size_t n = strlen(name);

	if (n < 3 || n > STORE_BUCKET_MAX || strstr(name, "..") != NULL)
		return false;
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != n)
		return false;
	return strchr(".-", name[0]) == NULL &&
	       strchr(".-", name[n - 1]) == NULL;
}

bool
store_bucket_make(const char *name, const char *region, struct fault *f)
{
	bool ok = true;

	lock_write();
	if (find_bucket(name) != NULL)
		ok = fault_set(f, EXIT_AGAIN, "bucket '%s' exists", name);
	else if (st.root != NULL && !disk_bucket_make(st.root, name))
		ok = fault_set(f, EXIT_IO, "cannot make the folder of '%s': %s",
		    name, strerror(errno));
	else
		(void)new_bucket(name, region);
	unlock();
	return ok;
}

enum store_result
store_bucket_drop(const char *name)
{
	enum store_result r = STORE_OK;
	struct bucket *b;

	lock_write();
	b = find_bucket(name);
	if (b == NULL)
		r = STORE_NO_BUCKET;
	else if (b->objects.count > 0)
		r = STORE_NOT_EMPTY;
	else if (st.root != NULL && !disk_bucket_drop(st.root, name))
		r = STORE_IO;
	else
		drop_bucket(skip_remove(&st.buckets, name, strlen(name)));
	unlock();
	return r;
}

bool
store_bucket_region(const char *name, char out[STORE_REGION_MAX])
{
	struct bucket *b;

	lock_read();
	b = find_bucket(name);
	if (b != NULL)
		memcpy(out, b->region, sizeof(b->region));
	unlock();
	return b != NULL;
}

enum store_result
store_get(
    const char *bucket, const void *key, size_t n, struct object **o, int *fd)
{
	enum store_result r = STORE_OK;
	struct skip_node *node;
	struct bucket *b;

	if (fd != NULL)
		*fd = -1;
	lock_read();
	b = find_bucket(bucket);
	if (b == NULL) {
		r = STORE_NO_BUCKET;
	} else if ((node = skip_find(&b->objects, key, n)) == NULL) {
		r = STORE_NO_KEY;
	} else {
		*o = node->value;
		/* Under the lock, so that bytes and ETag belong together. */
		if (fd != NULL && (*o)->bytes == NULL && st.root != NULL &&
		    (*fd = disk_open(st.root, bucket, key, n)) < 0)
			r = STORE_IO;
		else
			__atomic_add_fetch(&(*o)->refs, 1, __ATOMIC_RELAXED);
	}
	unlock();
	return r;
}

void
upload_begin(struct upload *u)
{
	*u = (struct upload){.fd = -1};
	if (st.root != NULL && !disk_temp(st.root, &u->fd, &u->path))
		u->err = errno;
}

void
upload_add(struct upload *u, const void *p, size_t n)
{
	const char *s = p;
	ssize_t w;

	for (; u->fd >= 0 && u->err == 0 && n > 0; s += w, n -= (size_t)w)
		if ((w = write(u->fd, s, n)) < 0) {
			u->err = errno;
			return;
		}
	if (u->err != 0 || n == 0)
		return;
	if (u->cap - u->len < n) {
		size_t cap = u->cap * 2 > u->len + n ? u->cap * 2 : u->len + n;
		char *grown = realloc(u->bytes, cap);

		if (grown == NULL)
			log_oom();
		u->bytes = grown;
		u->cap = cap;
	}
	memcpy(u->bytes + u->len, p, n);
	u->len += n;
}

void
upload_drop(struct upload *u)
{
	if (u->fd >= 0)
		(void)close(u->fd);
	if (u->path != NULL)
		(void)unlink(u->path);
	free(u->path);
	free(u->bytes);
	*u = (struct upload){.fd = -1};
}

/* Give the uploaded bytes to the object: in memory, or as its file. */
static bool
settle(const char *bucket, const void *key, size_t n, struct object *o,
    struct upload *u)
{
	struct stat sb;

	o->modified_ms = clock_wall_ms() / 1000 * 1000;
	if (u->fd < 0) {
		o->size = (int64_t)u->len;
		o->bytes = u->bytes != NULL ? u->bytes : "";
		o->owned = u->bytes;
		u->bytes = NULL;
		return u->err == 0;
	}
	if (u->err != 0 || fstat(u->fd, &sb) != 0 ||
	    !disk_place(st.root, bucket, key, n, u->path))
		return false;
	o->size = (int64_t)sb.st_size;
	free(u->path);
	u->path = NULL;
	return true;
}

enum store_result
store_put(const char *bucket, const void *key, size_t n,
    const struct object *meta, struct upload *u, bool only_new)
{
	struct object *o = new_object(meta);
	enum store_result r = STORE_OK;
	struct bucket *b;

	lock_write();
	b = find_bucket(bucket);
	if (b == NULL)
		r = STORE_NO_BUCKET;
	else if (only_new && skip_find(&b->objects, key, n) != NULL)
		r = STORE_EXISTS;
	else if (!settle(bucket, key, n, o, u))
		r = STORE_IO;
	if (r == STORE_OK) {
		set_object(b, key, n, o);
		o = NULL;
	}
	unlock();
	store_unref(o);
	upload_drop(u);
	return r;
}

enum store_result
store_delete(const char *bucket, const void *key, size_t n)
{
	enum store_result r = STORE_OK;
	struct bucket *b;
	struct object *o;

	lock_write();
	b = find_bucket(bucket);
	if (b == NULL) {
		r = STORE_NO_BUCKET;
	} else if ((o = skip_remove(&b->objects, key, n)) == NULL) {
		r = STORE_NO_KEY;
	} else {
		if (o->bytes == NULL && !disk_drop(st.root, bucket, key, n))
			r = STORE_IO;
		store_unref(o);
	}
	unlock();
	return r;
}

enum store_result
store_fill(const char *bucket, const char *prefix, size_t count, size_t size)
{
	struct object meta = {.size = (int64_t)size,
	    .modified_ms = clock_wall_ms() / 1000 * 1000,
	    .type = "binary/octet-stream"};
	struct fill *fill = calloc(1, sizeof(*fill) + size + 1);
	unsigned char md5[S3HASH_MD5];
	char key[STORE_KEY_MAX + 1];
	struct bucket *b;
	int n;

	if (fill == NULL)
		log_oom();
	s3hash_md5(md5, fill->bytes, size);
	s3hash_hex(meta.etag, md5, sizeof(md5));
	lock_write();
	b = find_bucket(bucket);
	for (size_t i = 0; b != NULL && i < count; i++) {
		struct object *o = new_object(&meta);

		n = snprintf(key, sizeof(key), "%.900s%09zu", prefix, i);
		o->bytes = fill->bytes;
		set_object(b, key, (size_t)n, o);
	}
	/* Kept until the end: no object knows whether it is the last. */
	fill->next = st.fills;
	st.fills = fill;
	unlock();
	return b != NULL ? STORE_OK : STORE_NO_BUCKET;
}

enum store_result
store_scan(const char *bucket, const void *key, size_t n, bool after,
    store_see *see, void *arg)
{
	struct store_jump jump = {.set = false};
	struct skip_node *node;
	struct bucket *b;

	lock_read();
	b = find_bucket(bucket);
	node = b != NULL ? skip_from(&b->objects, key, n, after) : NULL;
	while (node != NULL &&
	       see(arg, node->key, node->len, node->value, &jump)) {
		node = jump.set ? skip_from(&b->objects, jump.key, jump.len, 0)
				: node->next[0];
		jump.set = false;
	}
	unlock();
	return b != NULL ? STORE_OK : STORE_NO_BUCKET;
}

void
store_buckets(
    void (*see)(void *arg, const char *name, int64_t made_ms), void *arg)
{
	lock_read();
	for (struct skip_node *n = st.buckets.head[0]; n != NULL;
	     n = n->next[0])
		see(arg, n->key, ((struct bucket *)n->value)->made_ms);
	unlock();
}
