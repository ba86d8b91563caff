#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stddef.h>

#include "store.h"

/*
 * The store's files: ROOT/BUCKET/NAME, where NAME is what s3uri_file() makes
 * of the key.  Names that begin with '.' are ours and no objects.  The ETag
 * is the MD5 of the bytes, the time of modification the file's; a file named
 * *.json.gz gets the headers that CloudTrail gives its objects.
 * Functions return false, or -1, with errno set.
 */

/** Call see for each bucket (key NULL) and then each of its objects. */
bool disk_load(const char *root,
    void (*see)(const char *bucket, const void *key, size_t n,
	const struct object *meta),
    struct fault *f);

bool disk_bucket_make(const char *root, const char *bucket);
bool disk_bucket_drop(const char *root, const char *bucket);

/** Open an object's file for reading. */
int disk_open(const char *root, const char *bucket, const void *key, size_t n);

/** Make a temporary file; the caller owns *fd and *path (malloc). */
bool disk_temp(const char *root, int *fd, char **path);

/** Make the temporary file the object's file. */
bool disk_place(const char *root, const char *bucket, const void *key, size_t n,
    const char *temp);

bool disk_drop(const char *root, const char *bucket, const void *key, size_t n);

#endif
