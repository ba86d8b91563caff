#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/*
 * The buckets and their objects.  The index is in memory; the bytes are in
 * memory too, or, with a root folder, in files ROOT/BUCKET/<s3uri_file(key)>
 * that a later run loads again.  All functions may be called by any thread.
 */
enum {
	STORE_KEY_MAX = 1024,   /* S3: bytes of a key */
	STORE_BUCKET_MAX = 63,  /* S3: bytes of a bucket's name */
	STORE_REGION_MAX = 32,  /* longer than any region's name */
	STORE_HEADER_MAX = 128, /* bytes of a stored header's value, ours */
};

/* One object, never changed once made: a PUT makes a new one. */
struct object {
	int refs;
	int64_t size;
	int64_t modified_ms;
	char etag[33]; /* MD5 in hex, without quotes */
	char type[STORE_HEADER_MAX];
	char encoding[STORE_HEADER_MAX]; /* "" when none */
	char crc32[16];                  /* x-amz-checksum-crc32 or "" */
	const char *bytes;               /* NULL when they are in a file */
	char *owned;                     /* freed with the object, or NULL */
};

/* The bytes of an upload while it arrives. */
struct upload {
	int fd;      /* of the temporary file, or -1 */
	char *path;  /* of the temporary file, or NULL */
	char *bytes; /* else the bytes themselves */
	size_t len, cap;
	int err; /* errno of the first failure */
};

/** Open the store; root NULL keeps all in memory, else is loaded. */
bool store_open(const char *root, const char *region, struct fault *f);

/** Forget everything in memory. */
void store_close(void);

/** Is this a valid name of a bucket (as far as S3's general rules go)? */
bool store_bucket_valid(const char *name);

/** Make a bucket; false when it exists.  A NULL region is the server's. */
bool store_bucket_make(const char *name, const char *region, struct fault *f);

enum store_result {
	STORE_OK,
	STORE_NO_BUCKET,
	STORE_NO_KEY,
	STORE_NOT_EMPTY,
	STORE_EXISTS,
	STORE_IO
};

enum store_result store_bucket_drop(const char *name);

/** The region of a bucket into out; false when there is no such bucket. */
bool store_bucket_region(const char *name, char out[STORE_REGION_MAX]);

/**
 * Find an object.  On STORE_OK *o holds a reference, and *fd, unless fd is
 * NULL or the bytes are in memory (-1), is open on them; the caller closes it.
 */
enum store_result store_get(
    const char *bucket, const void *key, size_t n, struct object **o, int *fd);

void store_unref(struct object *o);

void upload_begin(struct upload *u);
void upload_add(struct upload *u, const void *p, size_t n);
/** Throw away what has arrived; harmless on an upload that was put. */
void upload_drop(struct upload *u);

/**
 * Put the object that meta describes (type, encoding, crc32, etag; size and
 * time are set here) with the bytes of the upload.
 * only_new: fail with STORE_EXISTS when the key is taken.
 */
enum store_result store_put(const char *bucket, const void *key, size_t n,
    const struct object *meta, struct upload *u, bool only_new);

enum store_result store_delete(const char *bucket, const void *key, size_t n);

/** Add count keys PREFIX%09d of size bytes each, all alike (for benches). */
enum store_result store_fill(
    const char *bucket, const char *prefix, size_t count, size_t size);

/**
 * Call see for the keys of a bucket in order, from the first that is >= key
 * (or > key with after), until it returns false or all are seen.  see may set
 * a key to go on from: it is called next for the first key >= *jump.
 */
struct store_jump {
	char key[STORE_KEY_MAX + 1];
	size_t len;
	bool set;
};
typedef bool store_see(void *arg, const char *key, size_t n,
    const struct object *o, struct store_jump *jump);
enum store_result store_scan(const char *bucket, const void *key, size_t n,
    bool after, store_see *see, void *arg);

/** Call see with the name and creation time of each bucket. */
void store_buckets(
    void (*see)(void *arg, const char *name, int64_t made_ms), void *arg);

#endif
