#ifndef OBJECTS_H
#define OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"
#include "settle.h"
#include "wire.h"

/*
 * The objects whose records are on their way: open ones, found by id, and
 * those whose end was read but whose rows are not all settled.  Bounded:
 * WIRE_OPEN_MAX open ones is a limit of the wire; the memory of all is
 * watched through objects_full(), which tells the caller to stop reading.
 */
enum {
	OBJECTS_HELD_MAX = 8192, /* of about 1 KiB each, besides their lines */
	OBJECTS_BYTES_MAX = 8 * 1024 * 1024 /* of object lines held */
};

/* How the input spoke of an object's end. */
enum object_end {
	OBJECT_OPEN,
	OBJECT_ENDED,  /* an end line */
	OBJECT_GONE,   /* it does not exist any more */
	OBJECT_FAILED, /* error, to be tried again */
	OBJECT_DEAD    /* error, never to be tried again */
};

enum { OBJECT_FORMAT_MAX = 96, OBJECT_CODE_MAX = 64 };

struct object {
	struct settle settle;
	char id[WIRE_ID_LEN + 1]; /* "" for a stray without one */
	bool stray;               /* rows without an open: no receipt */
	bool listed;              /* among the finished */
	enum object_end end;
	char *line; /* the object line; of a stray: its "object", or NULL */
	size_t len;
	char format[OBJECT_FORMAT_MAX]; /* of the last mark, or "" */
	/* Of an error line. */
	char code[OBJECT_CODE_MAX], stage[OBJECT_CODE_MAX];
	int http;
	uint64_t *reject_run; /* see guard.h; or NULL */
	bool accepted_since;  /* a row was, since reject_run was looked up */
	struct object *chain; /* same hash bucket */
	struct object *prev, *next;   /* all objects */
	struct object *next_finished; /* see objects_finished() */
};

enum { OBJECTS_BUCKETS = 4096 };

struct objects {
	struct object *bucket[OBJECTS_BUCKETS];
	struct object *all;
	struct object *finished, **finished_tail;
	struct object *stray; /* the last one used */
	size_t open, held, bytes;
};

void objects_init(struct objects *os);
void objects_free(struct objects *os);

/** Is so much held that no more input may be read for now? */
bool objects_full(const struct objects *os);

/** The open object of this id, or NULL. */
struct object *objects_find(struct objects *os, const char *id);

/** An object was opened; n bytes of its line are copied.  The caller has
 * checked that the id is not open and os->open < WIRE_OPEN_MAX. */
struct object *objects_open(
    struct objects *os, const char *id, const char *line, size_t n);

/** The stand-in for rows without an open; id may be "", object has p NULL
 * when the line did not name one. */
struct object *objects_stray(
    struct objects *os, const char *id, const struct json_val *object);

/** Its end was read: it is not found by id any more. */
void objects_end(struct objects *os, struct object *o, enum object_end how);

/** A row of o was settled, or its end read: when nothing is on its way any
 * more it is put among the finished (a stray is forgotten). */
void objects_check(struct objects *os, struct object *o);

/** Take the next finished object, or NULL; the caller ends with
 * objects_forget(). */
struct object *objects_finished(struct objects *os);
void objects_forget(struct objects *os, struct object *o);

#endif
