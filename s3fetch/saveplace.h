#ifndef SAVEPLACE_H
#define SAVEPLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * The names of --save DIR, and the folders and files of these names:
 * DIR/bucket/key, each '/' of the key a folder.  The names stand for one key
 * each and never leave DIR:
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
struct saveplace {
	int dir;        /* the folder of the file; -1: nothing begun */
	char temp[32];  /* the name it has while it is written */
	char name[256]; /* and then */
};

#define SAVEPLACE_INIT    \
	{                 \
		.dir = -1 \
	}

/**
 * Append the path of a key below DIR/bucket: segments without '/', each ended
 * by NUL.  False when the key holds a NUL, which no name can.
 */
bool save_path(struct buf *path, const char *key, size_t n);

/** Make the folders of a key and its file, under another name.  Returns the
 * file's descriptor, or -1 with errno. */
int saveplace_make(struct saveplace *p, int root, const char *bucket,
    const char *key, size_t n);

/** Give the file its name: 0, or errno, and it is still begun. */
int saveplace_name(struct saveplace *p);

/** Remove what was begun; nothing happens when nothing was. */
void saveplace_drop(struct saveplace *p);

#endif
