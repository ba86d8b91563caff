#ifndef CHOOSE_H
#define CHOOSE_H

#include "object.h"

/* Of which format of a group a record is, and the record inside a record. */

/**
 * The captured record, of o->format and with the bytes of ev: the place of the
 * format that takes it, whose capture then has it; -1: none of the group does.
 */
int choose_format(struct object *o, const struct frame_event *ev);

/** The values around o's records, as the format at that place has them. */
const struct json_val *choose_around(struct object *o, int place);

#endif
