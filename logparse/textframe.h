#ifndef TEXTFRAME_H
#define TEXTFRAME_H

#include "frame.h"

/* Framing of text: one record a line, but for line breaks inside quotes, and
 * lines that are headers, directives or blank.  As frame_next(). */
enum frame_kind_of textframe_next(struct framer *f, struct capture *c,
    const char *p, size_t n, size_t *pos, bool final, struct frame_event *ev);

#endif
