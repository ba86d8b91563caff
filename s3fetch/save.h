#ifndef SAVE_H
#define SAVE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "fault.h"

/*
 * Stored bytes as files (--save DIR): DIR/bucket/key, each '/' of the key a
 * folder.  The names stand for one key each and never leave DIR:
 *
 *	a segment that is empty, "." or ".." is percent-encoded: "%", "%2E",
 *	"%2E%2E"; one that looks like these has its "%" encoded, as "%25";
 *	a segment over 255 bytes (what a Linux file system takes) is split into
 *	folders of 254 bytes and "%", and so is one that would pass for a part
 *	or be over 255 once encoded.
 *
 * Files appear when they are complete: written beside their place under
 * another name, synced, renamed.  Links inside DIR are not followed.
 */
struct save {
	int dir; /* the folder of the file; -1: nothing begun */
	int fd;
	char temp[32];  /* the name it has while it is written */
	char name[256]; /* and then */
};

#define SAVE_INIT                   \
	{                           \
		.dir = -1, .fd = -1 \
	}

/** Open DIR, which must be there.  Returns its descriptor, or -1 with a fault
 * (78). */
int save_open_dir(const char *path, struct fault *f);

/**
 * Append the path of a key below DIR/bucket: segments without '/', each ended
 * by NUL.  False when the key holds a NUL, which no name can.
 */
bool save_path(struct buf *path, const char *key, size_t n);

/** Begin the file of a key.  False with a fault that does not name the object:
 * 65 when it is this name that cannot be, 74 when it is the disk. */
bool save_begin(struct save *s, int root, const char *bucket, const char *key,
    size_t n, struct fault *f);

/** Append bytes.  Faults as above. */
bool save_write(struct save *s, const char *p, size_t n, struct fault *f);

/** Sync it and give it its name.  Faults as above. */
bool save_finish(struct save *s, struct fault *f);

/** Remove what was begun; nothing happens when nothing was. */
void save_abandon(struct save *s);

#endif
