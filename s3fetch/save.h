#ifndef SAVE_H
#define SAVE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "helper.h"

/*
 * Stored bytes as files (--save DIR).  What a key is called and where it goes
 * is saveplace.h's to say; folders and files are made by a helper, which gives
 * us the descriptor to write to: a filter cannot open anything.
 */
struct save {
	struct helper *helper; /* NULL: nothing begun */
	uint32_t place;        /* the helper's number for it */
	int fd;
};

#define SAVE_INIT        \
	{                \
		.fd = -1 \
	}

/** Let a helper that is not started yet save below dir, which must be there.
 * False with a fault (78). */
bool save_serve(struct helper *h, const char *dir, struct fault *f);

/** Begin the file of a key.  False with a fault that does not name the object:
 * 65 when it is this name that cannot be, 74 when it is the disk or the
 * helper. */
bool save_begin(struct save *s, struct helper *h, const char *bucket,
    const char *key, size_t n, struct fault *f);

/** Append bytes.  Faults as above. */
bool save_write(struct save *s, const char *p, size_t n, struct fault *f);

/** Sync it and give it its name.  Faults as above. */
bool save_finish(struct save *s, struct fault *f);

/** Remove what was begun; nothing happens when nothing was. */
void save_abandon(struct save *s);

#endif
