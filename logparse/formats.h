#ifndef FORMATS_H
#define FORMATS_H

#include <stdbool.h>
#include <stddef.h>

#include "capture.h"
#include "context.h"
#include "fault.h"
#include "format.h"

/*
 * The known formats.  Each that is in use has a capture of its own, whose
 * slices are good until the next record of any object.
 */
enum { FORMATS_MAX = 64, FORMATS_INSIDE = 3 /* records in records */ };

struct formats {
	struct {
		struct format *format;
		struct capture *capture; /* NULL: it is not in use yet */
		struct capture *outer;   /* of the object around records, if
					    they may have one */
		struct capture *left;    /* if they may be inside of others:
					    fields of those, noted */
		/* Of records that began as another's of the group: what is
		 * around them, taken from a context of this serial. */
		struct context around;
		unsigned long around_of;
		/* Texts that have a record in them, one in the other. */
		struct buf inside[FORMATS_INSIDE];
	} v[FORMATS_MAX];
	size_t n;
	size_t around; /* memory of what is around */
	bool keep;     /* set by the caller: captures of all of them keep fields
			  without a column, not those of custom tables alone */
};

/** Load those built in, as much of them as recognition takes: most runs use
 * one or two.  A fault of theirs is a bug. */
void formats_init(struct formats *all);

/** Put a format from a file before the others; one of that name is replaced.
 * False with a fault when it cannot be read. */
bool formats_add_file(struct formats *all, const char *path, struct fault *f);

/** Make a format ready for records; once is enough. */
void formats_use(struct formats *all, int place);

void formats_free(struct formats *all);

/** The place of the format called NAME or NAME/VERSION, rather of that version;
 * -1: there is none. */
int formats_find(const struct formats *all, const char *name, size_t n);

/*
 * Formats of one name and several versions are forms of one type.  Are there
 * others than the one at this place?  Is the one at i?
 */
bool formats_has_forms(const struct formats *all, int place);
bool formats_is_form(const struct formats *all, int place, size_t i);

#endif
