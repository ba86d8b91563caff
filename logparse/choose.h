#ifndef CHOOSE_H
#define CHOOSE_H

#include "object.h"

/* Of which format of a group a record is, and the record inside a record. */

/**
 * The captured record, of o->format and with the bytes of ev: the place of the
 * format that takes it, whose capture then has it; -1: none of the group does.
 */
static inline int choose_format(struct object *o, const struct frame_event *ev);
int choose_of_group(struct object *o, const struct frame_event *ev);

/** What is around o's records, as the format at that place has it, or NULL; and
 * the values in it. */
const struct context *choose_context(struct object *o, int place);
const struct json_val *choose_around(struct object *o, int place);

/* Most types have one form, without records inside. */
static inline int
choose_format(struct object *o, const struct frame_event *ev)
{
	const struct format *f = o->parser->formats.v[o->format].format;

	return f->ninside == 0 && f->group[0] == '\0' ? o->format
						      : choose_of_group(o, ev);
}

#endif
