#ifndef JUDGE_H
#define JUDGE_H

#include "torture.h"
#include "wire.h"

/* What the files of the judgement share; see torture.h. */
enum { LINES_MAX = 4096, REASONS_MAX = 1 << 20 };

/* Output taken apart. */
struct lines {
	struct wire_line v[LINES_MAX];
	size_t n;
	bool torn;  /* the last line has no end */
	bool wrong; /* a line is none of the wire */
	int done;   /* the exit code of our own done line, or -1 */
};

struct reference {
	int rc;
	long metrics;                  /* lines of the file */
	struct buf out, dead, settled; /* copies */
	struct lines lines, dead_lines;
};

/** Of the filter `stage`; "rows", "plan": other lines than those of the wire.
 */
void lines_read(struct lines *l, const struct buf *text, const char *stage);

/** Is this a line of these? */
bool lines_have(const struct lines *l, const struct wire_line *w);

/** Did the run come to the same end as the one without failures? */
bool same_end(const struct reference *ref, const struct outcome *o);

void judge_fetch(const struct reference *ref, const struct outcome *o,
    const struct lines *l, struct buf *why);
void judge_post(const struct reference *ref, const struct failnth *page,
    const struct outcome *o, const struct lines *l, bool torn_fine,
    struct buf *why);
void judge_ack(const struct scene *s, const struct lines *l, struct buf *why);

/** The settled objects of a state file, "bucket/key\n" each, in order. */
void state_settled(const char *file, struct buf *out, struct buf *why);

/** Make what is in it the model of later runs;
 * judge it: all of it (whole), or a part; tidy: no file left half-done. */
void save_keep(const char *dir);
void judge_save(const char *dir, bool whole, bool tidy, struct buf *why);

#endif
