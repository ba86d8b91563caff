#ifndef DETECT_H
#define DETECT_H

#include <stdbool.h>
#include <stddef.h>

#include "capture.h"
#include "context.h"
#include "fault.h"
#include "format.h"

/*
 * The known formats and the recognition of one.  Each that is in use has a
 * capture of its own, whose slices are good until the next record of any
 * object.
 */
enum {
	FORMATS_MAX = 64,
	/* Of an object's beginning so much is looked at, then twice as much,
	 * up to the second figure: so that the answer is the same however the
	 * bytes come. */
	DETECT_FIRST = 256,
	DETECT_BYTES = 64 * 1024
};

struct formats {
	struct {
		struct format *format;
		struct capture *capture; /* NULL: it is not in use yet */
		struct capture *outer;   /* of the object around records, if
					    something of it is wanted */
		/* Of records that began as another's of the group: what is
		 * around them, taken from a context of this serial. */
		struct context around;
		unsigned long around_of;
		struct buf inside; /* text that has a record in it */
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
 * others than the one at this place?  And which of them is it whose first n
 * decoded bytes these are: DETECT_MORE when more bytes could decide, and
 * final is false.
 */
bool formats_has_forms(const struct formats *all, int place);
int formats_form(
    const struct formats *all, int place, const char *p, size_t n, bool final);

/* How sure an answer is, in percent. */
enum {
	SURE_BOTH = 95,    /* key and content */
	SURE_CONTENT = 80, /* content alone */
	SURE_KEY = 60,     /* key alone, the content being of that kind */
	SURE_GENERIC = 30  /* only the form: any JSON, lines */
};

struct detection {
	int place;        /* of a format, or DETECT_NONE, DETECT_MORE */
	unsigned sure;    /* percent */
	char reason[256]; /* for people */
};

enum { DETECT_NONE = -1, DETECT_MORE = -2 };

/** Could an object with these first bytes be of that format, by its form: JSON
 * or text? */
bool formats_fit(const struct formats *all, int place, const char *p, size_t n);

/**
 * Recognise an object by its key and its first n decoded bytes.  final: no
 * more will be looked at.  place is that of a format, DETECT_NONE when it
 * is none of them, or DETECT_MORE when more bytes could decide.
 */
struct detection formats_detect(const struct formats *all, const char *key,
    size_t nkey, const char *p, size_t n, bool final);

#endif
