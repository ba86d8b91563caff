#ifndef METRICFILE_H
#define METRICFILE_H

#include "buf.h"
#include "helper.h"

/*
 * Replacing the file of --metrics: by this process, or by a helper once the
 * sandbox is closed.  The text goes to the helper in pieces; a helper that
 * hangs or has ended costs the metrics and nothing else.
 */
enum { METRICS_TEXT_MAX = 1024 * 1024 /* of the whole file */ };

struct metricfile {
	const char *path; /* in the helper, as the text */
	struct buf text;
	bool told; /* an order was given: err is -1, or what came of it */
	int err;
	uint32_t seq;
};

/** Write the text beside the file and rename it: 0 or errno; EEXIST when what
 * is there is no regular file (a device, a link, a folder), which stays.  No
 * fsync: what a crash of the machine takes is out of date anyway. */
int metricfile_replace(const char *file, const struct buf *text);

/** Let a helper that is not started yet do that for path. */
void metricfile_serve(struct metricfile *m, struct helper *h, const char *path);

/**
 * Give the helper the text and go on.  Returns what came of the last time: 0,
 * an errno of the file, EAGAIN (the helper hangs; the text was not given) or
 * EPIPE (it has ended).
 */
int metricfile_tell(
    struct metricfile *m, struct helper *h, const struct buf *text);

/** Give the helper the text and wait for what comes of it: *err is 0 or an
 * errno.  False with a fault when the helper does not answer. */
bool metricfile_ask(
    struct helper *h, const struct buf *text, int *err, struct fault *f);

#endif
