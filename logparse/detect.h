#ifndef DETECT_H
#define DETECT_H

#include "formats.h"

/* The recognition of an object's format. */
enum {
	/* Of an object's beginning so much is looked at, then twice as much,
	 * up to the second figure: so that the answer is the same however the
	 * bytes come. */
	DETECT_FIRST = 256,
	DETECT_BYTES = 64 * 1024
};

/** Which form of the type at this place is it whose first n decoded bytes these
 * are: DETECT_MORE when more bytes could decide, and final is false. */
int detect_form(
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
bool detect_fit(const struct formats *all, int place, const char *p, size_t n);

/**
 * Recognise an object by its key and its first n decoded bytes.  final: no
 * more will be looked at.  place is that of a format, DETECT_NONE when it
 * is none of them, or DETECT_MORE when more bytes could decide.
 */
struct detection detect_format(const struct formats *all, const char *key,
    size_t nkey, const char *p, size_t n, bool final);

#endif
