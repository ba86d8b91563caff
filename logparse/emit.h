#ifndef EMIT_H
#define EMIT_H

#include "object.h"

/* The lines that logparse writes for an object's records, and the counts
 * that go with them. */

/** The captured record of ev: a row, a filtered one, or a reject, of which ev
 * says why then. */
void emit_record(struct object *o, struct frame_event *ev);

/** Bytes that are no record, or make no row (reject.c). */
void emit_reject(struct object *o, const struct frame_event *ev);

/* What became of a record, by what it holds. */
enum emit_result {
	EMIT_ROW,
	EMIT_FILTERED, /* --where, or --map, drops it */
	EMIT_REJECT
};

/** The captured record, of o->record_format, as a row line.  Nothing is written
 * of another: bad says why it is a reject. */
enum emit_result emit_row(struct object *o, struct frame_event *bad);

/** A record was settled in one way: count it there and as a record. */
void emit_settled(struct object *o, uint64_t *own, uint64_t *all);
#define EMIT_SETTLED(o, how) \
	emit_settled(o, &(o)->counts.how, &(o)->parser->totals.how)

/** The end line. */
void emit_end(struct object *o);

#endif
